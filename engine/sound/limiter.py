"""The last stage of a take: a streaming true-peak limiter with look-ahead, so that nothing ever clips.

Audio below the threshold passes bit for bit; above it, the gain falls smoothly before the peak, equally in both
channels, and recovers in a straight line. Processing uses a fixed grid of blocks, so that the result does not depend on
the sizes of the input blocks, to the last bit. Knows nothing of models or files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Curve = NDArray[np.float64]

CEILING = 10 ** (-1 / 20)
"""-1 dBFS: no true peak of the output exceeds it."""
THRESHOLD = 10 ** (-1.1 / 20)
"""Where limiting starts: 0.1 dB lower, as meters differ in their filters and a changing gain distorts peaks."""
LOOK_AHEAD = 0.005
"""How long before a peak the gain starts to fall, s."""
RELEASE = 0.5
"""How long the gain takes to recover from 0 to 1, s; a reduction of 1 dB recovers in a tenth of that."""
OVERSAMPLING = 4
# The interpolation filter: half its length in samples, its cutoff as a fraction of the sample rate, and the beta of its
# Kaiser window. Its coefficients are within 0.04 (in total) of the filter that `metering.py` uses.
REACH, EDGE, BETA = 64, 0.478, 6.0
BLOCK = 8192 - 2 * REACH


class Limiter:
    """Limits a stream [C, N] in blocks of any size, with some delay."""

    def __init__(self, sample_rate: int, channels: int = 2) -> None:
        """Starts from silence; `sample_rate` in Hz."""
        self.memory = round((RELEASE + LOOK_AHEAD) * sample_rate) + REACH
        """Number of past samples that the gain can depend on."""
        self._ahead = round(LOOK_AHEAD * sample_rate)
        self._fall = np.hanning(self._ahead + 3)[1:-1]
        self._fall /= self._fall.sum()
        self._slope = 1 / (RELEASE * sample_rate)
        # Input, starting REACH samples before the next block.
        self._input: Samples = np.zeros((channels, REACH), np.float32)
        self._held: Samples = np.zeros((channels, 0), np.float32)
        self._cuts: list[int] = []
        self._before: Curve = np.zeros(BLOCK)
        self._reduction: Curve = np.zeros(BLOCK)

    def process(self, samples: Samples) -> Samples:
        """Takes the next samples [C, N], finite; returns the samples [C, M] whose gain is known by now."""
        self._input = np.concatenate([self._input, samples], axis=1)
        ready: list[Samples] = []
        while self._input.shape[1] >= BLOCK + 2 * REACH:
            ready.append(self._advanced())
        return np.concatenate([self._held[:, :0], *ready], axis=1)

    def cut(self) -> None:
        """Marks a point at which playback may start or stop abruptly.

        An abrupt edge rings between samples; true peaks of that ringing are limited too.
        """
        self._cuts.append(self._input.shape[1])

    def finish(self, after: Samples | None = None) -> Samples:
        """Returns all remaining samples [C, M]; the gain looks ahead into `after` [C, any], or silence if None."""
        left = self._held.shape[1] + self._input.shape[1] - REACH
        if after is not None:
            self.cut()
        following = self._held[:, :0] if after is None else after[:, : 2 * BLOCK]
        silence = np.zeros((len(following), 3 * BLOCK - following.shape[1]), np.float32)
        return self.process(np.concatenate([following, silence], axis=1))[:, :left]

    def _advanced(self) -> Samples:
        """Measures the next block and finishes the previous one, whose look-ahead is now known."""
        window, self._input = self._input[:, : BLOCK + 2 * REACH], self._input[:, BLOCK:]
        reduction = _reduction(window)
        for cut in self._cuts:
            if cut >= window.shape[1]:
                continue
            for part in (np.s_[:cut], np.s_[cut:]):
                alone = np.zeros_like(window)
                alone[:, part] = window[:, part]
                reduction = np.maximum(reduction, _reduction(alone))
        self._cuts = [cut - BLOCK for cut in self._cuts if cut > BLOCK]
        following = self._released(reduction)
        done = self._held
        around = np.concatenate(
            [self._before[-self._ahead :], self._reduction, following[: self._ahead]]
        )
        if done.size and around.any():
            curve = np.convolve(_forward_max(around, self._ahead + 1), self._fall, mode="valid")
            done = (done * (1 - curve)).astype(np.float32)
        self._before, self._reduction = self._reduction, following
        self._held = window[:, REACH:-REACH]
        return done

    def _released(self, reduction: Curve) -> Curve:
        """Adds the linear release to the reduction, also after peaks in earlier blocks."""
        line = self._slope * np.arange(1, BLOCK + 1)
        before = self._reduction[-1]
        if before == 0 and not reduction.any():
            return reduction
        return np.maximum(np.maximum.accumulate(np.maximum(reduction + line, before)) - line, 0)


def limited(
    blocks: Iterable[Samples],
    sample_rate: int,
    before: Samples | None = None,
    after: Samples | None = None,
) -> Iterator[Samples]:
    """Limits a stream of blocks [C, N].

    Args:
        blocks: the audio, finite.
        sample_rate: Hz.
        before: audio just before the stream, [C, any], whose gain reduction may still be recovering.
        after: audio just after it, [C, any]. For a loop, these are its own end and beginning; played just once, it
            stays below the ceiling as well.

    Yields:
        [C, M]: as many samples in total as all blocks.
    """
    limiter: Limiter | None = None
    skip = 0
    for block in blocks:
        if limiter is None:
            limiter = Limiter(sample_rate, len(block))
            if before is not None:
                skip = before.shape[1] - limiter.process(before).shape[1]
                limiter.cut()
        done = limiter.process(block)
        skip, done = max(skip - done.shape[1], 0), done[:, skip:]
        if done.size:
            yield done
    if limiter is not None:
        yield limiter.finish(after)[:, skip:]


def _reduction(window: Samples) -> Curve:
    """The gain reduction, [N] in [0, 1), that each sample needs for the true peak up to the next sample.

    Args:
        window: [C, N + 2 REACH], the samples with their context.
    """
    inside = window[:, REACH:-REACH]
    highest = np.abs(inside).max(axis=0)
    # No interpolated value exceeds the largest sample by more than the sum of the filter's absolute coefficients.
    if np.abs(window).max() * _LARGEST_GAIN > THRESHOLD:
        spectrum = np.fft.rfft(window)
        for response in _RESPONSES:
            between = np.fft.irfft(spectrum * response, window.shape[1])
            highest = np.maximum(highest, np.abs(between[:, REACH:-REACH]).max(axis=0))
    return 1 - THRESHOLD / np.maximum(highest.astype(np.float64), THRESHOLD)


def _forward_max(curve: Curve, width: int) -> Curve:
    """The maximum of each value and the width - 1 values after it, by doubling the window."""
    span = 1
    while span < width:
        move = min(span, width - span)
        curve = np.maximum(curve[:-move], curve[move:])
        span += move
    return curve


def _interpolators() -> NDArray[np.float64]:
    """Kaiser-windowed sincs, [4, 2 REACH], that interpolate at 0, 1/4, 1/2 and 3/4 after a sample."""
    offsets = np.arange(-REACH + 1, REACH + 1) - np.arange(OVERSAMPLING)[:, None] / OVERSAMPLING
    window = np.i0(BETA * np.sqrt(np.maximum(1 - (offsets / REACH) ** 2, 0))) / np.i0(BETA)
    return 2 * EDGE * np.sinc(2 * EDGE * offsets) * window


def _responses(filters: NDArray[np.float64]) -> list[NDArray[np.complex64]]:
    """The filters' spectra, reversed and shifted so that circular convolution causes no delay."""
    size = BLOCK + 2 * REACH
    kernels = np.zeros((len(filters), size))
    kernels[:, (-np.arange(-REACH + 1, REACH + 1)) % size] = filters
    return list(np.fft.rfft(kernels).astype(np.complex64))


_LARGEST_GAIN = float(np.abs(_interpolators()).sum(axis=1).max())
_RESPONSES = _responses(_interpolators())
