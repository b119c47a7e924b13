"""Where a model's files lie, and whether they are the ones that were sealed.

Knows nothing of torch or of what is in the files: the panel and `longtake models` ask here at once.
"""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources
from pathlib import Path

import platformdirs

from engine.errors import CheckpointError
from engine.registry import ModelSpec
from engine.whole_files import write_whole

CHECKSUMS = "checksums.toml"
"""In a folder of weights that came with the package: file name = sha256."""


def models_folder() -> Path:
    """Where the user's own models lie, a folder each; it need not exist."""
    return platformdirs.user_data_path("longtake", appauthor=False) / "models"


def embedded_folder() -> Path:
    """Where the weights that came with the package lie, a folder for each model."""
    return Path(str(resources.files("engine") / "weights"))


def find_weights(spec: ModelSpec, folder: Path | None = None) -> Path:
    """The folder with a model's weights.

    Args:
        spec: the model.
        folder: where to look, and nowhere else; None looks in the package and then in the user's models.

    Raises:
        CheckpointError: naming the places and what to do.
    """
    places = [folder] if folder else [embedded_folder() / spec.name, models_folder() / spec.name]
    for place in places:
        if any(place.glob("*.safetensors")):
            return place
    looked = " and ".join(str(place) for place in places)
    remedy = {
        "embedded": "they come with the project: fetch or install it again",
        "own training": f"none are public: train your own and put them in {places[-1]}",
        "public": f"fetch them with 'longtake models download {spec.name}'",
    }.get(spec.weights, f"put them in {places[-1]}")
    raise CheckpointError(f"{spec.name} has no weights in {looked}; {remedy}.")


def seal(folder: Path) -> Path:
    """Lists the checksums of a folder's safetensors files in its `checksums.toml`: only they are read."""
    sums = {path.name: sha256(path) for path in sorted(folder.glob("*.safetensors"))}
    table = folder / CHECKSUMS
    write_whole(table, "".join(f'"{name}" = "{value}"\n' for name, value in sums.items()))
    return table


def check_sum(path: Path) -> None:
    """Compares a file with the checksums of its folder, if it has any.

    Raises:
        CheckpointError: if the file is not the one listed, or not listed.
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
            f"{path} is not the file that {CHECKSUMS} lists (its checksum differs); fetch it again."
        )


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
