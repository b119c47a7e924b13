"""The sound of a hop's latents, and its seams.

A hop is decoded a little beyond its end, from latents that the next hop makes anew; there, one fades into the other.
Knows nothing of levels and diffusion.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from engine.errors import LongtakeError
from engine.latent_diffusion import LatentDiffusion
from engine.sound.audio import Samples

SEAM = 512
"""Length of the crossfade from one hop to the next, in samples: linear, as both are of nearly the same latents."""


class Decoder:
    """Decodes a stream; remembers the phases and the seam of the hop before."""

    def __init__(self, model: LatentDiffusion) -> None:
        self._model = model
        self._ratio = model.autoencoder.downsampling_ratio
        self._past: Tensor | None = None
        self._seam: Samples = np.zeros((2, SEAM), np.float32)
        self._rising = np.linspace(0, 1, SEAM, endpoint=False, dtype=np.float32)

    @property
    def ahead(self) -> Samples:
        """[2, SEAM]: how the sound goes on after the last hop, as far as is known."""
        return self._seam

    def decoded(self, latents: Tensor, left: int, right: int) -> Samples:
        """The sound [2, N] of a hop.

        Args:
            latents: [1, D, T], normalised: the hop, `left` frames before it and `right` frames after it.
            left: all the frames that the decoder depends on, as far as there are any.
            right: 1 or more, for the seam.

        Raises:
            LongtakeError: if it is not finite.
        """
        latents = self._model.latent_scale.unscaled(latents)
        audio, self._past = self._model.autoencoder.decode_inside(
            latents, left, right, self._past, tail=1
        )
        samples = audio[0].float().cpu().numpy()
        if not np.isfinite(samples).all():
            raise LongtakeError(
                "The decoder produced samples that are not finite; the model's weights may be damaged: "
                "download or install them again."
            )
        end = samples.shape[1] - self._ratio
        return self._joined(samples[:, :end], samples[:, end : end + SEAM])

    def silent(self, frames: int) -> Samples:
        """A hop of silence, into which the one before fades out."""
        self._past = None
        silence = np.zeros((2, frames * self._ratio), np.float32)
        return self._joined(silence, np.zeros((2, SEAM), np.float32))

    def _joined(self, hop: Samples, seam: Samples) -> Samples:
        joined = hop.copy()
        joined[:, :SEAM] += (1 - self._rising) * (self._seam - joined[:, :SEAM])
        self._seam = seam.copy()
        return joined
