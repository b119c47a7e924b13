"""Creative uses (§4.6): takes made from recordings, by an unchanged model that was trained for nothing but text.

Audio-to-audio starts the solver from a noised recording. Inpainting and continuation put known latents back at every
step and in the end the known sound itself; a loop fades its own continuation out over its beginning. All of it happens
around the solver: none of it knows a network, and no network knows of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import SpecError
from engine.registry import SAMPLE_RATE
from engine.samplers.solvers import Denoiser
from engine.sound.audio import Samples, read_audio
from engine.sound.limiter import limited
from engine.spec import GenerationSpec

Spans = Sequence[tuple[float, float]]
Weights = NDArray[np.floating]

LATENT_EDGE = 0.09
"""How far into a kept span the model may still bend the latents, s: two frames, as far as neighbours blend."""
SOUND_EDGE = 0.07
"""How far into a kept span the made sound is faded over to the recording, s; further in, it is the recording."""


def recording(path: str) -> Samples:
    """Reads a recording of any rate and channel count as [2, N] at the models' sample rate.

    Raises:
        AudioError: if it cannot be used as audio.
    """
    return read_audio(path).stereo().resampled(SAMPLE_RATE).samples


def filled(samples: Samples, frames: int) -> Samples:
    """Makes a recording [C, N] last for `frames`: a longer one is cut, a shorter one repeats, as a loop does."""
    repeats = -(-frames // samples.shape[1])
    return np.tile(samples, (1, repeats))[:, :frames]


@dataclass(frozen=True, slots=True)
class Kept:
    """The parts of a recording that a take returns.

    Attributes:
        spans: (start, end) in seconds, within the recording.
        samples: [2, N], the recording for the length of the take, below the ceiling.
    """

    spans: Spans
    samples: Samples

    @classmethod
    def of(cls, spec: GenerationSpec, samples: Samples | None, frames: int) -> Kept | None:
        """What a spec keeps of its recording [2, any] in a take of that many frames; None if nothing.

        Raises:
            SpecError: if the recording is over before the first span begins.
        """
        if samples is None or not spec.keep:
            return None
        seconds = samples.shape[1] / SAMPLE_RATE
        spans = [(start, min(end, seconds)) for start, end in spec.keep if start < seconds]
        if not spans:
            raise SpecError(
                f"Nothing to keep lies within the {seconds:.1f} s of {spec.init_audio}."
            )
        cut = samples[:, :frames]
        whole = np.pad(cut, ((0, 0), (0, frames - cut.shape[1])))
        return cls(spans, np.concatenate(list(limited([whole], SAMPLE_RATE)), axis=1))

    def weights(self, positions: Weights, edge: float) -> Weights:
        """How much of the recording is kept at each position, in [0, 1]: rising over `edge` inside each span.

        A span that begins or ends with the take has no edge there.

        Args:
            positions: [N], seconds.
            edge: seconds.
        """
        seconds_total = self.samples.shape[1] / SAMPLE_RATE
        weights = np.zeros_like(positions)
        for start, end in self.spans:
            after = np.inf if start <= 0 else positions - start
            before = np.inf if end >= seconds_total else end - positions
            weights = np.maximum(weights, np.clip(np.minimum(after, before) / edge, 0, 1))
        return weights

    def mask(self, latent_rate: float, frames: int) -> Tensor:
        """1 at each of T = frames latent frames whose first sample is kept, else 0, [T]: as models learn to inpaint."""
        first = np.arange(frames) / latent_rate
        inside = np.zeros(frames, dtype=bool)
        for start, end in self.spans:
            inside |= (first >= start) & (first < min(end, self.samples.shape[1] / SAMPLE_RATE))
        return torch.from_numpy(inside).float()

    def latent_weights(self, latent_rate: float, frames: int) -> Tensor:
        """The weights of T = frames latent frames, [T] float32."""
        middles = (np.arange(frames) + 0.5) / latent_rate
        return torch.from_numpy(self.weights(middles, LATENT_EDGE)).float()


def kept(denoiser: Denoiser, known: Tensor, weights: Tensor) -> Denoiser:
    """Puts known latents back into every estimate.

    No solver needs to know: where the estimate never changes, each of them carries x along as that estimate with noise
    of the present level, which is just what putting noised known latents into x would do.

    Args:
        denoiser: any.
        known: [B, D, T], the recording's latents.
        weights: [T], 1 where they hold.
    """
    weights = weights.to(known)

    def keeping(x: Tensor, t: Tensor) -> Tensor:
        denoised = denoiser(x, t)
        return denoised + weights * (known - denoised)

    return keeping


def pasted(blocks: Iterable[Samples], kept: Kept) -> Iterator[Samples]:
    """Fades the made sound, blocks [2, N], over to the recording: sample for sample where its weight is 1.

    The fade is linear, since on both sides sounds the same: once as the model remembers it and once as it was.
    """
    start = 0
    for block in blocks:
        stop = start + block.shape[1]
        share = kept.weights(np.arange(start, stop) / SAMPLE_RATE, SOUND_EDGE)
        yield (block * (1 - share) + kept.samples[:, start:stop] * share).astype(np.float32)
        start = stop


def looped(blocks: Iterable[Samples], surplus: Samples) -> Iterator[Samples]:
    """Fades a take's continuation out over its beginning: where the end meets the beginning, the music just goes on.

    Args:
        blocks: the take [C, N], in order.
        surplus: [C, M], what was generated after its end. The powers add up to 1, since the two differ.
    """
    angle = np.pi / 2 * np.arange(surplus.shape[1]) / surplus.shape[1]
    fade_in, fading = np.sin(angle), surplus * np.cos(angle)
    start = 0
    for block in blocks:
        over = max(min(surplus.shape[1] - start, block.shape[1]), 0)
        if over:
            place = slice(start, start + over)
            head = (block[:, :over] * fade_in[place] + fading[:, place]).astype(np.float32)
            block = np.concatenate([head, block[:, over:]], axis=1)
        yield block
        start += block.shape[1]
