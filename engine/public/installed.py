"""Public models on this machine: import from a folder, install, verify, remove.

A model is moved to its folder once its files are complete and fit its network; until then they are in a hidden folder
beside it. Pickles are read here only, with `weights_only`, and converted to safetensors. Knows nothing of the hub
(hub.py) or of what the networks compute.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError, SpecError, choices
from engine.model_files import models_folder, part_folder, sha256
from engine.registry import MODELS, ModelSpec
from engine.whole_files import whole, write_whole

ORIGIN = "origin.json"
"""In a public model's folder: its origin, the accepted licence, and checksums of the files."""
SAFETENSORS, PICKLE, CONFIG = "model.safetensors", "model.ckpt", "model_config.json"


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of public models.

    Attributes:
        root: contains one folder per model.
    """

    root: Path = field(default_factory=models_folder)

    def folder(self, spec: ModelSpec) -> Path:
        """A model's folder; it need not exist."""
        return self.root / spec.name

    def part(self, spec: ModelSpec) -> Path:
        """Where a model's files are collected until they are complete."""
        return part_folder(self.root, spec.name)

    def has(self, spec: ModelSpec) -> bool:
        """Whether a model is installed."""
        return (self.folder(spec) / ORIGIN).is_file()

    def add(self, source: Path, spec: ModelSpec | None = None) -> Path:
        """Imports a model from a folder, with hard links where possible and copies otherwise.

        Args:
            source: contains the downloaded files.
            spec: which model it is; None detects it.

        Raises:
            CheckpointError: if the files are not of a public model, are ambiguous, or cannot be copied.
        """
        if not source.is_dir():
            raise CheckpointError(f"{source} is not a folder.")
        spec = recognised(source) if spec is None else spec
        require_public(spec)
        part = self.part(spec)
        shutil.rmtree(part, ignore_errors=True)
        hidden = shutil.ignore_patterns(".*")
        try:
            shutil.copytree(source, part, copy_function=_linked, ignore=hidden)
        except (OSError, shutil.Error) as error:
            raise CheckpointError(f"{source} cannot be imported to {part}: {error}.") from error
        return self.install(spec, {"folder": str(source.resolve())})

    def install(self, spec: ModelSpec, facts: dict[str, Any]) -> Path:
        """Checks a complete set of files and moves it to the model's folder.

        Args:
            spec: the model whose files are in `part`.
            facts: their origin.

        Raises:
            CheckpointError: if the files do not fit the model.
        """
        part = self.part(spec)
        if not (part / SAFETENSORS).is_file() and (part / PICKLE).is_file():
            _without_pickle(part / PICKLE, part / SAFETENSORS)
        _check_fit(spec, part)
        files = {
            path.relative_to(part).as_posix(): sha256(path)
            for path in sorted(part.rglob("*"))
            if path.is_file() and path.name != ORIGIN
        }
        origin = {
            "model": spec.name,
            "licence": spec.licence,
            "accepted": datetime.now(UTC).isoformat(timespec="seconds"),
            **facts,
            "files": files,
        }
        write_whole(part / ORIGIN, json.dumps(origin, indent=2) + "\n")
        folder = self.folder(spec)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
        return folder

    def verify(self, spec: ModelSpec) -> int:
        """Checks every file of a model against its checksum, and that the weights fit.

        Returns:
            The number of files.

        Raises:
            CheckpointError: for the first file that differs or is missing.
        """
        folder = self.folder(spec)
        files = self.origin(spec)["files"]
        for name, expected in files.items():
            path = folder / name
            if not path.is_file():
                raise CheckpointError(f"{path} is missing; download {spec.name} again.")
            if sha256(path) != expected:
                raise CheckpointError(
                    f"{path} has changed; remove {spec.name} and download it again."
                )
        _check_fit(spec, folder)
        return len(files)

    def origin(self, spec: ModelSpec) -> dict[str, Any]:
        """The origin of an installed model.

        Raises:
            CheckpointError: if it is not installed.
        """
        require_public(spec)
        path = self.folder(spec) / ORIGIN
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise CheckpointError(
                f"{spec.name} is not installed; download it with 'longtake models download {spec.name}'."
            ) from error
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"{path} is damaged; remove {spec.name} and download it again."
            ) from error

    def remove(self, spec: ModelSpec) -> int:
        """Deletes a model and the remains of its downloads.

        Returns:
            How many bytes were freed, unless other folders share them.

        Raises:
            CheckpointError: if there is nothing to delete.
        """
        require_public(spec)
        places = [p for p in (self.folder(spec), self.part(spec)) if p.is_dir()]
        if not places:
            raise CheckpointError(f"{spec.name} is not in {self.root}.")
        size = sum(f.stat().st_size for place in places for f in place.rglob("*") if f.is_file())
        for place in places:
            shutil.rmtree(place)
        return size


def recognised(folder: Path) -> ModelSpec:
    """Detects which public model the files in a folder are of.

    Raises:
        CheckpointError: if they are of none, or possibly of several.
    """
    public = [spec for spec in MODELS.values() if spec.weights == "public"]
    fitting: list[ModelSpec] = []
    reasons: list[str] = []
    for spec in public:
        try:
            _check_fit(spec, folder)
            fitting.append(spec)
        except CheckpointError as error:
            reasons.append(str(error))
    if not fitting:
        raise CheckpointError(f"{folder} does not contain a public model: {reasons[0]}")
    config = folder / CONFIG
    text = config.read_text(encoding="utf-8") if config.is_file() else ""
    # Models of the same size differ only in their weights and in the repository that the configuration names.
    named = [spec for spec in fitting if f'"{spec.repository}"' in text]
    if len(named or fitting) > 1:
        names = choices(spec.name for spec in fitting)
        raise CheckpointError(f"{folder} may contain {names}; choose with --as NAME.")
    return (named or fitting)[0]


def require_public(spec: ModelSpec) -> None:
    """Raises a SpecError that names the public models, if this is not one."""
    if spec.weights != "public":
        known = choices(s.name for s in MODELS.values() if s.weights == "public")
        raise SpecError(f"{spec.name} is not a public model; choose {known}.")


def _check_fit(spec: ModelSpec, folder: Path) -> None:
    from engine.public.loading import check_config, check_fit

    check_config(spec, folder / CONFIG)
    if not (folder / SAFETENSORS).is_file():
        raise CheckpointError(f"{folder} has no {SAFETENSORS}.")
    check_fit(spec, folder / SAFETENSORS)


def _without_pickle(path: Path, target: Path) -> None:
    """Converts a pickled checkpoint to safetensors, without executing anything in it."""
    import torch
    from safetensors.torch import save_file

    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # pickle, zip and torch errors alike
        raise CheckpointError(f"{path} is damaged, or contains more than weights.") from error
    state = state.get("state_dict", state)
    tensors = {n: t.contiguous().clone() for n, t in state.items() if torch.is_tensor(t)}
    with whole(target) as part:
        save_file(tensors, part)
    path.unlink()


def _linked(source: str, target: str) -> None:
    try:
        # Files in the hub's cache are symbolic links.
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)
