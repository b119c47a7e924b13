from pathlib import Path

import numpy as np

from engine.composing import compose
from engine.composing.score import Score
from engine.evaluation.bench import Bench
from engine.evaluation.pairs import ROLES
from engine.training.corpus import render
from engine.training.corpus.items import write_item


def test_without_folders_training_pieces_are_composed_once(bench: Bench):
    assert [item.metadata["seed"] for item in bench.training] == [1, 2]
    assert not any(item.metadata["held_out"] for item in bench.training)
    assert bench.training is bench.training
    assert bench.recordings == []


def test_folders_are_split_by_what_their_items_say(bench: Bench, tmp_path: Path):
    for seed in (50, 51):
        piece = compose(seed, seconds=4.0)
        write_item(tmp_path, str(seed), render(piece), piece.metadata())
    for held_out in (True, False):
        facts = {"kind": "real", "held_out": held_out}
        noise = 0.1 * np.random.default_rng(0).standard_normal((2, 22_050))
        write_item(tmp_path, f"real_{held_out}", noise.astype(np.float32), facts)
    bench.folders = (tmp_path,)
    assert [item.path.stem for item in bench.training] == ["51", "real_False"]
    assert [item.path.stem for item in bench.recordings] == ["real_True"]


def test_takes_are_counted_and_their_seeds_follow_from_the_number(bench: Bench):
    one, two = (bench.take("house", 3, seconds_total=1.0) for _ in range(2))
    other = bench.take("house", 4, seconds_total=1.0, facts={"tempo": 120.0})
    np.testing.assert_array_equal(one.samples, two.samples)
    assert (one.samples != other.samples).any()
    assert other.facts == {"tempo": 120.0}
    assert [(made.prompt, made.restyled) for made in bench.takes] == [("house", False)] * 3


def test_a_take_plays_what_is_given_or_what_the_settings_say(bench: Bench):
    given = Score.of(compose(50, seconds=4.0))
    assert bench.plays_scores
    assert bench.take("house", 3, seconds_total=1.0, plays=given).score is given
    led, left = (bench.take("house", 3, seconds_total=4.0, score=s) for s in (None, "none"))
    assert led.score is not None and led.score.tempo > 0
    assert left.score is None
    assert (led.samples != left.samples).any()


def test_a_reconstruction_is_as_long_as_its_original(bench: Bench):
    samples = 0.1 * np.random.default_rng(0).standard_normal((2, 30_000)).astype(np.float32)
    assert bench.reconstructed(samples).shape == samples.shape


def test_sounds_are_listened_to_once_and_over_their_whole_length(bench: Bench):
    heard = {role: bench.embedded(role) for role in ROLES}
    assert all(bench.embedded(role) is heard[role] for role in ROLES)
    assert heard["piece"].clap.shape[0] == heard["piece"].tagged.shape[0] == len(bench.pairs)
    np.testing.assert_allclose(np.linalg.norm(heard["take"].clap, axis=1), 1.0, rtol=1e-5)
