import pytest

from engine.evaluation.targets import TARGETS, judged


def figures(better: float) -> dict:
    found: dict = {}
    for target in TARGETS:
        value = target.wanted - better if target.most else target.wanted + better
        found.setdefault(target.part, {})[target.figure] = value
    return found


def test_what_is_as_good_as_wanted_is_reached():
    assert all(judgement.missed_by == 0 for judgement in judged(figures(0.0)))
    assert all(judgement.missed_by == 0 for judgement in judged(figures(0.1)))


def test_what_is_missed_is_missed_by_the_difference():
    found = judged(figures(-0.25))
    assert len(found) == len(TARGETS)
    assert all(judgement.missed_by == pytest.approx(0.25) for judgement in found)


def test_what_was_not_measured_is_not_judged():
    [judgement] = judged({"tempo": {"followed": 0.9}})
    assert judgement.target.part == "tempo"


def test_every_target_has_a_next_step():
    assert all(target.next_step.endswith(".") for target in TARGETS)
