"""One OSC command: its address, its arguments and what answers it, and short ways to write one down.

Knows nothing of which commands there are; `schema.py` has the table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from keyword import iskeyword
from typing import Literal

from engine.parameter import Parameter

ROOT = "/longtake"

Role = Literal["call", "value"]
Pairs = Literal["", "settings", "options"]


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
        pairs: which `key value` pairs, or one JSON object of them, may follow: `settings` are all parameters and how
            the job is run, `options` only the latter.
        role: a `value` is set when arguments are given and read when none are; a `call` is carried out.
    """

    address: str
    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    answer: str = ""
    pairs: Pairs = ""
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


def call(
    place: str, help: str, *arguments: Argument, answer: str = "", pairs: Pairs = ""
) -> Command:
    """A command that does something; places are below `ROOT`."""
    name = place.replace("/", "_") + ("_" if iskeyword(place) else "")
    answer = f"{ROOT}/{answer}" if answer else ""
    return Command(f"{ROOT}/{place}", name, help, arguments, answer, pairs)


def value(place: str, help: str, *arguments: Argument, name: str = "") -> Command:
    """A command that is set and read; `name` is its action's, if that is not its place's."""
    names = " ".join(argument.name for argument in arguments)
    answer = f"{ROOT}/{place} {names}"
    return Command(
        f"{ROOT}/{place}",
        name or place.replace("/", "_"),
        help,
        arguments,
        answer,
        role="value",
    )
