"""What a transformer in training plays: takes of the averaged weights to some prompts, every so many steps.

They are made by the engine that makes all takes, which is asked for by name: it stands above the training. Knows
nothing of logs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from engine.checkpoints import load_strictly, load_weights
from engine.errors import SpecError
from engine.latent_diffusion import LatentDiffusion
from engine.networks import build_autoencoder
from engine.registry import SAMPLE_RATE, ModelSpec
from engine.spec import GenerationSpec
from engine.training.train_dit import DiTStage
from engine.updates import AudioBlock, Generates
from engine.whole_files import whole

log = logging.getLogger(__name__)
ENGINE = "engine.engine"
WEIGHTS = "autoencoder.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerDemos:
    """Takes of a stage.

    Attributes:
        stage: whose averaged weights play.
        autoencoder: folder of the weights that decode.
        prompts: one take each, always with the same noise.
        every: steps.
        seconds: length of a take.
        steps: of denoising; None for the model's own.
    """

    stage: DiTStage
    autoencoder: Path
    prompts: tuple[str, ...]
    every: int
    seconds: float = 30.0
    steps: int | None = None

    def __post_init__(self) -> None:
        """Says what could not be played before anything is trained.

        Raises:
            SpecError: if a take cannot be asked for.
            CheckpointError: if there are no such weights.
        """
        for number in range(1, len(self.prompts) + 1):
            self._asked(number).checked()
        if self.stage.group.first:
            with torch.device("meta"):
                autoencoder = build_autoencoder(self.stage.spec.autoencoder)
            load_weights(autoencoder, self.autoencoder / WEIGHTS)

    def make(self, folder: Path) -> Iterable[tuple[str, NDArray[np.float32]]]:
        """Renders takes [N, 2] into a folder, as 01.wav and so on; every rank calls it, and the first gets them."""
        weights = self.stage.averaged()
        found: list[tuple[str, NDArray[np.float32]]] = []
        if self.stage.group.first:
            folder.mkdir(parents=True, exist_ok=True)
            model = LatentDiffusion(self.stage.spec, self.stage.conditioner.text_encoder)
            load_strictly(model.parts()["dit"], weights, "the average")
            load_weights(model.autoencoder, self.autoencoder / WEIGHTS)
            found = list(self._takes(model.eval().requires_grad_(False), folder))
        self.stage.group.barrier()
        return found

    def _takes(
        self, model: LatentDiffusion, folder: Path
    ) -> Iterator[tuple[str, NDArray[np.float32]]]:
        def load(_: ModelSpec) -> LatentDiffusion:
            return model

        made: Generates = import_module(ENGINE).Engine(self.stage.device.type, load=load)
        for number in range(1, len(self.prompts) + 1):
            asked = self._asked(number)
            blocks = [u.samples for u in made.generate(asked) if isinstance(u, AudioBlock)]
            take = np.concatenate(blocks, axis=1).T
            with whole(folder / f"{number:02}.wav") as part:
                soundfile.write(str(part), take, SAMPLE_RATE, format="WAV", subtype="PCM_16")
            yield f"take_{number:02}", take
        log.info("%d takes in %s", len(self.prompts), folder)

    def _asked(self, number: int) -> GenerationSpec:
        """A take, counted from 1."""
        return GenerationSpec(
            prompt=self.prompts[number - 1],
            model=self.stage.spec.name,
            seconds_total=min(self.seconds, self.stage.spec.max_seconds),
            steps=self.steps,
            seed=number,
        )


def prompts_of(path: Path) -> tuple[str, ...]:
    """The prompts of a file, one on a line.

    Raises:
        SpecError: if it cannot be read or has none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            f"{path} cannot be read ({error}); it should have a prompt on each line."
        ) from None
    if not (found := tuple(line.strip() for line in lines if line.strip())):
        raise SpecError(f"{path} has no prompt; it should have one on each line.")
    return found
