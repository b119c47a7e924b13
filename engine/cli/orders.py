"""What one command line asks for: one take, several with seeds of their own, or a list of them.

Everything that can be wrong is found here, before anything is loaded. Knows nothing of how takes are made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from engine.cli.batch import Entry, read_batch, typed_text
from engine.cli.commands import MAKING, Making
from engine.cli.flags import settings
from engine.cli.making import Order, Target, check, ordered
from engine.cli.presets import preset_values
from engine.cli.requests import Asked
from engine.errors import LongtakeError, SpecError
from engine.file_names import safe
from engine.precedence import agreed
from engine.sound.takes import read_spec
from engine.sound.targets import is_there
from engine.spec import MAX_SEED, GenerationSpec

PIPE = "-"


def orders(arguments: argparse.Namespace) -> list[Order]:
    """The takes of a command line whose words `commands.parsed` has read; those to be left as they are, are not there.

    Raises:
        LongtakeError: for the first that cannot be made; in a list, it says where it stands.
    """
    making = MAKING[arguments.command]
    if vars(arguments).get("prompt") == PIPE:
        arguments.prompt = typed_text().strip()
    entries = read_batch(arguments.batch) if arguments.batch else [Entry("", "")]
    several = bool(arguments.batch) or (arguments.count is not None and arguments.count > 1)
    _check_several(arguments, several)
    found: list[Order] = []
    taken: set[Path] = set()
    for name, place, spec in _specs(making, arguments, entries):
        target = Target(
            _path(arguments, name),
            arguments.subtype,
            arguments.force,
            _pipe(arguments),
            arguments.rate,
        )
        try:
            order = ordered(spec, target, taken)
            if order.path in taken:
                raise SpecError(f"Two takes would be {order.path}; give them other names.")
            if not (arguments.resume and _is_made(order, spec)):
                _check(order, several)
                found.append(order)
        except LongtakeError as error:
            raise _placed(error, place) from error
        taken |= {order.path} if order.path else set()
    return found


def _check_several(arguments: argparse.Namespace, several: bool) -> None:
    if {"seconds_total", "bars"} <= settings(arguments).keys():
        raise SpecError("--length and --bars both say how long; give one of them.")
    if several and arguments.out == PIPE:
        raise SpecError("Standard output takes one take; give several a file: --out NAME.wav.")
    if arguments.at_once > 1 and not several:
        raise SpecError(
            "--at-once is how many of several takes are made together: add --count NUMBER, or --batch LIST."
        )
    if arguments.resume and not (several and (arguments.out or arguments.batch)):
        raise SpecError(
            "--resume needs takes whose names are known: --batch LIST, or --count NUMBER with --out FILE."
        )


def _check(order: Order, several: bool) -> None:
    path = order.path
    replaces = path is not None and is_there(path) and not path.is_dir()
    if several and replaces and not order.target.overwrite:
        raise SpecError(
            f"{path} already exists; --resume goes on with those that are missing, --force replaces it."
        )
    check(order)


def _pipe(arguments: argparse.Namespace) -> BinaryIO | None:
    """Standard output for the sound, if that is asked for."""
    if arguments.out != PIPE:
        return None
    if sys.stdout is None or sys.stdout.isatty():
        raise SpecError(
            "Standard output is a terminal; send the sound on, as in '--out - | ffplay -'."
        )
    return sys.stdout.buffer


def _path(arguments: argparse.Namespace, name: str) -> Path | None:
    """The file of a take: what is asked for, with the take's name where there are several."""
    if arguments.out is None and not arguments.batch:
        return None
    stem = "batch" if arguments.batch == PIPE else Path(arguments.batch or "").stem
    path = Path(f"{stem}.wav" if arguments.out is None else arguments.out)
    if not name or path.is_dir():
        return path
    return path.with_name(safe(f"{path.stem}-{name}", path.suffix))


def _specs(
    making: Making, arguments: argparse.Namespace, entries: list[Entry]
) -> Iterator[tuple[str, str, GenerationSpec]]:
    """Name, place in the list and spec of every take."""
    count, typed = arguments.count or 1, settings(arguments)
    first, index = typed.get(making.moved), 0
    for entry in entries:
        for number in range(count):
            name = "-".join(
                [*([entry.name] * bool(entry.name)), *([str(number + 1)] * (count > 1))]
            )
            try:
                spec = making.request(Asked(typed, _base(arguments, entry), arguments.audio))
            except LongtakeError as error:
                raise _placed(error, entry.place) from error
            own = spec.seed if making.moved == "seed" else None
            seed = own if first is None else first
            if seed is not None:
                moved = (seed + (number if first is None else index)) % (MAX_SEED + 1)
                spec = replace(spec, **{making.moved: moved})
            index += 1
            yield name, entry.place, spec


def _base(arguments: argparse.Namespace, entry: Entry) -> dict[str, Any]:
    """What holds where nothing else is typed: the entry's parameters, over those of a preset."""
    preset = arguments.preset or entry.preset
    values = preset_values(preset, arguments.command) if preset else {}
    return agreed(values, entry.values) | entry.values


def _is_made(order: Order, asked: GenerationSpec) -> bool:
    """Whether the take stands there already.

    Raises:
        SpecError: if what stands there was made from other settings.
        AudioError: if it is no take.
    """
    if order.path is None or not order.path.exists():
        return False
    there = read_spec(order.path)
    # Where no seed was asked for, any is right; relatives of a take have one of their own.
    free = {"variation_seed": there.variation_seed} if asked.variation else {}
    free |= {"seed": there.seed} if asked.seed is None else {}
    if replace(order.spec, **free) != there:
        raise SpecError(
            f"{order.path} was made from other settings; choose another name, or --force without --resume."
        )
    return True


def _placed(error: LongtakeError, place: str) -> LongtakeError:
    return type(error)(f"{place}: {error}") if place else error
