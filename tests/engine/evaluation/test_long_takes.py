import numpy as np
import pytest

from engine.evaluation.long_takes import Played, _formal, _summary
from engine.evaluation.scores import Form
from engine.evaluation.structure import Structure


def played(
    boundaries: tuple[float, ...], last: float, written: Form | None, repetition: float = 0.5
) -> Played:
    """So many boundaries heard in 100 s."""
    empty = np.zeros((1, 1))
    heard = Structure(empty, empty[0], boundaries, repetition, True, last == 99.0, last, 0)
    return Played(heard, written, 100.0)


WRITTEN = Form((20.0, 40.0, 60.0, 80.0), 97.0)


def test_a_take_that_does_what_is_written_is_whole():
    found = _formal(played(WRITTEN.boundaries, 97.5, WRITTEN))
    assert found["met"] == 1.0
    assert found["parted"] and found["returning"] and found["lands"] and found["whole"]
    assert not found["ends"]  # It has died away too long before, as was written.


def test_what_is_missing_is_told():
    few = _formal(played((21.0, 50.0, 70.0), 80.0, WRITTEN, repetition=0.2))
    assert few["met"] == pytest.approx(2 * 1 / (3 + 4))
    assert not (few["parted"] or few["returning"] or few["lands"] or few["whole"])
    cut = _formal(played(WRITTEN.boundaries, 100.0, WRITTEN))
    assert not (cut["lands"] or cut["whole"])


def test_without_a_score_a_take_is_whole_that_dies_away():
    found = _summary([played((50.0,), last, None) for last in (99.0, 100.0)])
    assert found["whole"][0] == 0.5
    assert np.isnan(found["lands"][0]) and np.isnan(found["met"][0])
