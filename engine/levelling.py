"""A recording against what a model knows, as heard through its latents: how it goes in, and how a take comes back.

`sound/levels.py` has the rule. Here it is made up for what gets lost on the way: few sounds lose much through an
autoencoder, but a bell alone loses 20 dB in the embedded model's, and would be taken for silence; and what a model
makes of dry or sparse sounds is quieter than these. The loudest part of the recording tells. Knows nothing of solvers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.autoencoder import Autoencoder
from engine.chunking import decode_chunked, decode_span, encode_chunked
from engine.creative import Kept
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.levels import Levels
from engine.sound.metering import loudness

LISTENED = 6.0
"""How long the loudest part is, s."""
MOST_LOST, MOST_MISSING = 30.0, 9.0
"""The most that is made up for, in the recording and in the take, dB."""


@dataclass(frozen=True, slots=True, eq=False)
class Levelling:
    """How a recording is levelled, and by which part of it.

    Attributes:
        levels: what goes in, and comes back.
        loudest: [2, N], the part, as loud as music.
        start: its first latent frame.
    """

    levels: Levels
    loudest: Samples
    start: int

    @classmethod
    def of(
        cls, autoencoder: Autoencoder, place: torch.device, samples: Samples, levels: Levels
    ) -> Levelling:
        """That of what is used of a recording [2, any], with an autoencoder at `place`."""
        plain, ratio = levels.plain(samples), autoencoder.downsampling_ratio
        frames = round(LISTENED * SAMPLE_RATE / ratio) * ratio
        energy = np.concatenate([[0.0], np.square(plain, dtype=np.float64).sum(axis=0).cumsum()])
        sums = energy[frames:] - energy[: max(len(energy) - frames, 0)]
        start = int(np.argmax(sums)) // ratio if len(sums) else 0
        loudest = np.ascontiguousarray(plain[:, start * ratio : start * ratio + frames])
        latents, _ = encode_chunked(autoencoder, torch.from_numpy(loudest)[None].to(place))
        again = torch.cat(list(decode_chunked(autoencoder, latents)), dim=-1)
        lost = min(max(_quieter(again, loudest), 0.0), MOST_LOST)
        return cls(levels.stronger(lost), loudest, start)

    def of_take(self, autoencoder: Autoencoder, latents: Tensor, kept: Kept | None) -> Levels:
        """The levels of a take from its latents [1, D, T], not normalised.

        Where parts of the recording are kept, these are as loud in it as they are, and the model decides on the rest.
        """
        if kept is not None:
            return self.levels
        stop = self.start - (-self.loudest.shape[1] // autoencoder.downsampling_ratio)
        audio, _ = decode_span(autoencoder, latents, self.start, stop)
        missing = _quieter(audio, self.loudest)
        return self.levels.made_up(min(max(missing, -MOST_MISSING), MOST_MISSING))


def _quieter(audio: Tensor, than: Samples) -> float:
    made = audio[0, :, : than.shape[1]].float().cpu().numpy()
    return loudness(than, SAMPLE_RATE) - loudness(made, SAMPLE_RATE)
