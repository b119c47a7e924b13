import numpy as np
import pytest

from engine.evaluation.memorization import neighbours


def unit(*angles: float) -> np.ndarray:
    turned = np.deg2rad(angles)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def test_the_nearest_is_the_one_at_the_smallest_angle():
    material = [("east", unit(0, 20)), ("north", unit(90))]
    pairs = neighbours([("query", unit(50))], material)
    assert [(pair.asked, pair.piece) for pair in pairs] == [("query", "east")]
    assert pairs[0].distance == pytest.approx(1 - np.cos(np.deg2rad(30)), abs=1e-6)


def test_a_copy_comes_first():
    material = [("east", unit(0)), ("north", unit(90))]
    pairs = neighbours([("near", unit(10)), ("copy", unit(90))], material)
    assert [(pair.asked, pair.piece) for pair in pairs] == [("copy", "north"), ("near", "east")]
    assert pairs[0].distance == pytest.approx(0.0, abs=1e-6)


def test_a_piece_is_no_neighbour_of_itself():
    material = [("one", unit(0, 0)), ("other", unit(40)), ("copy of one", unit(0))]
    pairs = neighbours(material, material)
    assert {(pair.asked, pair.piece) for pair in pairs} == {
        ("one", "copy of one"),
        ("copy of one", "one"),
        ("other", "one"),
    }
    assert sum(pair.distance < 1e-6 for pair in pairs) == 3
