import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.composing import compose
from engine.composing.score import Score
from engine.conditioning import (
    GRID_ROWS,
    METRE_ROWS,
    Conditioner,
    Conditioning,
    NumberEmbedding,
    Prompt,
    grid,
    metre_grid,
)
from engine.registry import SAMPLE_RATE, SKETCH, STABLE_AUDIO_2, NumberConfig
from engine.score_grid import PLACE_ROWS, place_grid, score_grid
from engine.text import MiniLM

RATE = SKETCH.latent_rate
TIMING = NumberConfig(name="seconds_total", low=0.0, high=512.0)


def prompt(text: str = "slow piano", seconds: float = 30.0, **facts: float) -> Prompt:
    return Prompt(text=text, seconds_total=seconds, **facts)  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def conditioner() -> Conditioner:
    conditioner = Conditioner(SKETCH, MiniLM(SKETCH.conditioning.text))
    conditioner.initialize(torch.Generator().manual_seed(2))
    return conditioner


@pytest.fixture
def two(conditioner: Conditioner) -> Conditioning:
    return conditioner(
        [prompt(tempo=120), prompt("fast drums and bass", 60.0, tempo=90)], frames=50
    )


def grid_of(conditioning: Conditioning) -> Tensor:
    assert conditioning.grid is not None
    return conditioning.grid


class LearnedWords:
    """A text encoder as narrow or wide as wanted: each letter is a token."""

    def __init__(self, width: int, max_tokens: int) -> None:
        self.width, self.max_tokens = width, max_tokens

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        lengths = torch.tensor([len(text) for text in texts])
        mask = torch.arange(self.max_tokens) < lengths[:, None]
        return mask[..., None].float().expand(-1, -1, self.width), mask

    def reach(self, text: str) -> int:
        return len(text)


def test_shapes_are_those_of_the_embedded_model(two: Conditioning):
    assert two.cross.shape == (2, 64 + 2, 384)
    assert two.cross_mask.shape == (2, 66)
    assert two.global_.shape == (2, 2 * 384)
    assert two.grid is not None
    assert two.grid.shape == (2, GRID_ROWS, 50)
    assert two.text_tokens == 64


def test_the_papers_conditioning_has_79_cross_tokens_and_1536_global_channels():
    conditioner = Conditioner(STABLE_AUDIO_2, LearnedWords(768, 77))
    found = conditioner([prompt()], frames=8)
    assert found.cross.shape == (1, 79, 768)
    assert found.global_.shape == (1, 1536)
    assert conditioner.global_width == 1536
    assert found.grid is None


def test_timing_is_both_the_last_cross_tokens_and_the_global_vector(two: Conditioning):
    assert torch.equal(two.cross[:, 64:].flatten(1), two.global_)
    assert two.cross_mask[:, 64:].all()


def test_items_are_the_same_alone_and_in_a_batch(conditioner: Conditioner, two: Conditioning):
    alone = conditioner([prompt("fast drums and bass", 60.0, tempo=90)], frames=50)
    torch.testing.assert_close(alone.cross[0], two.cross[1], atol=1e-4, rtol=1e-3)
    assert torch.equal(alone.cross_mask[0], two.cross_mask[1])
    torch.testing.assert_close(alone.global_[0], two.global_[1])


def test_names_of_weights_are_those_of_the_public_checkpoints(conditioner: Conditioner):
    assert set(conditioner.state_dict()) == {
        f"conditioners.{name}.embedder.embedding.{part}"
        for name in ("seconds_start", "seconds_total")
        for part in ("0.weights", "1.weight", "1.bias")
    }


def test_numbers_are_clamped_scaled_and_spread_over_sines_and_cosines():
    embedding = NumberEmbedding(TIMING, 7)
    found = embedding(torch.tensor([-5.0, 0.0, 512.0, 900.0, 128.0]))
    assert found.shape == (5, 7)
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(found[2], found[3])
    weights, linear = embedding.embedder["embedding"].children()
    angles = 2 * math.pi * 0.25 * weights.get_parameter("weights")
    features = torch.cat((torch.tensor([0.25]), angles.sin(), angles.cos()))
    torch.testing.assert_close(found[4], linear(features))


def test_number_weights_are_drawn_from_the_generator_alone(conditioner: Conditioner):
    again = Conditioner(SKETCH, conditioner.text_encoder)
    again.initialize(torch.Generator().manual_seed(2))
    one, two = conditioner.state_dict(), again.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_unconditional_branch_has_no_words_whatever_the_prompt_was(two: Conditioning):
    bare = two.unconditional()
    assert not bare.cross.any()
    assert not bare.cross_mask.any()
    assert torch.equal(bare.global_, two.global_)


def test_the_unconditional_branch_has_no_score_but_metre_and_place(conditioner: Conditioner):
    scored = replace(prompt(tempo=120), score=Score.of(compose(3)))
    asked = conditioner([scored, prompt()], frames=50)
    negative = conditioner([prompt("noise"), prompt("hum")], frames=50)
    silent = conditioner([replace(scored, score=None), prompt()], frames=50)
    before = grid_of(asked).clone()
    for free in (asked.unconditional(), asked.unconditional(negative)):
        assert torch.equal(grid_of(free), grid_of(silent))
    assert torch.equal(grid_of(asked), before) and not torch.equal(before, grid_of(silent))


