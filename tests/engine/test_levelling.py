from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.creative import Kept
from engine.levelling import LISTENED, MOST_LOST, MOST_MISSING, Levelling
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.levels import MASTERED, Levels
from engine.sound.metering import loudness
from tests.engine.song_model import RATIO, FoldingAutoencoder

CPU = torch.device("cpu")


class Damping(FoldingAutoencoder):
    """Gives back so many dB less than it was given."""

    def __init__(self, decibels: float) -> None:
        super().__init__()
        self.gain = 10 ** (-decibels / 20)

    def decode(self, latents: Tensor) -> Tensor:
        return self.gain * super().decode(latents)


def sound(seconds: float = 20.0, loud: float = 0.05) -> Samples:
    """Noise, the loudest from 12.3 s on."""
    rng = np.random.default_rng(5)
    samples = loud * rng.standard_normal((2, round(seconds * SAMPLE_RATE)))
    samples[:, round(12.3 * SAMPLE_RATE) :] *= 4
    return samples.astype(np.float32)


def levelling(samples: Samples, autoencoder: FoldingAutoencoder) -> Levelling:
    levels = Levels.of(samples, 0.0)
    assert levels is not None
    return Levelling.of(autoencoder, CPU, samples, levels)


def latents_of(samples: Samples) -> Tensor:
    padded = np.pad(samples, ((0, 0), (0, -samples.shape[1] % RATIO)))
    return FoldingAutoencoder().encode(torch.from_numpy(padded)[None])


@pytest.mark.parametrize("lost", [0.0, 3.0, 20.0])
def test_what_an_autoencoder_loses_is_put_in_before(lost: float) -> None:
    samples, autoencoder = sound(), Damping(lost)
    found = levelling(samples, autoencoder)
    levelled = found.levels.levelled(samples)
    again = autoencoder.decode(latents_of(levelled))[0].numpy()
    assert loudness(again, SAMPLE_RATE) == pytest.approx(MASTERED, abs=0.2)
    levels = found.of_take(autoencoder, latents_of(levelled), None)
    np.testing.assert_allclose(levels.returned(again)[:, : samples.shape[1]], samples, atol=1e-4)


def test_the_loudest_part_is_found() -> None:
    found = levelling(sound(), FoldingAutoencoder())
    assert found.start * RATIO / SAMPLE_RATE == pytest.approx(12.3, abs=1.5)
    assert found.loudest.shape[1] / SAMPLE_RATE == pytest.approx(LISTENED, abs=0.05)
    short = levelling(sound(2.0), FoldingAutoencoder())
    assert short.start == 0 and short.loudest.shape == (2, 2 * SAMPLE_RATE)


@pytest.mark.parametrize("missing", [-5.0, 0.0, 5.0])
def test_a_take_that_came_out_quieter_is_made_up_for(missing: float) -> None:
    samples, autoencoder = sound(), FoldingAutoencoder()
    found = levelling(samples, autoencoder)
    take = found.levels.levelled(samples) * np.float32(10 ** (-missing / 20))
    levels = found.of_take(autoencoder, latents_of(take), None)
    returned = levels.returned(take)
    assert loudness(returned, SAMPLE_RATE) == pytest.approx(loudness(samples, SAMPLE_RATE), abs=0.1)
    kept = Kept(((0.0, 1.0),), samples)
    assert found.of_take(autoencoder, latents_of(take), kept) is found.levels


def test_there_is_a_most_that_is_made_up_for() -> None:
    samples = sound()
    plain, lossy = levelling(samples, FoldingAutoencoder()), levelling(samples, Damping(60.0))
    stronger = 20 * np.log10(lossy.levels.gain / plain.levels.gain)
    assert stronger == pytest.approx(MOST_LOST, abs=0.01)
    silent = plain.of_take(FoldingAutoencoder(), latents_of(np.zeros_like(samples)), None)
    louder = 20 * np.log10(silent.back / plain.levels.back)
    np.testing.assert_allclose(louder, MOST_MISSING, atol=0.01)
