from pathlib import Path

import numpy as np
import pytest

from engine.errors import AudioError
from engine.evaluation.bench import Bench, material
from engine.training.dataset import Item


def test_both_sides_of_the_split_come_from_the_composer_where_no_folder_is_given(bench: Bench):
    assert all(item.metadata["held_out"] for item in bench.held_out)
    assert not any(item.metadata["held_out"] for item in bench.training)
    assert bench.composed == bench.held_out


def test_folders_are_split_by_what_their_items_say(bench: Bench):
    folders = [bench.work / "held_out", bench.work / "training"]
    held_out, training = material(folders, Path("unused"), 2)
    assert {item.path for item in held_out} == {item.path for item in bench.held_out}
    assert {item.path for item in training} == {item.path for item in bench.training}
    with pytest.raises(AudioError, match="No material"):
        material([bench.work / "training"], Path("unused"), 2)


def test_recordings_are_no_composed_pieces_unless_there_is_nothing_else(bench: Bench):
    real = Item(Path("real.wav"), 1, {"kind": "real"})
    bench.held_out.append(real)
    assert real not in bench.composed
    bench.held_out = [real]
    assert bench.composed == [real]


def test_takes_are_counted_and_their_seeds_follow_from_the_number(bench: Bench):
    one, two = (bench.take("house", 3, seconds_total=1.0) for _ in range(2))
    other = bench.take("house", 4, seconds_total=1.0, facts={"tempo": 120.0})
    np.testing.assert_array_equal(one.samples, two.samples)
    assert (one.samples != other.samples).any()
    assert other.facts == {"tempo": 120.0}
    assert bench.takes == [one, two, other]


def test_a_reconstruction_is_as_long_as_its_original(bench: Bench):
    samples = 0.1 * np.random.default_rng(0).standard_normal((2, 30_000)).astype(np.float32)
    assert bench.reconstructed(samples).shape == samples.shape
