"""Files that unfold to far more than they are: read as far as needed, in little memory, or refused in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioError
from engine.sound.audio import read_audio
from engine.sound.reading import BLOCK, blocks, opened

RATE, CHANNELS, MINUTES = 48_000, 8, 8
UNFOLDED = MINUTES * 60 * RATE * CHANNELS * 4 / 2**20
"""MiB that the bomb is in memory as float32: 703."""
SPARE = 100.0
"""MiB that a reader may need beyond what its imports do."""


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Minutes of eight silent channels in a FLAC of less than a MiB."""
    path = tmp_path_factory.mktemp("bomb") / "bomb.flac"
    minute = np.zeros((60 * RATE, CHANNELS), np.int16)
    with soundfile.SoundFile(path, "w", RATE, CHANNELS, "PCM_16") as file:
        for _ in range(MINUTES):
            file.write(minute)
    assert path.stat().st_size < 2**20
    return path


def claiming(bomb: Path, path: Path, *, frames: int) -> Path:
    """The bomb with another number of frames in its header: 36 bits of STREAMINFO, from the 22nd byte on."""
    data = bytearray(bomb.read_bytes())
    data[21] = data[21] & 0xF0 | frames >> 32
    data[22:26] = (frames & 0xFFFF_FFFF).to_bytes(4, "big")
    path.write_bytes(data)
    return path


READERS = {
    "a take of 2 s": "from engine.creative import recording; assert recording(path, 88_200).shape[0] == 2",
    "its length": "from engine.sound.recordings import recording_seconds; assert recording_seconds(path) > 400",
    "waveform": "from gui.takes.peaks import read_peaks; from pathlib import Path; read_peaks(Path(path))",
    "its tags": "from engine.sound.audio import read_texts; read_texts(path)",
}


@pytest.mark.skipif(sys.platform == "win32", reason="asks the system for the most memory it had")
@pytest.mark.parametrize("reader", READERS)
def test_memory_is_bounded_by_what_is_needed(bomb: Path, reader: str) -> None:
    # Once with a small file, so that what imports and buffers take is not counted.
    code = (
        "import sys, resource, soundfile, numpy\n"
        "def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"def read(path): {READERS[reader]}\n"
        "soundfile.write(sys.argv[2], numpy.zeros((410 * 8000, 1), 'int16'), 8000)\n"
        "read(sys.argv[2]); before = most(); read(sys.argv[1]); print(most() - before)\n"
    )
    small = bomb.with_name("small.wav")
    ran = subprocess.run(
        [sys.executable, "-c", code, str(bomb), str(small)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert ran.returncode == 0, ran.stderr
    unit = 2**20 if sys.platform == "darwin" else 2**10
    assert int(ran.stdout) / unit < SPARE < UNFOLDED / 5


def test_a_whole_file_that_does_not_fit_is_refused_in_a_sentence(
    bomb: Path, tmp_path: Path
) -> None:
    hour = claiming(bomb, tmp_path / "hour.flac", frames=3500 * RATE)
    with pytest.raises(AudioError, match="3500 s of 8 channels, more than can be in memory"):
        read_audio(hour)
    days = claiming(bomb, tmp_path / "days.flac", frames=2**36 - 1)
    with pytest.raises(AudioError, match="the longest that can be read is 3600 s"):
        read_audio(days)


def test_blocks_are_small_and_join_to_the_whole(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (700_001, 5)).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", samples, 44_100, subtype="FLOAT")
    with opened(tmp_path / "x.wav") as file:
        parts = list(blocks(file, 256))
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), samples.T)
    assert all(part.size <= BLOCK and part.shape[1] % 256 == 0 for part in parts[:-1])
    with opened(tmp_path / "x.wav") as file:
        assert max(part.shape[1] for part in blocks(file, longest=1000)) == 1000


def test_a_thousand_channels_make_no_larger_blocks(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((5000, 1024), np.int16), 8000)
    with opened(tmp_path / "x.wav") as file:
        assert max(part.size for part in blocks(file)) <= BLOCK


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(AudioError, match="no file on a disk"), opened(tmp_path / "pipe.wav"):
        pass


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e10, -1e20, 3e38])
def test_samples_that_mean_nothing_are_refused_in_a_sentence(tmp_path: Path, value: float) -> None:
    samples = np.zeros((1000, 2), np.float32)
    samples[500, 1] = value
    soundfile.write(tmp_path / "x.wav", samples, 44_100, subtype="FLOAT")
    said = "where 1 is full scale" if np.isfinite(value) else "not numbers"
    with pytest.raises(AudioError, match=said):
        read_audio(tmp_path / "x.wav")


@pytest.mark.parametrize("scale", [4.0, 2.0**15, 2.0**31])
def test_floating_point_may_be_beyond_full_scale(tmp_path: Path, scale: float) -> None:
    samples = (scale * np.linspace(-1, 1, 1000)).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", samples, 44_100, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(tmp_path / "x.wav").samples[0], samples)
