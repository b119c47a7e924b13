"""Whole takes of `longtake bench gpu`: one, one by a compiled model, and several in one batch.

Knows nothing of tables or of the time that is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from benchmarks._part import Part
from benchmarks._random_models import random_model
from engine.configs import ModelSpec
from engine.engine import Engine, load_model
from engine.errors import LongtakeError
from engine.latent_diffusion import LatentDiffusion
from engine.registry import MODELS
from engine.spec import GenerationSpec
from engine.training.speed import forward_flops
from engine.updates import AudioBlock, Step, Update
from engine.variable_length import window_for

SECONDS = {"sketch": 285.0, "stable-audio-2": 285.0, "stable-audio-3-medium": 120.0}
"""Length of the take that is timed, s."""
BATCHED_SECONDS = 30.0
"""Length of the takes of a batch, s: short ones leave most of a card idle."""
SMOKE_SECONDS, SMOKE_STEPS = 2.0, 2


@dataclass
class Loading:
    """Loads a model's own weights where they are installed, random ones otherwise: these are as fast."""

    part: Part
    name: str
    weights: str = "random"

    def __call__(self, registered: ModelSpec) -> LatentDiffusion:
        if not self.part.smoke:
            try:
                model = load_model(registered)
            except LongtakeError:
                pass
            else:
                self.weights = "own"
                return model
        return random_model(self.part.spec(self.name), self.part.device)


def take(part: Part, name: str) -> None:
    """A whole take by the engine, with the model's own weights where they are installed."""
    part.tried("take", name, lambda: _take(part, name, compiled=False))


def compiled(part: Part, name: str) -> None:
    """The same, compiled."""
    part.tried("take", name, lambda: _take(part, name, compiled=True))


def batches(part: Part, item: str) -> None:
    """Whole takes in one batch; the item is "MODEL x TAKES"."""
    name, _, size = item.rpartition(" x ")
    part.tried("batches", item, lambda: _batch(part, name, int(size)))


def _take(part: Part, name: str, compiled: bool) -> dict[str, Any]:
    loading = Loading(part, name)
    engine = Engine(str(part.device), compiled=compiled, load=loading)
    asked = _asked(part, name, SECONDS.get(name, part.spec(name).max_seconds))
    began = part.waited()
    for _ in engine.generate(replace(asked, steps=2)):
        pass  # Loads, and warms up everything that is used.
    ready = part.waited() - began
    part.forget_peak()
    figures = _timed(part, engine.generate(asked))
    return {
        "weights": loading.weights,
        "seconds": asked.seconds_total,
        "compiled": compiled,
        "guidance": asked.cfg_scale,
        "loading_and_first_use_s": ready,
        **_rate(part, asked, 1, figures),
        "peak_gb": part.peak_gb(),
    }


def _batch(part: Part, name: str, size: int) -> dict[str, Any]:
    engine, loading = _engine(part, name)
    asked = _asked(part, name, BATCHED_SECONDS)
    takes = [replace(asked, seed=seed) for seed in range(size)]
    for _, update in engine.generate_batch([replace(each, steps=2) for each in takes]):
        if isinstance(update, AudioBlock):
            break  # All that a larger batch has more of was used.
    part.forget_peak()
    figures = _timed(part, (update for _, update in engine.generate_batch(takes)))
    return {
        "weights": loading.weights,
        "seconds": asked.seconds_total,
        "batch": size,
        "guidance": asked.cfg_scale,
        **_rate(part, asked, size, figures),
        "takes_per_minute": 60 * size / figures["whole_s"],
        "peak_gb": part.peak_gb(),
    }


@cache
def _engine(part: Part, name: str) -> tuple[Engine, Loading]:
    """One for all batches of a model, so that it is loaded once."""
    loading = Loading(part, name)
    return Engine(str(part.device), load=loading), loading


def _asked(part: Part, name: str, seconds: float) -> GenerationSpec:
    """A resolved take."""
    return GenerationSpec(
        prompt="Genre: House | Instruments: Drums, Bass, Piano | BPM: 124",
        model=name,
        seconds_total=SMOKE_SECONDS if part.smoke else seconds,
        steps=SMOKE_STEPS if part.smoke else None,
        seed=7,
    ).resolved(MODELS[name])


def _timed(part: Part, updates: Iterable[Update]) -> dict[str, Any]:
    """When the last step of diffusion, the first audio and all was done."""
    began = part.waited()
    first = diffused = 0.0
    steps = 0
    for update in updates:
        if isinstance(update, AudioBlock):
            first = first or part.waited()
        elif isinstance(update, Step) and update.stage == "diffuse" and not first:
            steps, diffused = update.total, part.waited() if update.index == update.total else 0.0
    done = part.waited()
    return {
        "steps": steps,
        "diffusing_s": diffused - began,
        "first_audio_s": first - began,
        "whole_s": done - began,
    }


def _rate(part: Part, asked: GenerationSpec, size: int, figures: dict[str, Any]) -> dict[str, Any]:
    """The figures, and operations of the transformer per second: all takes, both branches of guidance."""
    spec = part.spec(asked.model)
    branches = 1 if asked.cfg_scale == 1 else 2
    step = forward_flops(spec, size * branches, window_for(asked, spec).latent_frames)
    return {**figures, "flops_per_s": step * figures["steps"] / figures["diffusing_s"]}
