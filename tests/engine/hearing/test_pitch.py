"""Laws of pitch: closed forms of tones, whatever their harmonics, and none where nothing repeats."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.frames import RATE
from engine.hearing.pitch import HOP, Contour, contour
from tests.engine.hearing.sounds import clock, noise, tone


def cents(heard: Contour, hertz: np.ndarray) -> np.ndarray:
    """How far each pitch is from the true one of its moment, without the half second at either end."""
    places = np.arange(len(heard.pitch)) * HOP
    inside = (places > RATE / 2) & (places < len(hertz) - RATE / 2)
    assert not np.isnan(heard.pitch[inside]).any()
    true = 69 + 12 * np.log2(hertz[places[inside]] / 440)
    return 100 * np.abs(heard.pitch[inside] - true)


@pytest.mark.parametrize("hertz", [55.0, 98.0, 220.0, 443.0, 1000.0, 2093.0, 2900.0])
def test_a_sine_has_its_pitch(hertz: float) -> None:
    assert cents(contour(tone(hertz, 1.5)), np.full(round(1.5 * RATE), hertz)).max() < 10


@pytest.mark.parametrize("harmonics", [(1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 6, 7), (1, 3, 5)])
def test_harmonics_have_the_pitch_of_their_fundamental_even_if_it_is_missing(
    harmonics: tuple[int, ...],
) -> None:
    heard = contour(tone(150, 1.5, harmonics))
    assert cents(heard, np.full(round(1.5 * RATE), 150.0)).max() < 10


def test_glides_and_vibrato_are_followed() -> None:
    glide = 150 * 2 ** (clock(3.0) / 2)
    assert cents(contour(tone(glide, 3.0, (1, 2, 3))), glide).max() < 30
    vibrato = 300 * 2 ** (0.4 / 12 * np.sin(2 * np.pi * 5 * clock(2.0)))
    assert cents(contour(tone(vibrato, 2.0, (1, 2, 3))), vibrato).max() < 30


def test_a_leap_is_followed_at_once() -> None:
    hertz = np.where(clock(2.0) < 1, 200.0, 620.0)
    heard = contour(tone(hertz, 2.0, (1, 2)))
    places = np.arange(len(heard.pitch)) * HOP / RATE
    away = np.abs(places - 1) > 0.04
    expected = 69 + 12 * np.log2(np.where(places < 1, 200, 620) / 440)
    inside = away & (places > 0.1) & (places < 1.9)
    assert np.abs(heard.pitch - expected)[inside].max() < 0.3


def test_a_tone_in_noise_keeps_its_pitch_and_says_how_noisy_it_is() -> None:
    clear, noisy = (contour(tone(330, 1.5) + noise(1.5, level)) for level in (1e-4, 0.05))
    assert cents(noisy, np.full(round(1.5 * RATE), 330.0)).max() < 30
    assert np.median(clear.noise) < 0.001 < np.median(noisy.noise) < 0.1


@pytest.mark.parametrize(
    "samples",
    [
        noise(2.0),
        np.zeros((1, RATE), np.float32),
        np.full((2, RATE), 0.7, np.float32),
        np.zeros((1, 0), np.float32),
        np.ones((1, 1), np.float32),
        1e-6 * tone(220, 1.0),
    ],
    ids=["noise", "silence", "constant", "empty", "one sample", "inaudible"],
)
def test_what_does_not_repeat_has_no_pitch(samples: np.ndarray) -> None:
    heard = contour(samples)
    assert np.isnan(heard.pitch).mean() > 0.97
    assert np.isfinite(heard.level).all() and np.isfinite(heard.noise).all()
