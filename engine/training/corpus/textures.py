"""Background textures: CC0 recordings of drones and noises, slowed down and overlapped. Knows nothing of styles."""

from __future__ import annotations

import numpy as np

from engine.training.corpus.drum_kits import recorded
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal, highpass

_OVERLAP_SECONDS = 1.0


def texture(name: str, samples: int, rng: np.random.Generator) -> Signal:
    """The texture over `samples`: [2, N] float32 with an RMS of 1; silence if it is not installed."""
    source = recorded(name)
    if source is None:
        return np.zeros((2, samples), np.float32)
    speed = float(rng.uniform(0.4, 0.9))
    place = np.arange(0, source.shape[1] - 1, speed)
    grid = np.arange(source.shape[1])
    grain = np.stack([np.interp(place, grid, side) for side in source]).astype(np.float32)
    overlap = min(int(_OVERLAP_SECONDS * SAMPLE_RATE), grain.shape[1] // 3)
    # Overlapping grains are uncorrelated, so the crossfade has equal power.
    rise = np.sin(np.linspace(0, np.pi / 2, overlap, dtype=np.float32))
    grain[:, :overlap] *= rise
    grain[:, -overlap:] *= rise[::-1]
    bed = np.zeros((2, samples), np.float32)
    for start in range(0, samples, grain.shape[1] - overlap):
        stop = min(samples, start + grain.shape[1])
        bed[:, start:stop] += grain[:, : stop - start]
    bed = highpass(bed, 60)
    return bed / np.float32(np.sqrt((bed**2).mean()) + 1e-9)
