"""The table of OSC commands: the one place that spells an address.

Dispatch, `/longtake/help`, `docs/osc.md` and the OSCQuery tree are made from `COMMANDS`; the parameters of the next job
join it from `engine.spec.PARAMETERS`. Knows nothing of sockets and calls no session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from keyword import iskeyword
from typing import Literal

from bridge.osc.pattern import is_pattern, matches, simplified
from bridge.state import QUANTIZES, SYNC_SOURCES
from engine.spec import PARAMETERS, Parameter

ROOT = "/longtake"
PROTOCOL = 1
TOPICS = ("jobs", "params", "transport", "playback", "capture", "model", "status", "errors")

PAIR_NAMES = {
    "duration": "seconds_total",
    "bpm": "tempo",
    "negative": "negative_prompt",
    "cfg": "cfg_scale",
    "strength": "init_noise_level",
}
"""Short names of parameters that may follow as `key value`, besides every parameter's own name."""
OPTIONS = {
    "batch": Parameter("int", "how many takes, with the seeds after the first", "", 1, 64),
    "target": Parameter("text", "where the finished take is delivered"),
    "play": Parameter("bool", "whether it is heard while it is decoded"),
}
"""What else may follow as a pair: how the job is run, not how it sounds."""

Role = Literal["call", "value"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name, and its type and range in the terms of the parameter table.

    Attributes:
        optional: it may be left out.
        many: it may come any number of times.
        open: it may be given as nothing, which is empty text or the type N: a parameter then has its default.
    """

    name: str
    what: Parameter
    optional: bool = False
    many: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One address.

    Attributes:
        address: in full.
        name: the action in `actions.py` that does it.
        help: one sentence.
        arguments: in order; optional ones last.
        answer: what comes back, as an address with the names of its arguments.
        pairs: whether `key value` pairs, or one JSON object, may follow.
        role: a `value` is set when arguments are given and read when none are; a `call` is carried out.
    """

    address: str
    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    answer: str = ""
    pairs: bool = False
    role: Role = "call"


def number(name: str, help: str, low: float, high: float, unit: str = "") -> Argument:
    """An argument that is any number in a range."""
    return Argument(name, Parameter("float", help, unit, low, high))


def whole(name: str, help: str, low: float, high: float) -> Argument:
    """An argument that is a whole number in a range."""
    return Argument(name, Parameter("int", help, "", low, high))


def word(name: str, help: str, known: tuple[str, ...] = ()) -> Argument:
    """An argument that is text, perhaps one of a few known words."""
    return Argument(name, Parameter("text", help, choices=known))


def switch(name: str, help: str) -> Argument:
    """An argument that is on or off."""
    return Argument(name, Parameter("bool", help))


def path(name: str, help: str) -> Argument:
    """An argument that is a file under an allowed folder."""
    return Argument(name, Parameter("path", help))


def maybe(argument: Argument) -> Argument:
    """The same argument, which may be left out."""
    return replace(argument, optional=True)


def _call(
    place: str, help: str, *arguments: Argument, answer: str = "", pairs: bool = False
) -> Command:
    name = place.replace("/", "_") + ("_" if iskeyword(place) else "")
    answer = f"{ROOT}/{answer}" if answer else ""
    return Command(f"{ROOT}/{place}", name, help, arguments, answer, pairs)


def _value(place: str, help: str, *arguments: Argument) -> Command:
    names = " ".join(argument.name for argument in arguments)
    answer = f"{ROOT}/{place} {names}"
    return Command(
        f"{ROOT}/{place}", place.replace("/", "_"), help, arguments, answer, role="value"
    )


def _parameter(name: str, what: Parameter) -> Command:
    place = f"{ROOT}/param/{name}"
    help = f"default of the next job: {what.help}"
    return Command(
        place,
        "param",
        help,
        (Argument(name, what, open=True),),
        f"{place} {name}",
        role="value",
    )


REQ = Argument("req", Parameter("text", "the client's own name for the request", most=256))
_PROMPT = Argument(
    "prompt",
    Parameter("text", "what the music is; empty takes the default of the next job"),
    open=True,
)
_ACK = "ack req job queue_pos"
_ID = word("id", "a take, a job or a request")
PLAYED = maybe(_ID)
_SECONDS = number("seconds", "length of the new part", 0.5, 600, "s")
_STRENGTH = number("strength", "0 keeps the recording, 1 follows the prompt alone", 0, 1)
MODEL_STATE = "model/state state name detail fraction"
MODEL_FILES = "model/files name state fraction mb problem"
_SPAN = (
    number("start", "where the new part begins", 0, 600, "s"),
    number("end", "where it ends", 0, 600, "s"),
)

CALLS = (
    _call("ping", "whether somebody is there", answer="pong version proto"),
    _call("info", "what is running", answer="info model device sample_rate max_seconds state"),
    _call(
        "token",
        "lets this host in when the bridge listens beyond this machine",
        word("token", "the shared token of the settings"),
        answer="token ok",
    ),
    _call(
        "subscribe",
        "events, for as long as the port on this machine is open, or for ttl seconds unless renewed",
        Argument(
            "topics", Parameter("text", "which; all when none is named", choices=TOPICS), True, True
        ),
        answer="subscribed ttl",
    ),
    _call("unsubscribe", "no more events", answer="subscribed ttl"),
    _call(
        "reply_to",
        "where this client's answers and events go",
        word("host", "an address of the client's own machine"),
        whole("port", "its port; 0 goes back to the port it sends from", 0, 65535),
        answer="reply_to host port",
    ),
    _call(
        "help",
        "one line for each address",
        maybe(word("address", "only this one")),
        answer="help address types text",
    ),
    _call("generate", "makes a take", REQ, _PROMPT, answer=_ACK, pairs=True),
    _call(
        "transform",
        "makes a recording into something else",
        REQ,
        path("path", "the recording"),
        _PROMPT,
        _STRENGTH,
        answer=_ACK,
        pairs=True,
    ),
    _call(
        "continue",
        "goes on after the end of a recording",
        REQ,
        path("path", "the recording"),
        _SECONDS,
        answer=_ACK,
        pairs=True,
    ),
    _call(
        "inpaint",
        "makes a part of a recording anew",
        REQ,
        path("path", "the recording"),
        *_SPAN,
        maybe(_PROMPT),
        answer=_ACK,
        pairs=True,
    ),
    _call(
        "vary",
        "makes something near a take",
        REQ,
        word("job_id", "the job or take to start from"),
        maybe(number("amount", "0 is the same take, 1 another one", 0, 1)),
        answer=_ACK,
    ),
    _call(
        "remake", "makes a part of a take anew by its own settings", REQ, _ID, *_SPAN, answer=_ACK
    ),
    _call(
        "fit",
        "stretches a take to the exact tempo it was asked to have, or another; a new take follows",
        word("id", "the take, or the job that made it"),
        maybe(number("tempo", "tempo to reach", 30, 300, "BPM")),
    ),
    _call("notes", "writes a take's notes as a MIDI file beside it", _ID, answer="notes id path"),
    _call("job/retry", "runs again what failed or was interrupted", _ID, answer=_ACK),
    _call("job/get", "how a job stands", _ID, answer="job id state progress path error"),
    _call(
        "cancel",
        "ends a job",
        word("id", "a job, a request of the client's own, or * for all"),
        answer="cancelled id",
    ),
    _call("queue", "the jobs that wait or run", answer="queue n ids..."),
    _call("queue/clear", "cancels the jobs that wait", answer="queue n ids..."),
    _call("play", "plays a take at the next step of quantize; without id goes on", PLAYED),
    _call("stop", "fades out and goes to the start"),
    _call("seek", "goes to a place in the take", number("seconds", "where", 0, 36_000, "s")),
    _call(
        "capture/start",
        "records the input; the take follows when it is stopped or falls silent",
        maybe(word("source", "an input device's id")),
        maybe(whole("count_in_bars", "bars of metronome before", 0, 8)),
        maybe(whole("metronome", "1: it goes on while recording", 0, 1)),
        answer="captured path seconds",
    ),
    _call("capture/stop", "ends the recording", answer="captured path seconds"),
    _call(
        "output/list",
        "the output devices",
        answer="output/list index n id name host_api sample_rate",
    ),
    _call("preset/list", "the presets", answer="preset/list index n name"),
    _call("preset/load", "sets the parameters a preset names", word("name", "which")),
    _call("preset/save", "saves the parameters that were set", word("name", "under which name")),
    _call("model/list", "the models", answer="model/list index n name title max_seconds"),
    _call(
        "model/load", "loads a model in the background", word("name", "which"), answer=MODEL_STATE
    ),
    _call("model/unload", "frees the model's memory", answer=MODEL_STATE),
    _call("model/files", "which models' files are on this machine", answer=MODEL_FILES),
    _call(
        "model/download",
        "fetches a model's files, or goes on with that; its licence was accepted in the panel or the terminal",
        word("name", "which"),
        answer=MODEL_FILES,
    ),
    _call(
        "model/pause",
        "ends a download so that it can go on",
        word("name", "which"),
        answer=MODEL_FILES,
    ),
    _call("panic", "stops all sound and cancels every job"),
)

_TEMPO = PARAMETERS["tempo"]
VALUES = (
    _value("transport/tempo", "the DAW's tempo", Argument("tempo", _TEMPO)),
    _value("transport/playing", "whether the DAW runs", switch("playing", "1 runs, 0 stands")),
    _value(
        "transport/beat",
        "the DAW's position",
        number("beat", "from the start", -1e6, 1e6, "quarter notes"),
    ),
    _value(
        "transport/signature",
        "the DAW's metre",
        whole("beats", "beats in a bar", 1, 32),
        whole("value", "note value of a beat", 1, 32),
    ),
    _value("transport/key", "the DAW's key", word("key", "as 'A minor'; empty for none")),
    _value(
        "transport/selection",
        "the DAW's selection or loop range; start = end for none",
        number("start", "where it begins", -1e6, 1e6, "quarter notes"),
        number("end", "where it ends", -1e6, 1e6, "quarter notes"),
    ),
    _value("sync/source", "whose tempo and position count", word("source", "which", SYNC_SOURCES)),
    _value(
        "quantize", "when a take that is played begins", word("grid", "on which grid", QUANTIZES)
    ),
    _value("gain", "level of the output", number("gain_db", "how much louder", -60, 12, "dB")),
    _value(
        "loop",
        "whether what is played repeats",
        switch("on", "1 repeats"),
        maybe(number("start", "where the loop begins", 0, 36_000, "s")),
        maybe(number("end", "where it ends", 0, 36_000, "s")),
    ),
    _value(
        "output/device", "the output device", word("id", "as in output/list; empty for the default")
    ),
)

COMMANDS: dict[str, Command] = {
    command.address: command
    for command in (*CALLS, *VALUES, *(_parameter(name, what) for name, what in PARAMETERS.items()))
}
"""Address -> command: the one table."""


def find(address: str) -> list[Command]:
    """The commands an address means: one, or every value that a pattern of `*` and `?` matches."""
    exact = COMMANDS.get(address)
    if exact:
        return [exact]
    if not is_pattern(address):
        return []
    address = simplified(address)
    return [c for c in COMMANDS.values() if c.role == "value" and matches(address, c.address)]


def pair_name(key: str) -> str | None:
    """The parameter or option a pair's key means, or None."""
    name = PAIR_NAMES.get(key, key)
    return name if name in PARAMETERS or name in OPTIONS else None
