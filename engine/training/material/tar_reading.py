"""Sounds from tar shards, for the encoder: each shard is read once from its beginning, by the process it falls to.

A sample is the files of one name: its sound, and `json` or `txt` with what is known of it, as beside a file on disk.
Knows nothing of where shards lie, or of encoders.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from engine.errors import AudioError, LongtakeError, SpecError
from engine.registry import SAMPLE_RATE
from engine.training.material.facts import parsed, tags, tidy
from engine.training.material.latents import Encoding, Sound
from engine.training.material.readers import read_by
from engine.training.material.shards import Shards, digests
from engine.training.material.sounds import SUFFIXES, examined, read_sound
from engine.training.material.tars import name_of, streaming

LARGEST = 1 << 31
"""Bytes of the largest file in a shard that is read."""

Sample = dict[str, bytes]


def samples(file: BinaryIO) -> Iterator[tuple[str, Sample]]:
    """The samples of a tar file in order: what all their names begin with up to a dot, and each file by the rest.

    Raises:
        tarfile.TarError: if it is damaged.
    """
    key, sample = "", Sample()
    with tarfile.open(fileobj=file, mode="r|*") as tar:
        for member in tar:
            if not member.isfile() or member.size > LARGEST:
                continue
            folder, slash, name = member.name.rpartition("/")
            stem, _, kind = name.partition(".")
            own = folder + slash + stem
            if own != key and sample:
                yield key, sample
                sample = Sample()
            key = own
            read = tar.extractfile(member)
            sample[kind.lower()] = read.read() if read else b""
    if sample:
        yield key, sample


def sounds_of(tars: list[str], folder: Path, how: Encoding) -> Iterator[Sound]:
    """The sounds of this process's shards that are not in a folder of latents yet, read by so many workers.

    Args:
        tars: addresses of all shards; this process reads every `how.size`-th.
        folder: of latents.
        how: rank, size and workers.

    Raises:
        AudioError: if one of its shards on a disk is missing, or no tar file.
    """
    own = tars[how.rank :: how.size]
    for address in own:
        _check_begins(address)
    return read_by(how.workers, _Reading(own, Shards(folder).ids))


def _check_begins(address: str) -> None:
    if "://" in address:  # Whether a network has it shows when it is read.
        return
    try:
        if tarfile.is_tarfile(address):
            return
    except OSError as error:
        raise AudioError(f"{address} cannot be read: {error}.") from error
    raise AudioError(f"{address} is no tar file; leave it out, or fetch it again.")


class _Reading(IterableDataset[Sound]):
    """The sounds of some shards; each worker reads its own."""

    def __init__(self, tars: list[str], there: np.ndarray[Any, Any]) -> None:
        self.tars, self.there = tars, there

    def __iter__(self) -> Iterator[Sound]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for address in self.tars[first::step]:
            yield from self._shard(address)

    def _shard(self, address: str) -> Iterator[Sound]:
        shard = name_of(address)
        try:
            with streaming(address) as file:
                for key, sample in samples(file):
                    kinds = [kind for kind in sample if f".{kind.rpartition('.')[2]}" in SUFFIXES]
                    for kind in kinds:
                        name = f"{shard}/{key}.{kind}"
                        if not np.isin(digests([name]), self.there)[0]:
                            yield sound(name, kind, sample)
        except (LongtakeError, OSError, tarfile.TarError, EOFError) as error:
            yield Sound(shard, torch.empty(2, 0), {}, f"the shard breaks off: {error}")


def sound(name: str, kind: str, sample: Sample) -> Sound:
    """The sound of a sample with what is known of it; or what is wrong with it."""
    suffix = f".{kind.rpartition('.')[2]}"
    with tempfile.TemporaryDirectory() as folder:
        # Every reader of sound knows files; this one is gone again before it is on a disk.
        path = Path(folder) / f"sound{suffix}"
        path.write_bytes(sample[kind])
        try:
            examined(path)
            audio = torch.from_numpy(read_sound(path))
            facts = tidy(tags(path)) | _told(sample)
        except (LongtakeError, OSError) as error:
            said = str(error).replace(str(path), name)
            return Sound(name, torch.empty(2, 0), {}, said)
    return Sound(name, audio, {"seconds": audio.shape[-1] / SAMPLE_RATE, **facts})


def _told(sample: Sample) -> dict[str, Any]:
    """What a sample's `txt` and `json` say."""
    try:
        lines = [line.strip() for line in sample.get("txt", b"").decode("utf-8-sig").splitlines()]
        captions = [line for line in lines if line]
        record = parsed(sample.get("json", b"{}"))
        if not isinstance(record, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise SpecError(f"its json or txt cannot be read ({error})") from error
    return ({"captions": captions} if captions else {}) | tidy(record)