def test_pooled_text_is_the_mean_of_the_words_and_nothing_without_any(
    conditioner: Conditioner, two: Conditioning
):
    features, mask = conditioner.text_encoder.encode(["slow piano", "fast drums and bass"])
    means = [one[shown].mean(0) for one, shown in zip(features, mask, strict=True)]
    torch.testing.assert_close(two.pooled_text(), torch.stack(means))
    assert not two.unconditional().pooled_text().any()


def test_dropping_the_text_drops_the_timing_s_tokens_and_keeps_the_global_vector():
    conditioner = Conditioner(STABLE_AUDIO_2, LearnedWords(768, 77))
    found = conditioner([prompt(), prompt("two", 60.0)], frames=8)
    for bare in (found.unconditional(), found.dropped(text=torch.tensor([True, True]))):
        assert not bare.cross.any()
        assert not bare.cross_mask.any()
        assert torch.equal(bare.global_, found.global_)


def test_the_grid_is_metre_place_and_score():
    score = Score.of(compose(3))
    asked = prompt(seconds=20.0, tempo=120, seconds_start=1.0)
    told = replace(asked, score=score, score_start=3.0)
    rows = grid([asked, told], 40, RATE)
    assert rows.shape == (2, GRID_ROWS, 40)
    metre = metre_grid([asked, replace(asked, seconds_start=3.0)], 40, RATE)
    assert torch.equal(rows[:, :METRE_ROWS], metre)
    written = np.concatenate([place_grid(1.0, 20.0, 40, RATE), score_grid(score, 3.0, 40, RATE)])
    assert torch.equal(rows[1, METRE_ROWS:], torch.from_numpy(written))
    assert not rows[0, METRE_ROWS + PLACE_ROWS :].any()


def test_a_negative_prompt_takes_the_place_of_the_text_alone(
    conditioner: Conditioner, two: Conditioning
):
    negative = conditioner([prompt("noise", 5.0), prompt("hum", 6.0)], frames=50)
    mixed = two.unconditional(negative)
    assert torch.equal(mixed.cross[:, :64], negative.cross[:, :64])
    assert torch.equal(mixed.cross_mask[:, :64], negative.cross_mask[:, :64])
    assert torch.equal(mixed.cross[:, 64:], two.cross[:, 64:])
    assert torch.equal(mixed.global_, two.global_)


def test_only_the_items_named_are_dropped(two: Conditioning):
    dropped = two.dropped(text=torch.tensor([True, False]), tempo=torch.tensor([False, True]))
    assert not dropped.cross_mask[0].any()
    assert torch.equal(dropped.cross[1], two.cross[1])
    before, after = grid_of(two), grid_of(dropped)
    assert torch.equal(after[0], before[0])
    assert not after[1, :METRE_ROWS].any()
    assert torch.equal(after[1, METRE_ROWS:], before[1, METRE_ROWS:])


def test_joined_is_one_batch_of_both(two: Conditioning):
    both = two.joined(two.unconditional())
    assert both.cross.shape[0] == 4
    assert torch.equal(both.cross[:2], two.cross)
    assert not both.cross[2:, :64].any()
    assert both.grid is not None
    assert both.grid.shape == (4, GRID_ROWS, 50)
    gridless = replace(two, grid=None)
    assert gridless.joined(gridless).grid is None


@pytest.mark.parametrize("tempo", [60.0, 97.3, 174.0])
@pytest.mark.parametrize("beats_per_bar", [3, 4])
def test_beats_fall_on_their_samples(tempo: float, beats_per_bar: int):
    """At a frame rate of one a sample, beat k is where it belongs: at sample round(k * 60 / tempo * rate)."""
    count = SAMPLE_RATE * 5
    asked = Prompt(text="", seconds_total=9.0, tempo=tempo, beats_per_bar=beats_per_bar)
    grid = metre_grid([asked], count, SAMPLE_RATE)[0].double()
    for row, period in enumerate((4 * beats_per_bar, beats_per_bar, 1, 1 / 2, 1 / 4)):
        phase = torch.atan2(grid[2 * row], grid[2 * row + 1]) / (2 * math.pi)
        # A beat (or bar) begins where the phase rises through 0; half a turn on it falls from 1/2 to -1/2.
        rises = (phase[:-1] < 0) & (phase[1:] >= 0)
        found = (torch.nonzero(rises).flatten() + 1).tolist()
        step = period * 60 / tempo * SAMPLE_RATE
        expected = [round(k * step) for k in range(1, 99) if round(k * step) < count]
        assert len(found) == len(expected)
        assert all(abs(a - b) <= 1 for a, b in zip(found, expected, strict=True))


def test_the_grid_is_its_closed_form_and_goes_on_in_a_crop():
    start = 123.456
    whole = prompt(tempo=128.0)
    crop = replace(whole, seconds_start=start)
    grid = metre_grid([whole, crop, replace(whole, tempo=None)], 64, RATE)
    seconds = start + torch.arange(64, dtype=torch.float64) / RATE
    beats = seconds * 128 / 60
    turns = [2 * math.pi * beats / period for period in (16, 4, 1, 1 / 2, 1 / 4)]
    expected = [row for turn in turns for row in (turn.sin(), turn.cos())] + [torch.ones(64)]
    torch.testing.assert_close(grid[1], torch.stack([row.float() for row in expected]))
    assert grid[0, :, 0].tolist() == [0, 1] * 5 + [1]
    assert not grid[2].any()
