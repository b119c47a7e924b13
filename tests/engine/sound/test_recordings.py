from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioError, SpecError
from engine.registry import SKETCH
from engine.sound.about import About, MusicalFacts
from engine.sound.audio import AudioWriter, read_audio, write_audio
from engine.sound.recordings import read_start, recording_seconds, with_recording
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
    for frames, seconds in ((100, 0.05), (8000 * 400, SKETCH.max_seconds)):
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
    pipe: list[tuple[Path | str, str]] = []
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")  # To read it would wait for ever.
        pipe = [(tmp_path / "pipe", "no file on a disk")]
    for path, sentence in (
        (text, "cannot be read as audio"),
        (empty, "cannot be read as audio"),
        (tmp_path / "missing.wav", "There is no file"),
        (tmp_path, "is a folder"),
        (header, "no audio in it"),
        ("a\0", "There is no file"),
        ("\ud800", "There is no file"),
        *pipe,
    ):
        with pytest.raises(AudioError, match=sentence):
            recording_seconds(str(path))
        with pytest.raises(AudioError, match=sentence):
            read_start(str(path), 44_100, 100)


@pytest.mark.parametrize("frames", [1, 5000, 44_100, 150_000, 400_000])
@pytest.mark.parametrize(
    ("rate", "channels"),
    [(8000, 1), (22_050, 3), (44_100, 2), (48_000, 6), (96_000, 1), (192_000, 8), (11, 2)],
)
def test_a_beginning_is_that_of_the_whole_recording(
    tmp_path: Path, rate: int, channels: int, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, whatever the blocks it was read in."""
    monkeypatch.setattr("engine.sound.reading.BLOCK", 70_001)
    length = max(round(rate * 7.3), 80)
    samples = np.random.default_rng(rate).uniform(-0.5, 0.5, (length, channels))
    soundfile.write(tmp_path / "x.wav", samples, rate, subtype="PCM_24")
    whole = read_audio(tmp_path / "x.wav").stereo().resampled(44_100).samples
    found = read_start(str(tmp_path / "x.wav"), 44_100, frames)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, whole[:, :frames])


def test_only_what_is_needed_must_be_sound(tmp_path: Path) -> None:
    samples = np.zeros((3 * 44_100, 2), np.float32)
    samples[-1] = np.nan
    soundfile.write(tmp_path / "x.wav", samples, 44_100, subtype="FLOAT")
    assert not read_start(str(tmp_path / "x.wav"), 44_100, 10).any()
    with pytest.raises(AudioError, match="not numbers"):
        read_start(str(tmp_path / "x.wav"), 44_100, 3 * 44_100)


def test_a_recording_shorter_than_a_sample_of_the_models_says_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.array([0.5]), 192_000)
    with pytest.raises(AudioError, match="shorter than one sample at 44100 Hz"):
        read_start(str(tmp_path / "x.wav"), 44_100, 100)
    soundfile.write(tmp_path / "x.wav", np.array([0.5]), 44_100)
    np.testing.assert_array_equal(read_start(str(tmp_path / "x.wav"), 44_100, 100), [[0.5], [0.5]])


def test_a_part_of_a_recording_is_its_own_samples(tmp_path: Path) -> None:
    path = tmp_path / "beat.wav"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 44_100 * 3)).astype(np.float32)
    write_audio(path, samples, 44_100, "float")
    found = read_start(str(path), 44_100, 1 << 20, (0.5, 2.0))
    assert np.array_equal(found, samples[:, 22_050:88_200])
    assert np.array_equal(read_start(str(path), 44_100, 100, (0.5, 2.0)), found[:, :100])
    assert recording_seconds(str(path), (0.5, 2.0)) == 1.5
    assert recording_seconds(str(path), (0.5, 3.005)) == 2.5  # Programs round.
    spec = GenerationSpec(prompt="drums", init_audio=str(path), init_span=(0.5, 2.0))
    assert with_recording(spec).seconds_total == 1.5
    assert with_recording(GenerationSpec(prompt="x", init_span=(0.5, 2.0))).init_span == (0.0, 0.0)


@pytest.mark.parametrize("span", [(2.0, 3.5), (4.0, 5.0), (1.0, 1.0)])
def test_a_part_that_a_recording_lacks_is_said(tmp_path: Path, span: tuple[float, float]) -> None:
    path = tmp_path / "beat.wav"
    write_audio(path, np.zeros((2, 44_100 * 3), np.float32), 44_100)
    with pytest.raises(SpecError, match="which has 3 s"):
        with_recording(GenerationSpec(prompt="x", init_audio=str(path), init_span=span))
    with pytest.raises(SpecError, match="init_span ascends"):
        GenerationSpec(prompt="x", init_audio=str(path), init_span=(2.0, 1.0)).checked()


def test_the_tempo_that_a_recording_says_is_the_takes(tmp_path: Path) -> None:
    path = tmp_path / "loop.wav"
    with AudioWriter(path, 44_100) as writer:
        writer.about = About(MusicalFacts(tempo=93.0, loop=True))
        writer.write(np.zeros((2, 44_100), np.float32))
    spec = GenerationSpec(prompt="drums", init_audio=str(path))
    assert with_recording(spec).tempo == 93.0
    assert with_recording(replace(spec, tempo=120.0)).tempo == 120.0
    assert with_recording(replace(spec, prompt="drums, 120 BPM")).tempo is None
    assert with_recording(spec).resolved(SKETCH).tempo == 93.0
