"""One row of the table of parameters, and how a value from JSON, TOML or OSC becomes one of its values.

Knows nothing of which parameters there are.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from engine.errors import SpecError, choices

Kind = Literal["text", "float", "int", "bool", "path", "files", "pair", "spans"]
"""A path is one file, files are a list of LoRA files with their strengths."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What the command line, OSC, presets and panel need to know about one field of the spec."""

    kind: Kind
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    most: int | None = None
    """Characters of a text."""


def parameter(default: Any, kind: Kind, help: str, **facts: Any) -> Any:
    """A dataclass field with its `Parameter`; a `default` of None is filled in from the model."""
    return field(default=default, metadata={"parameter": Parameter(kind, help, **facts)})


def value_of(name: str, value: Any, known: Parameter) -> Any:
    """A value that is not None, as the parameter of that name has it.

    Raises:
        SpecError: if it has the wrong type or is out of range.
    """
    if known.kind in ("text", "path", "files"):
        return _text(name, value, known)
    if known.kind == "bool":
        return _switch(name, value)
    if known.kind in ("float", "int"):
        return _number(name, value, known)
    if known.kind == "pair":
        return _pair(name, value, known)
    if not isinstance(value, (list, tuple)):
        raise SpecError(
            f"{name} must be a list of spans in seconds, such as [[0, 8.5]]; it is {value!r:.40}."
        )
    return tuple(_pair(name, span, known) for span in cast(list[Any], value))


def readable(text: str) -> str:
    """The text with halves of characters (lone surrogates) and NUL replaced, which no file and no message can hold."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def _text(name: str, value: Any, known: Parameter) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{name} must be text; it is {value!r:.40}.")
    if known.kind == "text":
        value = readable(value)
    if known.most is not None and len(value) > known.most:
        raise SpecError(
            f"{name} may have {known.most} characters; it has {len(value)}. Shorten it; what repeats is written once."
        )
    if known.choices and value not in known.choices:
        raise SpecError(f"Unknown {name} {value!r}; choose {choices(known.choices)}.")
    return value


def _switch(name: str, value: Any) -> bool:
    if value in (True, False, 0, 1):
        return bool(value)
    raise SpecError(f"{name} must be true or false; it is {value!r:.40}.")


def _number(name: str, value: Any, known: Parameter) -> float | int:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not abs(value) <= sys.float_info.max:
        raise SpecError(f"{name} must be a number{_range(known)}; it is {value!r:.40}.")
    if known.low is not None and not known.low <= value <= cast(float, known.high):
        raise SpecError(f"{name} must be a number{_range(known)}; it is {value:g}.")
    if known.kind == "float":
        return float(value)
    if value != int(value):
        raise SpecError(f"{name} must be a whole number{_range(known)}; it is {value:g}.")
    return int(value)


def _pair(name: str, value: Any, known: Parameter) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(cast(list[Any], value)) != 2:
        raise SpecError(f"{name} must be two numbers{_range(known)}; it is {value!r:.40}.")
    number = dataclasses.replace(known, kind="float")
    first, second = cast(list[Any], value)
    return float(_number(name, first, number)), float(_number(name, second, number))


def _range(known: Parameter) -> str:
    if known.low is None or known.high is None:
        return ""
    return f" from {known.low:g} to {known.high:g}{' ' + known.unit if known.unit else ''}"
