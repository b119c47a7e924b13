import numpy as np
import pytest
import torch

from engine.evaluation.published.divergence import divergence
from tests.golden.judges import probabilities
from tests.golden.values import golden

NUMBERS, _ = golden("metrics")


def test_is_the_divergence_that_stable_audio_metrics_computes():
    names = ("one", "two", "three")
    found = [divergence(probabilities(n, "made"), probabilities(n, "reference")) for n in names]
    assert np.mean(found) == pytest.approx(float(NUMBERS["kl"]), rel=1e-5)


def test_the_same_is_heard_in_the_same():
    one = probabilities("one", "made")
    assert abs(divergence(one, one)) < 1e-3


def test_what_is_not_heard_adds_nothing():
    made, reference = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5])
    assert divergence(made, reference) == pytest.approx(np.log(2), abs=1e-5)
    assert divergence(reference, made) == pytest.approx(np.log(0.5) - 0.5 * np.log(1e-6), abs=1e-4)
