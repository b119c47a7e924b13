import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import AudioError
from engine.evaluation.published.frechet import Gaussian, frechet_distance
from tests.golden.judges import embeddings
from tests.golden.values import golden

NUMBERS, _ = golden("metrics")


def gathered(rows: np.ndarray, sizes: list[int]) -> Gaussian:
    found, start = Gaussian(), 0
    for size in [*sizes, len(rows)]:
        if len(part := rows[start : start + size]):
            found.add(part)
        start += size
    return found


@pytest.mark.parametrize(("name", "key"), [("many", "fd"), ("few", "fd singular")])
def test_is_the_distance_that_stable_audio_metrics_computes(name: str, key: str):
    one, two = (gathered(rows, [3]) for rows in embeddings(name))
    assert frechet_distance(one, two) == pytest.approx(float(NUMBERS[key]), rel=1e-4)


@given(st.lists(st.integers(1, 20), max_size=6))
def test_statistics_do_not_depend_on_the_batches(sizes: list[int]):
    rows = embeddings("many")[0] + 100
    found = gathered(rows, sizes)
    assert found.count == len(rows)
    assert np.allclose(found.mean, rows.astype(np.float64).mean(axis=0), rtol=1e-12)
    assert np.allclose(found.covariance, np.cov(rows, rowvar=False), atol=1e-9)


def test_alike_sets_have_no_distance_and_moved_ones_its_square():
    one, two = embeddings("many")[0], embeddings("many")[0] + 2
    assert frechet_distance(gathered(one, []), gathered(one, [7])) == pytest.approx(0, abs=1e-5)
    moved = frechet_distance(gathered(one, []), gathered(two, []))
    assert moved == pytest.approx(12 * 2**2, rel=1e-5)


def test_one_row_is_too_few():
    with pytest.raises(AudioError, match="at least two windows on each side; there are 1"):
        frechet_distance(gathered(np.ones((1, 4)), []), gathered(np.ones((3, 4)), []))
