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
from engine.errors import AudioError, DiskError, LongtakeError, SpecError
from engine.file_names import safe
from engine.precedence import agreed
from engine.sound.reading import opened
from engine.sound.takes import read_settings, read_spec, sidecar_path
from engine.sound.targets import is_there
from engine.spec import MAX_SEED, GenerationSpec

PIPE = "-"
NAMED = 5
"""Most takes that are named in one sentence."""


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
    changed: list[str] = []
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
            stands = _standing(order, spec) if arguments.resume else ""
            if stands == "unfinished" or (stands == "changed" and arguments.force):
                order = replace(order, target=replace(target, overwrite=True))
            if stands == "changed" and not arguments.force:
                changed.append(f"{place}: {order.path}" if place else str(order.path))
            elif stands != "made":
                _check(order, several)
                found.append(order)
        except LongtakeError as error:
            raise _placed(error, place) from error
        taken |= {order.path} if order.path else set()
    if changed:
        raise SpecError(_changed(changed))
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
    if arguments.cluster is not None and not several:
        raise SpecError("--cluster shares several takes out: add --count NUMBER, or --batch LIST.")
    if arguments.engines and arguments.cluster is None:
        raise SpecError("--engines is how many a cluster has; add --cluster.")
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
    if arguments.batch and (folder := _folder(arguments.out)):
        return folder / safe(name, ".wav")
    stem = "batch" if arguments.batch == PIPE else Path(arguments.batch or "").stem
    path = Path(f"{stem}.wav" if arguments.out is None else arguments.out)
    if not name or path.is_dir():
        return path
    return path.with_name(safe(f"{path.stem}-{name}", path.suffix))


def _folder(out: str | None) -> Path | None:
    """The folder that takes of a list go into, made if need be: each then has its own name there."""
    if out is None or out == PIPE or (Path(out).suffix and not Path(out).is_dir()):
        return None
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"The folder {out} cannot be made: {error.strerror}.") from error
    return Path(out)


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


def _standing(order: Order, asked: GenerationSpec) -> str:
    """What stands where a take shall be: "made", "changed" if from other settings, "unfinished", or "" for nothing.

    Raises:
        AudioError: if it is no take.
    """
    if order.path is None:
        return ""
    if not is_there(order.path):
        return "unfinished" if _owned(sidecar_path(order.path), order.path.name) else ""
    there = read_spec(order.path)
    # Where no seed was asked for, any is right; relatives of a take have one of their own.
    free = {"variation_seed": there.variation_seed} if asked.variation else {}
    free |= {"seed": there.seed} if asked.seed is None else {}
    if replace(order.spec, **free) != there:
        return "changed"
    # A program that was killed between the two left no sidecar.
    whole = is_there(sidecar_path(order.path)) and _whole(order.path)
    return "made" if whole else "unfinished"


def _owned(sidecar: Path, name: str) -> bool:
    """Whether there is a sidecar, and it is that of a take of this name."""
    try:
        return read_settings(sidecar).get("file") == name
    except AudioError:
        return False


def _whole(path: Path) -> bool:
    """Whether a take's sound can be read to its end, and is as long as its sidecar says."""
    frames = read_settings(path).get("frames")
    try:
        with opened(path) as file:
            file.seek(file.frames - 1)
            return frames in (None, file.frames) and len(file.read(1)) == 1
    except AudioError:
        return False


def _changed(places: list[str]) -> str:
    """What is said of takes that were made from other settings."""
    named = "; ".join(places[:NAMED])
    more = f" (and {len(places) - NAMED} more)" if len(places) > NAMED else ""
    was = "was" if len(places) == 1 else "were"
    return f"{named}{more} {was} made from other settings; choose another name, or add --force to replace what changed."


def _placed(error: LongtakeError, place: str) -> LongtakeError:
    return type(error)(f"{place}: {error}") if place else error
