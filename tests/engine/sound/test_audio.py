"""Laws of reading and writing audio: what is written comes back, what is no audio is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioError
from engine.sound.audio import (
    Audio,
    AudioWriter,
    read_audio,
    read_texts,
    to_stereo,
    write_audio,
)
from engine.sound.formats import FORMATS


def noise(channels: int = 2, frames: int = 4410) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.9, 0.9, (channels, frames)).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "subtype", "step"),
    [
        (".wav", "float", 0.0),
        (".wav", "24", 2.0**-23),
        (".wav", "16", 2.0**-15),
        (".flac", "24", 2.0**-23),
        (".flac", "16", 2.0**-15),
        (".aiff", "float", 0.0),
        (".aiff", "24", 2.0**-23),
        (".aif", "16", 2.0**-15),
    ],
)
def test_what_is_written_comes_back(tmp_path: Path, suffix: str, subtype: str, step: float) -> None:
    path = tmp_path / f"take{suffix}"
    samples = noise()
    write_audio(path, samples, 44_100, subtype)
    found = read_audio(path)
    assert found.sample_rate == 44_100
    assert found.samples.shape == (2, 4410) and found.samples.dtype == np.float32
    # Rounding is half a step, dither at most one more; libsndfile's full scale is one step off.
    assert np.abs(found.samples - samples).max() <= 2.6 * step
    assert found.seconds == pytest.approx(0.1)
    assert list(tmp_path.iterdir()) == [path]


def test_dither_makes_a_fade_below_one_step_audible_and_is_the_same_for_all_block_sizes(
    tmp_path: Path,
) -> None:
    quiet = np.full((2, 50_000), 0.3 / 32767, np.float32)
    write_audio(tmp_path / "whole.wav", quiet, 44_100, "16")
    with AudioWriter(tmp_path / "blocks.wav", 44_100, subtype="16") as writer:
        for start in range(0, 50_000, 7_001):
            writer.write(quiet[:, start : start + 7_001])
    whole = read_audio(tmp_path / "whole.wav").samples
    assert whole.mean() * 32768 == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(whole, read_audio(tmp_path / "blocks.wav").samples)


@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix != ".opus"])
def test_texts_of_any_length_stand_in_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"take{suffix}"
    texts = {"title": "Größe ♪", "comment": "x" * 70_001}
    with AudioWriter(path, 44_100, texts=texts) as writer:
        writer.write(noise(frames=4411))
    assert read_texts(path) == texts
    assert read_audio(path).samples.shape == (2, 4411)
    assert soundfile.info(path).frames == 4411, "the tags damage nothing"


def test_texts_that_other_programs_read_too(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "take.wav", 44_100, texts={"title": "House"}) as writer:
        writer.write(noise())
    with soundfile.SoundFile(tmp_path / "take.wav") as file:
        assert file.title == "House"


def test_a_damaged_or_foreign_file_has_no_texts(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    with AudioWriter(path, 44_100, texts={"comment": "y" * 5000}) as writer:
        writer.write(noise())
    path.write_bytes(path.read_bytes()[:-100])
    assert read_texts(path) == {}
    path.write_bytes(b"RIFF")
    assert read_texts(path) == {}


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), AudioWriter(tmp_path / "take.wav", 44_100) as writer:
        writer.write(noise())
        raise RuntimeError
    with pytest.raises(AudioError, match="not numbers"):
        write_audio(tmp_path / "take.wav", np.full((2, 9), np.nan, np.float32), 44_100)
    with pytest.raises(AudioError, match="no audio"), AudioWriter(tmp_path / "take.wav", 44_100):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_when_that_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    write_audio(path, noise(), 44_100)
    with pytest.raises(AudioError, match="already exists"):
        write_audio(path, noise(1), 44_100)
    assert read_audio(path).samples.shape[0] == 2
    write_audio(path, noise(1), 44_100, overwrite=True)
    assert read_audio(path).samples.shape[0] == 1


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    with pytest.raises(AudioError, match="exists"), AudioWriter(path, 44_100) as writer:
        writer.write(noise())
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "subtype", "sentence"),
    [
        ("take.m4a", None, "must end in .wav, .flac, .aiff, .aif, .mp3, .ogg or .opus"),
        ("take", None, "must end in .wav"),
        ("take.mp3", "24", "MP3 has no sample types to choose from"),
        ("take.opus", "8", "choose 16, 24 or float"),
        ("take.wav", "8", "choose 16, 24 or float"),
        ("take.flac", "float", "FLAC does not support float samples; choose 16 or 24"),
        ("nowhere/take.wav", None, "no folder"),
        ("folder.wav", None, "is a folder"),
    ],
)
def test_a_wrong_target_is_refused_before_any_work(
    tmp_path: Path, name: str, subtype: str | None, sentence: str
) -> None:
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(AudioError, match=sentence):
        AudioWriter(tmp_path / name, 44_100, subtype=subtype)


def test_a_folder_that_cannot_be_written_is_refused_before_any_work() -> None:
    folder = Path("/proc/self") if Path("/proc/self").is_dir() else Path("/")
    with pytest.raises(AudioError, match="is not writable"):
        AudioWriter(folder / "take.wav", 44_100)


def bad_files(folder: Path) -> dict[str, Path]:
    made = {name: folder / f"{name}.wav" for name in ("missing", "text", "empty", "nan", "silent")}
    made["text"].write_text("Dear diary, today I made a beat.\n" * 50)
    made["empty"].write_bytes(b"")
    soundfile.write(made["silent"], np.zeros((0, 2)), 44_100)
    soundfile.write(made["nan"], np.full((100, 2), np.nan), 44_100, subtype="FLOAT")
    return made | {"folder": folder}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing", "There is no file"),
        ("folder", "is a folder"),
        ("text", "cannot be read as audio"),
        ("empty", "cannot be read as audio"),
        ("silent", "0 samples"),
        ("nan", "not numbers"),
    ],
)
def test_what_is_no_audio_is_refused_in_one_sentence(
    tmp_path: Path, name: str, sentence: str
) -> None:
    path = bad_files(tmp_path)[name]
    with pytest.raises(AudioError, match=sentence) as raised:
        read_audio(path)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_stereo_of_mono_stereo_and_surround() -> None:
    one, two, six = noise(1), noise(2), noise(6)
    assert np.array_equal(to_stereo(one), np.concatenate([one, one]))
    assert to_stereo(two) is two
    expected = six[:2] + six[2:].mean(axis=0) / np.sqrt(2)
    np.testing.assert_allclose(to_stereo(six), expected, atol=1e-6)
    assert Audio(six, 44_100).stereo().resampled(22_050).samples.shape == (2, 2205)
