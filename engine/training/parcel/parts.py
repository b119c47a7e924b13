"""A run in a few files that each say what they belong to: written by one machine, joined by another.

`leave` packs what of a run must survive (checkpoints, logs, exported weights) and writes it as at most `MOST` parts of
`PART_BYTES`; `arrive` joins them, strictly, into a run's folder. Every part has the checksums of itself and of the
whole, so that parts of two runs, or a missing one, are named instead of joined. Knows nothing of how a run is trained.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from engine.errors import CheckpointError
from engine.model_files import CHECKSUMS, find_weights, seal
from engine.registry import SKETCH
from engine.training.parcel.packing import packed, unpacked
from engine.training.parcel.start import PLANES, apart, together
from engine.whole_files import whole

PART_BYTES, MOST = 16 * 2**20, 8
MOST_BYTES = 60 * 2**20
"""Of all parts together, unless more is asked for: what rented machines give back."""
HEAD_BYTES = 512
AUTOENCODER = "autoencoder.safetensors"
CHECKPOINT = "checkpoint.pt"
KEPT = (CHECKPOINT, "*.json", "*.jsonl", "*.md")
MADE = "weights"
"""Folder of what a slot exported; its autoencoder is the project's own, and stays behind."""
WITHOUT = ("latents", "held_out", "work")
"""Folders of material: the next slot composes other pieces."""
LARGEST = 4 * 2**20
"""A file of those kept that is larger stays behind, bytes; checkpoints and weights go whatever their size."""


def has_checkpoint(run: Path) -> bool:
    """Whether a run has anything to go on from."""
    return run.is_dir() and any(run.rglob(CHECKPOINT))


def leave(run: Path, folder: Path, most_bytes: int = MOST_BYTES) -> list[Path]:
    """Writes a run as parts; older parts in the folder are replaced once the new ones are complete.

    Where everything is more than `most_bytes`, checkpoints leave averages and moments out (packing.py).

    Raises:
        CheckpointError: if there is nothing to write, or too much.
    """
    data = bundle(run)
    if len(data) > most_bytes:
        data = bundle(run, light=True)
    return leave_data(data, folder)


def leave_data(data: bytes, folder: Path) -> list[Path]:
    """Writes what `bundle` packed as parts.

    Raises:
        CheckpointError: if it is too much.
    """
    count = max(math.ceil(len(data) / (PART_BYTES - HEAD_BYTES)), 1)
    if count > MOST:
        raise CheckpointError(
            f"The run takes {len(data) / 2**20:.0f} MiB, more than {MOST} parts of "
            f"{PART_BYTES // 2**20} MiB; a smaller model fits."
        )
    folder.mkdir(parents=True, exist_ok=True)
    size = math.ceil(len(data) / count)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".parts-") as made:
        names = []
        for index in range(count):
            name = f"run.part{index + 1}of{count}"
            piece = data[index * size : (index + 1) * size]
            (Path(made) / name).write_bytes(_head(piece, index, count, data) + piece)
            names.append(name)
        for old in _found(folder):
            old.unlink()
        return [(Path(made) / name).rename(folder / name) for name in names]


def arrive(folder: Path, run: Path) -> bool:
    """Joins a folder's parts into a run that has no checkpoint yet; gives whether there were any to join.

    Raises:
        CheckpointError: if a part is missing, damaged or of another run; names it.
    """
    if not _found(folder) or has_checkpoint(run):
        return False
    unbundle(joined(folder), run)
    if (run / MADE).is_dir():
        own = find_weights(SKETCH) / AUTOENCODER
        with whole(run / MADE / AUTOENCODER) as part:
            shutil.copyfile(own, part)
        seal(run / MADE)
    return True


def joined(folder: Path) -> bytes:
    """What a folder's parts were cut from.

    Raises:
        CheckpointError: if a part is missing, damaged or of another run; names it.
    """
    pieces: dict[int, bytes] = {}
    wholes: set[tuple[str, int]] = set()
    for path in _found(folder):
        data = path.read_bytes()
        try:
            head = json.loads(data[:HEAD_BYTES])
            index, count = int(head["part"]), int(head["of"])
            checksum, complete = str(head["sha256"]), str(head["whole"])
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{path} is not a part of a run.") from error
        if _sum(data[HEAD_BYTES:]) != checksum:
            raise CheckpointError(f"{path} is damaged: it does not match its checksum.")
        pieces[index] = data[HEAD_BYTES:]
        wholes.add((complete, count))
    if len(wholes) != 1:
        raise CheckpointError(f"{folder} has parts of {len(wholes)} runs; keep those of one.")
    complete, count = wholes.pop()
    missing = [f"run.part{index}of{count}" for index in range(1, count + 1) if index not in pieces]
    if missing:
        raise CheckpointError(f"{folder} lacks {', '.join(missing)}.")
    data = b"".join(pieces[index] for index in range(1, count + 1))
    if _sum(data) != complete:
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
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _travelling(run, made):
            name, content = path.relative_to(run).as_posix(), path.read_bytes()
            if path.name == CHECKPOINT:
                state = torch.load(path, weights_only=True, map_location="cpu")
                content = _saved(state | {"stage": packed(state["stage"], light=light)})
            elif path.suffix == ".safetensors":
                name, content = name + PLANES, apart(content)
            archive.writestr(name, content)
    return held.getvalue()


def unbundle(data: bytes, run: Path) -> None:
    """Writes what `bundle` packed into a folder; every file appears whole."""
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
            target.parent.mkdir(parents=True, exist_ok=True)
            with whole(target) as part:
                part.write_bytes(content)


def _travelling(run: Path, made: bool) -> Iterator[Path]:
    for path in sorted(run.rglob("*")):
        place = path.relative_to(run)
        if not path.is_file() or set(place.parts) & set(WITHOUT):
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


def _head(piece: bytes, index: int, count: int, data: bytes) -> bytes:
    facts = {"part": index + 1, "of": count, "sha256": _sum(piece), "whole": _sum(data)}
    return json.dumps(facts).encode().ljust(HEAD_BYTES)


def _found(folder: Path) -> list[Path]:
    return sorted(folder.glob("run.part*of*")) if folder.is_dir() else []


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
