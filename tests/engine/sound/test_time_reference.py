"""Laws of a file's place in time: it is written where it was, nothing else changes, and other programs read it."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as Tree
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioError
from engine.sound import daw_chunks
from engine.sound.about import About, MusicalFacts
from engine.sound.audio import AudioWriter, read_audio
from engine.sound.time_reference import time_reference, with_time_reference

ABOUT = About(MusicalFacts(tempo=120.0), "Drums")
FAR = 5_000_000_123
"""More than 32 bits."""


def file(path: Path, about: About | None = ABOUT) -> Path:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 4_411)).astype(np.float32)
    with AudioWriter(path, 48_000, subtype="24") as writer:
        writer.about = about
        writer.write(samples)
    return path


@pytest.mark.real_parts("ffprobe", "mediainfo")
def test_other_programs_read_it(tmp_path: Path) -> None:
    path = with_time_reference(file(tmp_path / "take.wav"), FAR)
    told = subprocess.run(["ffprobe", "-hide_banner", path], capture_output=True, check=True)
    assert f"time_reference  : {FAR}".encode() in told.stderr
    told = subprocess.run(["mediainfo", "-f", path], capture_output=True, check=True)
    assert str(round(FAR / 48)).encode() in told.stdout  # ms


def test_nothing_else_changes(tmp_path: Path) -> None:
    path = file(tmp_path / "take.wav")
    before = path.read_bytes()
    with_time_reference(path, FAR)
    assert time_reference(path) == FAR and len(path.read_bytes()) == len(before)
    with_time_reference(path, 0)
    assert path.read_bytes() == before


def test_ixml_says_the_same(tmp_path: Path) -> None:
    path = with_time_reference(file(tmp_path / "take.wav"), FAR)
    with path.open("rb") as opened:
        text = daw_chunks.read(opened, {b"iXML": 1 << 16})[b"iXML"].content.decode()
    speed = Tree.fromstring(text).find("SPEED")
    assert speed is not None
    high, low = (
        speed.findtext(f"TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_{each}") for each in ("HI", "LO")
    )
    assert int(high or 0) << 32 | int(low or 0) == FAR


def test_a_copy_gets_it_and_the_file_stays(tmp_path: Path) -> None:
    path, copy = file(tmp_path / "take.wav"), tmp_path / "copy.wav"
    before = path.read_bytes()
    assert with_time_reference(path, 7, copy) == copy
    assert path.read_bytes() == before and time_reference(copy) == 7
    assert np.array_equal(read_audio(copy).samples, read_audio(path).samples)


def test_a_file_without_the_chunk_gets_it(tmp_path: Path) -> None:
    path = file(tmp_path / "plain.wav", about=None)
    before = read_audio(path).samples
    assert time_reference(path) is None
    with_time_reference(path, 96_000)
    assert time_reference(path) == 96_000 and np.array_equal(read_audio(path).samples, before)


def test_only_wav_files_and_places_have_one(tmp_path: Path) -> None:
    path = tmp_path / "take.flac"
    soundfile.write(path, np.zeros(10), 48_000)
    with pytest.raises(AudioError, match="no WAV file"):
        with_time_reference(path, 1)
    with pytest.raises(AudioError, match="There is no file"):
        with_time_reference(tmp_path / "none.wav", 1)
    with pytest.raises(AudioError, match="0 samples or more"):
        with_time_reference(file(tmp_path / "take.wav"), -1)
