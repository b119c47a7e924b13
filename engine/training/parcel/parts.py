"""A run in a few files that each say what they belong to: written by one machine, joined by another.

`leave` packs what of a run must survive (checkpoints, logs, exported weights) and writes it as at most `MOST` parts of
`PART_BYTES`; `arrive` joins them, strictly, into a run's folder, if they are further than what is there. Every part has
the checksums of itself and of the whole, and the run's step, so that a missing part is named instead of joined, and
neither side replaces what is further. Knows nothing of how a run is trained.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from engine.errors import CheckpointError
from engine.model_files import CHECKSUMS, find_weights, seal
from engine.registry import SKETCH
from engine.training.checkpointing import steps_done
from engine.training.parcel.packing import packed, unpacked
from engine.training.parcel.start import PLANES, apart, together
from engine.whole_files import part_of, put_in_place, whole

log = logging.getLogger(__name__)

PART_BYTES, MOST = 16 * 2**20, 8
MOST_BYTES = 60 * 2**20
"""Of all parts together, unless more is asked for: what rented machines give back."""
HEAD_BYTES = 512
AUTOENCODER = "autoencoder.safetensors"
CHECKPOINT = "checkpoint.pt"
TRANSFORMER = f"transformer/{CHECKPOINT}"
BEFORE = ".before"
"""Added to the name of a checkpoint that arriving parts replaced."""
PATTERN = "run-*.part*of*"
KEPT = (CHECKPOINT, "*.json", "*.jsonl", "*.md")
MADE = "weights"
"""Folder of what a slot exported; its autoencoder is the project's own, and stays behind."""
WITHOUT = ("latents", "held_out", "work")
"""Folders of material: the next slot composes other pieces."""
LARGEST = 4 * 2**20
"""A file of those kept that is larger stays behind, bytes; checkpoints and weights go whatever their size."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a part says of itself: which of how many, checksums, and the run's step and beginning."""

    part: int
    of: int
    sha256: str
    whole: str
    index: int
    begun: str

    @property
    def name(self) -> str:
        """Of the part's file; parts of two runs, or of two moments of one, have different names."""
        return f"run-{self.whole[:8]}.part{self.part}of{self.of}"


@dataclass(frozen=True, slots=True)
class Set:
    """Parts that were cut from the same run at the same moment, in order; at least one."""

    parts: tuple[tuple[Head, Path], ...]

    @property
    def head(self) -> Head:
        """The first one's."""
        return self.parts[0][0]

    @property
    def complete(self) -> bool:
        """Whether none is missing."""
        return len(self.parts) == self.head.of

    @property
    def missing(self) -> list[str]:
        """Names of those that are not there."""
        there = {head.part for head, _ in self.parts}
        parts = (replace(self.head, part=part) for part in range(1, self.head.of + 1))
        return [head.name for head in parts if head.part not in there]


def has_checkpoint(run: Path) -> bool:
    """Whether a run has anything to go on from."""
    return run.is_dir() and any(run.rglob(CHECKPOINT))


def leave(run: Path, folder: Path, most_bytes: int = MOST_BYTES) -> list[Path]:
    """Writes a run as parts; older parts in the folder are removed once the new ones are complete.

    Where everything is more than `most_bytes`, checkpoints leave averages and moments out (packing.py).

    Raises:
        CheckpointError: if there is nothing to write, or too much, or if the folder's parts are further than the run.
    """
    data = bundle(run)
    if len(data) > most_bytes:
        data = bundle(run, light=True)
    return leave_data(data, folder)


