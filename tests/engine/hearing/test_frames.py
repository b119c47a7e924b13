"""Laws of windows: any division into blocks gives the same, centred, and silence where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing import frames
from engine.hearing.frames import RATE, clip, count, lowpass, mel_filters, windows
from tests.engine.hearing.sounds import noise, tone


def test_windows_are_centred_on_multiples_of_the_hop() -> None:
    samples = np.arange(1.0, 1001.0, dtype=np.float32)[None]
    (block,) = windows(samples, 64, 100)
    assert block.shape == (count(samples, 100), 64) == (11, 64)
    assert block[3, 32] == samples[0, 300]
    assert not block[0, :32].any() and block[0, 32] == 1
    assert not block[10, 32:].any()


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = noise(1.0)
    whole = np.concatenate(list(windows(samples, 512, 256, lowpass(3000, 31))))
    monkeypatch.setattr(frames, "BLOCK", 7)
    parts = np.concatenate(list(windows(samples, 512, 256, lowpass(3000, 31))))
    assert np.allclose(whole, parts, atol=1e-7)


def test_a_clip_reaches_beyond_the_ends_and_has_no_hole() -> None:
    samples = np.array([[1, np.nan, 3], [3, 2, np.inf]], np.float32)
    assert clip(samples, -2, 5).tolist() == [0, 0, 2, 0, 0, 0, 0]
    assert clip(samples, 7, 9).tolist() == [0, 0]
    assert clip(samples, -9, -7).tolist() == [0, 0]


@pytest.mark.parametrize(("hertz", "share"), [(500, 1.0), (9000, 0.0)])
def test_the_low_pass_passes_what_is_low(hertz: float, share: float) -> None:
    (block, *_) = windows(tone(hertz, 0.2), 1024, 4096, lowpass(3500, 63))
    before = 0.2 / np.sqrt(2)
    assert float(np.sqrt((block[1] ** 2).mean())) / before == pytest.approx(share, abs=0.01)


def test_mel_bands_are_means_and_each_has_bins() -> None:
    filters = mel_filters(40, 1024, 30, 17_000)
    assert np.allclose(filters.sum(axis=0), 1, atol=1e-5)
    centres = (np.arange(513) * RATE / 1024) @ filters
    assert (np.diff(centres) >= 0).all()
