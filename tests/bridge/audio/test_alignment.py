"""Clicks that come back: found to the frame through noise, hum and a phase that is turned; anything else is refused."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.alignment import BARS, LATEST, TEMPO, came_back
from bridge.audio.metronome import clicks
from bridge.errors import BridgeError

RATE = 48_000
SPAN = round((4 * BARS * 60 / TEMPO + LATEST + 0.05) * RATE)


def room(lag: int, gain: float) -> np.ndarray:
    """What a quiet room gives back: clicks on its left side, hum and noise on both."""
    rng = np.random.default_rng(0)
    heard = rng.normal(0.0, 0.004, (SPAN, 2)).astype(np.float32)
    heard += (0.01 * np.sin(2 * np.pi * 50 * np.arange(SPAN) / RATE))[:, None].astype(np.float32)
    track = clicks(RATE, TEMPO, (4, 4), BARS)
    count = min(len(track), SPAN - lag)
    heard[lag : lag + count, 0] += gain * track[:count, 0]
    return heard


@pytest.mark.parametrize("lag", [0, 1, 2400, 12_345, 23_000])
@pytest.mark.parametrize("gain", [1.0, -0.3])
def test_the_way_of_clicks_is_found_to_the_frame(lag: int, gain: float) -> None:
    assert came_back(room(lag, gain), RATE) * RATE == pytest.approx(lag, abs=1)


@pytest.mark.parametrize("gain", [0.0, 0.005])
def test_a_room_without_clicks_is_refused(gain: float) -> None:
    with pytest.raises(BridgeError, match="did not come back"):
        came_back(room(2400, gain), RATE)


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_silence_and_hum_are_no_clicks(level: float) -> None:
    time = np.arange(SPAN) / RATE
    for frequency in (50.0, 60.0, 1174.66):
        hum = np.repeat(level * np.sin(2 * np.pi * frequency * time)[:, None], 2, 1)
        with pytest.raises(BridgeError, match="by a cable"):
            came_back(hum.astype(np.float32), RATE)
