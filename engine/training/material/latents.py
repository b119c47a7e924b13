"""Material encoded once by a finished encoder, so that training the transformer needs no audio (§2.1, §3).

Several processes, on several machines, may each encode their part into one folder of shards; what is there is not done
again. The folder also has `statistics.npz` of all its pieces. Knows nothing of the transformer.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from engine.autoencoder import Autoencoder
from engine.chunking import encode_chunked, encode_together
from engine.errors import AudioError, CheckpointError, LongtakeError, SpecError
from engine.file_names import encodable
from engine.registry import SAMPLE_RATE
from engine.training.material.dataset import Item
from engine.training.material.latent_items import (
    DAMAGE,
    STATISTICS,
    EightBits,
    Encoded,
    Files,
    LatentItem,
    Pieces,
    numbered,
    pieces,
    read_beside,
    read_item,
    write_item,
)
from engine.training.material.origin import check_encoder, warn_of_changes
from engine.training.material.readers import read_by
from engine.training.material.shards import DIGEST, Shards, ShardWriter, digests, shard_files
from engine.training.material.sounds import read_sound
from engine.whole_files import whole

__all__ = [
    "STATISTICS",
    "EightBits",
    "Encoded",
    "LatentItem",
    "numbered",
    "pieces",
    "read_beside",
    "read_item",
    "write_item",
]

log = logging.getLogger(__name__)
TOGETHER_SECONDS = 300.0
"""Sound that is read before it is encoded, so that there are full batches of chunks of one length."""
REMAINING = "left_out_{rank}.txt"
"""Beside the shards: files that could not be read to their end, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How material is encoded.

    Attributes:
        rank: of this process among `size`; each takes the pieces whose digests are its own.
        size: how many processes share the material.
        workers: processes that read sound for this one; 0 to read it here.
        batch: chunks of sound that the encoder takes together.
        stopped: whether to stop, asked after every few minutes of sound; what was encoded by then stays.
    """

    rank: int = 0
    size: int = 1
    workers: int = 0
    batch: int = 8
    stopped: Callable[[], bool] = lambda: False


ALONE = Encoding()


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Mean and standard deviation of the latents per channel, and the latents of silence; all [D] float32."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    silence: NDArray[np.float32]


@torch.inference_mode()
def encoded(
    autoencoder: Autoencoder,
    audio: NDArray[np.float32],
    facts: dict[str, Any],
    beside: Mapping[str, NDArray[Any]] | None = None,
) -> Encoded:
    """Encodes audio [2, N]."""
    mean, std = encode_chunked(autoencoder, torch.from_numpy(np.ascontiguousarray(audio))[None])
    return Encoded(mean[0].numpy(), std[0].numpy(), facts, beside or {})


def encode_material(
    autoencoder: Autoencoder, material: Sequence[Item], folder: Path, how: Encoding = ALONE
) -> None:
    """Encodes every item that is not in the folder yet, on the autoencoder's device, then writes the statistics.

    Raises:
        AudioError: if two items have one name, or nothing at all can be read.
        SpecError: if the folder is of another encoder, or none can be there.
    """
    _make(folder)
    numbers = _missing(material, folder, how)
    log.info("%d of %d items to encode here", len(numbers), len(material))
    encode_sounds(autoencoder, read_by(how.workers, _Sounds(material, numbers)), folder, how)


def encode_sounds(
    autoencoder: Autoencoder, sounds: Iterable[Sound], folder: Path, how: Encoding = ALONE
) -> None:
    """Encodes sounds as they come into shards of a folder, then writes the statistics of all that is there.

    What was encoded is kept, whatever happens.

    Raises:
        AudioError: if the folder has pieces of another kind, or nothing at all can be read.
        SpecError: if the folder is of another encoder, or none can be there.
    """
    _make(folder)
    if pieces(folder):
        raise AudioError(f"{folder} has pieces in files of their own (.npz); give another folder.")
    check_encoder(folder, autoencoder.encoder)
    writer, listed = ShardWriter(folder), folder / REMAINING.format(rank=how.rank)
    try:
        left_out = _written(autoencoder, sounds, writer, listed, how)
    finally:
        writer.flush()
    if left_out:
        log.warning("%d items are left out; why is in %s", left_out, listed)
    if how.stopped():
        log.info("stopped; the same command goes on where this one ended")
    else:
        _measured(autoencoder, folder, how)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(
            f"{folder} cannot be a folder of latents ({error.strerror}); give another."
        ) from error


def _written(
    autoencoder: Autoencoder,
    sounds: Iterable[Sound],
    writer: ShardWriter,
    listed: Path,
    how: Encoding,
) -> int:
    """Encodes sounds until there are no more, or it is to stop; how many could not be read, which are listed."""
    count, left_out = 0, 0
    with listed.open("w", encoding="utf-8") as reasons:
        for some in _together(sounds):
            good = [sound for sound in some if not sound.wrong]
            for sound in some:
                if sound.wrong:
                    left_out += 1
                    reasons.write(encodable(f"{sound.name}\t{sound.wrong}\n"))
            for sound, piece in zip(good, _encoded(autoencoder, good, how.batch), strict=True):
                writer.add(sound.name, piece)
            count += len(good)
            log.info("%d items encoded", count)
            if how.stopped():
                break
    return left_out


def _measured(autoencoder: Autoencoder, folder: Path, how: Encoding) -> None:
    """Writes the statistics of all that is there."""
    # Whoever ends last has all of it, since each waits for the one before.
    with FileLock(folder / ".lock"):
        every = open_pieces(folder)
        if len(every):
            write_statistics(folder, statistics(every, silence(autoencoder)))
        elif how.size == 1:  # Of several processes the others may have something.
            raise AudioError(f"Nothing of the material could be encoded into {folder}.")


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What is encoded: its name, audio [2, N] float32, facts; or what is wrong with it."""

    name: str
    audio: Tensor
    facts: dict[str, Any]
    wrong: str = ""


