"""Flags from the table of parameters: name, range, unit, choices and help are defined in `engine/spec.py`.

They are grouped by what a musician asks: what, how long, which notes, from a recording, which take, and how the model
works.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from engine.errors import LongtakeError
from engine.parameter import value_of
from engine.registry import SKETCH
from engine.spec import DEFAULTS, PARAMETERS, Parameter, converted

ALIASES: dict[str, tuple[str, ...]] = {
    "seconds_total": ("--seconds", "--length", "--duration"),
    "tempo": ("--tempo", "--bpm"),
    "cfg_scale": ("--guidance",),
    "init_noise_level": ("--strength",),
    "negative_prompt": ("--negative",),
}
"""More familiar names for some parameters; the first is what the help and errors call it."""

GROUPS = {
    "what": ("prompt", "prompt_b", "blend", "negative_prompt", "tempo", "key", "beats_per_bar"),
    "how long": ("seconds_total", "bars", "loop"),
    "which notes": ("chords", "form", "midi", "score", "score_seed"),
    "from a recording": ("init_audio", "init_span", "init_noise_level", "keep"),
    "which take": ("seed", "variation", "variation_seed"),
    "how the model works": (),
}
"""Heading -> parameters; the last has all others."""
MODEL = "how the model works"

Groups = dict[str, "argparse._ArgumentGroup"]


def add_flags(
    parser: argparse.ArgumentParser,
    left_out: Collection[str] = (),
    about: Mapping[str, str] | None = None,
) -> Groups:
    """Adds a flag for every parameter, except those left out; flags that are not given are absent from the result.

    Args:
        parser: gets the flags.
        left_out: parameters without a flag.
        about: help of those that mean something else here.

    Returns:
        The groups of the help by their headings.
    """
    groups = {heading: parser.add_argument_group(heading) for heading in GROUPS}
    grouped = {name: heading for heading, names in GROUPS.items() for name in names}
    for name in [*grouped, *(name for name in PARAMETERS if name not in grouped)]:
        if name not in left_out:
            told = (about or {}).get(name) or _help(name, PARAMETERS[name])
            _add(groups[grouped.get(name, MODEL)], name, told)
    return groups


def settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The parameters that were given."""
    return {name: value for name, value in vars(arguments).items() if name in PARAMETERS}


def _add(group: argparse._ArgumentGroup, name: str, told: str) -> None:
    known, own = PARAMETERS[name], f"--{name.replace('_', '-')}"
    shown, *more = ALIASES.get(name, (own,))
    if more:
        told = f"{told}; also {more[0]}"
    read = _seconds if name == "seconds_total" else None
    hidden = [*more, *([own] if own != shown else [])]
    options = _options(name, known, lambda value: converted(name, value), read)
    # argparse interprets %.
    group.add_argument(shown, **options, help=told.replace("%", "%%"))
    if hidden:
        group.add_argument(*hidden, **options, help=argparse.SUPPRESS)


def add_flag(
    group: argparse._ActionsContainer,
    name: str,
    known: Parameter,
    told: str,
) -> None:
    """Adds the flag of a parameter of any table.

    Args:
        group: gets the flag; a parser or a group of one.
        name: of the parameter; the flag has dashes for its underscores.
        known: the parameter.
        told: the help.
    """
    options = _options(name, known, lambda value: value_of(name, value, known))
    group.add_argument(f"--{name.replace('_', '-')}", **options, help=told.replace("%", "%%"))


def _options(
    name: str,
    known: Parameter,
    converted: Callable[[Any], Any],
    read: Callable[[str], Any] | None = None,
) -> dict[str, Any]:
    options: dict[str, Any] = {"dest": name, "default": argparse.SUPPRESS}
    if known.kind == "bool":
        return options | {"action": argparse.BooleanOptionalAction}
    parse = _parser_of(known, converted, read or _READERS.get(known.kind, str))
    return options | {"type": parse, "metavar": _metavar(known)}


def _parser_of(
    known: Parameter, converted: Callable[[Any], Any], read: Callable[[str], Any]
) -> Callable[[str], Any]:
    """A function from the flag's text to a validated value."""

    def parse(text: str) -> Any:
        try:
            return converted(read(text))
        except (ValueError, OverflowError):
            raise argparse.ArgumentTypeError(
                f"must be {_EXPECTED[known.kind]}; it is {text[:40]!r}."
            ) from None
        except LongtakeError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def _whole(text: str) -> int | float:
    """An integer, or a float for `converted` to reject."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _seconds(text: str) -> float:
    """Seconds, or minutes and seconds."""
    minutes, colon, seconds = text.rpartition(":")
    return 60.0 * int(minutes) + float(seconds) if colon else float(text)


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


_METAVARS = {
    "text": "TEXT",
    "path": "FILE",
    "files": "FILE",
    "pair": "LOW:HIGH",
    "spans": "FROM:TO,...",
}


def _metavar(known: Parameter) -> str:
    if known.choices:
        return "NAME"
    number = {"s": "SECONDS", "": "NUMBER"}.get(known.unit, known.unit.upper())
    return _METAVARS.get(known.kind, number)


def _help(name: str, known: Parameter) -> str:
    facts = [", ".join(known.choices)] if known.choices else []
    if known.range:
        facts.append(known.range)
    facts += _default(name)
    return known.help + (f" ({'; '.join(facts)})" if facts else "")


def _default(name: str) -> list[str]:
    """What holds where the flag is not given: the table's value, or what the embedded model does."""
    if DEFAULTS[name] is None:
        own = getattr(SKETCH.defaults, name, None)
        return [] if own is None else [f"default: the model's, {_text(own)} with sketch"]
    return [f"default {_text(DEFAULTS[name])}"] if DEFAULTS[name] not in ("", (), False) else []


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ":".join(map(_text, value))
    return value if isinstance(value, str) else f"{value:.15g}"
