"""Pieces of made-up latents for the training tests."""

from __future__ import annotations

import numpy as np

from engine.training.material.latents import EightBits, Encoded, LatentItem

CHANNELS = 64
LATENT_RATE = 44_100 / 2048
SILENCE = np.linspace(-3, 3, CHANNELS, dtype=np.float32)


def piece_of(seconds: float, seed: int = 0) -> Encoded:
    """A piece as an encoder gives it."""
    frames = -(-round(44_100 * seconds) // 2048)
    rng = np.random.default_rng(seed)
    facts = {
        "genres": ["House"],
        "instruments": ["Bass"],
        "tempo": 120.0,
        "beats_per_bar": 4.0,
        "seconds": seconds,
    }
    mean = rng.normal(size=(CHANNELS, frames)).astype(np.float32)
    return Encoded(mean, np.full_like(mean, 0.1), facts)


def pieces_of(*seconds: float) -> list[LatentItem]:
    """Pieces as they are read."""
    made = [piece_of(length, seed) for seed, length in enumerate(seconds)]
    return [
        LatentItem(EightBits.of(one.mean), np.square(one.std).mean(axis=1), one.facts)
        for one in made
    ]
