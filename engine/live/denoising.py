"""The latents of a hop: the window's are noised and denoised, while those that were played are held.

Knows nothing of sound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine import creative
from engine.conditioning import Conditioning
from engine.diffusion import falling_levels
from engine.errors import LongtakeError
from engine.latent_diffusion import LatentDiffusion
from engine.live_settings import LiveSettings
from engine.registry import AdaptiveDiTConfig, ModelSpec
from engine.samplers.guidance import Guidance, guided_denoiser
from engine.samplers.noise import PlacedNoise
from engine.samplers.objectives import OBJECTIVES, noised
from engine.samplers.solvers import SOLVERS, Denoiser


def steps_of(settings: LiveSettings, model: ModelSpec) -> int:
    """Denoising steps of a hop."""
    return settings.steps or min(model.defaults.steps, model.defaults.live_steps)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Latent frames that are made together.

    Attributes:
        known: [1, D, T], normalised: what was played, then the input's.
        held: how many of them were played.
        weights: [T], how far each is held.
        first: their first frame, counted from the stream's beginning.
    """

    known: Tensor
    held: int
    weights: Tensor
    first: int


class Denoising:
    """Makes windows with a model."""

    def __init__(self, model: LatentDiffusion, settings: LiveSettings) -> None:
        """`settings` are those that the stream begins with."""
        spec = model.spec
        self._model = model
        self._steps = steps_of(settings, spec)
        # Solvers of a higher order or with fresh noise want more steps than there is time for.
        distilled = spec.defaults.sampler == "ping-pong"
        self._solver = SOLVERS["ping-pong" if distilled else "dpmpp-2m"]
        self._unguided = model.width_directions()
        self._seed, self._guidance = settings.seed, self._guided(settings)

    def change(self, settings: LiveSettings) -> bool:
        """Takes another seed and guidance; returns whether they are others."""
        before = self._seed, self._guidance.scale
        self._seed, self._guidance = settings.seed, self._guided(settings)
        return before != (self._seed, self._guidance.scale)

    def _guided(self, settings: LiveSettings) -> Guidance:
        own = self._model.spec.defaults
        scale = own.cfg_scale if settings.cfg_scale is None else settings.cfg_scale
        return Guidance(scale, interval=own.cfg_interval, apg=own.apg, unguided=self._unguided)

    def made(
        self, window: Window, asked: tuple[Conditioning, Conditioning], strength: float
    ) -> Tensor:
        """Makes a window.

        Args:
            window: what is there.
            asked: the conditioning with the prompt, and without.
            strength: how much is noised away, in [0, 1]; 0 leaves everything as it is.

        Returns:
            [1, D, T], normalised.

        Raises:
            LongtakeError: if it is not finite.
        """
        model, x = self._model, window.known
        times = falling_levels(model.spec, self._steps, strength)
        objective = OBJECTIVES[model.spec.objective]
        noise = PlacedNoise(self._seed, window.first)
        t = times[0].float().to(x.device)
        x = noised(objective, x, noise.start((1, x.shape[1], x.shape[2])).to(x), t)
        for step in self._solver(self._denoiser(window, asked), x, times, objective, noise):
            x = step.x
            if not x.isfinite().all():
                raise LongtakeError(
                    f"{model.spec.name} produced latents that are not finite at step {step.index} of {step.total}; "
                    "its weights may be damaged: download or install them again."
                )
        return x

    def _denoiser(self, window: Window, asked: tuple[Conditioning, Conditioning]) -> Denoiser:
        model = self._model
        if isinstance(model.spec.dit, AdaptiveDiTConfig) and window.held:
            # Trained to go on from what is kept.
            mask = (torch.arange(window.known.shape[-1]) < window.held).to(window.known)[None, None]
            kept = torch.cat([mask, mask * window.known], dim=1)
            asked = replace(asked[0], kept=kept), replace(asked[1], kept=kept)
        denoiser = guided_denoiser(
            model.network, OBJECTIVES[model.spec.objective], *asked, self._guidance
        )
        return creative.kept(denoiser, window.known, window.weights)
