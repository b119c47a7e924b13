"""Public models on this machine, and the user's own made from them: import, install, verify, remove.

A model is moved to its folder once its files are complete and fit its network; until then they are in a hidden folder
beside it. Knows nothing of the hub (hub.py), of what files people have (importing.py) or of what the networks compute.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError, SpecError
from engine.file_names import is_device
from engine.model_files import (
    CONFIG,
    ORIGIN,
    PICKLE,
    SAFETENSORS,
    models_folder,
    part_folder,
    sha256,
    size_of,
)
from engine.public.importing import Found, collect, recognised, shapes_of
from engine.public.loading import check_config, check_names, check_public
from engine.public.weight_files import opened, save
from engine.registry import MODELS, ModelSpec, public_models, require_public
from engine.stable_audio.t5 import check_encoder
from engine.whole_files import write_whole


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

    def add(self, source: Path, spec: ModelSpec | None = None, name: str = "") -> Path:
        """Imports a model from a folder or a file, with hard links where possible and copies otherwise.

        Args:
            source: the file of weights, or the folder with it; a text encoder may be beside it.
            spec: which model it is, or was made from; None detects it.
            name: of the user's own for it; empty for the model's.

        Raises:
            CheckpointError: if the files are not of a public model, are ambiguous or incomplete, or cannot be copied.
            SpecError: if the name cannot be one.
        """
        found = Found.at(source)
        base = recognised(found, public_models()) if spec is None else spec
        require_public(base)
        own = replace(base, name=own_name(name)) if name else base
        installed = self.folder(base) / SAFETENSORS
        found = found.completed(installed if self.has(base) else None, base)
        check_config(base, found.folder / CONFIG)
        check_names(base, shapes_of(found.tensors), str(found.path))
        part = self.part(own)
        shutil.rmtree(part, ignore_errors=True)
        try:
            collect(found, base, part, lambda: self._with_encoder(base))
        except (OSError, shutil.Error) as error:
            raise CheckpointError(f"{source} cannot be imported to {part}: {error}.") from error
        facts = {"model": base.name, "name": own.name, "source": str(found.path.resolve())}
        return self.install(own, facts)

    def _with_encoder(self, spec: ModelSpec) -> list[Path]:
        """The folders of installed models that have the text encoder of this one."""
        found: list[Path] = []
        for folder in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            with contextlib.suppress(CheckpointError):
                check_encoder(spec.conditioning.text, folder)
                found.append(folder)
        return [folder for folder in found if (folder / ORIGIN).is_file()]

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
            save(opened(part / PICKLE)[0], part / SAFETENSORS)
            (part / PICKLE).unlink()
        check_public(spec, part)
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
                raise CheckpointError(f"{path} is missing; {_again(spec)}.")
            if sha256(path) != expected:
                raise CheckpointError(f"{path} has changed; remove {spec.name} and {_again(spec)}.")
        check_public(spec, folder)
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
            raise CheckpointError(f"{spec.name} is not installed; {_again(spec)}.") from error
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"{path} is damaged; remove {spec.name} and {_again(spec)}."
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
        size = sum(map(size_of, places))
        try:
            for place in places:
                shutil.rmtree(place)
        except OSError as error:
            raise CheckpointError(
                f"{spec.name} cannot be removed whole ({error}); close every Longtake that plays it, and try again."
            ) from error
        return size


def own_name(name: str) -> str:
    """A name of the user's own for a model, checked: it becomes a folder's, and is typed.

    Raises:
        SpecError: if it cannot be one; says what can.
    """
    if name in MODELS:
        raise SpecError(f"{name} is a model of its own; choose another name for yours.")
    # In small letters: some disks do not tell them from capitals.
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}[a-z0-9]", name) or is_device(name):
        raise SpecError(
            f"{name!r} cannot be a model's name; choose 2 to 64 small letters, digits and hyphens, such as 'my-tune'."
        )
    return name


def _again(spec: ModelSpec) -> str:
    if spec.name in MODELS:
        return f"download it with 'longtake models download {spec.name}'"
    return f"add it with 'longtake models add FOLDER --name {spec.name}'"