def open_pieces(folder: Path) -> Pieces:
    """The pieces of a folder: of its shards, or else of its files."""
    if shard_files(folder):
        return Shards(folder)
    return Files(pieces(folder))


def ids_of(material: Sequence[Item]) -> NDArray[np.bytes_]:
    """Digests of the names of all items, [n].

    Raises:
        AudioError: if two have one name.
    """
    ids = digests(item.known_as for item in material)
    order = np.argsort(ids, kind="stable")
    twice = order[1:][ids[order][1:] == ids[order][:-1]]
    if len(twice):
        raise AudioError(
            f"Two items are called {material[int(twice[0])].known_as}, as their folders have one name; "
            "rename one of them."
        )
    return ids


def _missing(material: Sequence[Item], folder: Path, how: Encoding) -> NDArray[np.int64]:
    """Which items are this process's and not in the folder."""
    ids = ids_of(material)

    def mine(ids: NDArray[np.bytes_]) -> NDArray[np.bool_]:
        return ids.view(">u4")[:: DIGEST // 4] % how.size == how.rank

    there = Shards(folder)
    warn_of_changes(there, material, ids, mine)
    return np.flatnonzero(mine(ids) & ~there.has(ids))


class _Sounds(Dataset[Sound]):
    """The sounds of some items, each read when asked for."""

    def __init__(self, material: Sequence[Item], numbers: NDArray[np.int64]) -> None:
        self.material, self.numbers = material, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, place: int) -> Sound:
        item = self.material[int(self.numbers[place])]
        try:
            audio = torch.from_numpy(read_sound(item.path))
        except (LongtakeError, OSError) as error:
            return Sound(item.known_as, torch.empty(2, 0), {}, str(error))
        facts = {"seconds": audio.shape[-1] / SAMPLE_RATE, **item.metadata}
        return Sound(item.known_as, audio, facts)


def _together(sounds: Iterable[Sound]) -> Iterator[list[Sound]]:
    """Some sounds at a time: minutes of them, or one that is longer."""
    some: list[Sound] = []
    length = 0
    for sound in sounds:
        some.append(sound)
        length += sound.audio.shape[-1]
        if length >= TOGETHER_SECONDS * SAMPLE_RATE:
            yield some
            some, length = [], 0
    if some:
        yield some


@torch.inference_mode()
def _encoded(autoencoder: Autoencoder, sounds: list[Sound], batch: int) -> Iterator[Encoded]:
    found = encode_together(autoencoder, [sound.audio for sound in sounds], batch)
    for sound, (mean, std) in zip(sounds, found, strict=True):
        yield Encoded(mean.float().numpy(), std.float().numpy(), sound.facts)


@torch.inference_mode()
def silence(autoencoder: Autoencoder) -> NDArray[np.float32]:
    """The latents of silence, [D]."""
    quiet = torch.zeros(1, 2, 64 * autoencoder.downsampling_ratio)
    return (
        autoencoder.encode(quiet.to(next(autoencoder.parameters())))[0, :, 32].float().cpu().numpy()
    )


def statistics(items: Iterable[LatentItem], silence: NDArray[np.float32]) -> Statistics:
    """The statistics of some pieces, read one after the other.

    The deviation is that of posterior samples: variance of the means plus mean posterior variance.
    """
    count, total, square, posterior = 0, 0.0, 0.0, 0.0
    for item in items:
        latents = item.latents.restored().astype(np.float64)
        count += item.frames
        total = total + latents.sum(1)
        square = square + np.square(latents).sum(1)
        posterior = posterior + item.frames * item.posterior_variance.astype(np.float64)
    mean = np.asarray(total / count)
    variance = square / count - mean**2 + posterior / count
    # One deviation for all channels, which preserves the relative scales the autoencoder gave them.
    std = np.full_like(mean, np.sqrt(variance.mean()))
    return Statistics(mean.astype(np.float32), std.astype(np.float32), silence)


def write_statistics(folder: Path, found: Statistics) -> None:
    """Writes the statistics beside the pieces."""
    with whole(folder / STATISTICS) as part, part.open("wb") as file:
        np.savez(file, mean=found.mean, std=found.std, silence=found.silence)


def read_statistics(folder: Path) -> Statistics:
    """Reads the statistics of a folder of latents.

    Raises:
        AudioError: if there are none: not all of the material is encoded.
        CheckpointError: if they are damaged.
    """
    path = folder / STATISTICS
    try:
        return statistics_from(path.read_bytes(), str(path))
    except OSError as error:
        raise AudioError(
            f"{folder} has no {STATISTICS} that can be read ({error.strerror}); run 'longtake train latents' to its "
            "end first."
        ) from error


def statistics_from(content: bytes, source: str) -> Statistics:
    """The statistics in the content of their file, which is named in errors.

    Raises:
        CheckpointError: if it is damaged.
    """
    try:
        with np.load(io.BytesIO(content)) as values:
            return Statistics(values["mean"], values["std"], values["silence"])
    except DAMAGE as error:
        raise CheckpointError(
            f"{source} is damaged ({error}); run 'longtake train latents' again, or for tar shards copy it there from "
            "the folder they were made of."
        ) from error
