"""When an engine process is taken to hang: never a slow one that works, always one that stands still."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.engine_process.vigil import BEAT, Limits, Vigil

HOUR = 3600.0


def step(stage: str, index: int, total: int) -> dict[str, Any]:
    return {"say": "step", "stage": stage, "index": index, "total": total}


class Watched:
    """A vigil and the time that goes by for it."""

    def __init__(self, patience: float = 300.0, grace: float = 10.0) -> None:
        self.vigil = Vigil(Limits(patience, grace))
        self.at = 0.0

    def says(self, **message: Any) -> None:
        self.vigil.heard(message)

    def waits(
        self, seconds: float, *, worked: bool = False, beats: bool = True, wanted: bool = True
    ) -> str:
        """Lets time go by; gives the first complaint, `at` the seconds until then."""
        self.at = 0.0
        while self.at < seconds:
            self.at += BEAT
            if beats:
                self.says(say="beat")
            if why := self.vigil.passed(BEAT, worked=worked, wanted=wanted):
                return why
        return ""

    def begins(self, run: int = 1) -> None:
        """The engine is built and given a run."""
        self.says(say="done")
        self.vigil.asked(run)


def test_an_idle_engine_may_be_idle_for_ever_but_not_silent() -> None:
    watched = Watched()
    watched.says(say="done")
    assert watched.waits(100 * HOUR) == ""
    assert "no sign of life" in watched.waits(HOUR, beats=False)
    assert watched.at == pytest.approx(60, abs=2 * BEAT)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.01, 1000.0), min_size=2, max_size=12))
def test_a_slow_job_is_never_ended(paces: list[float]) -> None:
    """Whatever a step takes, up to the limit of one that computes: no step after it is called late."""
    watched = Watched()
    watched.begins()
    slowest = max(paces)
    for index, pace in enumerate([slowest, *paces], 1):
        assert watched.waits(pace, worked=True) == ""
        watched.vigil.heard(step("diffuse", index, len(paces) + 1))


@pytest.mark.parametrize(
    ("stage", "worked", "limit"),
    [
        ("encode", False, 300.0),
        ("encode", True, 3600.0),
        ("loading", False, 1200.0),
        ("compiling", True, 3600.0),
    ],
)
def test_before_there_are_steps_to_measure_the_stage_decides(
    stage: str, worked: bool, limit: float
) -> None:
    watched = Watched()
    watched.begins()
    watched.vigil.heard(step(stage, 1, 1))
    assert "no progress" in watched.waits(2 * HOUR, worked=worked)
    assert watched.at == pytest.approx(limit, abs=2 * BEAT)


@pytest.mark.parametrize(("pace", "limit"), [(2.0, 60.0), (30.0, 300.0), (1000.0, 3600.0)])
def test_a_step_may_take_ten_times_those_before_it(pace: float, limit: float) -> None:
    watched = Watched()
    watched.begins()
    for index in range(1, 4):
        watched.waits(pace, worked=True)
        watched.vigil.heard(step("diffuse", index, 50))
    assert "no progress" in watched.waits(2 * HOUR, worked=True)
    assert watched.at == pytest.approx(limit, abs=2 * BEAT)


def test_the_first_block_is_not_measured_by_the_steps_before_it() -> None:
    watched = Watched()
    watched.begins()
    for index in range(1, 5):
        watched.vigil.heard(step("diffuse", index, 4))
    assert watched.waits(600, worked=True) == ""
    watched.says(say="block")
    assert watched.waits(600, worked=True) == ""
    watched.says(say="block")
    watched.waits(2.0)
    watched.says(say="block")
    assert watched.waits(3000, worked=True) == ""


def test_a_reader_who_is_slow_makes_no_engine_late() -> None:
    watched = Watched()
    watched.begins()
    watched.says(say="block")
    assert watched.waits(10 * HOUR, wanted=False) == ""


def test_without_patience_only_a_cancel_ends_it() -> None:
    watched = Watched(patience=0.0)
    watched.begins()
    assert watched.waits(100 * HOUR, beats=False) == ""
    watched.vigil.stopped(1)
    assert "did not stop" in watched.waits(HOUR, beats=False)
    assert watched.at == pytest.approx(10, abs=2 * BEAT)


@pytest.mark.parametrize(("pace", "limit"), [(1.0, 10.0), (10.0, 30.0), (500.0, 60.0)])
def test_what_is_cancelled_has_three_of_its_steps_to_stop(pace: float, limit: float) -> None:
    watched = Watched()
    watched.begins()
    watched.waits(pace, worked=True)
    watched.vigil.heard(step("diffuse", 1, 50))
    watched.vigil.stopped(1)
    assert watched.vigil.stopping
    assert "did not stop" in watched.waits(HOUR, worked=True)
    assert watched.at == pytest.approx(limit, abs=2 * BEAT)


def test_a_cancel_lets_a_model_load_that_loads() -> None:
    watched = Watched()
    watched.begins()
    watched.vigil.heard(step("loading", 1, 2))
    watched.vigil.stopped(1)
    assert watched.waits(HOUR, worked=True) == ""
    assert "did not stop" in watched.waits(HOUR)
    assert watched.at == pytest.approx(60, abs=2 * BEAT)


def test_what_has_stopped_owes_nothing() -> None:
    watched = Watched()
    watched.begins(1)
    watched.vigil.stopped(1)
    watched.vigil.asked(2)
    watched.says(say="end", run=1)
    watched.says(say="done")
    assert not watched.vigil.stopping
    assert watched.waits(250) == ""
