"""Runs this engine for the cases of tests/golden/cases.py, with the weights, noise and recordings of the golden files.

Knows nothing of the official packages, or of which differences are allowed (test_reference.py).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.engine import Engine
from engine.latent_diffusion import LatentDiffusion
from engine.public.loading import load_public
from engine.registry import MODELS, ModelSpec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, TINY_SMALL
from tests.golden.cases import NEGATIVE, PROMPT, RATE, SAT_FRAMES, Case, Family
from tests.golden.text import clap_features, t5_folder, t5gemma_folder
from tests.golden.values import golden, noise, recording, telling, thinned, weights

COUNT = 400
"""How many numbers of a take the golden files have."""


def _tiny(name: str, network: ModelSpec, **changes: object) -> ModelSpec:
    """A registered model with a tiny one's networks."""
    model = MODELS[name]
    conditioning = dataclasses.replace(model.conditioning, text=network.conditioning.text)
    return dataclasses.replace(
        model, autoencoder=network.autoencoder, conditioning=conditioning, **changes
    )


def _tiny_dit(name: str, heads: int) -> object:
    return dataclasses.replace(
        MODELS[name].dit, latent_channels=8, width=128, depth=2, heads=heads, cross_width=64
    )


def tiny(family: Family) -> ModelSpec:
    """The registered model of a family, but as small as the one that the golden takes were made with."""
    if family.package == "sa3":
        network = TINY_SMALL if family.network == "small" else TINY_MEDIUM
        return _tiny(family.model, network, dit=network.dit)
    heads = 1 if family.network == "open small" else 2
    made = _tiny(
        family.model, TINY_OPEN, dit=_tiny_dit(family.model, heads), latent_frames=SAT_FRAMES
    )
    if family.network != "paper":
        return made
    asked = MODELS[family.model].conditioning
    text = dataclasses.replace(asked.text, max_tokens=Clap.max_tokens, width=Clap.width)
    return dataclasses.replace(made, conditioning=dataclasses.replace(asked, text=text))


class NoiseByName:
    """Noise in the order in which the official code drew it."""

    def __init__(self, seed: int, variation: float, variation_seed: int) -> None:
        self.drawn = count()

    def start(self, shape: tuple[int, ...], attempt: int) -> Tensor:
        return noise("noise", shape)

    def encoding(self, shape: tuple[int, ...]) -> Tensor:
        return noise("posterior", shape)

    def step(self, index: int, like: Tensor) -> Tensor:
        return noise(f"draw.{next(self.drawn)}", tuple(like.shape))


class Clap:
    """In place of CLAP: the features that the official code was given."""

    width, max_tokens = 64, 6

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        found = [clap_features(text, self.width, self.max_tokens) for text in texts]
        features, mask = (torch.cat(parts) for parts in zip(*found, strict=True))
        return features, mask

    def reach(self, text: str) -> int:
        return len(text)


class Takes:
    """Our takes of a family's cases; its model is loaded once.

    Attributes:
        family: which.
        model: our model, tiny.
    """

    def __init__(self, family: Family, folder: Path) -> None:
        self.family, self.model, self._folder = family, tiny(family), folder
        _, shapes = golden(f"reference_{family.package}")
        save_file(telling(weights(shapes[family.network])), folder / "model.safetensors")
        if family.network != "paper":
            maker = t5_folder if family.package == "sat" else t5gemma_folder
            maker(folder, self.model.conditioning.text.width)
        self._engine = Engine("cpu", precision="float32", load=self._load)

    def _load(self, spec: ModelSpec) -> LatentDiffusion:
        with pytest.MonkeyPatch.context() as patch:
            if self.family.network == "paper":
                patch.setattr("engine.public.loading.open_text_encoder", lambda *_: Clap())
            return load_public(self.model, self._folder)

    def take(self, case: Case) -> np.ndarray:
        """The take of a case, [2, N]."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(MODELS, self.model.name, self.model)
            patch.setattr("engine.preparation.NoiseSource", NoiseByName)
            updates = list(self._engine.generate(self._asked(case)))
        return np.concatenate([u.samples for u in updates if isinstance(u, AudioBlock)], axis=1)

    def _asked(self, case: Case) -> GenerationSpec:
        """A case as one asks this engine for it."""
        wanted: dict[str, object] = {
            "model": self.model.name,
            "prompt": PROMPT,
            "negative_prompt": NEGATIVE if case.negative else "",
            "seed": 0,
        }
        same = ("steps", "sampler", "cfg_scale", "cfg_rescale", "cfg_interval")
        wanted |= {name: getattr(case, name) for name in same}
        if case.recording is not None:
            path = self._folder / f"{case.recording}.wav"
            if not path.exists():
                samples = recording(case.recording).numpy().T
                soundfile.write(path, samples, RATE, subtype="FLOAT")
            level = case.level
            if self.family.objective == "v":
                level = 2 / math.pi * math.atan(level)
            # From words, the public code's way is the default.
            wanted |= {"init_audio": str(path), "init_noise_level": level, "schedule": "reference"}
        if case.redrawn is not None:
            start, end = case.redrawn
            kept = [(0.0, start), (end, case.seconds)]
            wanted["keep"] = [span for span in kept if span[0] < span[1]]
        return GenerationSpec.from_dict(wanted | {"seconds_total": case.seconds})


def error(take: np.ndarray, official: Tensor, case: Case, family: Family) -> float:
    """Largest difference from the official take's numbers, relative to their standard deviation.

    Of a take with kept parts, of the rest.
    """
    length = official_length(case, family)
    ours = thinned(torch.from_numpy(take[:, :length]), COUNT)
    assert ours.shape == official.shape
    place = torch.zeros(2, length)
    start, end = case.redrawn or (0.0, case.seconds)
    place[:, int(start * RATE) : int(end * RATE)] = 1
    compared = thinned(place, COUNT) == 1
    assert compared.sum() > 100
    return ((ours - official)[compared].abs().max() / official.std()).item()


def official_length(case: Case, family: Family) -> int:
    """Audio frames of the official take: in Stable Audio 3, whole samples are rounded down."""
    samples = case.seconds * RATE
    return int(samples) if family.package == "sa3" else round(samples)
