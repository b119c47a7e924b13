"""One take from its spec: the engine's updates go into the file, to the listeners, and to the speakers.

Knows nothing of the queue. However it ends, no half-written take is left and the engine has stopped. A whole take is
never lost to a disk: it waits for one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from bridge.delivery_state import Placement
from bridge.errors import BridgeError
from bridge.events import AudioReady, Notice, Publish, Remarked, SheetReady
from bridge.jobs.journal import Journal
from bridge.jobs.progress import Progress
from bridge.ports import Stream, StreamFormat
from bridge.requests import before_join
from bridge.state import Job, Take
from bridge.takes.library import Library
from bridge.takes.pending import Draft, PendingTake
from engine.errors import DiskError
from engine.registry import model_spec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Generates, LeadSheet, Remark

WAITS = "The take waits in memory: make some space, or cancel its job to drop it."
AGAIN = 1.0
"""Seconds between two tries to write it."""


@dataclass(frozen=True, slots=True)
class Works:
    """What jobs work with: who makes takes, where these go, who is told, who notes jobs, who plays, who delivers."""

    engine: Generates
    library: Library
    publish: Publish
    journal: Journal | None = None
    stream: Stream | None = None
    deliver: Callable[[Take, Placement], object] | None = None


@dataclass(frozen=True, slots=True)
class Making:
    """A take to be made: `number` of its job's batch from 0; `report` tells the progress and may raise to stop."""

    job: Job
    spec: GenerationSpec
    number: int
    progress: Progress
    report: Callable[[], None]

    @property
    def sample_rate(self) -> int:
        """Of the model that makes it, Hz."""
        return model_spec(self.spec.model).sample_rate


def make_take(works: Works, making: Making) -> Take:
    """Generates, writes and plays a take; only the first of a batch is heard while it is decoded.

    Raises:
        LongtakeError: from the engine, or because the file could not be written.
    """
    job, pending, notes = making.job, None, _Notes()
    heard = _Heard(works.stream if job.play and making.number == 0 else None, making)
    with ExitStack() as ending:
        updates = works.engine.generate(making.spec)
        ending.callback(heard.close)
        ending.callback(updates.close)
        for update in updates:
            making.progress.update(update)
            if isinstance(update, LeadSheet):
                notes.sheet = update
                works.publish(SheetReady(job.id, update))
            elif isinstance(update, Remark):
                notes.remarks.append(update)
                works.publish(Remarked(job.id, update.text))
                works.publish(Notice("warning", "", update.text))
            elif isinstance(update, AudioBlock):
                if pending is None:
                    pending = _begin(works.library, making, update)
                    ending.callback(pending.discard)
                pending.write(update)
                heard.feed(update)
                works.publish(AudioReady(job.id, update.start, update.samples, making.sample_rate))
            making.report()
        if pending is None:
            raise BridgeError("engine", "The engine ended without a sound.")
        making.progress.writing()
        making.report()
        heard.take = _finished(works, making, pending, notes)
        return heard.take


@dataclass(slots=True)
class _Notes:
    """What the engine said about the take."""

    sheet: LeadSheet | None = None
    remarks: list[Remark] = field(default_factory=list[Remark])


def _finished(works: Works, making: Making, pending: PendingTake, notes: _Notes) -> Take:
    """The take, once a disk has taken it; until then it waits in memory, and to cancel its job drops it."""
    told = ""
    while True:
        try:
            return pending.finish(notes.sheet, notes.remarks)
        except DiskError as error:
            if str(error) != told:
                told = str(error)
                works.publish(Notice("error", "io", f"{error} {WAITS}"))
        time.sleep(AGAIN)
        making.report()


class _Heard:
    """The take's way to the speakers, if it has one."""

    def __init__(self, stream: Stream | None, making: Making) -> None:
        self._stream = stream
        self._making = making
        self._open = False
        self.take: Take | None = None

    def feed(self, block: AudioBlock) -> None:
        if self._stream is None:
            return
        making = self._making
        if not self._open:
            self._open = True
            rate = making.sample_rate
            frames, channels = making.spec.frames(rate), block.samples.shape[0]
            start = round(before_join(making.spec) * rate)
            self._stream.open_stream(
                StreamFormat(making.job.id, rate, channels, frames, making.spec.loop, start)
            )
        self._stream.feed_stream(making.job.id, block)

    def close(self) -> None:
        if self._stream and self._open:
            self._stream.close_stream(self._making.job.id, self.take)


def _begin(library: Library, making: Making, block: AudioBlock) -> PendingTake:
    job = making.job
    number = making.number + 1 if job.total > 1 else 0
    draft = Draft(
        job.kind,
        making.spec,
        making.sample_rate,
        block.samples.shape[0],
        job.id,
        number,
        placed_at=job.placement.seconds if job.placement else None,
    )
    return library.begin(draft)
