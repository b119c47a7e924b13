"""Laws of drawing: it is numpy's choice, without a look at every weight, and parts are the whole."""

from __future__ import annotations

import numpy as np

from engine.training.material.drawing import Chances


def test_it_draws_what_numpy_draws() -> None:
    weights = np.random.default_rng(1).random(1000)
    chances, p = Chances(weights), weights / weights.sum()
    for seed in range(5):
        found = chances.drawn(200, np.random.default_rng(seed))
        assert np.array_equal(found, np.random.default_rng(seed).choice(1000, 200, p=p))


def test_parts_are_the_whole_with_the_same_generators() -> None:
    chances = Chances([1, 2, 3])
    whole = [(number, rng.random()) for number, rng in chances.each(7, np.random.default_rng(0))]
    parts = [
        (number, rng.random())
        for part in (slice(0, 3), slice(3, 7))
        for number, rng in chances.each(7, np.random.default_rng(0), part)
    ]
    assert parts == whole
