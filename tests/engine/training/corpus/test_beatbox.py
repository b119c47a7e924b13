"""Laws of the vocal stand-ins: pure, and their onsets are where they say."""

from __future__ import annotations

from collections.abc import Callable

import librosa
import numpy as np
import pytest

from engine.errors import LongtakeError
from engine.training.corpus.beatbox import Onset, beatbox, hand_claps
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal
from engine.training.corpus.syllables import syllable

Performer = Callable[[int, float, int], tuple[Signal, list[Onset]]]
SPEAKING = pytest.mark.real_parts("espeak-ng")


def spoken(seed: int, tempo: float, bars: int) -> tuple[Signal, list[Onset]]:
    return beatbox(seed, tempo, bars, voice="spoken")


ALL = pytest.mark.parametrize(
    "perform", [beatbox, hand_claps, pytest.param(spoken, marks=SPEAKING)]
)


@ALL
def test_a_seed_is_a_take(perform: Performer) -> None:
    first, onsets = perform(4, 96, 2)
    again, same = perform(4, 96, 2)
    assert first.tobytes() == again.tobytes()
    assert onsets == same
    assert perform(5, 96, 2)[0].tobytes() != first.tobytes()


@ALL
def test_takes_have_their_length_and_are_loud_but_safe(perform: Performer) -> None:
    audio, onsets = perform(1, 120, 2)
    assert audio.shape == (2, round(8 * 0.5 * SAMPLE_RATE))
    assert 0.6 < np.abs(audio).max() < 0.75
    assert all(0 <= when < 4 for when, _ in onsets)
    assert onsets == sorted(onsets)


@ALL
@pytest.mark.parametrize("seed", [0, 1])
def test_onsets_are_heard(perform: Performer, seed: int) -> None:
    audio, onsets = perform(seed, 100, 4)
    heard = librosa.onset.onset_detect(y=audio[0], sr=SAMPLE_RATE, units="time")
    times = sorted({round(when, 2) for when, _ in onsets})
    assert np.mean([np.abs(heard - when).min() < 0.05 for when in times]) > 0.85


@SPEAKING
def test_spoken_hats_are_brighter_than_spoken_kicks() -> None:
    def brightness(sound: str) -> float:
        spectrum = np.abs(np.fft.rfft(syllable(sound, 3)))
        return float(np.average(np.linspace(0, SAMPLE_RATE / 2, len(spectrum)), weights=spectrum))

    assert brightness("hat") > 1.5 * brightness("snare") > 0
    assert brightness("hat") > 2 * brightness("kick")


def test_without_espeak_the_other_voice_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LongtakeError, match="formants"):
        beatbox(77, 90.0, 1, voice="spoken")
