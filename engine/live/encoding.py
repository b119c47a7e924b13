"""The latents of a stream's input: each hop's frames with the context before them, and what there is after them.

Knows nothing of levels and diffusion.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.latent_diffusion import LatentDiffusion
from engine.sound.audio import Samples


def context(model: LatentDiffusion) -> int:
    """Latent frames before a hop that its own depend on, a multiple of the autoencoder's alignment."""
    autoencoder = model.autoencoder
    return autoencoder.halo + -autoencoder.halo % autoencoder.alignment


class Encoder:
    """Encodes a stream; keeps no more of it than the context."""

    def __init__(self, model: LatentDiffusion) -> None:
        self._model = model
        self._left = context(model)
        self._ratio = model.autoencoder.downsampling_ratio
        self._sound: Samples = np.zeros((2, 0), np.float32)
        self._first = 0

    def encoded(self, samples: Samples, start: int) -> Tensor:
        """Takes whole frames [2, any] that follow those before; gives the latents from frame `start` on.

        Returns:
            [1, D, T], normalised. The last ones lack what comes after them; the next hop may ask for them again.
        """
        first = max(start - self._left, 0)
        sound = np.concatenate([self._sound, samples], axis=1)
        self._sound = sound[:, (first - self._first) * self._ratio :].copy()
        self._first = first
        place = self._model.latent_scale.mean.device
        mean, _ = self._model.autoencoder.moments(torch.from_numpy(self._sound)[None].to(place))
        return self._model.latent_scale.scaled(mean[..., start - first :])
