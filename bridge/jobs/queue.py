"""The queue of jobs and the one thread that runs them: takes are made here, one after the other, and none is lost.

Knows nothing of OSC, Qt or torch: it iterates `generate(spec)`, writes the result into the library, and publishes.
Calls from outside change the queue under one lock and return at once; closing the generator is how work stops.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from dataclasses import replace
from typing import Any

from bridge.errors import BridgeError, code_of
from bridge.events import JobChanged
from bridge.jobs.making import Making, Works, make_take
from bridge.jobs.progress import Progress
from bridge.jobs.wishes import NOBODY, Client, Wishes
from bridge.state import Job, JobRequest
from engine.errors import LongtakeError
from engine.registry import model_spec
from engine.sound.recordings import with_recording
from engine.spec import MAX_SEED, GenerationSpec

CLOSED = "Longtake was closed before this was finished; run it again."
LIMIT = 64
LARGEST_BATCH = 64
REMEMBERED = 200
_log = logging.getLogger(__name__)


class _Cancelled(Exception):
    """The running job was cancelled; unwinds the job thread to where it is recorded."""


class JobQueue:
    """Jobs in order; `start` begins to run them."""

    def __init__(self, works: Works, limit: int = LIMIT) -> None:
        """Reads the journal: jobs of a run that died are listed as interrupted."""
        self._works = works
        self._limit = limit
        self._lock = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._waiting: list[str] = []
        self._running: str | None = None
        self._stopping = False
        self._cancelling: set[str] = set()
        self._wishes = Wishes()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        if works.journal:
            self._jobs = {job.id: job for job in works.journal.read()}

    def start(self) -> None:
        """Begins to run jobs."""
        self._thread.start()

    # --- calls from outside: short, under the lock ---

    def submit(self, request: JobRequest) -> Job:
        """Queues a job, or gives the one that the same client's same request, under the same id, waits or runs as.

        Raises:
            BridgeError: `queue_full` or `out_of_range`.
            SpecError: if no model could make it.
            AudioError: if its recording cannot be read.
        """
        if not 1 <= request.batch <= LARGEST_BATCH:
            raise BridgeError(
                "out_of_range", f"A batch is 1 to {LARGEST_BATCH} takes; it is {request.batch}."
            )
        return self._same(request) or self._queued(request, again=False)

    def _queued(self, request: JobRequest, *, again: bool) -> Job:
        spec = with_recording(request.spec).resolved(model_spec(request.spec.model))
        job = Job(
            id=f"j{secrets.token_hex(4)}",
            request_id=request.request_id,
            kind=request.kind,
            state="queued",
            spec=spec,
            total=request.batch,
            placement=request.placement,
            play=request.play,
            created=time.time(),
        )
        with self._lock:
            # Asked again under the lock: two threads may send the same request at once.
            if not again and (known := self._same(request)):
                return known
            if self._stopping:
                raise BridgeError("busy", "Longtake is closing and takes no more jobs.")
            if len(self._waiting) >= self._limit:
                raise BridgeError(
                    "queue_full", f"{self._limit} jobs are waiting already; cancel some or wait."
                )
            self._waiting.append(job.id)
            self._wishes.keep(job.id, request)
            job = self._put(replace(job, position=len(self._waiting)))
            self._forget_old()
            self._tell([job])
            self._lock.notify()
        return job

    def cancel(self, which: str, client: Client = NOBODY) -> tuple[str, ...]:
        """Cancels by a job's id, by the client's own request id, or all with '*'.

        A request id means what waits or runs. An interrupted job is taken off the list.

        Raises:
            BridgeError: `bad_args` if there is no such job.
        """
        with self._lock:
            if which == "*":
                ids = self._active()
            elif which in self._jobs:
                ids = [which]
            else:
                ids = self._wishes.owned(which, client, self._active())
                if not ids:
                    raise BridgeError(
                        "bad_args",
                        f"No job with the id {which[:80]!r}, and none of yours with that request id, waits or runs.",
                    )
            moved = self._places()
            ended: list[Job] = []
            for job_id in ids:
                job = self._jobs[job_id]
                if job_id == self._running:
                    self._cancelling.add(job_id)
                elif job.state in ("queued", "interrupted"):
                    if job_id in self._waiting:
                        self._waiting.remove(job_id)
                    ended.append(
                        self._put(replace(job, state="cancelled", code="cancelled", position=0))
                    )
            self._tell([*ended, *self._moved(moved)])
        return tuple(ids)

    def move(self, job_id: str, position: int) -> None:
        """Moves a queued job to a place from 1; places beyond the end mean the end.

        Raises:
            BridgeError: `bad_args` if it is not queued.
        """
        with self._lock:
            job = self.get(job_id)
            if job.id not in self._waiting:
                raise BridgeError(
                    "bad_args", f"Job {job.id} is {job.state}; only queued jobs can be moved."
                )
            before = self._places()
            self._waiting.remove(job.id)
            self._waiting.insert(max(position, 1) - 1, job.id)
            self._tell(self._moved(before))

    def retry(self, which: str, client: Client = NOBODY) -> Job:
        """Queues again what a job still owes (all of it, if it is done), under a new id and the old request id.

        Raises:
            BridgeError: `bad_args` if there is no such job or it is not finished, `queue_full`.
        """
        job = self.get(which, client)
        if not job.finished:
            raise BridgeError("bad_args", f"Job {job.id} is {job.state} already.")
        made = 0 if job.state == "done" else len(job.take_ids)
        owed = job.total - made or job.total
        spec = _nth(job.spec, made)
        client = client or self._wishes.client_of(job.id)
        request = JobRequest(spec, job.request_id, owed, job.placement, job.play, job.kind, client)
        again = self._queued(request, again=True)
        if job.state == "interrupted":
            self._change(job.id, state="cancelled", code="cancelled", error="It was queued again.")
        return again

    def all(self) -> tuple[Job, ...]:
        """Running, queued in order, then the others, newest first."""
        with self._lock:
            first = [*([self._running] if self._running else []), *self._waiting]
            rest = [job for job_id, job in self._jobs.items() if job_id not in first]
            rest.sort(key=lambda job: job.created, reverse=True)
            return (*(self._jobs[job_id] for job_id in first), *rest)

    def find(self, which: str, client: Client = NOBODY) -> Job | None:
        """A job by its id, or the last one with that request id: the client's own, else anybody's."""
        with self._lock:
            if which in self._jobs or not which:
                return self._jobs.get(which)
            named = [job for job in self._jobs.values() if job.request_id == which]
            own = self._wishes.owned(which, client, [job.id for job in named])
            return self._jobs[own[-1]] if own else named[-1] if named else None

    def owns(self, request_id: str, client: Client) -> bool:
        """Whether a client has asked for something under that request id."""
        with self._lock:
            return bool(self._wishes.owned(request_id, client, self._jobs))

    def get(self, which: str, client: Client = NOBODY) -> Job:
        """Like `find`.

        Raises:
            BridgeError: `bad_args` if there is none.
        """
        job = self.find(which, client)
        if job is None:
            raise BridgeError("bad_args", f"There is no job {which[:80]!r}.")
        return job

    def stop(self) -> None:
        """Takes no more jobs and ends the running one at its next step; what is owed stays in the journal."""
        with self._lock:
            self._stopping = True
            self._lock.notify()

    def close(self) -> None:
        """Stops, and waits for the job thread."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)
        if self._works.journal:
            with self._lock:
                self._works.journal.close()

    # --- the job thread ---

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._stopping:
                    self._lock.wait()
                if self._stopping:
                    return
                before = self._places()
                job_id = self._waiting.pop(0)
                self._running = job_id
                job = self._put(replace(self._jobs[job_id], state="running", position=0))
                self._tell([job, *self._moved(before)])
            self._finish(job_id, self._outcome(job))

    def _outcome(self, job: Job) -> dict[str, Any]:
        """Makes the job's takes; gives how it ended, as fields of `Job`."""
        progress = Progress(job.total)
        try:
            for number in range(job.total):
                spec = _nth(job.spec, number)
                progress.begin_take(number, spec.frames(model_spec(spec.model).sample_rate))
                self._change(job.id, index=number + 1)
                making = Making(job, spec, number, progress, lambda: self._report(job.id, progress))
                take = make_take(self._works, making)
                # Owed on disk before the job says that the take is there: a crash between the two delivers it.
                if job.placement and self._works.deliver:
                    self._works.deliver(take, job.placement)
                progress.finished_take()
                taken = (*self._jobs[job.id].take_ids, take.id)
                self._change(job.id, take_ids=taken, progress=progress.fraction)
        except _Cancelled:
            return {"state": "cancelled", "code": "cancelled", "error": "It was cancelled."}
        except LongtakeError as error:
            return {"state": "failed", "code": code_of(error), "error": str(error)}
        except Exception as error:
            _log.exception("Job %s failed", job.id)
            return {
                "state": "failed",
                "code": code_of(error),
                "error": f"An error within Longtake: {error!r}.",
            }
        return {"state": "done", "progress": 1.0, "stage": "write"}

    def _report(self, job_id: str, progress: Progress) -> None:
        """Tells how far the job is; unwinds the job thread if it is to stop."""
        with self._lock:
            if self._stopping or job_id in self._cancelling:
                raise _Cancelled
        self._change(
            job_id,
            stage=progress.stage,
            progress=progress.fraction,
            eta_s=progress.eta_s,
            lead_sheet=progress.lead_sheet,
        )

    def _change(self, job_id: str, **change: Any) -> None:
        with self._lock:
            before = self._jobs[job_id]
            job = self._put(replace(before, **change))
            if job != before:
                self._tell([job])

    def _finish(self, job_id: str, outcome: dict[str, Any]) -> None:
        with self._lock:
            self._running = None
            self._cancelling.discard(job_id)
            if self._stopping and outcome["state"] != "done":
                outcome = {"state": "interrupted", "code": "", "error": CLOSED}
            self._tell([self._put(replace(self._jobs[job_id], eta_s=None, **outcome))])

    # --- under the lock ---

    def _put(self, job: Job) -> Job:
        before = self._jobs.get(job.id)
        self._jobs[job.id] = job
        stands = (job.state, job.take_ids)
        if self._works.journal and (before is None or (before.state, before.take_ids) != stands):
            self._works.journal.note(job)
        return job

    def _active(self) -> list[str]:
        return [*self._waiting, *([self._running] if self._running else [])]

    def _same(self, request: JobRequest) -> Job | None:
        """The job that a request stands for already."""
        with self._lock:
            active = [job_id for job_id in self._active() if job_id not in self._cancelling]
            known = self._wishes.same(request, active)
            return self._jobs[known] if known else None

    def _places(self) -> dict[str, int]:
        return {job_id: place for place, job_id in enumerate(self._waiting, 1)}

    def _moved(self, before: dict[str, int]) -> list[Job]:
        now = self._places()
        moved = [job_id for job_id, place in now.items() if before.get(job_id) != place]
        return [self._put(replace(self._jobs[job_id], position=now[job_id])) for job_id in moved]

    def _forget_old(self) -> None:
        """Only so many finished jobs are remembered, so that a month of jobs takes no more memory than a day."""
        finished = [
            job_id
            for job_id, job in self._jobs.items()
            if job.finished and job.state != "interrupted"
        ]
        for job_id in finished[: max(0, len(finished) - REMEMBERED)]:
            del self._jobs[job_id]
            self._wishes.forget(job_id)

    def _tell(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._works.publish(JobChanged(job))


def _nth(spec: GenerationSpec, number: int) -> GenerationSpec:
    """The spec of a batch's take `number`: the next seed each time."""
    return replace(spec, seed=((spec.seed or 0) + number) % (MAX_SEED + 1))
