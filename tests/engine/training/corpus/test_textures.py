"""Laws of textures: level, no seam, a split by sample, and only where a style wants them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.composing.composer import compose
from engine.composing.production import HELD_OUT_TEXTURES, TEXTURES, choose_texture
from engine.training.corpus.drum_kits import SAMPLES
from engine.training.corpus.oscillators import SAMPLE_RATE
from engine.training.corpus.textures import texture

INSTALLED = pytest.mark.real_parts(str(SAMPLES))


@INSTALLED
@pytest.mark.parametrize("name", [*TEXTURES, *HELD_OUT_TEXTURES])
def test_a_bed_is_even_and_has_no_seam(name: str) -> None:
    bed = texture(name, 20 * SAMPLE_RATE, np.random.default_rng(1))
    assert bed.shape == (2, 20 * SAMPLE_RATE)
    assert np.sqrt((bed**2).mean()) == pytest.approx(1, abs=1e-3)
    jumps = np.abs(np.diff(bed, axis=1)).max(axis=0)
    assert jumps.max() < 60 * np.quantile(jumps, 0.9)
    again = texture(name, 20 * SAMPLE_RATE, np.random.default_rng(1))
    assert np.array_equal(bed, again)


def test_what_is_not_installed_is_silence() -> None:
    assert not texture("ambi_nowhere", 100, np.random.default_rng(0)).any()


def test_the_split_is_by_sample() -> None:
    rng = np.random.default_rng(0)
    assert {choose_texture(rng, held_out=False) for _ in range(200)} == set(TEXTURES)
    assert {choose_texture(rng, held_out=True) for _ in range(20)} == set(HELD_OUT_TEXTURES)
    assert not set(TEXTURES) & set(HELD_OUT_TEXTURES)


def test_ambient_music_may_lie_on_a_texture_and_punk_does_not() -> None:
    ambient = [compose(seed, "ambient", "song", 70).production.texture for seed in range(1, 9)]
    assert any(ambient)
    assert not all(ambient)
    assert not any(compose(seed, "punk", "loop").production.texture for seed in range(1, 9))
    assert compose(50, "ambient", "song", 70).production.texture in ("", *HELD_OUT_TEXTURES)
