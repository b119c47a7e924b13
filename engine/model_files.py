"""Where the files of models and LoRAs are, and whether they match their checksums.

Knows nothing of torch or of what is in the files, so that the panel and `longtake models` can use it without delay.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import tomllib
from contextlib import suppress
from importlib import resources
from pathlib import Path, PureWindowsPath

import platformdirs

from engine.configs import ModelSpec
from engine.errors import CheckpointError
from engine.whole_files import read_text, write_whole

ORIGIN = "origin.json"
"""In a public model's folder: its origin, the accepted licence, and checksums of the files."""
SAFETENSORS, PICKLE, CONFIG = "model.safetensors", "model.ckpt", "model_config.json"
"""What public models call their weights and their configuration."""
CHECKSUMS = "checksums.toml"
"""In the folders of weights in the package: file name = sha256."""


def models_folder() -> Path:
    """The folder of the user's own models, one subfolder each; it need not exist."""
    return platformdirs.user_data_path("longtake", appauthor=False) / "models"


def part_folder(root: Path, name: str) -> Path:
    """Where a model's files are collected until they are complete, in the folder of models."""
    return root / f".{name}.part"


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder and below; 0 if there is none. Files may come and go meanwhile."""
    found = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            found += path.stat().st_size if path.is_file() else 0
    return found


def own_models() -> dict[str, str]:
    """The user's own models of public shapes: name and the name of the registered model it was made from."""
    folder = models_folder()
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        return {}
    return _own_models(folder, changed)


@functools.lru_cache(maxsize=1)
def _own_models(folder: Path, _changed: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for place in sorted(folder.iterdir()):
        if place.name.startswith("."):
            continue
        with suppress(OSError, ValueError, AttributeError):
            model = json.loads(read_text(place / ORIGIN)).get("model")
            if isinstance(model, str) and model != place.name:
                found[place.name] = model
    return found


def loras_folder() -> Path:
    """The folder of the user's LoRA files, which are found there and below by name alone; it need not exist."""
    return models_folder().with_name("loras")


def lora_place(path: Path) -> Path:
    """Where a LoRA is: as named, or under its name in `loras_folder`; as named if it is in neither place.

    So the settings of a take find it after a move to another machine, also between Windows and others.
    """
    with suppress(OSError, ValueError):  # No system has a file of such a name.
        if path.exists():
            return path.absolute()
    # Reads the separators of all systems.
    whole = PureWindowsPath(path)
    for folder, folders, files in os.walk(loras_folder()):
        folders.sort()
        if whole.name in (*files, *folders):
            return Path(folder, whole.name)
    return path if whole.is_absolute() else path.absolute()


def embedded_folder() -> Path:
    """The folder of the weights in the package, one subfolder per model."""
    return Path(str(resources.files("engine") / "weights"))


def package_folder(package: str, otherwise: str) -> Path:
    """The folder of an installed package whose files are read, without importing it.

    Raises:
        CheckpointError: with the sentence `otherwise`, if it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise CheckpointError(otherwise)
    return Path(found.submodule_search_locations[0])


def find_weights(spec: ModelSpec, folder: Path | None = None) -> Path:
    """The folder with a model's weights.

    Args:
        spec: the model.
        folder: the only place to look; None looks in the package and then in the user's models.

    Raises:
        CheckpointError: if there are none; names the places and what to do.
    """
    places = [folder] if folder else [embedded_folder() / spec.name, models_folder() / spec.name]
    for place in places:
        if any(place.glob("*.safetensors")):
            return place
    looked = " and ".join(str(place) for place in places)
    remedy = {
        "embedded": "they come with Longtake: download or install it again",
        "own training": f"there are no public ones: train your own and put them in {places[-1]}",
        "public": f"download them with 'longtake models download {spec.name}'",
    }.get(spec.weights, f"put them in {places[-1]}")
    raise CheckpointError(f"{spec.name} has no weights in {looked}; {remedy}.")


def seal(folder: Path) -> Path:
    """Writes the checksums of a folder's safetensors files to its `checksums.toml`; no others are then accepted."""
    sums = {path.name: sha256(path) for path in sorted(folder.glob("*.safetensors"))}
    table = folder / CHECKSUMS
    write_whole(table, "".join(f'"{name}" = "{value}"\n' for name, value in sums.items()))
    return table


def check_sum(path: Path) -> None:
    """Checks a file against its folder's `checksums.toml`, if there is one.

    Raises:
        CheckpointError: if the file differs or is not listed.
    """
    table = path.with_name(CHECKSUMS)
    if not table.is_file():
        if path.is_relative_to(embedded_folder()):
            raise CheckpointError(f"{table} is missing, so {path.name} cannot be checked.")
        return
    try:
        sums = tomllib.loads(table.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{table} is damaged: {error}.") from error
    if sums.get(path.name) != sha256(path):
        raise CheckpointError(
            f"{path} does not match its checksum in {CHECKSUMS}; download it again."
        )


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
