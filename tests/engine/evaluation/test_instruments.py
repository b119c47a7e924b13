import numpy as np

from engine.evaluation.instruments import accuracy, trained


def heaps(count: int, spread: float) -> tuple[np.ndarray, list[str]]:
    """So many vectors around each of three corners."""
    rng = np.random.default_rng(0)
    names = ("Drums", "Flute", "Piano")
    labels = [name for name in names for _ in range(count)]
    corners = np.stack([np.eye(3, 8)[names.index(label)] for label in labels])
    noise = spread * rng.standard_normal(corners.shape)
    return (corners + noise).astype(np.float32), labels


def test_what_lies_apart_is_told_apart():
    vectors, labels = heaps(20, 0.05)
    assert trained(vectors, labels)(vectors) == labels


def test_it_does_not_depend_on_the_order():
    vectors, labels = heaps(20, 0.3)
    order = np.random.default_rng(1).permutation(len(labels))
    one = trained(vectors, labels)
    two = trained(vectors[order], [labels[i] for i in order])
    np.testing.assert_allclose(one.weights, two.weights, atol=1e-2)


def test_accuracy_tells_which_are_right():
    assert accuracy(["a", "b", "c"], ["a", "b", "x"]) == [True, True, False]
