"""Real engine processes that hang: they are noticed, ended, said, and the next job works; slow ones are left alone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from bridge.engine_process.handle import ChildProcess, started
from bridge.engine_process.process import EngineProcess
from bridge.engine_process.vigil import Limits
from bridge.errors import EngineDied
from bridge.events import ModelChanged
from bridge.state import Job, JobRequest
from engine.registry import SKETCH
from engine.spec import GenerationSpec
from engine.updates import Step
from tests.bridge import fake_engine
from tests.bridge.engine_process.test_process import alive, audio, spec
from tests.bridge.parts import Bench, wait_for

QUICK = Limits(patience=30.0, grace=2.0)
"""Notices a stopped process after 6 s, and one whose next step does not come after 6 s."""
SLOW = Limits(patience=100_000.0, grace=2.0)
"""Notices nothing by itself."""

signals = pytest.mark.skipif(sys.platform == "win32", reason="stops processes by signals")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[[Limits], Bench]]:
    """The queue over a real engine process, started and ready."""
    benches: list[tuple[Bench, EngineProcess]] = []

    def start(limits: Limits) -> Bench:
        heard: list[object] = []
        engine = EngineProcess(
            heard.append, "tests.bridge.fake_engine:FakeEngine", "sketch", limits
        )
        made = Bench(tmp_path, engine)
        benches.append((made, engine))
        engine.start()
        made.queue.start()
        wait_for(lambda: engine.state().phase == "ready")
        return made

    yield start
    for made, engine in benches:
        made.close()
        engine.close()


def asked(bench: Bench, prompt: str, seconds: float = 1.0) -> Job:
    wish = GenerationSpec(prompt=prompt, seconds_total=seconds, seed=7, steps=4).resolved(SKETCH)
    return bench.session.jobs.submit(JobRequest(wish))


def at_work(bench: Bench, job: Job) -> int:
    """Waits until a job is computed; gives the process that does it."""
    wait_for(lambda: bench.queue.get(job.id).stage == "diffuse")
    assert isinstance(bench.engine, EngineProcess)
    assert bench.engine.pid
    return bench.engine.pid


@signals
@pytest.mark.parametrize("how", ["stops", "blocks"])
def test_a_hung_engine_is_ended_said_and_the_next_job_runs(
    bench: Callable[[Limits], Bench], how: str
) -> None:
    made = bench(QUICK)
    first, second = asked(made, how), asked(made, "house")
    hung = at_work(made, first)
    ended = made.ended(first)
    assert (ended.state, ended.code) == ("failed", "timeout")
    assert ended.error.startswith("The engine process ")
    assert "was ended; it starts again, and the next job works." in ended.error
    assert {"stops": "no sign of life", "blocks": "no progress"}[how] in ended.error
    assert made.ended(second).state == "done"
    assert not alive(hung)


@signals
@pytest.mark.parametrize("how", ["stops", "blocks"])
def test_cancel_means_it(bench: Callable[[Limits], Bench], how: str) -> None:
    """The job ends at once, the process after its grace, and the job behind it is not lost."""
    made = bench(SLOW)
    first, second = asked(made, how), asked(made, "house")
    hung = at_work(made, first)
    made.session.jobs.cancel(first.id)
    assert made.ended(first).state == "cancelled"
    assert alive(hung)  # It has its grace.
    assert made.ended(second).state == "done"
    assert not alive(hung)


@signals
def test_a_job_that_comes_while_a_hung_engine_is_ended_goes_to_the_next(
    bench: Callable[[Limits], Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, ending = bench(QUICK), threading.Event()
    end = ChildProcess.end

    def slowly(child: ChildProcess, patience: float) -> None:
        end(child, patience)
        ending.set()
        time.sleep(0.5)

    monkeypatch.setattr(ChildProcess, "end", slowly)
    assert isinstance(made.engine, EngineProcess)
    assert made.engine.pid
    os.kill(made.engine.pid, signal.SIGSTOP)
    assert ending.wait(120)
    assert made.ended(asked(made, "house")).state == "done"


@signals
def test_an_idle_engine_that_is_stopped_is_replaced(bench: Callable[[Limits], Bench]) -> None:
    made = bench(QUICK)
    assert isinstance(made.engine, EngineProcess)
    first = made.engine.pid
    assert first
    os.kill(first, signal.SIGSTOP)
    wait_for(lambda: not alive(first))
    assert made.ended(asked(made, "house")).state == "done"


def test_cancel_keeps_a_process_that_stops_in_time(bench: Callable[[Limits], Bench]) -> None:
    made = bench(Limits(patience=100_000.0, grace=60.0))
    job = asked(made, "pause 0.5", 5.0)
    process = at_work(made, job)
    made.session.jobs.cancel(job.id)
    assert made.ended(job).state == "cancelled"
    assert made.ended(asked(made, "house")).state == "done"
    assert isinstance(made.engine, EngineProcess)
    assert made.engine.pid == process


@pytest.mark.parametrize(("prompt", "works"), [("burns 60", True), ("blocks", False)])
def test_one_that_computes_is_told_from_one_that_stands_still(prompt: str, works: bool) -> None:
    child = started("tests.bridge.fake_engine:FakeEngine", SLOW, lambda child, message: None)
    try:
        child.ask(0, do="generate", run=0, spec=spec(prompt).to_dict())

        def seen() -> bool:
            child.worked(0.0)
            time.sleep(0.5)
            return child.worked(0.5) is works

        wait_for(lambda: seen() and seen())
    finally:
        child.end(5.0)
    assert child.gone.is_set()


def test_while_a_step_takes_its_time_it_can_be_seen_and_closed() -> None:
    process = EngineProcess(lambda event: None, "tests.bridge.fake_engine:FakeEngine", "sketch")
    process.start()
    try:
        wait_for(lambda: process.state().phase == "ready")
        updates = process.generate(spec("pause 0.6", seconds=0.5))
        steps = [u for u in updates if isinstance(u, Step) and u.stage == "diffuse"]
        assert list(dict.fromkeys(s.index for s in steps)) == [1, 2, 3, 4]
        assert len(steps) > 4
    finally:
        process.close()


@signals
def test_one_that_cannot_be_killed_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a driver holds a process in the kernel: the next one works beside it."""
    events: list[object] = []
    process = EngineProcess(events.append, "tests.bridge.fake_engine:FakeEngine", "sketch", QUICK)
    process.start()
    wait_for(lambda: process.state().phase == "ready")
    held = process.pid
    assert held
    try:
        with monkeypatch.context() as immortal:
            immortal.setattr("bridge.engine_process.process.DYING", 0.2)
            immortal.setattr(ChildProcess, "end", _let_live)
            with pytest.raises(EngineDied, match="no sign of life"):
                list(process.generate(spec("stops")))
        wish = spec()
        np.testing.assert_array_equal(audio(list(process.generate(wish))), fake_engine.sound(wish))
        assert alive(held)
        os.kill(held, signal.SIGCONT)  # What it says now is heard by nobody.
        again = list(process.generate(wish))
        np.testing.assert_array_equal(audio(again), fake_engine.sound(wish))
        assert [e for e in events if isinstance(e, ModelChanged)][-1].model.phase == "ready"
    finally:
        process.close()
        with suppress(ProcessLookupError):
            os.kill(held, signal.SIGKILL)


def _let_live(child: ChildProcess, patience: float) -> None:
    time.sleep(patience)
