"""The table of commands for readers: type tags, the page `docs/osc.md`, and the OSCQuery tree.

Knows the table and nothing of sockets or sessions. `python -m bridge.osc.docs` writes the page.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.osc.aliases import ALIASES
from bridge.osc.arguments import usage
from bridge.osc.command import Argument, Command
from bridge.osc.schema import COMMANDS, OPTIONS, PAIR_NAMES
from bridge.osc.told import EVENTS
from engine.errors import choices
from engine.spec import PARAMETERS, Parameter

_TAGS = {
    "text": "s",
    "path": "s",
    "files": "s",
    "float": "f",
    "int": "i",
    "bool": "i",
    "pair": "ff",
    "spans": "f",
}
_READ, _WRITE, _BOTH = 1, 2, 3

INTRODUCTION = """# OSC

Made from the table in `bridge/osc/schema.py` by `python -m bridge.osc.docs`; a test keeps the two equal.

Longtake listens on **127.0.0.1:9440**, UDP and TCP (SLIP or length prefix). Answers go to the port a message came
from, or to the one a client names: `/longtake/reply_to 127.0.0.1 9441`. Numbers may come as i, f, d, h, T, F or text;
answers use only i, f and s. Bundles are read at once, whatever their time tag. Arrays, `[]` and `{}` are refused.

A value is set when arguments are given, and read when none are. `*` and `?` in an address set every value that matches;
each that refuses is answered by an error of its own. Every accepted set is echoed to subscribers. Whole numbers beyond
32 bits are answered as text.

**Nothing** is empty text, the type N, or `null` in JSON. It gives a parameter its default back, as in
`/longtake/param/keep ''`; among the settings of a request it is as if that setting were not named. Nothing is also what
a parameter answers that has no value.

**Buttons** of TouchOSC, Open Stage Control or Lemur send a number with every press, and 0 with every release. A call
that needs no arguments takes it: it acts on what is not 0 and is silent on 0. `/longtake/play 1` is a button too,
unless the client has asked for a take under the id 1. Panic is never refused, whatever comes with it.

**A request** has an id of the client's own, text or a number. While its job waits or runs, the same request under the
same id gets the same answer and makes no second job, so that it may be sent again when an answer was lost. Another
request under that id, or the same one when its job is done, failed or cancelled, is a new job: a button that always
sends `generate b1 ...` makes a take at every press. Every request is answered by an `ack` or an `error`. Ids of other
clients are never touched: `/longtake/cancel b1` ends the client's own jobs of that name, while the job's id from the
`ack` means that job for everybody. To play, vary, stretch, retry or look up, a client's own id comes first, and else it
is the last one anybody used. A client is the port it sends from, or the one it named by `reply_to`; who sends each
message from a new port (oscsend, Max) is known by the port that was named on its machine. After a restart all ids are
free. Settings follow as `key value` pairs or as one JSON object; what an argument says counts before them:

    /longtake/generate r1 "Genre: House | BPM: 124" bars 8 seed 7 loop 1
    /longtake/generate r1 "warm pads" '{"duration": 30, "steps": 50}'

The order of events is `ack`, `progress` (stages `queued loading compiling encode diffuse decode write`), then `done`
once for each file. Errors are `/longtake/error req code message detail` with the codes `unknown_address bad_args
unknown_param out_of_range bad_path not_audio too_long not_loaded busy queue_full no_device engine io cancelled
timeout internal`.

Every request is answered by its `ack` or an error, however many come at once; of messages to addresses that are none,
20 a second are told. A client may cause some 4000 messages and answers a second; what goes beyond that waits for its
turn, and other clients are served meanwhile. What only Longtake sends (`ack`, `done`, `error`, `status` ...) is not
answered when it comes back, and values that a program sends back without end are set but not told to it again. Over TCP
the first packet that is no OSC ends the connection, and so does one that is begun and not there after 10 s.

Files are named by path and must lie in an allowed folder (`osc.folders` in the settings, besides the takes and the
folder of LoRA files), those of a preset as well; of all others nothing is said. Characters that no file can hold come
as U+FFFD. To be heard from another machine, `serve --bind` needs an allow-list of hosts and a token, which each host
sends once as `/longtake/token`; after three wrong ones it waits ever longer. Events go to a program on this machine for
as long as its port is open, to another machine for `osc.subscription` seconds after it asked. OSCQuery answers on
http://127.0.0.1:9442 (`?HOST_INFO`), under that name or `localhost` and to no web page. [bridge.md](bridge.md) says how
fast all of this is.
"""


def types(command: Command) -> str:
    """The type tags in which a command's arguments are best sent."""
    tags = "".join(_TAGS[argument.what.kind] for argument in command.arguments)
    return f"{tags}*" if command.pairs or any(a.many for a in command.arguments) else tags


