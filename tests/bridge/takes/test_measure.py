"""Laws of measuring: the tempo and key that sound are the ones reported, however the blocks are cut."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.takes.measure import Measured, Measuring

RATE = 44_100
C_MAJOR = ((60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67))
A_MINOR = ((57, 60, 64), (62, 65, 69), (64, 67, 71), (57, 60, 64))


def beats(tempo: float, seconds: float, seed: int = 0) -> np.ndarray:
    """Kick on each beat, a softer hat between, a little noise: [2, N]."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 0.003, round(seconds * RATE))
    kick = np.sin(2 * np.pi * np.cumsum(np.geomspace(160, 50, 6000)) / RATE)
    kick *= np.exp(-np.arange(6000) / 1500)
    hat = rng.normal(0, 0.3, 2000) * np.exp(-np.arange(2000) / 300)
    for index in range(int(seconds * tempo / 30.0)):
        start = round(index * 30.0 / tempo * RATE)
        hit = hat if index % 2 else kick
        part = sound[start : start + len(hit)]
        part += hit[: len(part)]
    return np.stack([sound, sound]).astype(np.float32)


def chords(progression: tuple[tuple[int, ...], ...], seconds: float) -> np.ndarray:
    times = np.arange(round(seconds / len(progression) * RATE)) / RATE
    parts = []
    for chord in progression:
        tones = [440.0 * 2 ** ((note - 69) / 12) for note in chord]
        parts.append(sum(np.sin(2 * np.pi * f * h * times) / h for f in tones for h in (1, 2, 3)))
    sound = np.concatenate(parts) * 0.1
    return np.stack([sound, sound]).astype(np.float32)


def measured(sound: np.ndarray, near: float | None = None, block: int = 50_000) -> Measured:
    measuring = Measuring(RATE)
    for start in range(0, sound.shape[1], block):
        measuring.add(sound[:, start : start + block])
    return measuring.result(near)


@pytest.mark.parametrize("tempo", [62.0, 87.5, 96.3, 110.0, 123.8, 128.0, 140.7, 174.0])
@pytest.mark.parametrize("seconds", [12.0, 40.0])
def test_tempo_is_what_sounds(tempo: float, seconds: float) -> None:
    found = measured(beats(tempo, seconds), near=tempo)
    assert found.tempo == pytest.approx(tempo, abs=0.15)


def test_it_does_not_say_what_was_asked() -> None:
    found = measured(beats(110.0, 20.0), near=124.0)
    assert found.tempo == pytest.approx(110.0, abs=0.15)


def test_the_octave_is_the_one_asked_for() -> None:
    sound = beats(120.0, 20.0)
    assert measured(sound, near=61.0).tempo == pytest.approx(60.0, abs=0.1)
    assert measured(sound, near=235.0).tempo == pytest.approx(240.0, abs=0.3)
    assert measured(sound).tempo in (60.0, 120.0, 240.0)


def test_how_blocks_are_cut_changes_nothing() -> None:
    sound = beats(98.0, 15.0) + chords(C_MAJOR, 15.0)
    assert measured(sound, block=7001) == measured(sound, block=15 * RATE)


@pytest.mark.parametrize("shift", [0, 3, 7, 10])
def test_key_is_what_sounds(shift: int) -> None:
    names = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    major = tuple(tuple(note + shift for note in chord) for chord in C_MAJOR)
    minor = tuple(tuple(note + shift for note in chord) for chord in A_MINOR)
    assert measured(chords(major, 16.0)).key == f"{names[shift]} major"
    assert measured(chords(minor, 16.0)).key == f"{names[(9 + shift) % 12]} minor"


def test_where_there_is_none_it_says_none() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.1, (2, 20 * RATE)).astype(np.float32)
    assert measured(noise) == Measured(None, "")
    assert measured(np.zeros((2, 10 * RATE), np.float32)) == Measured(None, "")
    assert measured(beats(120.0, 2.0)) == Measured(None, "")


def test_a_held_chord_has_no_pulse() -> None:
    assert measured(chords(C_MAJOR[:1], 10.0)).tempo is None


def test_no_more_is_heard_than_the_longest_whatever_the_blocks() -> None:
    """A tempo that changes after three minutes is not noticed, neither in one block nor in many."""
    rate = 4000
    clicks = np.zeros((2, 400 * rate), np.float32)
    clicks[:, : 180 * rate : rate // 2] = 1.0
    clicks[:, 180 * rate :: rate // 3] = 1.0
    found: list[Measured] = []
    for block in (clicks.shape[1], 50_000):
        measuring = Measuring(rate)
        for start in range(0, clicks.shape[1], block):
            measuring.add(clicks[:, start : start + block])
        found.append(measuring.result())
    assert found[0] == found[1]
    assert found[0].tempo == pytest.approx(120.0, abs=0.1)
