import numpy as np
import pytest

from engine.evaluation.pulse import (
    best_key,
    followed,
    pitch_class,
    relatives,
    same_key,
    tempo,
    tempo_fault,
)

RATE = 44_100


def clicks(bpm: float, seconds: float = 12.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    samples = np.zeros(round(seconds * RATE), np.float32)
    for beat in np.arange(0, seconds - 0.2, 60 / bpm):
        start = round(beat * RATE)
        samples[start : start + 2000] += rng.standard_normal(2000) * np.exp(-np.arange(2000) / 300)
    return np.stack([samples, samples]).astype(np.float32)


@pytest.mark.parametrize("bpm", [72, 100, 133, 170])
def test_the_tempo_of_a_click_track_is_found(bpm: float):
    assert tempo_fault(bpm, tempo(clicks(bpm))) < 0.03


def test_silence_has_no_tempo():
    assert tempo(np.zeros((2, RATE), np.float32)) == 0.0


def test_half_and_double_count_and_other_factors_do_not():
    assert tempo_fault(120, 120) == tempo_fault(120, 60) == tempo_fault(120, 240) == 0.0
    assert tempo_fault(120, 126) == pytest.approx(0.05)
    assert tempo_fault(120, 180) > 0.2
    assert all(followed(120, measured) for measured in (120, 117, 61.5, 233))
    assert not any(followed(120, measured) for measured in (116, 90, 180, 0))


@pytest.mark.parametrize(("name", "tonic", "third"), [("A minor", 9, 3), ("D# major", 3, 4)])
def test_the_key_of_a_cadence_is_found(name: str, tonic: int, third: int):
    chords = [(0, third, 7), (5, 5 + third, 12), (7, 11, 14), (0, third, 7)]
    classes = [(tonic + note) % 12 for chord in chords for note in chord]
    assert best_key(np.bincount(classes, minlength=12).astype(float)) == name


def test_pitch_classes_have_two_spellings():
    assert [pitch_class(name) for name in ("C", "Eb", "D#", "Bb", "B")] == [0, 3, 3, 10, 11]


def test_the_key_moves_with_the_music():
    chroma = np.random.default_rng(0).random(12)
    tonic, mode = best_key(chroma).split()
    moved = best_key(np.roll(chroma, 5))
    names = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
    assert moved == f"{names[(names.index(tonic) + 5) % 12]} {mode}"


def test_spellings_and_relatives():
    assert same_key("Eb minor", "D# minor")
    assert same_key("B minor", "B harmonic minor")
    assert not same_key("C major", "C minor")
    assert relatives("C major", "A minor")
    assert relatives("Bb major", "G minor")
    assert not relatives("C major", "C minor")
