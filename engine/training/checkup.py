"""Evaluates a run's weights by `longtake evaluate`, in a process of its own, as far as the time goes.

The report is whole after every part of the evaluation, so that one which is cut off is still a report. Knows nothing of
training.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from engine.training.launching import search_path
from engine.training.loop import Stopping
from engine.training.recipes import Recipe

log = logging.getLogger(__name__)
QUICK_BELOW_MINUTES = 60.0
"""With less time than this, small samples."""
POLL_SECONDS = 0.2


def evaluate(run: Path, chosen: Recipe, device: str, deadline: float, stopping: Stopping) -> None:
    """Writes `run/report`, and says so if there is none: a machine may lack what evaluating needs."""
    plan = chosen.slot
    assert plan is not None
    seconds = max(deadline - time.monotonic(), plan.least_evaluation_seconds)
    sized = ("--quick",) if seconds < 60 * QUICK_BELOW_MINUTES else ()
    weights, report = run / "weights", run / "report"
    command = [sys.executable, "-m", "longtake", "evaluate", "--model", chosen.model.name]
    command += ["--weights", str(weights), "--out", str(report), "--work", str(report / "work")]
    command += ["--device", device, *(plan.evaluation or sized)]
    until = time.monotonic() + seconds
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": search_path()}) as process:
        while process.poll() is None and time.monotonic() < until and not stopping.requested:
            time.sleep(POLL_SECONDS)
        cut_off = process.poll() is None
        process.terminate()
    made = (report / "README.md").exists()
    what = "cut off by the end of the slot" if cut_off else f"ended with {process.returncode}"
    level = logging.INFO if made and process.returncode == 0 else logging.WARNING
    log.log(level, "evaluation %s; %s", what, f"see {report}" if made else "there is no report")
