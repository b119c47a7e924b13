"""Phases from magnitudes alone: phase gradient heap integration in its real-time form, without a heap.

The logarithm of a spectrogram's magnitudes tells how its phase turns: its slope over frequency from frame to frame,
its slope over time from bin to bin (Průša, Balazs and Søndergaard 2017). Errors add up along the way, so each bin is
reached over the loudest ground: from its own bin in the frame before, or from a neighbour (Průša and Søndergaard 2016).
In one frame that ground is a line, so the way to every bin is known from magnitudes alone, for all frames at once, and
only the sums follow one another. Knows nothing of networks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]

HANN = 0.25645
"""The Gaussian closest to a Hann window of length L has gamma = HANN * L^2 (Průša et al., table 1)."""
POWER = 0.23
"""Magnitudes of a Hann window to this power are nearest to a parabola, which finds a tone to 0.0003 bins."""
VALLEY = 0.1
"""The least curvature of a valley between two partials, in nepers; noise has shallower ones."""
GOLDEN = 0.6180339887498949


def integrated(log_magnitude: Grid, length: int, hop: int, before: Grid | None = None) -> Grid:
    """Phases of F frames.

    Args:
        log_magnitude: [C, F + 2, bins], natural logarithms: the frames, and one more on either side.
        length: of the Hann window, in samples.
        hop: samples from frame to frame.
        before: [C, bins], the phases of the frame before; None where the sound begins.

    Returns:
        [C, F, bins] in radians, in [0, 2 pi): the same for any division of the frames into calls.
    """
    now = log_magnitude[:, 1:-1]
    earlier = log_magnitude[:, :-2].copy()
    if before is None:
        # Without a past, one bin begins, the loudest; the others are reached from it, as in a click.
        earlier[:, 0] = now[:, 0] - 1e6
    root = _roots(earlier, now)
    advance = _advance(log_magnitude, length, hop)
    along = np.cumsum(_rise(log_magnitude, length, hop), axis=-1)
    along -= np.take_along_axis(along, root, axis=-1)
    phase = np.zeros_like(now[:, 0]) if before is None else before
    phases = np.empty_like(along)
    channel = np.arange(len(now))[:, None]
    for frame in range(now.shape[1]):
        phase = (phase + advance[:, frame])[channel, root[:, frame]] + along[:, frame]
        phases[:, frame] = phase
    return phases % (2 * np.pi)


def _advance(log_magnitude: Grid, length: int, hop: int) -> Grid:
    """How far each bin's phase turns from the frame before, [C, F, bins].

    A peak turns with the frequency of a parabola through it and its neighbours, raised to `POWER`: its magnitudes may
    be smoother than a window's, as a network's are, and the place of their maximum is the same.
    """
    below, _, above = _around(log_magnitude)
    offset = (above - below) / (4 * np.pi * HANN)
    left, top, right = _around(np.exp(POWER * log_magnitude))
    curvature = 2 * top - left - right
    peak = (top >= left) & (top >= right) & (curvature > 0)
    np.divide(right - left, 2 * curvature, out=offset, where=peak)
    turns = np.arange(log_magnitude.shape[-1]) * hop % length / length
    turn = np.broadcast_to(turns, log_magnitude.shape).copy()
    turn[..., 1:-1] += offset * hop / length
    return np.pi * (turn[:, :-2] + turn[:, 1:-1])


def _rise(log_magnitude: Grid, length: int, hop: int) -> Grid:
    """How far the phase turns from the bin below, [C, F, bins].

    Half a turn is added, since a frame's phase counts from its beginning and its sound lies in its middle. In the
    valleys between partials an angle of each bin's own is added too: partials that begin together would all peak at
    the same moment, which those of an instrument do not.
    """
    now = log_magnitude[:, 1:-1]
    delay = (log_magnitude[:, 2:] - log_magnitude[:, :-2]) / 2 * (-HANN * length / hop)
    rise = np.zeros_like(delay)
    rise[..., 1:] = (delay[..., 1:] + delay[..., :-1]) / 2 + np.pi
    below, here, above = _around(now)
    valley = (here < below) & (here <= above) & (below + above - 2 * here > VALLEY)
    angles = 2 * np.pi * (GOLDEN * np.arange(now.shape[-1]) ** 2 % 1)
    rise[..., 1:-1] += valley * angles[1:-1]
    return rise


def _roots(earlier: Grid, now: Grid) -> NDArray[np.intp]:
    """The bin of the frame before from which each bin is reached over the loudest ground, [C, F, bins].

    A way is as loud as its quietest bin: the one in the frame before, or one in this frame on the way to its end. Of
    two that are equally loud, as after silence, the one through this frame is taken: a beginning holds together.
    """
    shape, bins = now.shape, now.shape[-1]
    start, ground = (x.reshape(-1, bins).T for x in (earlier, now))
    # Upwards and, in the second half, downwards at once.
    level = np.concatenate((start, start[::-1]), axis=1)
    ground = np.concatenate((ground, ground[::-1]), axis=1)
    root = np.repeat(np.arange(bins)[:, None], level.shape[1], axis=1)
    for bin in range(1, bins):
        through = np.minimum(level[bin - 1], ground[bin - 1])
        nearer = through >= level[bin]
        np.copyto(level[bin], through, where=nearer)
        np.copyto(root[bin], root[bin - 1], where=nearer)
    frames = level.shape[1] // 2
    upwards = level[:, :frames] >= level[::-1, frames:]
    return np.where(upwards, root[:, :frames], bins - 1 - root[::-1, frames:]).T.reshape(shape)


def _around(values: Grid) -> tuple[Grid, Grid, Grid]:
    """The values of the bins below, at and above every bin but the first and the last."""
    return values[..., :-2], values[..., 1:-1], values[..., 2:]
