"""Laws of notes: a tune that is played is the tune that is heard, at any tuning, and vibrato is one note."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.frames import RATE
from engine.hearing.onsets import onsets
from engine.hearing.pitch import contour
from engine.hearing.tune import tones, tuning
from engine.training.corpus.synths import synth_note
from engine.training.corpus.tone import Tone
from tests.engine.hearing.sounds import clock, melody, noise, tone

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]


def heard(samples: np.ndarray) -> np.ndarray:
    return tones(contour(samples), onsets(samples))


@pytest.mark.parametrize("semitones", [-24, 0, 12])
@pytest.mark.parametrize("cents", [0, 30, -40])
def test_a_scale_is_that_scale_at_any_tuning(semitones: int, cents: int) -> None:
    pitches = [pitch + semitones for pitch in SCALE]
    played = melody(pitches)
    speed = 2 ** (cents / 1200)
    places = np.arange(0, played.shape[1] - 1, speed)
    detuned = np.interp(places, np.arange(played.shape[1]), played[0])[None].astype(np.float32)
    found = heard(detuned)
    assert found["pitch"].tolist() == pitches
    starts = (0.1 + 0.5 * np.arange(len(pitches))) / speed
    assert np.abs(found["time"] - starts).max() < 0.03
    assert np.abs(found["seconds"] - 0.4 / speed).max() < 0.08


@pytest.mark.parametrize(
    "patch", ["lead_saw", "lead_square", "pluck_saw", "pluck_fm", "chip_pulse"]
)
def test_the_scale_of_a_synthesiser_is_that_scale(patch: str) -> None:
    audio = np.zeros(round(0.5 * RATE * (len(SCALE) + 1)), np.float32)
    for index, pitch in enumerate(SCALE):
        frequency = 440 * 2 ** ((pitch - 69) / 12)
        note = synth_note(patch, Tone(frequency, round(0.45 * RATE), 0.8, 0.5, 7)).mean(axis=0)
        first = round((0.1 + 0.5 * index) * RATE)
        length = min(len(note), len(audio) - first)
        audio[first : first + length] += 0.2 * note[:length]
    found = heard(audio[None])
    assert found["pitch"].tolist() == SCALE
    assert np.abs(found["time"] - 0.1 - 0.5 * np.arange(len(SCALE))).max() < 0.03


def test_a_repeated_note_is_as_many_notes() -> None:
    assert heard(melody([64, 64, 64, 67, 67], 0.3, 0.02))["pitch"].tolist() == [64, 64, 64, 67, 67]


def test_vibrato_is_one_note() -> None:
    wave = 220 * 2 ** (0.7 / 12 * np.sin(2 * np.pi * 5.5 * clock(2.0)))
    assert heard(tone(wave, 2.0, (1, 2, 3)))["pitch"].tolist() == [57]


def test_a_glide_between_two_notes_is_not_the_notes_between() -> None:
    steps = np.interp(clock(1.6), [0, 0.7, 0.8, 1.6], [57, 57, 69, 69])
    found = heard(tone(440 * 2 ** ((steps - 69) / 12), 1.6, (1, 2)))
    assert found["pitch"].tolist() == [57, 69]


def test_what_is_louder_is_faster_struck() -> None:
    loud, quiet = melody([60]), 0.25 * melody([62])
    found = heard(np.concatenate([loud, quiet], axis=1))
    assert found["velocity"][0] > 1.4 * found["velocity"][1] > 0


def test_notes_do_not_overlap() -> None:
    found = heard(melody(SCALE, 0.15, 0.0))
    assert (found["time"][1:] >= found["time"][:-1] + found["seconds"][:-1] - 1e-9).all()


@pytest.mark.parametrize("samples", [noise(2.0), np.zeros((1, RATE), np.float32)])
def test_noise_and_silence_have_no_notes(samples: np.ndarray) -> None:
    assert heard(samples).size == 0


@pytest.mark.parametrize(("pitches", "offset"), [((59.9, 62.1, 64.0), 0.0), ((60.4, 61.5), 0.45)])
def test_tuning_is_the_mean_of_all_notes(pitches: tuple[float, ...], offset: float) -> None:
    pitch = np.repeat(np.array(pitches, np.float32), 10)
    stretches = [(10 * at, 10 * at + 10, 0) for at in range(len(pitches))]
    assert tuning(pitch, stretches) == pytest.approx(offset, abs=0.01)
    assert tuning(pitch, []) == 0
