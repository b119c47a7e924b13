"""The last stage of a take: a streaming true-peak limiter with look-ahead, so that nothing ever clips.

What stays below the threshold passes bit for bit; above it the gain falls smoothly before the peak, in both channels
alike, and comes back in a straight line after it. The sound is worked on in blocks on a grid of its own, so the result
does not depend, to the last bit, on how it was handed in. Knows nothing of models or files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Curve = NDArray[np.float64]

CEILING = 10 ** (-1 / 20)
"""-1 dBFS: no true peak of the output lies above it."""
THRESHOLD = 10 ** (-1.1 / 20)
"""Where the gain begins to fall: 0.1 dB lower, since meters differ in their filters and a moving gain bends peaks."""
LOOK_AHEAD = 0.005
"""How long before a peak the gain begins to fall, s."""
RELEASE = 0.5
"""How long the gain would take from nothing back to 1, s; a reduction by 1 dB is gone after a tenth of that."""
OVERSAMPLING = 4
# Half the length of the interpolating filter, in samples, the middle of its edge as a part of the sample rate, and its
# Kaiser window's beta: within 0.04 (summed over all samples) of the filter that `metering.py` measures with.
REACH, EDGE, BETA = 64, 0.478, 6.0
BLOCK = 8192 - 2 * REACH


class Limiter:
    """Takes a stream [C, N] in pieces of any size and gives it back, a little later, below the ceiling."""

    def __init__(self, sample_rate: int, channels: int = 2) -> None:
        """Begins after silence; `sample_rate` in Hz."""
        self.memory = round((RELEASE + LOOK_AHEAD) * sample_rate) + REACH
        """Samples of the past that the gain can depend on."""
        self._ahead = round(LOOK_AHEAD * sample_rate)
        self._fall = np.hanning(self._ahead + 3)[1:-1]
        self._fall /= self._fall.sum()
        self._slope = 1 / (RELEASE * sample_rate)
        # Input from REACH samples before the next block on.
        self._input: Samples = np.zeros((channels, REACH), np.float32)
        self._held: Samples = np.zeros((channels, 0), np.float32)
        self._cuts: list[int] = []
        self._before: Curve = np.zeros(BLOCK)
        self._reduction: Curve = np.zeros(BLOCK)

    def process(self, samples: Samples) -> Samples:
        """Takes the next samples [C, N], finite; gives back those [C, M] whose gain is settled."""
        self._input = np.concatenate([self._input, samples], axis=1)
        ready: list[Samples] = []
        while self._input.shape[1] >= BLOCK + 2 * REACH:
            ready.append(self._advanced())
        return np.concatenate([self._held[:, :0], *ready], axis=1)

    def cut(self) -> None:
        """Says that what came so far may also be heard without what follows, and the other way round.

        An abrupt edge rings between the samples; that too stays below the ceiling.
        """
        self._cuts.append(self._input.shape[1])

    def finish(self, after: Samples | None = None) -> Samples:
        """Gives back all that is left, [C, M]; the gain looks ahead into `after` [C, any], silence if None."""
        left = self._held.shape[1] + self._input.shape[1] - REACH
        if after is not None:
            self.cut()
        following = self._held[:, :0] if after is None else after[:, : 2 * BLOCK]
        silence = np.zeros((len(following), 3 * BLOCK - following.shape[1]), np.float32)
        return self.process(np.concatenate([following, silence], axis=1))[:, :left]

    def _advanced(self) -> Samples:
        """Measures the next block and finishes the one before it, whose future is now known."""
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
        """The reduction with straight release lines behind its peaks, also behind those of the blocks before."""
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
        blocks: the sound, finite.
        sample_rate: Hz.
        before: what sounded just before the stream, [C, any]: its gain is still being released.
        after: what will sound just after it, [C, any]. A loop gives its own end and beginning here, and is still
            below the ceiling when it is played but once.

    Yields:
        [C, M]: together as long as all blocks together.
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
    """By how much each sample's gain must fall, [N] in [0, 1), for the peaks at it and up to the next one.

    Args:
        window: [C, N + 2 REACH], the samples with their surroundings.
    """
    inside = window[:, REACH:-REACH]
    highest = np.abs(inside).max(axis=0)
    # No interpolated value can exceed the loudest sample around by more than the filter's absolute sum.
    if np.abs(window).max() * _LARGEST_GAIN > THRESHOLD:
        spectrum = np.fft.rfft(window)
        for response in _RESPONSES:
            between = np.fft.irfft(spectrum * response, window.shape[1])
            highest = np.maximum(highest, np.abs(between[:, REACH:-REACH]).max(axis=0))
    return 1 - THRESHOLD / np.maximum(highest.astype(np.float64), THRESHOLD)


def _forward_max(curve: Curve, width: int) -> Curve:
    """The largest of each value and the width - 1 values after it, by windows of doubling width."""
    span = 1
    while span < width:
        move = min(span, width - span)
        curve = np.maximum(curve[:-move], curve[move:])
        span += move
    return curve


def _interpolators() -> NDArray[np.float64]:
    """Kaiser-windowed sincs, [4, 2 REACH], that give the values 0, 1/4, 1/2 and 3/4 past a sample."""
    offsets = np.arange(-REACH + 1, REACH + 1) - np.arange(OVERSAMPLING)[:, None] / OVERSAMPLING
    window = np.i0(BETA * np.sqrt(np.maximum(1 - (offsets / REACH) ** 2, 0))) / np.i0(BETA)
    return 2 * EDGE * np.sinc(2 * EDGE * offsets) * window


def _responses(filters: NDArray[np.float64]) -> list[NDArray[np.complex64]]:
    """The filters' spectra, reversed and turned so that circular convolution leaves each value at its sample."""
    size = BLOCK + 2 * REACH
    kernels = np.zeros((len(filters), size))
    kernels[:, (-np.arange(-REACH + 1, REACH + 1)) % size] = filters
    return list(np.fft.rfft(kernels).astype(np.complex64))


_LARGEST_GAIN = float(np.abs(_interpolators()).sum(axis=1).max())
_RESPONSES = _responses(_interpolators())
