"""Which jobs are not finished, on disk, so that a run that dies leaves a list of what it owed.

Knows nothing of threads or engines. One small JSON file, replaced whole at every change.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bridge.state import Job
from engine.errors import LongtakeError
from engine.spec import GenerationSpec

_KEPT = ("id", "request_id", "kind", "take_ids", "index", "total", "target", "play", "created")
_log = logging.getLogger(__name__)


class Journal:
    """The jobs that were queued or running when it was last written."""

    def __init__(self, path: Path) -> None:
        """Names the file; its folder is made when it is missing."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def read(self) -> list[Job]:
        """The unfinished jobs of the last run, as `interrupted`; a damaged file is set aside and logged."""
        try:
            rows: Any = json.loads(self._path.read_text(encoding="utf-8"))
            return [_job(row) for row in rows]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError, LongtakeError):
            _log.warning("%s is damaged; it is kept as %s.damaged", self._path, self._path.name)
            os.replace(self._path, self._path.with_suffix(".damaged"))
            return []

    def write(self, jobs: Iterable[Job]) -> None:
        """Puts the list in its place in one step.

        Not flushed to the disk: it outlives every death of a process, and a submit must not wait for a disk.
        """
        rows = [
            {name: _plain(job, name) for name in _KEPT} | {"spec": job.spec.to_dict()}
            for job in jobs
        ]
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
        os.replace(part, self._path)


def _plain(job: Job, name: str) -> Any:
    return list(job.take_ids) if name == "take_ids" else getattr(job, name)


def _job(row: dict[str, Any]) -> Job:
    values = {name: row[name] for name in _KEPT}
    values["take_ids"] = tuple(row["take_ids"])
    return Job(
        **values,
        spec=GenerationSpec.from_dict(row["spec"]),
        state="interrupted",
        error="Longtake ended before this was finished; run it again.",
    )
