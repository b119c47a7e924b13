"""What Longtake and its companions inside DAWs say to each other: flat messages, each with the fields of one table.

A message is a `kind` and fields that are text, numbers or switches; nothing is nested, so that a script of a few lines
reads it. Two carriers bring them: `spool.py` as a file each, `key=value` a line, and `desk.py` as a line of JSON each.
A field that is not in the table is left out when read, one of the wrong type makes the whole message wrong. Knows no
carrier.

From a DAW: `hello` first, then `state` whenever something changed, `selection` and `ask` when the musician does
something, `answer` to each `place`, `bye`. To a DAW: `welcome`, `place`, and for what was asked there `ack`,
`progress`, `done`, `error`; `bye`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, cast

Field = str | int | float | bool
Message = dict[str, Field]
PROTOCOL = 1
LARGEST = 65_536
"""Bytes of a message as it is carried."""
MOST_PARTS = 64

_PARTS = {"path": str, "start": float, "seconds": float, "rate": float, "at": float}
"""Fields of each part of a selection, as `path.1`, `path.2` ...; see `delivery_state.Part`."""
_SELECTED = {"parts": int, "beat": float, "track": str, "item": str, "name": str}
_PLACED = {"at": str, "position": float, "length": float, "track": str, "beside": str} | {
    "item": str,
    "form": str,
}

FROM_DAW: dict[str, dict[str, type]] = {
    # The program that speaks: `daw` is its target, `instance` differs each time the script starts.
    "hello": {"protocol": int, "daw": str, "instance": str, "program": str, "project": str},
    # Tempo in BPM; beat and selection in quarter notes (start = end: none); key as 'A minor'.
    "state": {"tempo": float, "numerator": int, "denominator": int, "playing": bool, "beat": float}
    | {"selection_start": float, "selection_end": float, "key": str, "project": str},
    "selection": _SELECTED,
    # act: generate, transform, continue, fill, open. `seconds` is how much continues; `gap_start`, `gap_end` (s after
    # the first part's beginning) is what fills. Where the result goes is told as in `place`.
    "ask": {"req": str, "act": str, "prompt": str, "strength": float, "seconds": float}
    | {"gap_start": float, "gap_end": float}
    | _SELECTED
    | _PLACED,
    "cancel": {"req": str},
    # ok, or a code (`no_track`, `locked`, `recording`, `bad_path`, `unsure`, `failed`) with a sentence.
    "answer": {"id": str, "ok": bool, "code": str, "text": str, "track": str, "beat": float},
    "bye": {},
}
TO_DAW: dict[str, dict[str, type]] = {
    "welcome": {"protocol": int, "version": str},
    # `id` is placed once, however often it comes. seconds, beats, tempo, loop are the sound's own; see `Delivery`.
    "place": {"id": str, "path": str, "name": str, "seconds": float, "beats": float}
    | {"tempo": float, "loop": bool}
    | _PLACED,
    "ack": {"req": str, "job": str},
    "progress": {"req": str, "fraction": float, "stage": str, "eta": float},
    "done": {"req": str, "path": str},
    "error": {"req": str, "code": str, "text": str},
    "bye": {},
}
_NUMBERED = re.compile(r"([a-z]+)\.([0-9]{1,3})")


class Wrong(ValueError):
    """A message that is not understood; says what is wrong with it."""


def checked(raw: Mapping[str, Any], known: Mapping[str, Mapping[str, type]]) -> Message:
    """The message with the fields that its kind has, each of its type; fields that are not known are left out.

    Args:
        raw: fields as they were carried: text stands for any type.
        known: `FROM_DAW` or `TO_DAW`.

    Raises:
        Wrong: if the kind is unknown or a field has the wrong type.
    """
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in known:
        raise Wrong(f"unknown kind {str(kind)[:40]!r}")
    fields = known[kind]
    message: Message = {"kind": kind}
    for name, value in raw.items():
        numbered = _NUMBERED.fullmatch(name) if "parts" in fields else None
        wanted = _PARTS.get(numbered[1]) if numbered else fields.get(name)
        if wanted is not None:
            message[name] = _typed(name, wanted, value)
    return message


def _typed(name: str, wanted: type, value: Any) -> Field:
    if wanted is bool and value in (True, False, "true", "false", 0, 1):
        return value in (True, "true", 1)
    if wanted is str and isinstance(value, str):
        return value
    if wanted in (int, float) and isinstance(value, int | float | str):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        whole = wanted is float or number == int(number) if math.isfinite(number) else False
        if whole and not isinstance(value, bool):
            return wanted(number)
    raise Wrong(f"{name} is {wanted.__name__}, not {str(value)[:40]!r}")


def to_lines(message: Mapping[str, Field]) -> str:
    """A message as a spool carries it: a line for each field, and `end`, without which it is not whole."""
    return "".join(f"{name}={_line(value)}\n" for name, value in message.items()) + "end\n"


def from_lines(text: str) -> dict[str, str]:
    """The fields of `to_lines`, all as text.

    Raises:
        Wrong: if it is not whole.
    """
    lines = text.split("\n")
    if lines[-2:] != ["end", ""]:
        raise Wrong("the file is not whole")
    pairs = [line.partition("=") for line in lines[:-2]]
    if not all(name and sign for name, sign, _ in pairs):
        raise Wrong("a line is no key=value")
    return {name: _unescaped(value) for name, _, value in pairs}


def to_json(message: Mapping[str, Field]) -> bytes:
    """A message as a socket carries it: one line of JSON."""
    return json.dumps(message, ensure_ascii=True).encode() + b"\n"


def from_json(line: bytes) -> dict[str, Any]:
    """The fields of `to_json`.

    Raises:
        Wrong: if it is no object of JSON.
    """
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Wrong("it is no JSON") from error
    if not isinstance(found, dict):
        raise Wrong("it is no object of JSON")
    return cast(dict[str, Any], found)


def _line(value: Field) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else repr(value)
    return text.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
