"""The parser of every command: one-line errors that name what was meant, help in 80 columns, no abbreviations.

Knows nothing of the commands.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from engine.errors import SpecError, choices, nearest

N = TypeVar("N", int, float)
BAD_INPUT = 2
WIDTH = 80
_INVALID_CHOICE = re.compile(r"^(.*)invalid choice: '(.*)' \(choose from (.*)\)$", re.S)


def within(word: str, kind: Callable[[str], N], least: float, most: float, what: str) -> N:
    """What a flag says, as `type` of argparse; `what` tells what it is if it is out of bounds, or no number."""
    with suppress(ValueError):
        if least <= (value := kind(word)) <= most:
            return value
    raise argparse.ArgumentTypeError(what)


def check_counts(arguments: argparse.Namespace, *names: str, least: int = 1) -> None:
    """Says whether numbers that were given are large enough.

    Raises:
        SpecError: if one is not.
    """
    for name in names:
        given = getattr(arguments, name)
        if given is not None and given < least:
            raise SpecError(f"--{name.replace('_', '-')} is {given}; it has to be {least} or more.")


class Help(argparse.HelpFormatter):
    """Flags at the left, at most 80 columns; the value of a flag with two spellings is named once."""

    def __init__(self, prog: str, **options: Any) -> None:
        columns = shutil.get_terminal_size((WIDTH, 24)).columns
        options["width"] = max(min(columns, WIDTH) - 1, 40)
        super().__init__(prog, max_help_position=26, **options)


class Parser(argparse.ArgumentParser):
    """argparse, with what a newcomer needs."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("formatter_class", Help)
        super().__init__(*args, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Prints the error in one line and exits with 2."""
        self.exit(BAD_INPUT, f"{self.prog}: {_said(message)} (see {self.prog} --help)\n")

    def parse_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """The arguments; unknown ones are an error that names the nearest known."""
        found, rest = self.parse_known_args(args, namespace or argparse.Namespace())
        self.refuse(rest)
        return found

    def parse_words(self, args: Sequence[str]) -> argparse.Namespace:
        """Like `parse_args`; the words that are no flags may stand anywhere, and are in `words`."""
        end = args.index("--") if "--" in args else len(args)
        found, rest = self.parse_known_intermixed_args(args[:end])
        self.refuse(rest)
        found.words = [*found.words, *args[end + 1 :]]
        return found

    def refuse(self, rest: Sequence[str]) -> None:
        """Ends with an error if anything was not understood."""
        flags = [word.split("=")[0] for word in rest if word.startswith("-") and len(word) > 1]
        if flags:
            near = nearest(flags[0], self._flags())
            self.error(f"there is no flag {flags[0]}{near or _quoting(flags[0])}")
        if rest:
            self.error(
                f"{' '.join(rest)!r} is one word too many; put words that belong together in quotes"
            )

    def _flags(self) -> list[str]:
        """All flags, those that the help shows first."""
        parsers: list[argparse.ArgumentParser] = [self]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
                parsers += action.choices.values()
        actions = [action for parser in parsers for action in parser._actions]
        actions.sort(key=lambda action: action.help == argparse.SUPPRESS)
        return [flag for action in actions for flag in action.option_strings]


def _said(message: str) -> str:
    wrong = _INVALID_CHOICE.match(message)
    if wrong is None:
        return message
    before, word, listed = wrong.groups()
    known = [name.strip(" '") for name in listed.split(",")]
    near = nearest(word, known)
    return f"{before}there is no {word!r}{near or f'; choose {choices(known)}'}"


def _quoting(flag: str) -> str:
    """For a prompt that begins with a dash."""
    return "" if flag.startswith("--") else "; text that begins with a dash goes after --"
