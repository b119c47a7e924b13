"""Loading a model by a real engine process: the next job's model is one that could be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.engine_process.process import EngineProcess
from bridge.errors import BridgeError
from bridge.events import Hub
from bridge.jobs.making import Works
from bridge.jobs.queue import JobQueue
from bridge.session import Session
from bridge.takes.library import Library
from tests.bridge.parts import all_heard, session_of, wait_for

MISSING = "stable-audio-2"
"""The engine of these tests cannot load it, and holds on to what it has."""
OTHER = "stable-audio-3-medium"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    hub = Hub()
    engine = EngineProcess(hub.publish, "tests.bridge.fake_engine:Holds", "sketch")
    engine.start()
    library = Library(tmp_path / "takes", hub.publish, tmp_path / "data")
    queue = JobQueue(Works(engine, library, hub.publish))
    session = session_of(hub, queue, library, tmp_path, engine)
    queue.start()
    wait_for(lambda: session.models.state().phase == "ready")
    yield session
    session.close()


def refused(session: Session, holds: str) -> None:
    """Waits until the engine has said that the missing model is not loaded, and what it holds still."""
    said = f"{MISSING} is not loaded"
    wait_for(lambda: said in session.models.state().detail and session.models.state().name == holds)


def test_a_load_that_fails_leaves_the_model_that_is_there(session: Session) -> None:
    session.models.load(MISSING)
    refused(session, "sketch")
    wait_for(lambda: session.parameters.get("model") == "sketch")
    job = session.generate("hi", seconds_total=0.5)
    wait_for(lambda: session.jobs.get(job.id).finished)
    assert session.jobs.get(job.id).state == "done"


def test_of_quick_loads_the_last_that_can_be_loaded_wins(session: Session) -> None:
    for name in (MISSING, OTHER, MISSING):
        session.models.load(name)
    refused(session, OTHER)
    wait_for(lambda: session.parameters.get("model") == OTHER)
    for name in (MISSING, "sketch"):
        session.models.load(name)
    assert session.parameters.get("model") == "sketch"
    wait_for(lambda: session.models.state().name == "sketch")
    wait_for(lambda: session.models.state().phase == "ready")
    assert session.parameters.get("model") == "sketch"


def test_what_somebody_chose_while_it_loaded_stays(session: Session) -> None:
    session.models.load(MISSING)
    session.parameters.set("model", OTHER)
    refused(session, "sketch")
    all_heard(session.hub)
    assert session.parameters.get("model") == OTHER


def test_an_unknown_model_changes_nothing(session: Session) -> None:
    with pytest.raises(BridgeError) as raised:
        session.models.load("nothing")
    assert raised.value.code == "out_of_range"
    assert session.parameters.get("model") == "sketch"
