import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from engine.evaluation.listening import Listener, averaged, window_starts
from engine.locked_clap import LockedClap
from engine.training.material.dataset import Item
from tests.engine.test_locked_clap import tiny_audio
from tests.engine.tiny_model import Words

RATE = 44_100


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    clap = LockedClap(tiny_audio(), Words())
    clap.initialize(torch.Generator().manual_seed(1))
    return Listener(clap.eval(), tmp_path / "spectra")


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((2, round(seconds * RATE)))).astype(np.float32)


def test_windows_cover_the_whole_sound(listener: Listener):
    assert listener.window == pytest.approx(10.23)
    assert listener.windows(sound(3.0)).shape == (1, 16)
    assert listener.windows(sound(12.0)).shape == (2, 16)
    assert listener.windows(sound(21.0)).shape == (3, 16)


@pytest.mark.parametrize("length", [1, 10, 11, 25, 40, 99])
def test_windows_begin_at_the_beginning_and_end_at_the_end(length: int):
    starts = window_starts(length, 10)
    assert starts[0] == 0
    assert starts[-1] == max(length - 10, 0)
    assert all(later - earlier <= 10 for earlier, later in pairwise(starts))
    assert len(starts) == max(-(-length // 10), 1)


def test_vectors_are_of_unit_length_and_a_sounds_is_the_mean_of_its_windows(listener: Listener):
    windows = [listener.windows(sound(3.0)), listener.windows(sound(12.0, 1))]
    found = averaged(windows)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(found[0], windows[0][0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(listener.texts(["house"]), axis=1), 1.0, rtol=1e-5)


def test_material_is_listened_to_once(listener: Listener, tmp_path: Path):
    path = tmp_path / "piece.wav"
    soundfile.write(str(path), sound(12.0).T, RATE, "FLOAT")
    item = Item(path, 12 * RATE, {})
    first = listener.material(item)
    # Spectrograms are kept in half precision.
    np.testing.assert_allclose(first, listener.windows(sound(12.0)), atol=2e-3)
    written = path.stat().st_mtime_ns
    soundfile.write(str(path), np.zeros((12 * RATE, 2)), RATE, "FLOAT")
    os.utime(path, ns=(written, written))
    assert listener.material(item) is first
    other = Listener(listener.clap, tmp_path / "spectra")
    np.testing.assert_array_equal(other.material(item), first)
    os.utime(path, ns=(written, written + 10**9))
    assert not np.allclose(Listener(listener.clap, tmp_path / "spectra").material(item), first)
