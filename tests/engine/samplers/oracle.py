"""Data whose ideal denoiser is known: independent normal latents with a mean and a deviation of their own."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.samplers.objectives import Objective


class Gaussian:
    """Clean latents ~ N(mean, deviation^2), all in double precision."""

    def __init__(self, objective: Objective, mean: float = 0.7, deviation: float = 0.4) -> None:
        self.objective, self.mean, self.deviation = objective, mean, deviation

    def denoiser(self, x: Tensor, t: Tensor) -> Tensor:
        """E[clean | x] at time t."""
        alpha, sigma = self.levels(t)
        gain = alpha * self.deviation**2 / (alpha**2 * self.deviation**2 + sigma**2)
        return self.mean + gain * (x - alpha * self.mean)

    def exact(self, x: Tensor, t: Tensor) -> Tensor:
        """Where the probability-flow equation carries x from time t to 0."""
        alpha, sigma = self.levels(t)
        spread = torch.sqrt(alpha**2 * self.deviation**2 + sigma**2)
        return self.mean + self.deviation / spread * (x - alpha * self.mean)

    def levels(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return self.objective.alpha(t.double()), self.objective.sigma(t.double())


class CountedNoise:
    """Independent double-precision noise for each step that remembers which steps asked."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.asked: list[int] = []

    def step(self, index: int, like: Tensor) -> Tensor:
        self.asked.append(index)
        generator = torch.Generator().manual_seed(1000 * self.seed + index)
        return torch.randn(like.shape, generator=generator, dtype=like.dtype)
