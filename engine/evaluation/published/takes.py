"""Takes for a list of prompts, one file each under the prompt's name, resumed where an earlier run stopped.

What they were made with is written beside them, so that takes of two models or two lengths never meet in one set. Knows
nothing of judges.
"""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from engine.errors import SpecError
from engine.evaluation.published.prompts import Prompt
from engine.registry import SAMPLE_RATE
from engine.sound.audio import write_audio
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Update
from engine.whole_files import write_whole

MADE_WITH = "made_with.json"
SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".aiff", ".aif", ".opus", ".m4a")
log = logging.getLogger(__name__)


class Plays(Protocol):
    """An engine."""

    def generate(self, spec: GenerationSpec) -> Iterator[Update]:
        """Yields updates."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What all takes of a set have in common; None is the model's own default."""

    model: str
    seconds: float
    seed: int
    steps: int | None = None
    cfg_scale: float | None = None

    def spec(self, prompt: Prompt) -> GenerationSpec:
        """A take's settings; its seed depends on its name, and not on its place in the list."""
        return GenerationSpec(
            prompt=prompt.text,
            model=self.model,
            seconds_total=self.seconds,
            steps=self.steps,
            cfg_scale=self.cfg_scale,
            seed=(self.seed * 1_000_003 + zlib.crc32(prompt.name.encode())) % 2**31,
        )


def make_takes(
    engine: Plays, prompts: Sequence[Prompt], asked: Asked, folder: Path
) -> dict[str, float]:
    """Generates those takes that are not there yet; each file appears when it is whole.

    Returns:
        How many were made now, and in how many seconds.

    Raises:
        SpecError: if the folder has takes that were made with other settings.
        LongtakeError: what the engine says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _check_settings(folder, asked)
    began, made = time.monotonic(), 0
    for number, prompt in enumerate(prompts, 1):
        path = folder / f"{prompt.name}.wav"
        if path.is_file():
            continue
        log.info("take %d of %d: %s", number, len(prompts), prompt.text)
        updates = engine.generate(asked.spec(prompt))
        blocks = [update.samples for update in updates if isinstance(update, AudioBlock)]
        write_audio(path, np.concatenate(blocks, axis=1), SAMPLE_RATE)
        made += 1
    return {"takes": made, "seconds": time.monotonic() - began}


def found(folder: Path, name: str) -> Path | None:
    """The audio file of this name in a folder, whatever its format; None if there is none."""
    paths = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def _check_settings(folder: Path, asked: Asked) -> None:
    path = folder / MADE_WITH
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        write_whole(path, json.dumps(asdict(asked), indent=1) + "\n")
        return
    except (OSError, ValueError) as error:
        raise SpecError(f"{path} is damaged: {error}; give another --out.") from error
    if before != asdict(asked):
        differing = [name for name, value in asdict(asked).items() if before.get(name) != value]
        raise SpecError(
            f"The takes in {folder} were made with another {' and '.join(differing)}; give another --out."
        )
