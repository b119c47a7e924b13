"""Laws of what a DAW hands over: every part at its place, bit for bit where no rate changes; what lacks is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.delivery.sources import LONGEST, SOURCES, gathered
from bridge.delivery_state import Part, Selection
from bridge.errors import BridgeError
from engine.errors import AudioError
from engine.sound.audio import read_audio

RATE = 44_100


def noise(path: Path, seconds: float, rate: int = RATE, channels: int = 2) -> np.ndarray:
    samples = np.random.default_rng(len(path.name)).uniform(
        -0.4, 0.4, (round(seconds * rate), channels)
    )
    soundfile.write(path, samples.astype(np.float32), rate, "FLOAT", format="WAV")
    return samples.T.astype(np.float32)


def tone(path: Path, seconds: float, rate: int, hertz: float = 440.0) -> np.ndarray:
    samples = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, samples, rate, "FLOAT", format="WAV")
    return samples.astype(np.float32)


def made(folder: Path, *parts: Part, name: str = "") -> np.ndarray:
    return read_audio(gathered(Selection(parts, name=name), folder)).samples


def test_a_whole_file_is_given_as_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    noise(path, 1.0)
    assert gathered(Selection((Part(path, 0.0, 1.0, at=5.0),)), tmp_path) == path
    assert not (tmp_path / SOURCES).exists()


def test_a_section_is_the_files_own_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = noise(path, 3.0)
    part = Part(path, 0.5, 1.25)
    found = made(tmp_path, part)
    assert np.array_equal(found, samples[:, 22_050 : 22_050 + 55_125])


def test_parts_lie_at_their_places_with_silence_between(tmp_path: Path) -> None:
    first, second = tmp_path / "a.wav", tmp_path / "bb.wav"
    one, two = noise(first, 2.0), noise(second, 2.0, channels=1)
    found = made(tmp_path, Part(first, 1.0, 0.5), Part(second, 0.25, 1.0, at=2.0))
    assert found.shape == (2, 3 * RATE)
    assert np.array_equal(found[:, : RATE // 2], one[:, RATE : RATE * 3 // 2])
    assert not found[:, RATE // 2 : 2 * RATE].any()
    start = RATE // 4
    assert np.array_equal(found[:, 2 * RATE :], np.repeat(two[:, start : start + RATE], 2, axis=0))


def test_parts_that_overlap_are_added(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = noise(path, 2.0)
    found = made(tmp_path, Part(path, 0.0, 1.0), Part(path, 1.0, 1.0, at=0.5))
    both = samples[:, RATE // 2 : RATE] + samples[:, RATE : RATE + RATE // 2]
    assert np.allclose(found[:, RATE // 2 : RATE], both, atol=1e-7)


def test_the_rate_is_that_of_the_first_part_and_the_tone_stays(tmp_path: Path) -> None:
    low, high = tmp_path / "low.wav", tmp_path / "high.wav"
    noise(low, 1.0, 44_100)
    tone(high, 2.0, 96_000)
    path = gathered(Selection((Part(low, 0.0, 1.0), Part(high, 0.5, 1.0, at=1.0))), tmp_path)
    audio = read_audio(path)
    assert audio.sample_rate == 44_100 and audio.samples.shape == (2, 88_200)
    times = np.arange(44_100) / 44_100 + 0.5
    expected = 0.5 * np.sin(2 * np.pi * 440 * times)
    # From the first sample to the last: the file is read on around the section.
    assert np.abs(audio.samples[0, 44_100:] - expected).max() < 1e-3


@pytest.mark.parametrize("rate", [0.5, 0.943874, 1.5, 2.0])
def test_a_play_rate_changes_speed_and_pitch(tmp_path: Path, rate: float) -> None:
    path = tmp_path / "tone.wav"
    tone(path, 4.0, 48_000)
    found = made(tmp_path, Part(path, 1.0, 1.0, rate=rate))
    assert found.shape == (2, 48_000)
    times = np.arange(48_000) / 48_000
    expected = 0.5 * np.sin(2 * np.pi * 440 * (1.0 + times * rate))
    inner = slice(500, -500)
    assert np.abs(found[0, inner] - expected[inner]).max() < 2e-3


def test_a_split_that_changes_its_rate_has_no_seam(tmp_path: Path) -> None:
    path, other = tmp_path / "tone.wav", tmp_path / "other.wav"
    tone(path, 3.0, 48_000)
    noise(other, 1.0, 44_100)
    parts = Part(other, 0.0, 0.5), Part(path, 0.5, 1.0, at=1.0), Part(path, 1.5, 1.0, at=2.0)
    found = made(tmp_path, *parts)[0, 44_100:]
    expected = 0.5 * np.sin(2 * np.pi * 440 * (0.5 + np.arange(88_200) / 44_100))
    assert np.abs(found - expected).max() < 1e-3


def test_a_long_selection_is_as_its_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = noise(path, 30.0)  # More than a block.
    found = made(tmp_path, Part(path, 0.25, 29.5))
    assert np.array_equal(found, samples[:, RATE // 4 : RATE // 4 + round(29.5 * RATE)])


def test_the_same_selection_is_the_same_file_until_a_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    noise(path, 2.0)
    selection = Selection((Part(path, 0.0, 1.0),), name="Gitarre ../x")
    first = gathered(selection, tmp_path)
    stamp = first.stat().st_mtime_ns
    assert gathered(selection, tmp_path) == first and first.stat().st_mtime_ns == stamp
    assert first.parent == tmp_path / SOURCES and first.name.startswith("gitarre-x-")
    assert gathered(Selection((Part(path, 0.5, 1.0),), name="Gitarre ../x"), tmp_path) != first
    noise(path, 2.5)
    assert gathered(selection, tmp_path) != first


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (Part(Path("a.wav"), -0.5, 1.0), "out_of_range"),
        (Part(Path("a.wav"), 1.5, 1.0), "out_of_range"),
        (Part(Path("a.wav"), 0.0, 1.5, rate=2.0), "out_of_range"),
        (Part(Path("a.wav"), 0.0, 0.0), "out_of_range"),
        (Part(Path("a.wav"), 0.0, 1.0, rate=0.0), "out_of_range"),
        (Part(Path("a.wav"), 0.0, 1.0, at=-1.0), "out_of_range"),
        (Part(Path("a.wav"), 0.0, float("nan")), "bad_args"),
        (Part(Path("a.wav"), 0.0, 1.0, at=LONGEST), "too_long"),
        (Part(Path("none.wav"), 0.0, 1.0), "bad_path"),
        (Part(Path(""), 0.0, 1.0), "bad_path"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, part: Part, code: str) -> None:
    noise(tmp_path / "a.wav", 2.0)
    moved = Part(tmp_path / part.path, part.start, part.seconds, part.rate, part.at)
    with pytest.raises(BridgeError) as caught:
        gathered(Selection((moved,)), tmp_path)
    assert caught.value.code == code
    assert not (tmp_path / SOURCES).exists()


def test_what_is_no_audio_or_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "song.rpp"
    path.write_text("<REAPER_PROJECT")
    with pytest.raises(AudioError, match="cannot be read as audio"):
        gathered(Selection((Part(path, 0.0, 1.0),)), tmp_path)
    with pytest.raises(BridgeError, match="Nothing is selected"):
        gathered(Selection(()), tmp_path)
