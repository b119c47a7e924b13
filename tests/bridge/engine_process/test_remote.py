"""A bridge whose takes are made on a cluster: what streams, is cancelled, fails, dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from bridge.engine_process.process import REMOTE_ENGINE, EngineProcess
from bridge.events import AudioReady, Event, JobChanged
from bridge.state import Job, JobRequest
from engine.registry import SKETCH
from engine.spec import GenerationSpec
from tests.bridge.parts import wait_for
from tests.bridge.rig import session_in
from tests.conftest import ToneEngine

TONES = "tests.engine.fleet.engines:Tones"


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    """What `longtake serve --engine ray:` has, with an engine of tones at its end."""
    process = EngineProcess(lambda event: None, f"{REMOTE_ENGINE} ray: {TONES}", "sketch")
    process.start()
    wait_for(lambda: process.state().phase == "ready")
    started = psutil.Process(process.pid).children(recursive=True)
    assert any("raylet" in each.name() for each in started)
    yield process
    process.close()
    psutil.wait_procs(started, 30)
    assert not any(each.is_running() for each in started), "the cluster ends with the bridge"


def asked(prompt: str, seconds: float = 2.0) -> GenerationSpec:
    return GenerationSpec(prompt=prompt, seconds_total=seconds, seed=3).resolved(SKETCH)


def test_it_says_where_it_runs(engine: EngineProcess) -> None:
    assert engine.state().detail.startswith("ready on tones")
    assert engine.state().detail.endswith(", local")


def test_jobs_of_a_session_stream_fail_are_cancelled_and_survive_a_death(
    engine: EngineProcess, tmp_path: Path
) -> None:
    with session_in(tmp_path, engine=engine) as (session, hub):
        heard: list[Event] = []
        hub.subscribe(heard.append)

        def ended(job: Job) -> Job:
            wait_for(lambda: session.jobs.get(job.id).finished)
            return session.jobs.get(job.id)

        first = session.jobs.submit(JobRequest(asked("plays")))
        assert ended(first).state == "done"
        blocks = [e.samples for e in heard if isinstance(e, AudioReady) and e.job_id == first.id]
        assert len(blocks) > 1
        alone = np.concatenate([b.samples for b in ToneEngine()._tone(asked("plays"))], 1)
        np.testing.assert_array_equal(np.concatenate(blocks, 1), alone)

        slow = session.jobs.submit(JobRequest(asked("pause 0.3")))
        wait_for(lambda: any(_steps(event, slow) for event in heard))
        session.jobs.cancel(slow.id)
        assert ended(slow).state == "cancelled"

        failed = ended(session.jobs.submit(JobRequest(asked("fails"))))
        assert (failed.state, failed.code) == ("failed", "not_loaded"), "a CheckpointError is one"
        assert failed.error == "Nothing is known of fails."

        died = ended(session.jobs.submit(JobRequest(asked("kills"))))
        assert (died.state, died.code) == ("failed", "engine")
        assert "the next take gets another" in died.error
        assert ended(session.jobs.submit(JobRequest(asked("again")))).state == "done"


def _steps(event: Event, job: Job) -> bool:
    return isinstance(event, JobChanged) and event.job.id == job.id and event.job.progress > 0
