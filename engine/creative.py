"""Creative uses (§4.6): takes from recordings, with a model that was trained on text alone.

Audio-to-audio starts the solver from a noised recording, levelled before (levelling.py). Inpainting and
continuation restore the known latents at every step, and finally the recording itself; a loop crossfades its
continuation into its beginning. All of this happens around the solver and is independent of the network.
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
from engine.sound.audio import Samples
from engine.sound.limiter import limited
from engine.sound.recordings import read_start, recording_seconds
from engine.spec import WHOLE, GenerationSpec

Spans = Sequence[tuple[float, float]]
Weights = NDArray[np.floating]

LATENT_EDGE = 0.09
"""Width of the transition of latents inside a kept span, s: two latent frames."""
SOUND_EDGE = 0.07
"""Length of the crossfade from generated audio to the recording inside a kept span, s."""
SLACK = 0.01
"""By how much a recording may be longer than its take without a word, s."""
LISTENED = 60.0
"""How much of a recording is read at least, s: what it plays is heard from more than a short take needs of it."""


def recording(path: str, frames: int, span: tuple[float, float] = WHOLE) -> Samples:
    """Reads of a recording, or of a span of it (s), what a take of so many frames needs: [2, N] at the models' rate.

    Raises:
        AudioError: if it cannot be used as audio.
    """
    return read_start(path, SAMPLE_RATE, max(frames, round(LISTENED * SAMPLE_RATE)), span)


def left_out(spec: GenerationSpec, frames: int) -> Iterator[str]:
    """Sentences about what of a spec's recording is not in its take of so many frames."""
    if spec.init_audio is None:
        return
    seconds, taken = recording_seconds(spec.init_audio, spec.init_span), frames / SAMPLE_RATE
    if seconds > taken + SLACK and spec.schedule != "reference":  # There, it fills the window.
        yield (
            f"The recording is {seconds:.1f} s long and the take {taken:.1f} s; "
            "what the recording has after that is left out."
        )
    for start, end in spec.keep:
        if start >= min(seconds, taken):
            yield f"From {start:g} to {end:g} s there is nothing to keep: {_ends(seconds, taken)}."


def _ends(seconds: float, taken: float) -> str:
    what, when = ("recording", seconds) if seconds < taken else ("take", taken)
    return f"the {what} ends at {when:.1f} s"


@dataclass(frozen=True, slots=True)
class Kept:
    """The parts of a recording that a take keeps.

    Attributes:
        spans: (start, end) in seconds, within the recording.
        samples: [2, N], the recording, as long as the take and limited like it.
    """

    spans: Spans
    samples: Samples

    @classmethod
    def of(cls, spec: GenerationSpec, samples: Samples | None, frames: int) -> Kept | None:
        """What a spec keeps of its recording [2, any], in a take of so many frames; None if nothing.

        Raises:
            SpecError: if recording or take end before the first span begins.
        """
        if samples is None or not spec.keep:
            return None
        seconds = min(samples.shape[1], frames) / SAMPLE_RATE
        spans = [(start, min(end, seconds)) for start, end in spec.keep if start < seconds]
        if not spans:
            raise SpecError(
                f"Nothing to keep lies within the {seconds:.1f} s of {spec.init_audio} that the take begins with."
            )
        cut = samples[:, :frames]
        whole = np.pad(cut, ((0, 0), (0, frames - cut.shape[1])))
        return cls(spans, np.concatenate(list(limited([whole], SAMPLE_RATE)), axis=1))

    def parts(self, samples: Samples) -> Samples:
        """The kept spans of a recording [2, N], one after the other."""
        places = [
            (round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)) for start, end in self.spans
        ]
        return np.concatenate([samples[:, start:stop] for start, stop in places], axis=1)

    def weights(self, positions: Weights, edge: float) -> Weights:
        """The recording's weight at each position, in [0, 1], with ramps of length `edge` inside each span.

        A span that begins or ends with the take has no ramp there.

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

    def mask(self, ratio: int, frames: int) -> Tensor:
        """The inpainting mask [T = frames] as models were trained on: 1 where a latent frame's first sample is kept.

        Args:
            ratio: audio frames per latent frame.
            frames: T.
        """
        first = np.arange(frames) * ratio
        inside = np.zeros(frames, dtype=bool)
        for start, end in self.spans:
            stop = min(int(end * SAMPLE_RATE), self.samples.shape[1])
            inside |= (first >= int(start * SAMPLE_RATE)) & (first < stop)
        return torch.from_numpy(inside).float()

    def latent_weights(self, latent_rate: float, frames: int) -> Tensor:
        """The weights at the centres of T = frames latent frames, [T] float32."""
        middles = (np.arange(frames) + 0.5) / latent_rate
        return torch.from_numpy(self.weights(middles, LATENT_EDGE)).float()


def kept(denoiser: Denoiser, known: Tensor, weights: Tensor) -> Denoiser:
    """Replaces known latents in every estimate of a denoiser.

    Where the estimate never changes, every solver keeps x at that estimate plus noise of the current level, which is
    just what replacing x with noised known latents would do.

    Args:
        denoiser: the denoiser.
        known: [B, D, T], the recording's latents.
        weights: [T] or [B, 1, T], 1 where the latents are known.
    """
    weights = weights.to(known)

    def keeping(x: Tensor, t: Tensor) -> Tensor:
        denoised = denoiser(x, t)
        return denoised + weights * (known - denoised)

    return keeping


def pasted(blocks: Iterable[Samples], kept: Kept) -> Iterator[Samples]:
    """Crossfades generated blocks [2, N] with the recording, which replaces them where its weight is 1.

    The fade is linear, because both sides are correlated: the model's reconstruction and the original.
    """
    start = 0
    for block in blocks:
        stop = start + block.shape[1]
        share = kept.weights(np.arange(start, stop) / SAMPLE_RATE, SOUND_EDGE)
        yield (block * (1 - share) + kept.samples[:, start:stop] * share).astype(np.float32)
        start = stop


def looped(blocks: Iterable[Samples], surplus: Samples) -> Iterator[Samples]:
    """Closes a loop: fades the take's continuation out over its beginning, so that the music continues across the seam.

    Args:
        blocks: the take [C, N], in order.
        surplus: [C, M], what was generated after its end. The crossfade has equal power, as the two are uncorrelated.
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
