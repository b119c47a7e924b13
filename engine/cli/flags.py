"""Flags from the table of parameters: name, range, unit, choices and help are defined in `engine/spec.py`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from engine.errors import LongtakeError
from engine.spec import PARAMETERS, Parameter, converted

ALIASES = {"seconds_total": "--seconds", "init_noise_level": "--strength"}
"""More familiar names for some parameters."""


def add_flags(parser: argparse.ArgumentParser, left_out: Collection[str] = ()) -> None:
    """Adds a flag for every parameter, except those left out; flags that are not given are absent from the result."""
    group = parser.add_argument_group("settings")
    for name, known in PARAMETERS.items():
        if name not in left_out:
            group.add_argument(*_spellings(name), **_options(name, known))


def settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The parameters that were given."""
    return {name: value for name, value in vars(arguments).items() if name in PARAMETERS}


def _spellings(name: str) -> list[str]:
    own = f"--{name.replace('_', '-')}"
    return [ALIASES[name], own] if name in ALIASES else [own]


def _options(name: str, known: Parameter) -> dict[str, Any]:
    options: dict[str, Any] = {"dest": name, "default": argparse.SUPPRESS, "help": _help(known)}
    if known.kind == "bool":
        return options | {"action": argparse.BooleanOptionalAction}
    return options | {"type": _parser_of(name, known), "metavar": _metavar(known)}


def _parser_of(name: str, known: Parameter) -> Callable[[str], Any]:
    """A function from the flag's text to a validated value."""
    read = _READERS.get(known.kind, str)

    def parse(text: str) -> Any:
        try:
            return converted(name, read(text))
        except ValueError:
            raise argparse.ArgumentTypeError(_expected(text, known)) from None
        except LongtakeError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def _whole(text: str) -> int | float:
    """An integer, or a float for `converted` to reject."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _pair(text: str) -> tuple[float, float]:
    first, second = text.split(":")
    return float(first), float(second)


def _spans(text: str) -> list[tuple[float, float]]:
    return [_pair(span) for span in text.split(",")]


_READERS: dict[str, Callable[[str], Any]] = {
    "float": float,
    "int": _whole,
    "pair": _pair,
    "spans": _spans,
    # Absolute: the settings must reproduce the take from any folder.
    "path": lambda text: str(Path(text).resolve()),
}
_EXPECTED = {
    "float": "a number",
    "int": "a whole number",
    "pair": "two numbers, such as 0.2:0.8",
    "spans": "spans in seconds, such as 0:8,16:24",
}


def _expected(text: str, known: Parameter) -> str:
    return f"must be {_EXPECTED[known.kind]}; it is {text!r}."


def _metavar(known: Parameter) -> str:
    if known.choices:
        return "NAME"
    return {"pair": "LOW:HIGH", "spans": "FROM:TO,..."}.get(
        known.kind, known.unit.upper() or known.kind.upper()
    )


def _help(known: Parameter) -> str:
    facts = [", ".join(known.choices)] if known.choices else []
    if known.low is not None and known.high is not None:
        facts.append(f"{known.low:g} to {known.high:g} {known.unit}".strip())
    # argparse interprets %.
    return (known.help + (f" ({'; '.join(facts)})" if facts else "")).replace("%", "%%")
