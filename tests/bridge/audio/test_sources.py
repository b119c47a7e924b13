"""Laws of sources: a file gives what it holds; one that is damaged says so, and ends where it can be read."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio.sources import FileSource
from bridge.audio.voices import Voice
from bridge.errors import BridgeError

RATE = 44_100


@pytest.fixture
def samples() -> np.ndarray:
    rng = np.random.default_rng(2)
    return rng.uniform(-0.3, 0.3, (3 * RATE, 2)).astype(np.float32)


def cut(path: Path, samples: np.ndarray, size: float) -> Path:
    soundfile.write(path, samples, RATE)
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * size)])
    return path


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "aiff"])
@pytest.mark.parametrize("loop", [False, True])
def test_a_file_that_was_cut_plays_to_where_it_ends(
    tmp_path: Path, samples: np.ndarray, kind: str, loop: bool
) -> None:
    source = FileSource(cut(tmp_path / f"x.{kind}", samples, 0.5))
    voice = Voice(source, RATE)
    heard = np.concatenate([voice.render(512) for _ in range(len(samples) // 512)])
    voice.loop = loop
    for _ in range(300):
        voice.render(512)
    assert voice.done is True
    loud = np.flatnonzero(heard.any(axis=1))
    assert 0.8 * RATE < loud[-1] < 2 * RATE
    if source.problem:
        assert "ends early" in source.problem and "of its 3.0 s" in source.problem
    assert bool(source.problem) == (kind in ("flac", "mp3"))  # Of the others the library counts.


def header(path: Path, samples: np.ndarray, offset: int, kind: str, value: int) -> Path:
    """A WAV file with something else in its format chunk."""
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    data = bytearray(path.read_bytes())
    struct.pack_into(kind, data, data.find(b"fmt ") + 8 + offset, value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ((4, "<I", 1), "1 Hz"),
        ((4, "<I", 0), "x.wav"),
        ((0, "<H", 0x674F), "x.wav"),
        ((0, "<H", 2), "x.wav"),
    ],
)
def test_an_odd_rate_or_codec_is_refused_with_a_sentence(
    tmp_path: Path, samples: np.ndarray, field: tuple[int, str, int], said: str
) -> None:
    with pytest.raises(BridgeError, match=said) as refused:
        FileSource(header(tmp_path / "x.wav", samples, *field))
    assert refused.value.code == "not_audio"


def test_a_file_without_sound_is_refused(tmp_path: Path, samples: np.ndarray) -> None:
    soundfile.write(tmp_path / "x.wav", samples[:0], RATE)
    with pytest.raises(BridgeError, match="no sound"):
        FileSource(tmp_path / "x.wav")
    with pytest.raises(BridgeError, match="no sound"):
        FileSource(cut(tmp_path / "x.flac", samples, 0.001))


def test_a_file_that_ends_while_it_loops_ends_the_voice_when_nothing_is_left(
    tmp_path: Path, samples: np.ndarray
) -> None:
    source = FileSource(cut(tmp_path / "x.wav", samples, 1.0))
    voice = Voice(source, RATE)
    voice.loop = True
    voice.render(512)
    source.frames = 0
    for _ in range(8):
        voice.render(512)
    assert voice.done
