"""The weights of the published metrics on this machine: where they are, how they come, and how they become ours.

They are downloaded from those who published them, checked where a checksum was published, and kept as safetensors; what
each file's checksum was is written down, so that another file under the same address is noticed. Nothing in a pickle is
run. Knows nothing of what the networks compute.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import CheckpointError
from engine.model_files import models_folder
from engine.public.fetching import Download, checksum, fetch
from engine.public.hub import Hub, Source
from engine.public.weight_files import save, unpickled
from engine.whole_files import write_whole

ORIGIN = "origin.json"
OPENL3, PASST, CLAP = "openl3.safetensors", "passt.safetensors", "clap"
CLAP_FILES = ("config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors")
HOW = "get them with 'longtake models download judges'"
_PARTS = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "kernel": "weight",
    "bias": "bias",
}
"""Keras' name of a layer's weights -> torch's."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A file of weights: where it is published, under which licence, and what makes ours of it."""

    file: str
    download: Download
    licence: str
    read: Callable[[Path], Mapping[str, Tensor]]


def read_keras(path: Path) -> dict[str, Tensor]:
    """OpenL3's weights in a (gzipped) HDF5 file of Keras under the names of our network, layer by layer.

    Raises:
        CheckpointError: if the file is damaged or no such file, or h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise CheckpointError(
            "OpenL3's weights are read by h5py: pip install h5py, or longtake[evaluate]."
        ) from error
    try:
        with _opened(path) as plain, h5py.File(plain, "r") as file:
            return _as_ours(_weighted(file))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise CheckpointError(
            f"{path} is no file of OpenL3's weights; download it again."
        ) from error


JUDGES = (
    Judge(
        OPENL3,
        Download(
            "https://github.com/marl/openl3/raw/models/openl3_audio_mel256_music-v0_4_0.h5.gz",
            "git:15e483646fa3d4091a463f0affbb706e6bbbb098",
        ),
        "OpenL3 (Cramer et al. 2019), CC BY 4.0",
        read_keras,
    ),
    Judge(
        PASST,
        Download(
            "https://github.com/kkoutini/PaSST/releases/download/v0.0.1-audioset/"
            "passt-s-f128-p16-s10-ap.476-swa.pt"
        ),
        "PaSST (Koutini et al. 2022), Apache 2.0",
        lambda path: unpickled(path),
    ),
)
"""PaSST's authors published no checksum: the first download's counts from then on."""
CLAP_SOURCE = Source("laion/clap-htsat-fused", CLAP_FILES)
CLAP_LICENCE = "LAION CLAP, 630k-audioset-fusion-best in the layout of transformers, Apache 2.0"


def judges_folder() -> Path:
    """Where the weights are, beside the folder of models; it need not exist."""
    return models_folder().with_name("judges")


def missing(folder: Path) -> list[str]:
    """Which of the three are not in a folder."""
    found = {"OpenL3": folder / OPENL3, "PaSST": folder / PASST}
    found["CLAP"] = folder / CLAP / CLAP_FILES[-1]
    return [name for name, path in found.items() if not path.is_file()]


def check_there(folder: Path) -> None:
    """Checks that all three are there.

    Raises:
        CheckpointError: naming those that are not, and how to get them.
    """
    lacking = missing(folder)
    if lacking:
        raise CheckpointError(f"The weights of {' and '.join(lacking)} are not in {folder}; {HOW}.")


def download_judges(
    folder: Path, hub: Hub, judges: tuple[Judge, ...] = JUDGES, say: Callable[[str], None] = print
) -> None:
    """Downloads what is missing; an interrupted download goes on.

    Raises:
        CheckpointError: if a server cannot be reached, or a file is damaged, or another than at the first time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for judge in judges:
        if not (folder / judge.file).is_file():
            say(f"Downloading {judge.licence}, from {judge.download.url} ...")
            _install(judge, folder)
    if not (folder / CLAP / CLAP_FILES[-1]).is_file():
        say(f"Downloading {CLAP_LICENCE}, from https://huggingface.co/{CLAP_SOURCE.repository} ...")
        part = folder / f".{CLAP}.part"
        revision = hub.fetch(CLAP_SOURCE, part)
        lacking = [name for name in CLAP_FILES if not (part / name).is_file()]
        if lacking:
            raise CheckpointError(
                f"{CLAP_SOURCE.repository} has no {' and no '.join(lacking)} any more."
            )
        shutil.rmtree(folder / CLAP, ignore_errors=True)
        part.rename(folder / CLAP)
        _remember(folder, CLAP, revision)


def _install(judge: Judge, folder: Path) -> None:
    source = fetch(judge.download, folder / f".{judge.download.name}")
    found = checksum(source, "sha256")
    known = _origin(folder).get(judge.file)
    if known not in (None, found):
        source.unlink()
        raise CheckpointError(
            f"{judge.download.url} is another file than at the first download ({known}); figures would not compare. "
            f"If that is meant, delete {folder / ORIGIN} and download again."
        )
    try:
        save(judge.read(source), folder / judge.file)
    finally:
        source.unlink(missing_ok=True)
    _remember(folder, judge.file, found)


def _origin(folder: Path) -> dict[str, str]:
    try:
        return json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _remember(folder: Path, name: str, found: str) -> None:
    write_whole(folder / ORIGIN, json.dumps(_origin(folder) | {name: found}, indent=1) + "\n")


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _weighted(file: Any) -> list[dict[str, np.ndarray]]:
    """Name -> weight of each layer of an HDF5 file that has any, in the network's order."""
    layers = [file[_word(name)] for name in file.attrs["layer_names"]]
    named = [(layer, list(map(_word, layer.attrs["weight_names"]))) for layer in layers]
    return [{name: np.asarray(layer[name]) for name in names} for layer, names in named if names]


def _as_ours(layers: list[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """Weights of Keras' layers, in their order, as those of `OpenL3.layers`."""
    from engine.evaluation.published.openl3 import OpenL3

    with torch.device("meta"):
        places = [n for n, layer in enumerate(OpenL3().layers) if list(layer.parameters())]
    found: dict[str, Tensor] = {}
    for place, weights in zip(places, layers, strict=True):
        for name, values in weights.items():
            part = name.rpartition("/")[2].removesuffix(":0")
            tensor = torch.from_numpy(values)
            # Keras has bands, frames, before, after.
            tensor = tensor.permute(3, 2, 0, 1) if part == "kernel" else tensor
            found[f"layers.{place}.{_PARTS[part]}"] = tensor.contiguous()
        if "gamma" in {name.rpartition("/")[2].removesuffix(":0") for name in weights}:
            found[f"layers.{place}.num_batches_tracked"] = torch.tensor(0)
    return found


def _word(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
