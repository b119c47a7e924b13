"""Laws of the table of real recordings, and of taking them out of packages."""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.training.corpus.effects import PEAK
from engine.training.corpus.oscillators import SAMPLE_RATE
from engine.training.corpus.real import decode, extract, recordings

FREE = ("CC-BY-3.0", "CC-BY-4.0", "public-domain", "MIT", "Expat", "BSD-2-Clause")
REPOSITORY = Path(__file__).parents[4]


def test_every_recording_is_free_and_named() -> None:
    rows = recordings()
    assert len(rows) > 90
    for row in rows:
        assert row.licence.startswith(FREE), row.path
        assert len(row.sha256) == 64
        assert int(row.sha256, 16) >= 0
        assert row.package
        assert row.version
    assert len({row.path for row in rows}) == len(rows)


def test_every_artist_is_thanked() -> None:
    thanks = (REPOSITORY / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for row in recordings():
        assert row.package in thanks
        if row.licence.startswith("CC-BY"):
            assert row.artist
            assert row.artist in thanks, row.artist


def test_the_split_holds_some_out() -> None:
    held = [row.metadata(index)["held_out"] for index, row in enumerate(recordings())]
    assert 0.05 < np.mean(held) < 0.2


def _tone(rate: int, channels: int, seconds: float) -> bytes:
    t = np.arange(int(rate * seconds)) / rate
    file = io.BytesIO()
    soundfile.write(
        file, np.tile(0.1 * np.sin(2 * np.pi * 440 * t)[:, None], (1, channels)), rate, format="WAV"
    )
    return file.getvalue()


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (48000, 1), (22050, 2)])
def test_any_rate_and_channels_become_44100_stereo(rate: int, channels: int) -> None:
    audio = decode([_tone(rate, channels, 1.0)])
    assert audio.shape[0] == 2
    assert abs(audio.shape[1] - SAMPLE_RATE) <= 2
    assert 0.1 < np.abs(audio).max() <= PEAK + 1e-6


def test_stems_are_mixed() -> None:
    one, other = _tone(44100, 2, 1.0), _tone(44100, 2, 2.0)
    assert decode([one, other]).shape[1] == 2 * SAMPLE_RATE


@pytest.mark.real_parts("dpkg-deb")
def test_files_come_out_of_a_package_and_out_of_a_zip_inside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: tune\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: tune\n"
    )
    (root / "usr").mkdir()
    (root / "usr" / "a.ogg").write_bytes(b"first")
    with zipfile.ZipFile(root / "usr" / "pack.pk3", "w") as pack:
        pack.writestr("music/b.ogg", b"second")
    subprocess.run(
        ["dpkg-deb", "--build", str(root), str(tmp_path / "tune.deb")],
        check=True,
        capture_output=True,
    )
    found = extract(
        tmp_path / "tune.deb", {"usr/a.ogg", "usr/pack.pk3/music/b.ogg", "usr/absent.ogg"}
    )
    assert found == {"usr/a.ogg": b"first", "usr/pack.pk3/music/b.ogg": b"second"}
    assert hashlib.sha256(found["usr/a.ogg"]).hexdigest() == hashlib.sha256(b"first").hexdigest()