def page() -> str:
    """The whole of `docs/osc.md`."""
    parameters = [c for c in COMMANDS.values() if c.name == "param"]
    live = [c for c in COMMANDS.values() if c.name == "live"]
    tables = ("param", "live")
    values = [c for c in COMMANDS.values() if c.role == "value" and c.name not in tables]
    calls = [c for c in COMMANDS.values() if c.role == "call"]
    parts = [
        INTRODUCTION,
        "## Commands\n",
        *map(_section, calls),
        "## Values\n",
        *map(_section, values),
        "## Live\n",
        "What a running stream is set to, and what the next one begins with. What of it is words is heard from "
        "the next step of `quantize` on while the DAW runs, the rest after a hop at most; another model, hop or "
        "number of steps begins another stream, once it is left alone for half a second.\n",
        _table(("address", "type", "range", "meaning"), map(_row, live)),
        "## Defaults of the next job\n",
        _table(("address", "type", "range", "meaning"), map(_row, parameters)),
        "## Settings that may follow a request\n",
        _table(("key", "means", "range"), _settings()),
        "## Events\n",
        _table(("message", "topic", "when"), _events()),
        "## Heard from DAWs\n",
        "What Reaper, Bitwig (DrivenByMoss) and AbletonOSC send of their own accord, so that no script is needed. "
        "It moves the transport as OSC; nothing is answered.\n",
        _table(("address", "meaning"), ((f"`{a}`", alias.help) for a, alias in ALIASES.items())),
    ]
    return "\n".join(parts)


def tree(value: Callable[[Command], Any]) -> dict[str, Any]:
    """The OSCQuery tree of all commands; `value` gives the present arguments of a value command."""
    root: dict[str, Any] = {"FULL_PATH": "/", "CONTENTS": {}, "ACCESS": 0}
    for command in COMMANDS.values():
        node = root
        path = ""
        for part in command.address.strip("/").split("/"):
            path = f"{path}/{part}"
            inside = node.setdefault("CONTENTS", {})
            node = inside.setdefault(part, {"FULL_PATH": path, "ACCESS": 0})
        node |= {
            "TYPE": types(command).rstrip("*"),
            "DESCRIPTION": command.help,
            "ACCESS": _BOTH if command.role == "value" else _WRITE,
            "RANGE": [_osc_range(argument.what) for argument in command.arguments],
        }
        if command.role == "value":
            node["VALUE"] = value(command)
    return root


def _osc_range(what: Parameter) -> dict[str, Any] | None:
    if what.choices:
        return {"VALS": list(what.choices)}
    if what.kind == "bool":
        return {"MIN": 0, "MAX": 1}
    return None if what.low is None else {"MIN": what.low, "MAX": what.high}


def _section(command: Command) -> str:
    lines = [
        f"### `{command.address}`\n",
        f"{command.help.capitalize()}. Takes: {usage(command)}.\n",
    ]
    lines += [f"- `{a.name}` {_TAGS[a.what.kind]}: {_meaning(a)}" for a in command.arguments]
    if command.answer:
        lines.append(f"{'' if not command.arguments else chr(10)}Answer: `{command.answer}`")
    return "\n".join(lines) + "\n"


def _meaning(argument: Argument) -> str:
    limits = range_of(argument.what)
    note = " (may be left out)" if argument.optional else ""
    return argument.what.help + (f"; {limits}" if limits else "") + note


def range_of(what: Parameter) -> str:
    """A parameter's range or choices for people; empty when it has none."""
    if what.choices:
        return choices(what.choices)
    return what.range


def _row(command: Command) -> tuple[str, ...]:
    what = command.arguments[0].what
    tags = _TAGS[what.kind] + (" ..." if what.kind == "spans" else "")
    return f"`{command.address}`", tags, range_of(what), what.help


def _settings() -> list[tuple[str, ...]]:
    rows = [
        (f"`{key}`", f"`{name}`", range_of(PARAMETERS[name])) for key, name in PAIR_NAMES.items()
    ]
    rows += [(f"`{key}`", what.help, range_of(what)) for key, what in OPTIONS.items()]
    return [*rows, ("any name above", "that parameter", "its own")]


def _events() -> list[tuple[str, ...]]:
    return [(f"`{message}`", topic, when) for message, (topic, when) in EVENTS.items()]


def _table(heads: tuple[str, ...], rows: Any) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path("docs").mkdir(exist_ok=True)
    Path("docs/osc.md").write_text(page(), encoding="utf-8")
