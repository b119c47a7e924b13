"""The model in memory: loaded with its LoRA files when another is asked for, and known by name.

Whatever can be found wrong without the memory of a second model is found while the last one is still there, so a LoRA
file for another model or a missing file costs nothing. Knows nothing of takes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion, check_compiler
from engine.lora_list import LoraFile, located
from engine.model_files import find_weights, loras_folder
from engine.precision import resolved_precision
from engine.public.loading import NoText, check_public, load_public
from engine.public.lora import adapt, check_loras
from engine.registry import ModelSpec, model_spec
from engine.text import Likeness
from engine.updates import Step

Version = tuple[tuple[str, int, int], ...]
"""Path, size in bytes and time of change of files, ns."""
log = logging.getLogger(__name__)


def load_model(spec: ModelSpec, folder: Path | None = None) -> LatentDiffusion:
    """Loads a model with its own or public weights, from a folder or from where they are installed.

    Raises:
        CheckpointError: if a file is missing, damaged or of another network.
    """
    load = load_public if spec.weights == "public" else LatentDiffusion.from_folder
    return load(spec, folder or find_weights(spec))


def check_model(spec: ModelSpec, files: Sequence[LoraFile] = ()) -> None:
    """Looks at a model's files and at LoRA files for it, without loading them.

    Raises:
        CheckpointError: if one is missing or of another network.
    """
    folder = find_weights(spec)
    if spec.weights == "public":
        check_loras(check_public(spec, folder), files)
    elif files:
        with torch.device("meta"):
            model = LatentDiffusion(spec, NoText(spec.conditioning.text))
        check_loras({name: tensor.shape for name, tensor in model.state_dict().items()}, files)


def version(spec: ModelSpec) -> Version:
    """Tells the files of a model from those that replace them, by names, sizes and times of change."""
    found = [(path, path.stat()) for path in sorted(find_weights(spec).glob("*.safetensors"))]
    return tuple((str(path), facts.st_size, facts.st_mtime_ns) for path, facts in found)


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads models whose files can be looked at before.

    Attributes:
        load: loads a registered model.
        check: raises what loading it with LoRA files would, as far as that shows beforehand.
        version: of the files.
    """

    load: Callable[[ModelSpec], LatentDiffusion]
    check: Callable[[ModelSpec, Sequence[LoraFile]], None]
    version: Callable[[ModelSpec], Version]

    def __call__(self, spec: ModelSpec) -> LatentDiffusion:
        """Loads a model."""
        return self.load(spec)


INSTALLED = Loader(load_model, check_model, version)
"""The models on this machine."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is in memory: the model's name, its LoRA files with their strengths, and the files' version."""

    model: str
    loras: tuple[LoraFile, ...]
    files: Version


class HeldModel:
    """Holds the most recently used model."""

    def __init__(
        self,
        device: torch.device,
        precision: str,
        *,
        compiled: bool,
        load: Callable[[ModelSpec], LatentDiffusion],
    ) -> None:
        """Loads nothing yet; the arguments are those of `Engine`."""
        self._device = device
        self._precision = precision
        self._compiled = compiled
        self._load = load
        self._loaded: tuple[Held, LatentDiffusion] | None = None
        self._likeness: Likeness | None = None

    @property
    def name(self) -> str:
        """The name of the model in memory; empty if there is none."""
        return self._loaded[0].model if self._loaded else ""

    def load(self, name: str, lora: str) -> Generator[Step, None, None]:
        """Loads a model unless it is already loaded, and compiles it unless it is; see `Engine.load`.

        Raises:
            LongtakeError: if the model is unknown, or its weights or a LoRA file are missing, damaged or of another.
        """
        spec, files = model_spec(name), located(lora)
        if self._compiled:
            check_compiler(self._device)
        loader = self._load if isinstance(self._load, Loader) else None
        own = loader.version(spec) if loader else ()
        held = Held(name, files, (*own, *map(_version, files)))
        if self._loaded is not None and self._loaded[0] == held:
            model = self._loaded[1]
        else:
            if loader is not None:
                loader.check(spec, files)
            self.unload()
            yield Step("loading", 1, 2)
            model = self._load(spec)
            if files:
                adapt(model, files)
            model = model.placed(self._device, self._precision)
            self._loaded = (held, model)
            precision = resolved_precision(self._precision, self._device)
            log.info("loaded %s on %s in %s", name, self._device, precision)
            yield Step("loading", 2, 2)
        if self._compiled and not model.compiled:
            model.compile_network()
            yield Step("compiling", 1, 1)

    def model(self, name: str, lora: str) -> LatentDiffusion:
        """A model that was loaded, loaded again if another take has switched models since.

        Raises:
            LongtakeError: as `load`.
        """
        for _ in self.load(name, lora):
            pass
        assert self._loaded is not None
        return self._loaded[1]

    def likeness(self, model: LatentDiffusion) -> Likeness:
        """The ears of the composer, which hear with the model's own text encoder."""
        if self._likeness is None:
            self._likeness = Likeness(model.conditioner.text_encoder)
        return self._likeness

    def unload(self) -> None:
        """Releases the model."""
        self._loaded = self._likeness = None


def _version(file: LoraFile) -> tuple[str, int, int]:
    """Tells a LoRA file from what it was before it was trained on.

    Raises:
        CheckpointError: if it is missing.
    """
    try:
        found = file.path.stat()
    except OSError as error:
        raise CheckpointError(
            f"The LoRA file {file.path} is missing; name it where it is, or put it into {loras_folder()}."
        ) from error
    return str(file.path), found.st_size, found.st_mtime_ns
