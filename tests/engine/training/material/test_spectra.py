"""Laws of spectrograms: made once, cropped, and when kept in 256 levels, what they were to half a level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.clap import SAMPLE_RATE, mel_spectrogram
from engine.locked_clap import small_listener
from engine.training.material.dataset import Item
from engine.training.material.latents import read_beside, write_item
from engine.training.material.spectra import STEP, KeptSpectra, Spectra, heard, kept_spectrum
from tests.engine.training.pieces import piece_of

RATE = 44_100


def sound(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal((2, round(seconds * RATE)))).astype(np.float32)


@pytest.fixture
def item(tmp_path: Path) -> Item:
    path = tmp_path / "piece.wav"
    soundfile.write(str(path), sound(2.0).T, RATE)
    return Item(path, 2 * RATE, {})


def test_a_piece_is_heard_mono_at_48_khz(item: Item) -> None:
    samples = heard(item.path)
    assert samples.shape == (2 * SAMPLE_RATE,)
    assert samples.dtype == np.float32


def test_spectra_are_made_once_and_cropped(item: Item, tmp_path: Path) -> None:
    spectra = Spectra(small_listener(), tmp_path / "spectra")
    whole = spectra.of(item)
    assert whole.dtype == np.float16
    assert whole.shape == (1024, 64)  # A short piece is repeated until it fills the window.
    before = {path: path.stat().st_mtime_ns for path in spectra.folder.iterdir()}
    assert np.array_equal(spectra.of(item), whole)
    assert {path: path.stat().st_mtime_ns for path in spectra.folder.iterdir()} == before
    crop, longer = spectra.crop(item, 0.5, np.random.default_rng(0))
    assert crop.shape == (4, 512, 64)
    assert not longer


@pytest.mark.parametrize(("seconds", "kept"), [(3.0, 10.235), (20.0, 20.0), (50.0, 30.705)])
def test_the_middle_is_kept_to_half_a_level(seconds: float, kept: float, tmp_path: Path) -> None:
    listener, audio = small_listener(), sound(seconds)
    path = tmp_path / "0000000.npz"
    piece = piece_of(1.0)
    write_item(path, type(piece)(piece.mean, piece.std, {}, kept_spectrum(listener, audio, RATE)))
    assert read_beside(path)["spectrum"].dtype == np.uint8
    found = KeptSpectra(listener).of(Item(path, 0, {}))
    assert len(found) == pytest.approx(kept * 100, abs=2)
    if seconds == 20.0:
        import soxr

        mono = soxr.resample(audio.mean(axis=0), RATE, SAMPLE_RATE).astype(np.float32)
        exact = mel_spectrogram(listener, mono).numpy()
        assert np.abs(found - exact).max() < STEP / 2 + 0.05  # Half precision rounds too.
