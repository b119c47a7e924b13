import numpy as np
import pytest

from engine.evaluation.intervals import (
    apart,
    as_often,
    bootstrap,
    crossed,
    difference,
    halved,
    mean,
    over,
    quotient,
    ratio,
)


def test_the_interval_of_a_mean_is_that_of_the_normal_law():
    values = np.random.default_rng(0).standard_normal(400)
    value, low, high = mean(values)
    assert value == pytest.approx(values.mean())
    spread = 1.96 * values.std() / 20
    assert low == pytest.approx(value - spread, abs=0.02)
    assert high == pytest.approx(value + spread, abs=0.02)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held = [
        low <= 0.3 <= high for _, low, high in (mean(rng.random(100) < 0.3) for _ in range(200))
    ]
    assert 0.89 <= np.mean(held) <= 0.99


@pytest.mark.parametrize(("count", "short"), [(8, 0.369), (100, 0.036)])
def test_what_always_or_never_happened_has_the_exact_bound(count: int, short: float):
    every, none = mean([True] * count), mean([False] * count)
    assert every == pytest.approx((1.0, 1 - short, 1.0), abs=1e-3)
    assert none == pytest.approx((0.0, 0.0, short), abs=1e-3)


def test_a_paired_difference_is_surer_than_its_parts():
    rng = np.random.default_rng(2)
    theirs = 10 * rng.standard_normal(50)
    ours = theirs - 1 + 0.1 * rng.standard_normal(50)
    value, low, high = difference(ours, theirs)
    assert value == pytest.approx(-1, abs=0.1)
    assert high - low < 0.1
    assert mean(ours)[2] - mean(ours)[1] > 3


def test_a_ratio_is_of_sums():
    value, low, high = ratio([1, 3], [2, 2])
    assert (value, low, high) == (1.0, 0.5, 1.5)
    assert np.isnan(ratio([0.0], [0.0])[0])


def test_a_quotient_is_paired():
    rng = np.random.default_rng(5)
    parts, wholes = rng.random(30), 1 + rng.random(30)
    assert quotient(over(0.6 * parts, wholes), over(parts, wholes), 30) == pytest.approx(
        (0.6, 0.6, 0.6)
    )
    value, low, high = quotient(over([1, 3], [4, 4]), over([2, 2], [2, 2]), 2)
    assert (value, low, high) == (0.5, 0.25, 0.75)
    assert np.isnan(quotient(over([1], [1]), over([0], [1]), 1)[0])


def test_what_never_differs_may_differ_as_often_as_is_unseen():
    ours = [True] * 6 + [False] * 2
    value, low, high = as_often(ours, ours)
    assert (value, low, high) == pytest.approx((1.0, 1 - 0.369 / 0.75, 1 + 0.369 / 0.75), abs=1e-3)
    assert as_often([False] * 8, ours) == pytest.approx((0.0, 0.0, 0.369 / 0.75), abs=1e-3)
    other = [False, *ours[1:]]
    assert as_often(other, ours) == ratio(other, ours)


def test_halves_are_as_sure_as_the_bootstrap_and_see_nothing_twice():
    values = np.random.default_rng(4).standard_normal(300)
    drawn = []

    def of(chosen: np.ndarray) -> float:
        drawn.append(len(set(chosen)) / len(chosen))
        return values[chosen].mean()

    assert halved(of, 300) == pytest.approx(mean(values), abs=0.02)
    assert set(drawn) == {1.0}


def test_equal_measurements_have_equal_intervals():
    values = np.random.default_rng(3).random(20)
    assert mean(values) == mean(values) == bootstrap(lambda chosen: values[chosen].mean(), 20)


def test_sets_that_are_not_paired_are_drawn_apart():
    rng = np.random.default_rng(5)
    one, two = rng.normal(1.0, 1.0, 60), rng.normal(0.0, 1.0, 40)
    value, low, high = apart(one, two)
    assert value == pytest.approx(one.mean() - two.mean())
    spread = 1.96 * np.sqrt(one.var() / 60 + two.var() / 40)
    assert (low, high) == pytest.approx((value - spread, value + spread), abs=0.08)
    assert np.isnan(apart([], [1.0])).all()


def test_where_both_factors_are_drawn_the_interval_is_that_of_both():
    rng = np.random.default_rng(6)
    taste, ease = rng.normal(0, 1.0, 30), rng.normal(0, 0.5, 20)
    values = [(taste[who] + ease[what], who, what) for who in range(30) for what in range(20)]
    numbers, people, items = zip(*values, strict=True)
    value, low, high = crossed(numbers, people, items)
    assert value == pytest.approx(np.mean(numbers))
    spread = 1.96 * np.sqrt(taste.var() / 30 + ease.var() / 20)
    assert (low, high) == pytest.approx((value - spread, value + spread), abs=0.08)
    # As if all answers were independent, it would be far too narrow.
    assert high - low > 2 * (mean(numbers)[2] - mean(numbers)[1])


def test_a_factor_of_one_is_not_drawn():
    assert crossed([1.0, 2.0, 3.0], "abc", "xxx")[1] < 2.0
    assert np.isnan(crossed([1.0], "a", "x")[1:]).all()
    assert np.isnan(crossed([], "", "")).all()