def leave_data(data: bytes, folder: Path) -> list[Path]:
    """Writes what `bundle` packed as parts, as `leave` does; at every moment the old ones or the new are complete."""
    count = max(math.ceil(len(data) / (PART_BYTES - HEAD_BYTES)), 1)
    if count > MOST:
        raise CheckpointError(
            f"The run takes {len(data) / 2**20:.0f} MiB, more than {MOST} parts of "
            f"{PART_BYTES // 2**20} MiB; a smaller model fits."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(f".{PATTERN}.tmp"):
        stale.unlink()
    heads, size = _heads(data, count), math.ceil(len(data) / count)
    replaced = _replaced(folder, heads[0].index)
    names = [folder / head.name for head in heads]
    written = [part_of(path) for path in names]
    try:
        for head, part in zip(heads, written, strict=True):
            piece = data[(head.part - 1) * size : head.part * size]
            part.write_bytes(json.dumps(asdict(head)).encode().ljust(HEAD_BYTES) + piece)
        for part, path in zip(written, names, strict=True):
            put_in_place(part, path)
    finally:
        for part in written:
            part.unlink(missing_ok=True)
    for old in set(replaced) - set(names):
        old.unlink()
    return names


def arrive(folder: Path, run: Path) -> bool:
    """Joins a folder's parts into a run that has no checkpoint or stands at an earlier step; gives whether it did.

    Checkpoints that are replaced are kept beside the new ones, as `checkpoint.pt.before`.

    Raises:
        CheckpointError: if parts that are further are damaged, missing or of another run; names it.
    """
    sets = _sets(folder)
    if not sets:
        return False
    if has_checkpoint(run):
        here, begun = steps_done((run / TRANSFORMER).parent), _begun(run)
        if any(one.head.begun != begun for one in sets):
            raise CheckpointError(
                f"{folder} has parts of another run than {run}; name another folder with --parts."
            )
        if all(one.head.index <= here for one in sets):
            return False
        if any(one.complete for one in sets) and _newest(sets, folder).head.index <= here:
            log.warning("parts in %s that are further than the run are not complete", folder)
            return False
    unbundle(joined(folder), run)
    if (run / MADE).is_dir():
        own = find_weights(SKETCH) / AUTOENCODER
        with whole(run / MADE / AUTOENCODER) as part:
            shutil.copyfile(own, part)
        seal(run / MADE)
    return True


def joined(folder: Path) -> bytes:
    """What a folder's parts were cut from: of several complete sets the one that is furthest.

    Raises:
        CheckpointError: if a part is missing or damaged; names it.
    """
    newest = _newest(_sets(folder), folder)
    pieces = []
    for head, path in newest.parts:
        piece = path.read_bytes()[HEAD_BYTES:]
        if _sum(piece) != head.sha256:
            raise CheckpointError(f"{path} is damaged: it does not match its checksum.")
        pieces.append(piece)
    data = b"".join(pieces)
    if _sum(data) != newest.head.whole:
        raise CheckpointError(f"The parts in {folder} do not add up to their run.")
    return data


def bundle(run: Path, *, light: bool = False, made: bool = True) -> bytes:
    """A zip archive of what travels of a run.

    Args:
        run: its folder.
        light: see `packed`.
        made: take the exported weights along.

    Raises:
        CheckpointError: if the run has no checkpoint.
    """
    if not has_checkpoint(run):
        raise CheckpointError(f"{run} has no {CHECKPOINT}, so there is nothing to take along.")
    held, index = io.BytesIO(), 0
    with zipfile.ZipFile(held, "w") as archive:
        for path in _travelling(run, made):
            name, content = path.relative_to(run).as_posix(), path.read_bytes()
            if path.name == CHECKPOINT:
                state = torch.load(path, weights_only=True, map_location="cpu")
                content = _saved(state | {"stage": packed(state["stage"], light=light)})
                index = int(state["index"]) if name == TRANSFORMER else index
            elif path.suffix == ".safetensors":
                name, content = name + PLANES, apart(content)
            # Without times, so that the same run is the same bytes.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        archive.comment = json.dumps({"index": index, "begun": _begun(run)}).encode()
    return held.getvalue()


def unbundle(data: bytes, run: Path) -> None:
    """Writes what `bundle` packed into a folder; every file appears whole, the transformer's checkpoint last.

    Raises:
        CheckpointError: if it is not such an archive; then nothing was written.
    """
    try:
        contents = dict(_contents(data, run))
    except CheckpointError:
        raise
    except Exception as error:  # Whatever zipfile and torch say of what is neither's.
        raise CheckpointError(f"What the parts hold is not a run: {error}.") from error
    # A run that was killed in between still stands at its old step, so that the parts are joined again.
    for target in sorted(contents, key=(run / TRANSFORMER).resolve().__eq__):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.name == CHECKPOINT and target.exists():
            with whole(target.with_name(CHECKPOINT + BEFORE)) as kept:
                shutil.copyfile(target, kept)
        with whole(target) as part:
            part.write_bytes(contents[target])


def _contents(data: bytes, run: Path) -> Iterator[tuple[Path, bytes]]:
    """The files of an archive as they are to be written, and where."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            target = (run / name).resolve()
            if not target.is_relative_to(run.resolve()):
                raise CheckpointError(f"A part of a run names a file outside it: {name}.")
            content = archive.read(name)
            if target.suffix == PLANES:
                target, content = target.with_suffix(""), together(content)
            elif target.name == CHECKPOINT:
                state = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
                content = _saved(state | {"stage": unpacked(state["stage"])})
            yield target, content


def _travelling(run: Path, made: bool) -> Iterator[Path]:
    for path in sorted(run.rglob("*")):
        place = path.relative_to(run)
        hidden = any(part.startswith(".") for part in place.parts)  # Half written, for one.
        if hidden or not path.is_file() or set(place.parts) & set(WITHOUT):
            continue
        if place.parts[0] == MADE:
            if made and path.name not in (AUTOENCODER, CHECKSUMS):
                yield path
        elif any(path.match(pattern) for pattern in KEPT) and (
            path.name == CHECKPOINT or path.stat().st_size <= LARGEST
        ):
            yield path


def _saved(state: Mapping[str, Any]) -> bytes:
    held = io.BytesIO()
    torch.save(dict(state), held)
    return held.getvalue()


def _begun(run: Path) -> str:
    """Tells runs apart: a checksum of how one was begun, empty if that is not known."""
    path = run / "run.json"
    return _sum(path.read_bytes())[:16] if path.exists() else ""


def _heads(data: bytes, count: int) -> list[Head]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        facts = json.loads(archive.comment)
    size, complete = math.ceil(len(data) / count), _sum(data)
    sums = [_sum(data[part * size : (part + 1) * size]) for part in range(count)]
    return [Head(i + 1, count, one, complete, **facts) for i, one in enumerate(sums)]


def _head(path: Path) -> Head:
    try:
        with path.open("rb") as file:
            head = Head(**json.loads(file.read(HEAD_BYTES)))
        if not 1 <= head.part <= head.of <= MOST or head.index < 0:
            raise ValueError
    except (OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is not a part of a run.") from error
    return head


def _sets(folder: Path) -> list[Set]:
    """A folder's parts by the run they were cut from."""
    found: dict[tuple[str, int], dict[int, tuple[Head, Path]]] = {}
    for path in sorted(folder.glob(PATTERN)):
        head = _head(path)
        found.setdefault((head.whole, head.of), {})[head.part] = head, path
    return [Set(tuple(parts[index] for index in sorted(parts))) for parts in found.values()]


def _newest(sets: list[Set], folder: Path) -> Set:
    """The furthest set that is complete."""
    complete = [one for one in sets if one.complete]
    if complete:
        return max(complete, key=lambda one: (one.head.index, one.parts[0][1].stat().st_mtime))
    if not sets:
        raise CheckpointError(f"{folder} has no parts of a run.")
    missing = max(sets, key=lambda one: len(one.parts)).missing
    raise CheckpointError(f"{folder} lacks {', '.join(missing)}.")


def _replaced(folder: Path, index: int) -> list[Path]:
    """The parts that those of a run at a step take the place of: all but what a kill left of a further set.

    Raises:
        CheckpointError: if a complete set is further.
    """
    sets = _sets(folder)
    for one in sets:
        if one.complete and one.head.index > index:
            raise CheckpointError(
                f"{folder} has parts of step {one.head.index}, and the run stands at {index}; "
                "they stay. Train again with the same --parts to go on from them."
            )
    return [path for one in sets if one.head.index <= index for _, path in one.parts]


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
