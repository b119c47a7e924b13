import numpy as np
import pytest

from engine.evaluation.scores import Note, matched
from engine.evaluation.sounds import RATE
from engine.evaluation.transcription import HOP, NETWORK_RATE, decoded, heard
from engine.training.corpus.soundfonts import soundfont_note

MELODY = (60, 64, 67, 72, 71, 67, 62, 55, 60, 64)


@pytest.fixture(scope="module")
def piano() -> np.ndarray:
    """Ten notes of the piano, one each 0.6 s from 0.5 s on: longer than a window of the network."""
    sound = np.zeros((2, 8 * RATE), np.float32)
    for number, pitch in enumerate(MELODY):
        note = soundfont_note("fluid", 0, pitch, 100, 0.5)[:, : RATE // 2]
        start = round((0.5 + 0.6 * number) * RATE)
        sound[:, start : start + note.shape[1]] += note
    return sound


def test_a_piano_is_heard_note_by_note(piano: np.ndarray):
    written = [Note(0.5 + 0.6 * k, 1.0 + 0.6 * k, pitch) for k, pitch in enumerate(MELODY)]
    found = heard(piano).notes()
    assert matched(written, found).both == len(written)
    assert len(found) <= len(written) + 1
    assert [note.start for note in found] == sorted(note.start for note in found)


def test_what_is_heard_moves_with_the_sound(piano: np.ndarray):
    # By whole frames of the network: the seams of its windows lie elsewhere in the music then.
    moved = 40 * HOP * RATE // NETWORK_RATE
    onsets = heard(piano).onsets
    later = heard(np.pad(piano, ((0, 0), (moved, 0)))).onsets
    np.testing.assert_allclose(later[60:600], onsets[20:560], atol=0.2)
    assert np.abs(later[60:600] - onsets[20:560]).mean() < 1e-3


def test_the_chroma_is_of_what_sounds(piano: np.ndarray):
    found = heard(piano)
    starts = [0.5 + 0.6 * number for number in range(len(MELODY))]
    assert [found.chroma(start, start + 0.4).argmax() for start in starts] == [
        p % 12 for p in MELODY
    ]
    np.testing.assert_allclose(found.chroma(), found.chroma(0.0, 4.0) + found.chroma(4.0))


def test_silence_has_no_notes_and_a_short_sound_has_its_frames():
    assert heard(np.zeros((2, 3 * RATE), np.float32)).notes() == []
    assert heard(np.zeros((2, RATE), np.float32)).onsets.shape == (NETWORK_RATE // HOP, 88)


def test_a_note_lasts_until_it_falls_silent_or_begins_again():
    onsets, sounding = np.zeros((100, 88)), np.zeros((100, 88))
    sounding[10:60, 39] = 0.9
    onsets[10, 39] = onsets[40, 39] = 0.8
    # Too short to be a note.
    onsets[80, 50] = 0.9
    sounding[80:83, 50] = 0.9
    assert sorted(decoded(onsets, sounding)) == [(10, 40, 39), (40, 60, 39)]


def test_a_note_silences_its_neighbours_only():
    onsets, sounding = np.zeros((60, 88)), np.zeros((60, 88))
    for key in (30, 31, 40):
        sounding[10:50, key] = 0.9
        onsets[10, key] = 0.9
    assert {key for _, _, key in decoded(onsets, sounding)} == {31, 40}
