"""What the tests of the bridge's core share: a session over a folder, and waiting for what must come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from bridge.delivery.daws import Daws
from bridge.events import Event, Hub, JobChanged, Notice, Publish
from bridge.jobs.journal import Journal
from bridge.jobs.making import Works
from bridge.jobs.queue import LIMIT, JobQueue
from bridge.models import Models
from bridge.parameters import Parameters
from bridge.ports import ModelControl, Stream
from bridge.presets import Presets
from bridge.session import Session
from bridge.state import Job, Take
from bridge.takes.library import Library
from bridge.takes.listing import index_path
from bridge.transport import Transport
from engine.presets import PresetStore
from engine.updates import Generates
from tests.bridge.fake_engine import FakeEngine


def wait_for(true: Callable[[], Any], seconds: float = 120.0) -> Any:
    """What `true` gives as soon as it is something; fails after a while."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)
    return found


class Clock:
    """Seconds that go on when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def noise_file(path: Path, seconds: float = 2.0) -> Path:
    """Writes stereo noise at 44.1 kHz."""
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, (round(seconds * 44_100), 2))
    soundfile.write(path, samples, 44_100, "FLOAT")
    return path


def library_in(folder: Path, publish: Publish = lambda event: None) -> Library:
    """The library of a folder, with its data hidden in the same."""
    return Library(folder, publish, folder / ".data")


def index_in(folder: Path) -> Path:
    """Where the index of that library lies."""
    return index_path(folder.resolve(), folder / ".data")


def captured(
    library: Library,
    samples: NDArray[np.float32],
    rate: int,
    name: str = "capture",
    tempo: float | None = None,
) -> Take:
    """Samples [C, N] as a take that was recorded."""
    facts = {"seconds": 0.0, "sample_rate": rate, "channels": len(samples), "created": 0.0}
    take = Take("", library.folder, name, "capture", tempo_asked=tempo, **facts)
    return library.add_made(take, samples, "capture")


def session_of(
    hub: Hub,
    queue: JobQueue,
    library: Library,
    folder: Path,
    engine: ModelControl | None = None,
) -> Session:
    """A session without devices, and without engine control if none is given; presets lie in the folder."""
    parameters = Parameters(hub.publish)
    return Session(
        hub=hub,
        parameters=parameters,
        jobs=queue,
        takes=library,
        transport=Transport(hub.publish),
        models=Models(parameters, engine),
        presets=Presets(PresetStore(folder / "presets"), parameters, hub.publish),
        daws=Daws(hub.publish, folder / "data", library.folder),
    )


MARK = Notice("info", "", "everything before this has been heard")


def all_heard(hub: Hub) -> None:
    """Returns when every listener of the hub has heard all that was published before."""
    heard = threading.Event()
    leave = hub.subscribe(lambda event: heard.set() if event is MARK else None)
    hub.publish(MARK)
    assert heard.wait(120.0), "the hub tells nothing any more"
    leave()


@dataclass
class Bench:
    """A session with its parts and everything it told."""

    folder: Path
    engine: Generates = field(default_factory=FakeEngine)
    limit: int = LIMIT
    stream: Stream | None = None

    def __post_init__(self) -> None:
        self.hub = Hub()
        self._heard: list[Event] = []
        self.hub.subscribe(self._heard.append)
        self.library = Library(self.folder / "takes", self.hub.publish, self.folder / "data")
        journal = Journal(self.folder / "jobs.jsonl")
        works = Works(self.engine, self.library, self.hub.publish, journal, self.stream)
        self.queue = JobQueue(works, self.limit)
        self.session = session_of(self.hub, self.queue, self.library, self.folder)

    @property
    def events(self) -> list[Event]:
        """Everything published until now, in order."""
        all_heard(self.hub)
        return [event for event in self._heard if event != MARK]

    def told(self, kind: type, **fields: Any) -> list[Any]:
        """The events of a kind so far, with these fields."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and all(getattr(event, k) == v for k, v in fields.items())
        ]

    def history(self, job_id: str) -> list[Job]:
        """What was told of a job, in order."""
        return [event.job for event in self.told(JobChanged) if event.job.id == job_id]

    def ended(self, job: Job) -> Job:
        """The job, once its end was told."""
        return wait_for(lambda: next((j for j in self.history(job.id) if j.finished), None))

    def close(self) -> None:
        self.session.close()


class Gate(FakeEngine):
    """An engine that stops before each step until it is let on."""

    def __init__(self) -> None:
        super().__init__()
        self.permits = threading.Semaphore(0)
        self.closed = threading.Event()
        self.began = threading.Event()

    def generate(self, spec):
        self.began.set()
        try:
            for update in super().generate(spec):
                self.permits.acquire()
                yield update
        finally:
            self.closed.set()

    def open(self) -> None:
        self.permits.release(1_000_000)
