import numpy as np
import pytest

from engine.evaluation.frechet import frechet_distance, gaussian_distance


def test_equal_sets_have_no_distance():
    one = np.random.default_rng(0).standard_normal((50, 6))
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(one, one[::-1]) == pytest.approx(0.0, abs=1e-9)


def test_a_shift_is_its_squared_length():
    one = np.random.default_rng(0).standard_normal((50, 3))
    assert frechet_distance(one, one + np.array([1.0, 2.0, 2.0])) == pytest.approx(9.0)


def test_gaussians_with_common_axes_have_a_closed_form():
    a, b = np.diag([1.0, 4.0, 9.0]), np.diag([4.0, 1.0, 0.0])
    zero = np.zeros(3)
    # The sum of (sqrt(a) - sqrt(b))^2 along the axes.
    assert gaussian_distance((zero, a), (zero, b)) == pytest.approx(1 + 1 + 9)


def test_it_is_symmetric_and_turns_with_the_space():
    rng = np.random.default_rng(1)
    one, two = rng.standard_normal((40, 5)), 2 * rng.standard_normal((60, 5)) + 1
    turn, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    expected = frechet_distance(one, two)
    assert frechet_distance(two, one) == pytest.approx(expected)
    assert frechet_distance(one @ turn, two @ turn) == pytest.approx(expected)
