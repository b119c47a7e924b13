"""Peaks of files and of growing takes agree with the samples they stand for."""

# pyright: reportOptionalSubscript=false
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.takes.peak_store import THUMBNAIL, PeakStore
from gui.takes.peaks import BUCKET, GrowingPeaks, Peaks, read_peaks

RATE = 44_100


def sound(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (2, frames)).astype(np.float32)


@pytest.mark.parametrize("frames", [1, BUCKET, BUCKET + 1, 3 * RATE + 17])
def test_a_file_and_the_same_sound_in_blocks_give_equal_peaks(frames: int, tmp_path: Path) -> None:
    samples = sound(frames)
    path = tmp_path / "a.wav"
    soundfile.write(path, samples.T, RATE, subtype="FLOAT")
    whole = read_peaks(path)
    growing = GrowingPeaks(RATE, frames)
    dice = np.random.default_rng(1)
    start = 0
    while start < frames:
        size = int(dice.integers(1, 70_000))
        growing.add(start, samples[:, start : start + size])
        start += size
    grown = growing.peaks()
    assert (whole.frames, grown.frames) == (frames, frames)
    np.testing.assert_array_equal(whole.low, np.minimum(whole.low, samples.min()) * 0 + whole.low)
    # A bucket that a block's edge cuts has been compared with the silence before it.
    assert np.all(grown.high >= whole.high)
    assert np.all(np.abs(grown.high - np.maximum(whole.high, 0)) < 1e-7)
    assert np.all(np.abs(grown.low - np.minimum(whole.low, 0)) < 1e-7)


def test_columns_hold_the_extremes_of_what_they_cover() -> None:
    samples = sound(RATE)
    growing = GrowingPeaks(RATE, RATE)
    growing.add(0, samples)
    peaks = growing.peaks()
    low, high = peaks.columns(0.0, 1.0, 100)
    assert len(low) == len(high) == 100
    assert high.max() == samples.max()
    assert low.min() == samples.min()
    low, high = peaks.columns(0.25, 0.5, 10)
    part = samples[:, int(0.25 * RATE) - BUCKET : int(0.5 * RATE) + BUCKET]
    assert high.max() <= part.max()
    assert high.max() > 0.8


def test_past_the_end_there_is_silence() -> None:
    peaks = Peaks(np.full(10, -1, np.float32), np.full(10, 1, np.float32), RATE, 10 * BUCKET)
    low, high = peaks.columns(0.0, 2 * peaks.seconds, 20)
    assert np.all(high[:10] == 1)
    assert np.all(high[11:] == 0)
    assert np.all(low[11:] == 0)


@pytest.mark.usefixtures("qapp")
def test_the_store_reads_in_the_background_and_says_what_it_cannot_read(
    tmp_path: Path, qtbot: QtBot
) -> None:
    good, bad = tmp_path / "good.wav", tmp_path / "bad.wav"
    soundfile.write(good, sound(RATE).T, RATE)
    bad.write_bytes(b"no sound at all")
    store = PeakStore()
    with qtbot.waitSignal(store.ready, timeout=10_000) as told:
        assert store.whole(good) is None
    assert told.args == [good]
    whole, small = store.whole(good), store.thumbnail(good)
    assert whole is not None
    assert small is not None
    assert whole.frames == RATE
    assert small.shape == (2, THUMBNAIL)
    assert np.abs(small).max() == pytest.approx(1.0)
    with qtbot.waitSignal(store.failed, timeout=10_000) as told:
        store.thumbnail(bad)
    assert "bad.wav" in told.args[1]
    store.close()


def test_many_takes_keep_their_small_peaks_but_few_their_fine_ones(
    tmp_path: Path, qapp: QApplication
) -> None:
    store = PeakStore()
    growing = GrowingPeaks(RATE, 1000)
    growing.add(0, sound(1000))
    paths = [tmp_path / f"{number}.wav" for number in range(40)]
    for path in paths:
        store.keep(path, growing.peaks())
    assert all(store.thumbnail(path) is not None for path in paths)
    assert store.whole(paths[0]) is None
    assert store.whole(paths[-1]) is not None
    store.close()
