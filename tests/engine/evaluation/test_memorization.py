import numpy as np
import pytest

from engine.evaluation.memorization import nearest, neighbours


def unit(*angles: float) -> np.ndarray:
    turned = np.deg2rad(angles)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def test_the_nearest_is_the_one_at_the_smallest_angle():
    index, distance = nearest(unit(0, 50, 100), unit(40, 90, 0))
    assert index.tolist() == [2, 0, 1]
    assert distance[0] == pytest.approx(0.0, abs=1e-6)
    assert distance[1] == pytest.approx(1 - np.cos(np.deg2rad(10)), abs=1e-6)


def test_a_copy_comes_first():
    pairs = neighbours((["near", "copy"], unit(10, 90)), (["east", "north"], unit(0, 90)))
    assert [(pair.generation, pair.piece) for pair in pairs] == [
        ("copy", "north"),
        ("near", "east"),
    ]
    assert pairs[0].distance == pytest.approx(0.0, abs=1e-6)
