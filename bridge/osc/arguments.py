"""From OSC arguments to values: any numeric type or text for a number, pairs or one JSON object for settings.

Knows the table of `schema.py` and nothing of sockets or sessions; what it lets through has the right type and is in
range.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, cast

from bridge.errors import BridgeError
from bridge.osc.command import Argument, Command
from bridge.osc.packet import Value
from bridge.osc.schema import OPTIONS, PAIR_NAMES, pair_name
from engine.errors import choices
from engine.parameter import Parameter, readable
from engine.spec import PARAMETERS

MAX_TEXT = 8192
"""Characters of one text argument."""
_WORDS = {"true": 1.0, "on": 1.0, "yes": 1.0, "false": 0.0, "off": 0.0, "no": 0.0}


def read(command: Command, arguments: Sequence[Value]) -> tuple[list[Any], dict[str, Any]]:
    """The values of a command's arguments, in order, and of the pairs that follow them.

    Raises:
        BridgeError: `bad_args`, `out_of_range` or `unknown_param`, with what would be right.
    """
    waiting = list(arguments)
    values: list[Any] = []
    for argument in command.arguments:
        if argument.many:
            values += [converted(argument.name, argument.what, value) for value in waiting]
            waiting.clear()
        elif argument.what.kind in ("pair", "spans"):
            nothing = argument.open and len(waiting) == 1 and is_nothing(waiting[0])
            values.append(None if nothing else _numbers(argument, waiting))
            waiting.clear()
        elif waiting and not (argument.optional and command.pairs and _starts_pairs(waiting)):
            value = waiting.pop(0)
            nothing = (argument.open or argument.optional) and is_nothing(value)
            values.append(None if nothing else converted(argument.name, argument.what, value))
        elif argument.optional:
            values.append(None)
        else:
            raise BridgeError(
                "bad_args", f"{command.address} needs {usage(command)}; {argument.name} is missing."
            )
    if waiting and not command.pairs:
        raise BridgeError("bad_args", f"{command.address} takes {usage(command)} and no more.")
    return values, dict(_pairs(waiting, command.pairs == "settings"))


def is_nothing(value: Any) -> bool:
    """Whether a value stands for none: empty text, the type N, or null in JSON."""
    return value is None or value == ""


def pressed(command: Command, arguments: Sequence[Value]) -> bool | None:
    """Whether a call that needs no arguments came with a button's number: True for a press, False for a release.

    None if what came is no button's. As text, a number is a button's only where no text could be meant.
    """
    optional = all(argument.optional for argument in command.arguments)
    if command.role != "call" or len(arguments) != 1 or not optional:
        return None
    value = arguments[0]
    if isinstance(value, str) and not command.arguments:
        with suppress(ValueError):
            value = float(value)
    return value != 0 if isinstance(value, (int, float)) else None


def usage(command: Command) -> str:
    """The arguments, for people: `req prompt [key value ...]`."""
    names = [
        f"[{a.name}{' ...' if a.many else ''}]" if a.optional else a.name for a in command.arguments
    ]
    if command.pairs:
        names.append("[key value ...]")
    return " ".join(names) or "no arguments"


def converted(name: str, what: Parameter, value: Value) -> Any:
    """An OSC value converted to its argument's type; numbers may come in any numeric type or as text.

    Raises:
        BridgeError: `bad_args` for a wrong type, `out_of_range` for a wrong value.
    """
    if what.kind in ("text", "path", "files"):
        text = _text(name, what, value)
        if what.choices and text not in what.choices:
            raise BridgeError(
                "out_of_range", f"{name} is {choices(what.choices)}; it is {text[:40]!r}."
            )
        return text
    found = _number(name, what, value)
    if what.kind == "bool":
        return found != 0
    inside = what.low is None or what.high is None or what.low <= found <= what.high
    if not inside and found != what.drawn:
        raise BridgeError("out_of_range", f"{name} is from {what.range}; it is {found:.15g}.")
    if what.kind == "int" and found != int(found):
        raise BridgeError("bad_args", f"{name} is a whole number; it is {found:.15g}.")
    return int(found) if what.kind == "int" else found


def _text(name: str, what: Parameter, value: Value) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and _finite(value):
        return f"{value:.0f}" if value == int(value) else f"{value:g}"
    if not isinstance(value, str):
        raise BridgeError("bad_args", f"{name} is text; it came as {_kind(value)}.")
    most = min(what.most or MAX_TEXT, MAX_TEXT)
    if len(value) > most:
        raise BridgeError(
            "too_long", f"{name} has {len(value)} characters; at most {most} are read."
        )
    return readable(value) if what.kind == "text" else value


def _number(name: str, what: Parameter, value: Value) -> float | int:
    if isinstance(value, str):
        text = value.strip().lower()
        if what.kind == "bool" and text in _WORDS:
            return _WORDS[text]
        try:
            value = int(text) if text.lstrip("+-").isdecimal() and len(text) < 20 else float(text)
        except ValueError:
            raise BridgeError("bad_args", f"{name} is a number; it is {value[:40]!r}.") from None
    if not isinstance(value, (int, float)) or not _finite(value):
        raise BridgeError("bad_args", f"{name} is a number; it came as {_kind(value)}.")
    return value


def _numbers(argument: Argument, values: list[Value]) -> list[Any]:
    single = Parameter(
        "float", argument.what.help, argument.what.unit, argument.what.low, argument.what.high
    )
    found = [float(converted(argument.name, single, value)) for value in values]
    if argument.what.kind == "pair":
        if len(found) != 2:
            raise BridgeError("bad_args", f"{argument.name} takes two numbers.")
        return found
    if len(found) % 2:
        raise BridgeError("bad_args", f"{argument.name} takes starts and ends, as 0 8.5 12 20.")
    return [[start, end] for start, end in zip(found[::2], found[1::2], strict=True)]


def _starts_pairs(waiting: list[Value]) -> bool:
    """Whether an optional argument is left out and the pairs begin here."""
    first = waiting[0]
    known = isinstance(first, str) and (
        pair_name(first) is not None or first.lstrip().startswith("{")
    )
    return known and (len(waiting) % 2 == 0 or len(waiting) == 1)


def _pairs(waiting: list[Value], settings: bool) -> Iterator[tuple[str, Any]]:
    for key, value in _raw_pairs(waiting):
        name = pair_name(key)
        if name is None or name == "init_audio" or not (settings or name in OPTIONS):
            more = [*PAIR_NAMES, *(n for n in PARAMETERS if n != "init_audio")] if settings else []
            known = [*OPTIONS, *more]
            raise BridgeError(
                "unknown_param", f"Unknown key {key[:40]!r}; known are {choices(known)}."
            )
        if is_nothing(value):
            continue
        what = OPTIONS.get(name) or PARAMETERS[name]
        if what.kind in ("pair", "spans"):
            yield name, value
        else:
            yield name, converted(key, what, value)


def _raw_pairs(waiting: list[Value]) -> Iterator[tuple[str, Any]]:
    first = waiting[0] if waiting else None
    if len(waiting) == 1 and isinstance(first, str) and first.lstrip().startswith("{"):
        try:
            found = json.loads(first)
        except (ValueError, RecursionError):
            raise BridgeError("bad_args", "The JSON of the settings cannot be read.") from None
        yield from cast(dict[str, Any], found).items()
        return
    if len(waiting) % 2:
        raise BridgeError("bad_args", "Settings come in pairs: a key, then its value.")
    for key, value in zip(waiting[::2], waiting[1::2], strict=True):
        if not isinstance(key, str):
            raise BridgeError("bad_args", f"A setting's key is text; it came as {_kind(key)}.")
        yield key, value


def _finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # A whole number from JSON, too large for a float.
        return False


def _kind(value: Any) -> str:
    return (
        "nothing"
        if value is None
        else f"{value!r:.40}"
        if isinstance(value, float)
        else type(value).__name__
    )
