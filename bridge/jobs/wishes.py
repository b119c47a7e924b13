"""What each job was asked for and by whom, so that a client's request id means its own jobs and no one else's.

Knows nothing of threads or states: the queue asks under its lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bridge.state import JobRequest

Client = frozenset[str]
"""The addresses of somebody who asks; see `JobRequest`."""
NOBODY: Client = frozenset()


class Wishes:
    """Requests by the ids of their jobs; those of an earlier run are nobody's."""

    def __init__(self) -> None:
        """Knows none."""
        self._requests: dict[str, JobRequest] = {}

    def keep(self, job_id: str, request: JobRequest) -> None:
        """Remembers what a job was asked for."""
        self._requests[job_id] = request

    def forget(self, job_id: str) -> None:
        """Forgets it."""
        self._requests.pop(job_id, None)

    def client_of(self, job_id: str) -> Client:
        """Who asked for a job."""
        known = self._requests.get(job_id)
        return known.client if known else NOBODY

    def owned(self, request_id: str, client: Client, jobs: Iterable[str]) -> list[str]:
        """Those of the jobs that the client asked for under that request id."""
        known = [(job_id, self._requests.get(job_id)) for job_id in jobs if request_id]
        return [
            job_id
            for job_id, request in known
            if request is not None
            and request.request_id == request_id
            and (request.client == client or not request.client.isdisjoint(client))
        ]

    def same(self, request: JobRequest, jobs: Iterable[str]) -> str | None:
        """The one of the jobs that a request stands for: of the same client and id, and asking for the same."""
        wish = _wish(request)
        owned = self.owned(request.request_id, request.client, jobs)
        return next((job_id for job_id in owned if _wish(self._requests[job_id]) == wish), None)


def _wish(request: JobRequest) -> JobRequest:
    """What is asked for, whoever asks and wherever the DAW stands; a variation moves towards another take each time."""
    spec = replace(request.spec, variation_seed=0) if request.kind == "vary" else request.spec
    placement = request.placement.asked if request.placement else None
    return replace(request, spec=spec, client=NOBODY, placement=placement)
