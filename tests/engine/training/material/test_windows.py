"""Laws of crops: each carries its place, and the parts of a batch are the whole of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.conditioning import Prompt, metre_grid
from engine.training.material.windows import Windows, as_a_piece, start_of_crop
from engine.training.recipes import SMOKE
from tests.engine.training.pieces import SILENCE, pieces_of


def test_crops_carry_their_place_and_silence_follows_the_end() -> None:
    windows = Windows(pieces_of(4.0, 4.0), SILENCE, SMOKE.model.latent_rate)
    clean, asked = windows.batch(128, 6, np.random.default_rng(0))
    assert clean.shape == (6, 64, 128)
    frames = -(-44100 * 4 // 2048)
    assert torch.allclose(
        clean[0, :, frames:], torch.from_numpy(SILENCE)[:, None].expand(-1, 128 - frames)
    )
    assert all(p.seconds_start == 0 and p.seconds_total == 4.0 and p.tempo == 120 for p in asked)
    starts = {p.seconds_start for p in windows.batch(32, 40, np.random.default_rng(0))[1]}
    assert 0.0 in starts
    assert len(starts) > 10


@pytest.mark.parametrize(("total", "frames"), [(1000, 100), (100, 100), (40, 100)])
def test_crops_hold_the_beginning_the_end_and_everything_between(total: int, frames: int) -> None:
    rng = np.random.default_rng(0)
    starts = np.array([start_of_crop(total, frames, rng) for _ in range(2000)])
    assert starts.min() == 0
    assert starts.max() < total
    past_the_end = (starts + frames > max(total, frames)).mean()
    at_the_end = (starts + frames == total).mean()
    if total > frames:
        assert 0.2 < (starts == 0).mean() < 0.3
        assert 0.05 < past_the_end < 0.1
        assert 0.05 < at_the_end < 0.1
        assert len(set(starts)) > 500


def test_an_excerpt_told_as_a_piece_keeps_its_grid() -> None:
    asked = Prompt(text="", seconds_start=41.3, seconds_total=70.0, tempo=97.0, beats_per_bar=3)
    own = as_a_piece(asked, 12.0)
    assert (own.seconds_start, own.seconds_total) == (0.0, 12.0)
    torch.testing.assert_close(metre_grid([asked], 256, 21.5), metre_grid([own], 256, 21.5))


def test_the_parts_of_a_batch_are_the_whole_of_it() -> None:
    windows = Windows(pieces_of(4.0, 9.0), SILENCE, SMOKE.model.latent_rate)
    whole, asked = windows.batch(32, 5, np.random.default_rng(3))
    parts = [
        windows.batch(32, 5, np.random.default_rng(3), part) for part in (slice(2), slice(2, 5))
    ]
    assert torch.equal(torch.cat([latents for latents, _ in parts]), whole)
    assert [prompt for _, prompts in parts for prompt in prompts] == asked
