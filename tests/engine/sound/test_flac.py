"""Laws of a FLAC file's tags: other programs read them, and the sound stays."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, cast

import mutagen.aiff
import mutagen.flac
import mutagen.mp3
import numpy as np
import pytest

from engine.sound import flac
from engine.sound.about import About, MusicalFacts
from engine.sound.audio import AudioWriter, read_audio, read_texts
from engine.sound.music_in_files import musical_facts

ABOUT = About(MusicalFacts(tempo=123.5, key="Bb minor"), "Drums")
TEXTS = {"title": "Größe 電", "software": "Longtake 9", "comment": "x" * 100_000}
SAMPLES = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 44_100)).astype(np.float32)


def written(path: Path, about: About | None = ABOUT) -> Path:
    with AudioWriter(path, 44_100, texts=TEXTS) as writer:
        writer.about = about
        writer.write(SAMPLES)
    return path


def test_mutagen_reads_all_tags_of_a_flac_file(tmp_path: Path) -> None:
    tags = cast(Any, mutagen.flac.FLAC(written(tmp_path / "take.flac")).tags)
    assert (
        tags["BPM"] == ["123.5"] and tags["INITIALKEY"] == ["Bbm"] and tags["KEY"] == ["Bb minor"]
    )
    assert tags["TITLE"] == ["Größe 電"] and tags["COMMENT"] == ["x" * 100_000]


@pytest.mark.parametrize("suffix", ["mp3", "aiff"])
def test_mutagen_reads_tempo_and_key_of_id3(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"take.{suffix}")
    tags = cast(Any, (mutagen.mp3.MP3 if suffix == "mp3" else mutagen.aiff.AIFF)(path).tags)
    assert tags["TBPM"].text == ["123.5"] and tags["TKEY"].text == ["Bbm"]
    assert tags["TIT2"].text == ["Größe 電"] and read_texts(path) == TEXTS


@pytest.mark.real_parts("ffprobe", "sox")
def test_other_decoders_give_the_same_sound(tmp_path: Path) -> None:
    path, decoded = written(tmp_path / "take.flac"), tmp_path / "decoded.wav"
    subprocess.run(["sox", path, decoded], check=True)
    assert np.array_equal(read_audio(decoded).samples, read_audio(path).samples)
    told = subprocess.run(["ffprobe", "-hide_banner", path], capture_output=True, check=True)
    assert b"INITIALKEY      : Bbm" in told.stderr


def test_libsndfile_reads_sound_and_texts(tmp_path: Path) -> None:
    path = written(tmp_path / "take.flac")
    assert np.abs(read_audio(path).samples - SAMPLES).max() < 1e-6
    assert read_texts(path) == TEXTS
    assert musical_facts(path) == ABOUT.music


def test_a_file_that_says_nothing_is_none(tmp_path: Path) -> None:
    assert musical_facts(written(tmp_path / "take.flac", None)) is None
    path = tmp_path / "broken.flac"
    whole = written(tmp_path / "more.flac").read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(100):
        broken = bytearray(whole[: rng.integers(0, 400)])
        if broken:
            broken[rng.integers(len(broken))] = rng.integers(256)
        path.write_bytes(broken)
        flac.musical_facts(path)
