from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioError, SpecError
from engine.registry import SKETCH
from engine.sound.recordings import recording_seconds, with_recording
from engine.spec import GenerationSpec


@pytest.fixture
def beat(tmp_path: Path) -> str:
    path = tmp_path / "beat.wav"
    soundfile.write(path, np.zeros(48_000 * 3 + 1, np.float32), 48_000)
    return str(path)


def test_a_spec_without_recording_stays_as_it_is() -> None:
    spec = GenerationSpec(prompt="piano")
    assert with_recording(spec) is spec


def test_the_take_is_as_long_as_the_recording(beat: str) -> None:
    spec = with_recording(GenerationSpec(prompt="piano", init_audio=beat))
    assert spec.seconds_total == pytest.approx(3 + 1 / 48_000)
    assert spec.resolved(SKETCH).init_noise_level == SKETCH.defaults.init_noise_level
    assert with_recording(spec) == spec


def test_a_length_that_is_given_counts(beat: str) -> None:
    assert with_recording(GenerationSpec(init_audio=beat, seconds_total=7.0)).seconds_total == 7.0
    assert with_recording(GenerationSpec(init_audio=beat, bars=2.0)).seconds_total is None


def test_what_is_not_kept_is_new_unless_a_level_is_given(beat: str) -> None:
    keep = ((0.0, 1.0),)
    assert with_recording(GenerationSpec(init_audio=beat, keep=keep)).init_noise_level == 1.0
    given = GenerationSpec(init_audio=beat, keep=keep, init_noise_level=0.5)
    assert with_recording(given).init_noise_level == 0.5


def test_lengths_stay_within_what_can_be_made(tmp_path: Path) -> None:
    for frames, seconds in ((100, 0.5), (8000 * 400, SKETCH.max_seconds)):
        path = tmp_path / f"{frames}.wav"
        soundfile.write(path, np.zeros(frames, np.int16), 8000)
        assert with_recording(GenerationSpec(init_audio=str(path))).seconds_total == seconds


def test_a_loop_cannot_keep_parts(beat: str) -> None:
    with pytest.raises(SpecError, match="loop cannot keep"):
        with_recording(GenerationSpec(init_audio=beat, keep=((0.0, 1.0),), loop=True))


def test_what_is_not_audio_is_refused(tmp_path: Path) -> None:
    text, empty, header = (tmp_path / name for name in ("a.txt", "b.wav", "c.wav"))
    text.write_text("la la la")
    empty.write_bytes(b"")
    soundfile.write(header, np.zeros((0, 2)), 44_100)
    for path in (text, empty, tmp_path / "missing.wav", tmp_path):
        with pytest.raises(AudioError, match="cannot be read as audio"):
            recording_seconds(str(path))
    with pytest.raises(AudioError, match="no audio in it"):
        recording_seconds(str(header))
