"""Laws of grooves: pure, their onsets are heard where they say, and held-out ones sound different."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.onsets import onsets
from engine.training.corpus.grooves import NO_DRUMS, SOURCES, groove
from engine.training.corpus.mouths import hum, mouth, whistle

BUILT_IN = ("mouth", "beatbox", "claps", "machine", "synth", "voice")
"""What needs no sounds of other packages."""


@pytest.mark.parametrize("source", BUILT_IN)
def test_a_seed_is_a_groove(source: str) -> None:
    one, again = groove(3, source), groove(3, source)
    assert one.audio.tobytes() == again.audio.tobytes() and one.onsets == again.onsets
    assert one.audio.dtype == np.float32 and np.isfinite(one.audio).all()
    assert groove(4, source).audio.tobytes() != one.audio.tobytes()
    assert groove(3, source, held_out=True).audio.tobytes() != one.audio.tobytes()


@pytest.mark.parametrize("source", BUILT_IN)
def test_onsets_are_named_and_within_the_groove(source: str) -> None:
    made = groove(5, source)
    times = [when for when, _ in made.onsets]
    assert times == sorted(times) and times[0] >= 0 and times[-1] < len(made.audio) / 44_100
    silent = source in NO_DRUMS
    assert {not name for _, name in made.onsets} == {silent}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_strokes_of_a_mouth_are_where_they_say(seed: int) -> None:
    made = groove(seed, "mouth")
    found = onsets(made.audio[None])
    near = [np.abs(found - when).min() < 0.03 for when, _ in made.onsets]
    assert np.mean(near) > 0.8


def test_a_mouth_has_habits() -> None:
    rng = np.random.default_rng
    assert (mouth(1)("kick", rng(0)) == mouth(1)("kick", rng(0))).all()
    assert len(mouth(1)("kick", rng(0))) != len(mouth(2)("kick", rng(0)))
    assert np.abs(mouth(1)("open", rng(0))).max() == pytest.approx(1)
    assert len(mouth(1)("open", rng(0))) > len(mouth(1)("hat", rng(0)))


@pytest.mark.parametrize("voice", [hum, whistle])
def test_voices_follow_their_pitches(voice: type) -> None:
    sound = voice(np.full(44_100, 440.0), np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(44_100)))
    strongest = int(spectrum.argmax())
    assert min(strongest % 440, -strongest % 440) <= 6


def test_all_sources_have_names() -> None:
    assert set(BUILT_IN) | {"spoken", "samples", "font", "instrument"} == set(SOURCES)
