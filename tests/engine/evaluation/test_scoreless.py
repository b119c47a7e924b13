from dataclasses import replace

import pytest

from engine.evaluation.bench import Bench
from engine.evaluation.harmony import in_major_or_minor
from engine.evaluation.scoreless import FIRST_TAKE, SCORES, scoreless
from engine.registry import MODELS


def test_takes_of_a_lead_sheet_stand_beside_takes_without(bench: Bench):
    suiting = [p for p in bench.pairs if p.has_drums and in_major_or_minor(p)]
    before = len(bench.takes)
    found = scoreless(bench)
    assert found["pairs"] == len(suiting) == 1
    assert [made.prompt for made in bench.takes[before:]] == [suiting[0].prompt] * len(SCORES)
    assert set(found["rows"]) == {"piece", "take", *SCORES}
    for figure, (value, *_) in found["adds"].items():
        composed, none = (found["rows"][score][figure][0] for score in SCORES)
        assert value == pytest.approx(composed - none)


def test_both_takes_start_from_the_same_noise(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    asked = []
    taken = Bench.take

    def take(self: Bench, prompt: str, number: int, **settings):
        asked.append((prompt, number, settings.pop("score", None), settings["seconds_total"]))
        return taken(self, prompt, number, **settings)

    assert bench.pairs
    monkeypatch.setattr(Bench, "take", take)
    scoreless(bench)
    [[pair]] = [[p for p in bench.pairs if p.has_drums and in_major_or_minor(p)]]
    assert asked == [(pair.prompt, FIRST_TAKE, score, pair.seconds) for score in SCORES]


def test_a_model_that_takes_no_score_is_not_asked(bench: Bench):
    unled = next(name for name, spec in MODELS.items() if not spec.dit.grid)
    assert bench.pairs
    assert scoreless(replace(bench, model=unled, _pairs=bench.pairs)) == {}
