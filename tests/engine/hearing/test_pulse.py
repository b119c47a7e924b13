"""Laws of tempo: that of a regular beat, whatever its tempo, however a player strays."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.pulse import USUAL, tempo


def rock(bpm: float, bars: int) -> tuple[np.ndarray, np.ndarray]:
    """Kick on 1 and 3, snare on 2 and 4, hats on eighths."""
    beats = [
        (4 * bar + at, kind)
        for bar in range(bars)
        for kind, places in ((36, (0, 2)), (38, (1, 3)), (42, np.arange(0.5, 4)))
        for at in places
    ]
    times, kinds = np.array(sorted(beats)).T
    return times * 60 / bpm, kinds.astype(int)


@pytest.mark.parametrize("bpm", [72, 90.5, 100, 120, 133.3])
def test_a_regular_beat_has_its_tempo(bpm: float) -> None:
    times, kinds = rock(bpm, 6)
    assert tempo(times + 1.7, kinds) == pytest.approx(bpm, rel=0.005)


def test_people_may_stray() -> None:
    times, kinds = rock(104, 8)
    strayed = times + np.random.default_rng(1).normal(0, 0.008, len(times))
    order = np.argsort(strayed)
    assert tempo(strayed[order], kinds[order]) == pytest.approx(104, rel=0.01)


def test_too_few_onsets_have_the_usual_tempo() -> None:
    assert tempo(np.array([1.0, 2.0]), np.array([36, 36])) == USUAL
    assert tempo(np.zeros(0), np.zeros(0, int)) == USUAL
