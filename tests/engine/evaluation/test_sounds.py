import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.composing import compose
from engine.composing.score import Score
from engine.evaluation.sounds import (
    RATE,
    composed,
    noise,
    piece,
    solo_seeds,
    spread,
    take,
    training_seeds,
)
from engine.spec import GenerationSpec
from engine.training.composing import seed_of
from engine.training.material.dataset import Item
from engine.updates import AudioBlock, LeadSheet, Step, Update


class Counting:
    """Hands out what it plays, and a ramp in three blocks, between steps of work."""

    def generate(self, spec: GenerationSpec, score: Score | None = None) -> Iterator[Update]:
        ramp = np.arange(300, dtype=np.float32)
        yield LeadSheet(score, "")
        yield Step("diffuse", 1, 1)
        for start in range(0, 300, 100):
            yield AudioBlock(start, np.stack([ramp[start : start + 100]] * 2))


@pytest.fixture
def item(tmp_path: Path) -> Item:
    ramp = np.arange(2 * RATE) / (2 * RATE)
    path = tmp_path / "ramp.wav"
    soundfile.write(str(path), np.stack([ramp, -ramp], axis=1), RATE, "FLOAT")
    return Item(path, 2 * RATE, {"tempo": 120.0})


def test_a_take_is_its_blocks_in_order_and_called_by_its_prompt():
    made = take(Counting(), GenerationSpec(prompt="house"), {"known": 1})
    assert made.name == "house"
    assert made.score is None
    assert made.facts == {"known": 1}
    np.testing.assert_array_equal(made.samples[1], np.arange(300))


def test_a_take_keeps_the_score_that_it_plays():
    score = Score.of(compose(50, seconds=6.0))
    assert take(Counting(), GenerationSpec(prompt="house"), score=score).score is score


def test_pieces_come_from_the_middle_or_the_beginning_and_short_ones_whole(item: Item):
    middle, beginning = piece(item, 1.0), piece(item, 1.0, middle=False)
    assert middle.samples.shape == beginning.samples.shape == (2, RATE)
    assert beginning.samples[0, 0] == 0.0
    assert middle.samples[0, 0] == pytest.approx(0.25)
    assert piece(item, 9.0).seconds == 2.0


def test_composed_pieces_are_rendered_once(tmp_path: Path):
    [made] = composed([50], tmp_path, "loop", 6.0)
    before = made.path.stat().st_mtime_ns
    [again] = composed([50], tmp_path, "loop", 6.0)
    assert again.path == made.path
    assert made.path.stat().st_mtime_ns == before
    assert made.metadata["held_out"] is True
    assert json.loads(made.path.with_suffix(".json").read_text()) == made.metadata


def test_training_seeds_are_those_of_a_run():
    assert training_seeds(60) == [seed_of(number) for number in range(60)]


def test_what_is_spread_is_evenly_spaced():
    assert spread(range(10), 4) == [0, 3, 6, 9]
    assert spread("ab", 5) == ["a", "b"]
    assert spread([], 3) == []


@pytest.mark.parametrize("instrument", ["Drums", "Flute"])
def test_solo_seeds_are_held_out_and_sound_alone(instrument: str):
    seeds = solo_seeds(instrument, 2)
    assert len(set(seeds)) == 2
    assert all(seed % 50 == 0 for seed in seeds)
    assert set(compose(seeds[0], seconds=12.0).instruments) == {instrument}


def test_noise_is_as_long_as_asked_and_different_on_both_sides():
    made = noise(0.5, np.random.default_rng(0))
    assert made.samples.shape == (2, RATE // 2)
    left, right = made.samples
    assert abs(left @ right) < 0.05 * (left @ left)
