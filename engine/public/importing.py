"""A model collected from a folder or a file of the user's: weights, configuration and text encoder, as on the hub.

What can be used as it is gets hard links where possible; wrapped or pickled weights are written anew under the
published names. Parts that a file lacks are taken from the model it was made from, and a text encoder from any
installed model that has the same. Knows nothing of the hub, and not where models are installed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.checkpoints import read_tensors
from engine.errors import CheckpointError, choices
from engine.model_files import CONFIG, SAFETENSORS
from engine.public.loading import check_config, check_names
from engine.public.weight_files import opened, save, weights_file
from engine.public.wrappings import AUTOENCODER, CONDITIONER, TRANSFORMER
from engine.registry import ModelSpec
from engine.stable_audio.t5 import FOLDERS, check_encoder

BESIDE = ("licen", "readme", "notice")
"""How the names of files begin that are kept beside the weights."""


@dataclass(frozen=True, slots=True)
class Found:
    """Weights that somebody has.

    Attributes:
        path: of their file.
        tensors: memory-mapped, by their published names.
        as_it_is: whether the file can be used unchanged.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    as_it_is: bool

    @classmethod
    def at(cls, source: Path) -> Found:
        """Opens a file, or the one in a folder.

        Raises:
            CheckpointError: if there is none, or it cannot be read.
        """
        path = weights_file(source)
        return cls(path, *opened(path))

    @property
    def folder(self) -> Path:
        """Where the files that belong to it are looked for."""
        return self.path.parent

    def lacks(self) -> list[str]:
        """How the names of those parts begin that it has nothing of."""
        return [
            part
            for part in (TRANSFORMER, CONDITIONER, AUTOENCODER)
            if not any(name.startswith(part) for name in self.tensors)
        ]

    def completed(self, base: Path | None, spec: ModelSpec) -> Found:
        """With the parts it lacks, taken from the weights of the model it was made from.

        Raises:
            CheckpointError: if it lacks any and there are none to take them from; names them.
        """
        lacking = self.lacks()
        if len(lacking) in (0, 3):
            return self
        if base is None:
            names = {
                TRANSFORMER: "transformer",
                CONDITIONER: "conditioning",
                AUTOENCODER: "autoencoder",
            }
            parts = " and ".join(names[part] for part in lacking)
            raise CheckpointError(
                f"{self.path} has no {parts}; install {spec.name} first, and they are taken from there."
            )
        rest = {
            name: tensor
            for name, tensor in read_tensors(base).items()
            if name.startswith(tuple(lacking))
        }
        return Found(self.path, {**self.tensors, **rest}, as_it_is=False)


def recognised(found: Found, known: Iterable[ModelSpec]) -> ModelSpec:
    """Detects which of the public models weights are of.

    Raises:
        CheckpointError: if they are of none, or possibly of several.
    """
    fitting: list[ModelSpec] = []
    reasons: dict[str, str] = {}
    lacking = tuple(found.lacks())
    for spec in known:
        try:
            check_config(spec, found.folder / CONFIG)
            check_names(spec, shapes_of(found.tensors), str(found.path), lacking)
            fitting.append(spec)
        except CheckpointError as error:
            reasons.setdefault(spec.name, str(error))
    if not fitting:
        raise CheckpointError(
            f"{found.path} is not of a public model: {next(iter(reasons.values()))}"
        )
    config = found.folder / CONFIG
    text = config.read_text(encoding="utf-8") if config.is_file() else ""
    # Models of the same size differ only in their weights and in the repository that the configuration names.
    named = [spec for spec in fitting if f'"{spec.repository}"' in text] or _named(found, fitting)
    if len(named or fitting) > 1:
        names = choices(spec.name for spec in fitting)
        raise CheckpointError(f"{found.path} may be {names}; choose with --as NAME.")
    return (named or fitting)[0]


def _named(found: Found, fitting: list[ModelSpec]) -> list[ModelSpec]:
    """The model whose name the file's has, as ComfyUI's `stable_audio_3_medium_base.safetensors`."""
    stem = re.sub(r"[\s_]+", "-", found.path.stem.lower())
    named = [spec for spec in fitting if spec.name in stem]
    return sorted(named, key=lambda spec: -len(spec.name))[:1]


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    """Their shapes, by name."""
    return {name: tensor.shape for name, tensor in tensors.items()}


def collect(found: Found, spec: ModelSpec, part: Path, encoders: Callable[[], list[Path]]) -> None:
    """Puts weights and all that belongs to them into an empty folder.

    Args:
        found: the weights, complete.
        spec: which model they are of.
        part: the folder.
        encoders: folders of installed models with the same text encoder.

    Raises:
        CheckpointError: if there is no text encoder.
        OSError: if something cannot be written.
    """
    part.mkdir(parents=True)
    if found.as_it_is:
        _linked(found.path, part / SAFETENSORS)
    else:
        save(found.tensors, part / SAFETENSORS)
    kind = spec.conditioning.text.encoder
    wanted = (CONFIG, "tokenizer", *FOLDERS[kind])
    for path in sorted(found.folder.iterdir()):
        if path.name in wanted or (path.is_file() and path.name.lower().startswith(BESIDE)):
            _copied(path, part / path.name)
    try:
        check_encoder(spec.conditioning.text, part)
    except CheckpointError as error:
        for folder in encoders():
            for name in ("tokenizer", *FOLDERS[kind]):
                if (folder / name).is_dir():
                    shutil.rmtree(part / name, ignore_errors=True)
                    _copied(folder / name, part / name)
            return
        raise CheckpointError(f"{str(error).rstrip('.')}; {_where(spec)}") from error


def _where(spec: ModelSpec) -> str:
    """Where a missing text encoder is to be had."""
    page = f"huggingface.co/{spec.repository}"
    if spec.conditioning.text.encoder == "t5gemma":
        what, family = f"the folder t5gemma-b-b-ul2 of {page}", "Stable Audio 3"
    else:
        what = (
            f"text_encoder and tokenizer of {page}, or huggingface.co/google-t5/t5-base as t5-base"
        )
        family = "Stable Audio Open"
    return (
        f"put {what} (config.json, model.safetensors and the tokenizer's files) beside the weights, or install a model "
        f"of {family} first, whose text encoder is the same."
    )


def _copied(source: Path, target: Path) -> None:
    if source.is_dir():
        hidden = shutil.ignore_patterns(".*")
        shutil.copytree(source, target, copy_function=_linked, ignore=hidden)
    else:
        _linked(source, target)


def _linked(source: Path | str, target: Path | str) -> None:
    try:
        # Files in the hub's cache are symbolic links.
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)
