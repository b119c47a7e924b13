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
    drawn: int | None = None
    """The number that asks for one at random, as in other programs."""

    @property
    def range(self) -> str:
        """The numbers it may be, for people: "30 to 300 BPM"; empty where it has no bounds."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:.15g} to {self.high:.15g} {self.unit}".strip()


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
            f"{name} must be a list of spans in seconds, such as [[0, 8.5]]; it is {shown(value)}."
        )
    return tuple(_pair(name, span, known) for span in cast(list[Any], value))


def shown(value: Any) -> str:
    """The beginning of a value, for a message, whatever it is."""
    try:
        return f"{value!r:.40}"
    except (ValueError, RecursionError):  # Whole numbers and lists have no text beyond some size.
        return f"too large a {type(value).__name__}"


def readable(text: str) -> str:
    """The text with halves of characters (lone surrogates) and NUL replaced, which no file and no message can hold."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def _text(name: str, value: Any, known: Parameter) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{name} must be text; it is {shown(value)}.")
    if known.kind == "text":
        value = readable(value)
    if known.most is not None and len(value) > known.most:
        raise SpecError(
            f"{name} may have {known.most} characters; it has {len(value)}. Shorten it; what repeats is written once."
        )
    if known.choices and value not in known.choices:
        raise SpecError(f"Unknown {name} {shown(value)}; choose {choices(known.choices)}.")
    return value


def _switch(name: str, value: Any) -> bool:
    if value in (True, False, 0, 1):
        return bool(value)
    raise SpecError(f"{name} must be true or false; it is {shown(value)}.")


def _number(name: str, value: Any, known: Parameter) -> float | int:
    whole = known.kind == "int"
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    possible = number and abs(value) <= sys.float_info.max
    inside = possible and (known.low is None or known.low <= value <= cast(float, known.high))
    if inside and (not whole or value == int(value)):
        return int(value) if whole else float(value)
    given = f"{value:.15g}" if possible else shown(value)
    if whole:
        raise SpecError(f"{name} must be a whole number{_range(known)}; it is {given}.")
    raise SpecError(f"{name} must be a number{_range(known)}; it is {given}.")


def _pair(name: str, value: Any, known: Parameter) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(cast(list[Any], value)) != 2:
        raise SpecError(f"{name} must be two numbers{_range(known)}; it is {shown(value)}.")
    number = dataclasses.replace(known, kind="float")
    first, second = cast(list[Any], value)
    return float(_number(name, first, number)), float(_number(name, second, number))


def _range(known: Parameter) -> str:
    return f" from {known.range}" if known.range else ""
