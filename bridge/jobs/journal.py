"""Which jobs are not finished, on disk, so that a run that dies leaves a list of what it owed.

Knows nothing of threads or engines. Every change appends a line of JSON without waiting for the
disk: it survives the death of the process, though perhaps not a power cut. Reading keeps the last entry of each job
and starts the file afresh; so does the next change after a line that the disk did not take whole.
"""

from __future__ import annotations

import errno
import json
import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bridge.delivery_state import Placement
from bridge.state import Job
from engine.disks import why
from engine.errors import LongtakeError
from engine.spec import GenerationSpec
from engine.whole_files import read_small, write_whole

LONGEST = 4096
"""Lines after which the file is rewritten."""
_KEPT = ("id", "request_id", "kind", "index", "total", "play", "created")
_OWED = ("queued", "running", "interrupted")
_log = logging.getLogger(__name__)


class Journal:
    """The jobs that are owed; calls come one at a time (the queue makes them under its lock)."""

    def __init__(self, path: Path) -> None:
        """Names the file; its folder is made when it is missing."""
        self._path = path
        self._owed: dict[str, dict[str, Any]] = {}
        self._handle: int | None = None
        self._lines = 0
        self._warned = False
        path.parent.mkdir(parents=True, exist_ok=True)

    def read(self) -> list[Job]:
        """The unfinished jobs of the last run, as `interrupted`; lines that cannot be read are logged and left out."""
        jobs: list[Job] = []
        for row in self._last_words().values():
            try:
                jobs.append(_job(row))
                self._owed[row["id"]] = row
            except (LongtakeError, TypeError, KeyError) as error:
                _log.warning("A job in %s cannot be read and is left out: %r", self._path, error)
        self._begin_anew()
        return jobs

    def note(self, job: Job) -> None:
        """Records whether a job is still owed."""
        if job.state in _OWED:
            row = {name: getattr(job, name) for name in _KEPT}
            row |= {"take_ids": list(job.take_ids), "spec": job.spec.to_dict()}
            row["placement"] = asdict(job.placement) if job.placement else None
            self._owed[job.id] = row
            self._add({"owed": row})
        elif self._owed.pop(job.id, None):
            self._add({"ended": job.id})

    def close(self) -> None:
        """Closes the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _add(self, entry: dict[str, Any]) -> None:
        if self._handle is None or self._lines >= LONGEST:
            return self._begin_anew()
        line = _line(entry).encode()
        try:
            if os.write(self._handle, line) < len(line):
                raise OSError(errno.ENOSPC, "the disk took half a line")
            self._lines += 1
        except OSError as error:
            # What follows half a line would be lost with it.
            self.close()
            self._failed(error)

    def _begin_anew(self) -> None:
        self.close()
        rows = list(self._owed.values())
        try:
            write_whole(self._path, "".join(_line({"owed": row}) for row in rows))
            self._handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
            self._warned = False
        except OSError as error:
            self._failed(error)
        self._lines = len(rows)

    def _failed(self, error: OSError) -> None:
        """Says it once, until it works again."""
        if not self._warned:
            self._warned = True
            reason = why(self._path, error)
            _log.error("%s cannot be written, so a crash would lose jobs: %s", self._path, reason)

    def _last_words(self) -> dict[str, dict[str, Any]]:
        owed: dict[str, dict[str, Any]] = {}
        try:
            lines = read_small(self._path).splitlines()
        except FileNotFoundError:
            return owed
        except OSError as error:
            _log.warning("%s cannot be read, and is begun anew: %s", self._path, error.strerror)
            return owed
        for line in lines:
            try:
                entry: Any = json.loads(line)
                if "owed" in entry:
                    owed[entry["owed"]["id"]] = entry["owed"]
                else:
                    owed.pop(entry["ended"], None)
            except (ValueError, TypeError, KeyError, RecursionError):
                # A run that died may have left half a line at the end.
                _log.warning("A line of %s is damaged and is left out", self._path)
        return owed


def _line(entry: dict[str, Any]) -> str:
    return json.dumps(entry, separators=(",", ":")) + "\n"


def _job(row: dict[str, Any]) -> Job:
    return Job(
        **{name: row[name] for name in _KEPT},
        take_ids=tuple(row["take_ids"]),
        placement=Placement(**row["placement"]) if row.get("placement") else None,
        spec=GenerationSpec.from_dict(row["spec"]),
        state="interrupted",
        error="Longtake ended before this was finished; run it again.",
    )
