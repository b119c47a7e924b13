"""Laws of files that libsndfile cannot read: as long as they were, bit for bit where nothing is lost, in any order."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from engine.errors import AudioError
from engine.sound.audio import read_audio
from engine.sound.containers import SUFFIXES, ContainerFile
from engine.sound.reading import opened
from engine.sound.recordings import read_start, recording_seconds
from gui.compose.source import AUDIO
from longtake import MUSIC

RATE, FRAMES = 48_000, 96_123


def music() -> np.ndarray:
    """Two channels of tones and steps that a codec with loss keeps well."""
    times = np.arange(FRAMES) / RATE
    swell = 0.25 * (1 + np.sin(2 * np.pi * 1.5 * times))
    left = swell * np.sin(2 * np.pi * (200 + 150 * times) * times)
    return np.stack([left, 0.5 * np.roll(left, 700)]).astype(np.float32)


def encoded(path: Path, codec: str, form: str, rate: int = RATE) -> np.ndarray:
    """Writes the music by FFmpeg's own encoder; gives what was encoded, [2, N]."""
    samples = music()
    data: Any = samples
    if form in ("s16p", "s32p"):
        full = 1 << (15 if form == "s16p" else 23)
        whole = np.clip(np.rint(samples * full), -full, full - 1)
        samples = (whole / full).astype(np.float32)
        data = whole.astype(np.int16) if form == "s16p" else whole.astype(np.int32) << 8
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.layout, stream.bit_rate = "stereo", 192_000
        stream.codec_context.format = form
        size = 960
        for start in range(0, FRAMES, size):
            block = np.ascontiguousarray(data[:, start : start + size])
            if form == "flt":
                block = np.ascontiguousarray(block.T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(block, format=form, layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return samples


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [
        ("a.m4a", "alac", "s16p"),
        ("b.m4a", "alac", "s32p"),
        ("c.wv", "wavpack", "s16p"),
        ("d.mov", "alac", "s16p"),
        ("e.mka", "alac", "s32p"),
    ],
)
def test_what_has_no_loss_is_read_bit_for_bit(
    tmp_path: Path, name: str, codec: str, form: str
) -> None:
    path = tmp_path / name
    samples = encoded(path, codec, form)
    audio = read_audio(path)
    assert audio.sample_rate == RATE and np.array_equal(audio.samples, samples)


@pytest.mark.parametrize(
    ("name", "codec", "form", "late"),
    # By how many frames it may end elsewhere than it was encoded: what a container does not tell.
    [
        ("a.m4a", "aac", "fltp", 0),
        ("a.mp4", "aac", "fltp", 0),
        ("a.webm", "libopus", "flt", 0),
        ("a.mkv", "libopus", "flt", 0),
        ("a.aac", "aac", "fltp", 2048),
        ("a.wma", "wmav2", "fltp", 4096),
    ],
)
def test_what_has_loss_is_as_long_and_lies_at_its_place(
    tmp_path: Path, name: str, codec: str, form: str, late: int
) -> None:
    path = tmp_path / name
    samples = encoded(path, codec, form)
    found = read_audio(path).samples
    assert abs(found.shape[1] - FRAMES) <= late
    assert recording_seconds(str(path)) == found.shape[1] / RATE
    # Where the encoder's own delay is told, it is taken off; elsewhere it is at the beginning. FFmpeg's WMA encoder
    # has none, and its decoder takes one off.
    late = {"a.aac": 1024, "a.wma": -2048}.get(name, 0)
    heard, meant = found[:, max(late, 0) :], samples[:, max(-late, 0) :]
    length = min(heard.shape[1], meant.shape[1])
    both = heard[:, :length], meant[:, :length]
    error = np.sqrt(np.mean((both[0] - both[1]) ** 2) / np.mean(samples**2))
    assert error < 0.05


def test_any_place_is_what_the_whole_has_there(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    encoded(path, "aac", "fltp")
    whole = read_audio(path).samples.T
    with opened(path) as file:
        for place in (0, 50_000, 49_000, 10, 90_000, 0, len(whole) - 5, len(whole)):
            file.seek(place)
            found = file.read(3_000, dtype="float32", always_2d=True)
            assert np.array_equal(found, whole[place : place + 3_000])
    assert np.array_equal(read_start(str(path), RATE, 1_234), whole[:1_234].T)


def test_what_is_no_audio_is_said(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"hello" * 100, b"#EXTM3U\nhttp://127.0.0.1/a.ts\n")):
        path = tmp_path / f"{number}.m4a"
        path.write_bytes(content)
        with pytest.raises(AudioError, match="cannot be read as audio"), opened(path):
            pass


def test_a_film_without_sound_is_said(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 16
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="has no audio in it"), opened(path):
        pass


def test_broken_files_are_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    path, broken = tmp_path / "a.m4a", tmp_path / "b.m4a"
    encoded(path, "aac", "fltp")
    whole, rng = path.read_bytes(), np.random.default_rng(5)
    for _ in range(40):
        content = bytearray(whole[: rng.integers(1, len(whole))])
        for place in rng.integers(0, len(content), 20):
            content[place] = rng.integers(256)
        broken.write_bytes(content)
        try:
            read_audio(broken)
        except AudioError:
            continue


def test_without_the_extra_the_sentence_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.m4a"
    encoded(path, "aac", "fltp")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioError, match=r"pip install 'longtake\[formats\]'"), opened(path):
        pass


def test_the_command_and_the_panel_take_all_of_them() -> None:
    assert set(SUFFIXES) <= set(MUSIC)
    assert {suffix.removeprefix(".") for suffix in SUFFIXES} <= set(AUDIO)


def test_closing_ends_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    encoded(path, "alac", "s16p")
    with ContainerFile(path) as file:
        assert file.frames == FRAMES
    path.unlink()
