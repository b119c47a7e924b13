import numpy as np
import pytest

from engine.evaluation.scores import merged
from engine.evaluation.transfer import (
    Strength,
    default_strength,
    onset_f1,
    onset_times,
    timbre,
    way,
)
from engine.training.corpus.beatbox import beatbox


def test_onsets_within_fifty_milliseconds_are_the_same():
    known = [0.5, 1.0, 1.5, 2.0]
    assert onset_f1(known, known) == 1.0
    assert onset_f1(known, [t + 0.04 for t in known]) == 1.0
    assert onset_f1(known, [t + 0.06 for t in known]) == 0.0


def test_f_measure_has_its_closed_form():
    # Two of four found, one of three wrong: precision 2/3, recall 1/2.
    assert onset_f1([1, 2, 3, 4], [1, 2, 2.5]) == pytest.approx(2 * (2 / 3) / 2 / (2 / 3 + 1 / 2))
    assert onset_f1([1.0], [0.99, 1.01]) == pytest.approx(2 / 3)
    assert onset_f1([1.0], []) == onset_f1([], [1.0]) == 0.0


def test_the_onsets_of_a_beatbox_are_heard():
    samples, onsets = beatbox(1, 90.0, 2)
    assert onset_f1(merged([when for when, _ in onsets]), onset_times(samples)) > 0.8


def test_the_way_is_zero_at_the_source_and_one_at_the_goal():
    source, goal = np.array([1.0, 2.0]), np.array([3.0, 2.0])
    assert way(source, source, goal) == 0.0
    assert way(source, goal, goal) == 1.0
    assert way(source, np.array([2.0, 9.0]), goal) == 0.5
    assert way(source, np.array([0.0, 2.0]), goal) == -0.5


def test_timbre_does_not_change_with_loudness():
    samples, _ = beatbox(0, 90.0, 1)
    np.testing.assert_allclose(timbre(samples), timbre(0.5 * samples), rtol=0.05, atol=3.0)


def test_the_default_keeps_the_rhythm_among_those_that_move_far_enough():
    curve = [Strength(0.2, 0.9, 0.1), Strength(0.5, 0.8, 0.5), Strength(0.8, 0.4, 0.9)]
    assert default_strength(curve).level == 0.5
    assert default_strength([Strength(0.2, 0.9, 0.1), Strength(0.4, 0.7, 0.4)]).level == 0.4
