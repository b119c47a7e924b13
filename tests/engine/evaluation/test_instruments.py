import numpy as np
import pytest

from engine.evaluation.instruments import accuracy, folds, trained


def heaps(count: int, spread: float) -> tuple[np.ndarray, list[str], list[int]]:
    """Vectors around three corners, each ten stems of `count` windows."""
    rng = np.random.default_rng(0)
    names = ("Drums", "Flute", "Piano")
    labels = [name for name in names for _ in range(10 * count)]
    corners = np.stack([np.eye(3, 8)[names.index(label)] for label in labels])
    groups = [group for _ in names for group in range(10) for _ in range(count)]
    noise = spread * rng.standard_normal(corners.shape)
    return (corners + noise).astype(np.float32), labels, groups


def test_what_lies_apart_is_told_apart():
    vectors, labels, groups = heaps(2, 0.05)
    classifier = trained(vectors, labels)
    assert classifier(vectors) == labels
    assert folds(vectors, labels, groups) == 1.0


def test_what_is_the_same_cannot_be_told_apart_unless_it_was_seen():
    vectors, labels, groups = heaps(1, 100.0)
    assert folds(vectors, labels, groups) < 0.6


def test_it_does_not_depend_on_the_order():
    vectors, labels, _ = heaps(2, 0.3)
    order = np.random.default_rng(1).permutation(len(labels))
    one = trained(vectors, labels)
    two = trained(vectors[order], [labels[i] for i in order])
    np.testing.assert_allclose(one.weights, two.weights, atol=1e-2)


def test_accuracy_is_a_share():
    assert accuracy(["a", "b", "c", "d"], ["a", "b", "x", "d"]) == pytest.approx(0.75)
