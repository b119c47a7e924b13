import pytest

from engine.evaluation.intervals import mean
from engine.evaluation.targets import SEVEN_OF_EIGHT, TARGETS, Verdict, judged


def figures(better: float, sure: float) -> dict:
    """As much better than wanted, give or take so much."""
    found: dict = {}
    for target in TARGETS:
        value = target.wanted - better if target.most else target.wanted + better
        found.setdefault(target.part, {})[target.figure] = (value, value - sure, value + sure)
    return found


def verdicts(better: float, sure: float) -> set[Verdict]:
    found = judged(figures(better, sure))
    assert len(found) == len(TARGETS)
    return {judgement.verdict for judgement in found}


def test_the_whole_interval_decides():
    assert verdicts(0.1, 0.05) == {"reached"}
    assert verdicts(-0.1, 0.05) == {"missed"}
    assert verdicts(0.1, 0.2) == verdicts(-0.1, 0.2) == {"undecided"}


def test_what_has_no_interval_is_undecided():
    assert verdicts(0.1, float("nan")) == {"undecided"}


def test_what_was_not_measured_is_not_judged():
    [judgement] = judged({"tempo": {"followed": (0.9, 0.8, 0.95)}})
    assert judgement.target.part == "tempo"


@pytest.mark.parametrize(("count", "verdict"), [(8, "reached"), (7, "reached"), (6, "undecided")])
def test_seven_of_eight_takes_show_what_is_asked_of_all(count: int, verdict: Verdict):
    measured = mean([True] * count + [False] * (8 - count))
    [judgement] = judged({"structure": {"whole": measured}})
    assert judgement.target.wanted == SEVEN_OF_EIGHT
    assert judgement.verdict == verdict


def test_every_target_has_a_next_step_and_can_be_reached():
    assert all(target.next_step.endswith(".") for target in TARGETS)
    assert all(target.wanted < 1 for target in TARGETS if target.share)
