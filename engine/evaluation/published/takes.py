"""Takes for a list of prompts, one file each under the prompt's name, resumed where an earlier run stopped.

What they were made with is written beside them, so that takes of two models or two lengths never meet in one set, and
none is taken for the answer to another prompt. Knows nothing of judges.
"""

from __future__ import annotations

import hashlib
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
from engine.model_files import sha256
from engine.registry import SAMPLE_RATE
from engine.sound.audio import write_audio
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Update
from engine.whole_files import read_text, write_whole

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
    """What all takes of a set have in common; None is the model's own default, `weights` is from `weights_mark`."""

    model: str
    seconds: float
    seed: int
    steps: int | None = None
    cfg_scale: float | None = None
    weights: str = ""

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

    Those that are there are these prompts' if `settle` said nothing.

    Returns:
        How many were made now, and in how many seconds.

    Raises:
        LongtakeError: what the engine says.
    """
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


def check_some(folder: Path, names: Sequence[str], flag: str) -> None:
    """Checks that a folder has some of these files.

    Raises:
        SpecError: if there is no such folder, or nothing in it that `flag` is for.
    """
    if not folder.is_dir():
        raise SpecError(f"There is no folder {folder}; give one that is there with {flag}.")
    if not any(found(folder, name) for name in names):
        raise SpecError(
            f"{folder} has none of the {len(names)} files that the prompts name, as {names[0]}.wav; "
            f"give their folder with {flag}."
        )


def weights_mark(folder: Path) -> str:
    """What tells a model's weights from others: a checksum of all weights in its folder."""
    files = sorted(folder.rglob("*.safetensors"))
    sums = [f"{path.relative_to(folder).as_posix()} {sha256(path)}" for path in files]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()


def settle(folder: Path, prompts: Sequence[Prompt], asked: Asked) -> None:
    """Makes the folder of takes and writes into it what they are made with, which holds for those that are there, too.

    Raises:
        SpecError: if one there was made with something else or from another prompt, or if that cannot be known.
        OSError: if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MADE_WITH
    settings, texts = asdict(asked), _known(path, asked)
    for prompt in prompts:
        if (folder / f"{prompt.name}.wav").is_file() and texts.get(prompt.name) != prompt.text:
            raise SpecError(
                f"The take {prompt.name} in {folder} was not made from the prompt of this name; give another --out."
            )
    texts |= {prompt.name: prompt.text for prompt in prompts}
    write_whole(path, json.dumps(settings | {"prompts": texts}, indent=1) + "\n")


def _known(path: Path, asked: Asked) -> dict[str, str]:
    """Name -> prompt of the takes that are there, all made with these settings."""
    if not any(path.parent.glob("*.wav")):
        return {}
    try:
        before = json.loads(read_text(path))
        texts = dict(before.get("prompts", {}))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SpecError(f"{path} is damaged: {error}; give another --out.") from error
    differing = [name for name, value in asdict(asked).items() if before.get(name) != value]
    if differing:
        raise SpecError(
            f"The takes in {path.parent} were made with another {' and '.join(differing)}; give another --out."
        )
    return texts
