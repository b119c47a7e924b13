import numpy as np
import pytest

from engine.evaluation.kernel_distance import SCALE, bandwidth, distances, kernel, mmd


def cloud(count: int, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 3)) + shift


def test_two_points_each_have_their_closed_form():
    one, two = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]])
    e = [np.exp(-(d**2) / 2) for d in range(6)]
    expected = e[1] + e[2] - 2 * (e[3] + e[5] + e[2] + e[4]) / 4
    assert mmd(one, two, 1.0) == pytest.approx(SCALE * expected)


def test_the_kernel_is_one_at_home_and_falls_with_the_distance():
    found = kernel(np.array([[0.0], [2.0]]), np.array([[0.0]]), 2.0)
    assert found[:, 0] == pytest.approx([1.0, np.exp(-0.5)])
    assert bandwidth(np.array([[0.0], [1.0], [3.0]])) == 2.0


@pytest.mark.parametrize("count", [8, 60])
def test_sets_of_the_same_kind_are_no_distance_apart_on_average(count: int):
    found = [mmd(cloud(count, 0, s), cloud(count, 0, 1000 + s), 2.0) for s in range(200)]
    assert np.mean(found) == pytest.approx(0.0, abs=3 * np.std(found) / 200**0.5)
    assert min(found) < 0 < max(found)


def test_what_lies_farther_is_farther_and_the_floor_is_about_zero():
    true = cloud(300)
    others = {"copy": true, "near": cloud(300, 0.5, 1), "far": cloud(300, 2.0, 2)}
    found = distances(true, others)
    value, low, high = found["true"]
    assert low < 0 < high and abs(value) < 5
    # Copies are no nearer than what they were copied from: they are compared with the others only.
    assert found["copy"] == pytest.approx(found["true"])
    assert found["true"][2] < found["near"][1] and found["near"][2] < found["far"][1]
