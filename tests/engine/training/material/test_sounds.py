"""Laws of sound for training: all of it is stereo at 44.1 kHz, crops are the whole's, useless files are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioError
from engine.training.material.sounds import examined, read_sound

FORMATS = {
    "mp3": "MPEG_LAYER_III",
    "flac": "PCM_16",
    "ogg": "VORBIS",
    "wav": "FLOAT",
    "aiff": "PCM_16",
}


def tones(rate: int, seconds: float, *pitches: float) -> np.ndarray:
    """A tone in each channel, [N, C]."""
    time = np.arange(round(rate * seconds)) / rate
    return np.stack([0.4 * np.sin(2 * np.pi * pitch * time) for pitch in pitches], axis=1)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_every_format_and_rate_is_stereo_at_the_models_rate(
    tmp_path: Path, suffix: str, rate: int
) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tones(rate, 3.0, 440, 660), rate, subtype=FORMATS[suffix])
    found = read_sound(path)
    assert found.shape == (2, examined(path)) == (2, 3 * 44_100)
    exact = tones(44_100, 3.0, 440, 660).T
    assert np.abs(found - exact)[:, 5000:-5000].max() < 0.03
    whole = read_sound(path, 70_001, 9_000)
    assert np.abs(whole - found[:, 70_001:79_001]).max() < 1e-5
    assert read_sound(path, 44_100 * 3 - 100, 9_000).shape == (2, 100)


def test_mono_is_on_both_sides_and_more_channels_are_heard(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tones(44_100, 1.0, 440), 44_100)
    left, right = read_sound(path)
    assert np.array_equal(left, right) and np.abs(left).max() > 0.3
    soundfile.write(path, tones(44_100, 1.0, 440, 550, 660, 660), 44_100, subtype="FLOAT")
    expected = tones(44_100, 1.0, 440, 550) + 0.5**0.5 * tones(44_100, 1.0, 660)
    assert np.abs(read_sound(path).T - expected).max() < 1e-5


def test_what_phones_record_is_read_by_pyav(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.m4a"
    sound = tones(48_000, 2.0, 440, 660).astype(np.float32)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound.T), format="fltp", layout="stereo"
        )
        frame.rate = 48_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    found = read_sound(path)
    assert found.shape == (2, examined(path))
    assert np.abs(np.fft.rfft(found[0, 20_000:64_100])).argmax() == 440
    assert np.abs(read_sound(path, 40_000, 999) - found[:, 40_000:40_999]).max() < 1e-5


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_a_sound_that_breaks_off_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tones(44_100, 5.0, 440, 660), 44_100)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert read_sound(path, 100, 9_000).shape == (2, 9_000)
    with pytest.raises(AudioError, match=f"a.{suffix} breaks off or is damaged"):
        read_sound(path, 160_000, 9_000)
    if suffix == "flac":
        with pytest.raises(AudioError, match=r"a\.flac breaks off or is damaged"):
            read_sound(path)


def broken(folder: Path, kind: str) -> Path:
    """A file of that kind."""
    path = folder / f"{kind}.wav"
    sound = tones(44_100, 0.1 if kind == "short" else 3.0, 440, 440)
    if kind == "nan":
        sound[-5] = np.nan
    if kind == "silent":
        sound *= 1e-6
    if kind == "loud":
        sound *= 32_768
    if kind == "text":
        path.write_text("no sound at all")
        return path
    soundfile.write(path, sound, 44_100, subtype="FLOAT")
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nan", "not numbers"),
        ("silent", "silent"),
        ("loud", "full scale"),
        ("text", "cannot be read as audio"),
        ("short", "too short"),
    ],
)
def test_a_file_of_no_use_says_why(tmp_path: Path, kind: str, said: str) -> None:
    with pytest.raises(AudioError, match=said):
        examined(broken(tmp_path, kind))
