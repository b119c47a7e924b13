"""From noise to clean latents (§3): the model, its guidance and a solver, for one take or a batch of them.

Takes in one batch have the same noise levels; each keeps its own prompt, noise, recording and kept parts, and comes out
as it would alone, up to rounding. Knows nothing of audio.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from engine import creative
from engine.conditioning import Conditioning
from engine.errors import LongtakeError
from engine.preparation import Prepared
from engine.registry import AdaptiveDiTConfig, ModelSpec
from engine.samplers.guidance import Guidance, guided_denoiser
from engine.samplers.noise import NoiseSource
from engine.samplers.objectives import OBJECTIVES, noised
from engine.samplers.schedules import schedule_times
from engine.samplers.solvers import SOLVERS, Denoiser
from engine.spec import GenerationSpec
from engine.updates import Step


def diffused(takes: Sequence[Prepared], attempt: int = 0) -> Generator[Step, None, Tensor]:
    """Denoises a batch of takes to clean latents [B, D, T], not normalised.

    Args:
        takes: prepared, of one model, one length and the same noise levels.
        attempt: which noise they start from, from 0.

    Raises:
        LongtakeError: if the latents are not finite.
    """
    model, spec = takes[0].model, takes[0].spec
    assert spec.steps and spec.sampler  # The spec is resolved.
    objective, times = OBJECTIVES[model.spec.objective], levels_of(spec, model.spec)
    x = torch.cat([_start(take, times[0], attempt) for take in takes])
    noise = _Noises([take.noise for take in takes])
    for step in SOLVERS[spec.sampler](_denoiser(takes), x, times, objective, noise):
        x = step.x
        if not x.isfinite().all():
            raise LongtakeError(
                f"{spec.model} produced latents that are not finite at step {step.index} of {step.total}; "
                "its weights may be damaged: download or install them again."
            )
        yield Step("diffuse", step.index, step.total)
    return model.latent_scale.unscaled(x)


def levels_of(spec: GenerationSpec, model: ModelSpec) -> Tensor:
    """The noise levels of a resolved spec, [steps + 1] float64."""
    level = spec.init_noise_level if spec.init_audio else None
    t_start = 1.0 if level is None else level
    if spec.schedule == "reference":
        return schedule_times(model.reference, model.objective, spec.steps or 1, t_start)
    return falling_levels(model, spec.steps or 1, t_start)


def falling_levels(model: ModelSpec, steps: int, t_start: float) -> Tensor:
    """Noise levels from `t_start` in [0, 1], [steps + 1] float64, that never rise."""
    from_noise = t_start == 1 and model.defaults.from_noise == "reference"
    name = model.reference if from_noise else model.monotone
    return schedule_times(name, model.objective, steps, t_start)


@dataclass(frozen=True, slots=True)
class _Noises:
    """The step noise of a batch: every take its own."""

    sources: Sequence[NoiseSource]

    def step(self, index: int, like: Tensor) -> Tensor:
        items = zip(self.sources, like.split(1), strict=True)
        return torch.cat([source.step(index, item) for source, item in items])


def _start(take: Prepared, t: Tensor, attempt: int) -> Tensor:
    """Pure noise, or the noised recording, [1, D, T]; the noise is that of the attempt, from 0."""
    model = take.model
    place, objective = model.latent_scale.mean.device, OBJECTIVES[model.spec.objective]
    shape = (1, model.spec.autoencoder.latent_channels, take.window.latent_frames)
    noise, t = take.noise.start(shape, attempt).to(place), t.float().to(place)
    if take.known is None or take.spec.init_noise_level == 1:
        return objective.sigma(t) * noise
    return noised(objective, take.known, noise, t)


def _denoiser(takes: Sequence[Prepared]) -> Denoiser:
    """The guided model for the prompts of a batch; where parts are kept, they are known."""
    model, spec = takes[0].model, takes[0].spec
    assert spec.cfg_scale is not None and spec.cfg_interval  # The spec is resolved.
    apg, unguided = model.spec.defaults.apg, model.width_directions()
    denoiser = guided_denoiser(
        model.network,
        OBJECTIVES[model.spec.objective],
        _joined([take.conditional for take in takes]),
        _joined([take.unconditional for take in takes]),
        Guidance(spec.cfg_scale, spec.cfg_rescale, spec.cfg_interval, apg, unguided),
    )
    trained = isinstance(model.spec.dit, AdaptiveDiTConfig)
    if trained or all(take.kept is None for take in takes):
        return denoiser
    known = torch.cat(_filled([take.known for take in takes]))
    return creative.kept(denoiser, known, torch.cat([_weights(take) for take in takes]))


def _weights(take: Prepared) -> Tensor:
    """[1, 1, T]: how far each latent frame of a take is known."""
    frames = take.window.latent_frames
    if take.kept is None:
        return torch.zeros(1, 1, frames)
    return take.kept.latent_weights(take.model.spec.latent_rate, frames).expand(1, 1, -1)


def _joined(items: Sequence[Conditioning]) -> Conditioning:
    """One batch of all items."""
    kept = [item.kept for item in items]
    if any(each is not None for each in kept):
        items = [replace(item, kept=own) for item, own in zip(items, _filled(kept), strict=True)]
    return reduce(Conditioning.joined, items)


def _filled(parts: Sequence[Tensor | None]) -> list[Tensor]:
    """What takes of a batch have, and zeros as large for those that have none; one has some."""
    blank = torch.zeros_like(next(part for part in parts if part is not None))
    return [blank if part is None else part for part in parts]
