"""The text of the setting `lora`: files and their strengths, read and written. Knows nothing of their contents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import SpecError
from engine.model_files import lora_place

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"


@dataclass(frozen=True, slots=True)
class LoraFile:
    """A LoRA file and its strength: 0 has no effect, 1 is as trained, and below 0 is the opposite.

    Raises:
        SpecError: if the strength is out of range.
    """

    path: Path
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not -10 <= self.strength <= 10:
            raise SpecError(
                f"A LoRA's strength must be a number from -10 to 10; it is {self.strength:g}."
            )


def lora_files(text: str) -> tuple[LoraFile, ...]:
    """Parses a list such as `warm.safetensors:0.8, tape.safetensors`; the default strength is 1.

    Raises:
        SpecError: if a strength is out of range or is no number.
    """
    if re.search(r":\s*[+-]?\d*\s*,\s*\d+\s*(,|$)", text):
        raise SpecError(f"A comma separates LoRA files; a strength has a point, as 0.8: {text}.")
    files: list[LoraFile] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = re.fullmatch(rf"(.+?)\s*:\s*({_NUMBER})", part, re.DOTALL)
        path, strength = (found[1], float(found[2])) if found else (part, 1.0)
        if re.search(r"\.safetensors\s*:[^\\/]*$", path):
            wrong = path.rpartition(":")[2].strip()
            raise SpecError(f"A LoRA's strength must be a number such as 0.8; it is {wrong!r}.")
        files.append(LoraFile(_at_home(Path(path)), strength))
    return tuple(files)


def located(text: str) -> tuple[LoraFile, ...]:
    """The files of `lora_files`, each where it is; see `lora_place`."""
    return tuple(replace(file, path=lora_place(file.path)) for file in lora_files(text))


def lora_list(files: Sequence[LoraFile]) -> str:
    """The text that `lora_files` reads as these files.

    Raises:
        SpecError: if a file's path has a comma, which separates files.
    """
    for file in files:
        if "," in str(file.path):
            raise SpecError(
                f"{file.path.name} lies under a name with a comma, which separates LoRA files; rename it."
            )
    return ", ".join(f"{file.path}:{file.strength:f}".rstrip("0").rstrip(".") for file in files)


def _at_home(path: Path) -> Path:
    """A path with `~` followed, as far as there is such a user."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
