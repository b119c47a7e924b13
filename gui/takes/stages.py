"""What a job does now, in words.

Knows jobs; no widget.
"""

from __future__ import annotations

from bridge.state import Job
from gui.look.language import tr
from gui.takes.model import length_words


def stage_words(job: Job) -> str:
    """What a job does, in words that are true: 'making music, 12 s left'."""
    stages = {
        "queued": tr("waiting"),
        "loading": tr("loading the model"),
        "compiling": tr("compiling, once"),
        "encode": tr("listening to the recording"),
        "diffuse": tr("making music"),
        "decode": tr("sounding"),
        "write": tr("saving"),
    }
    if job.state == "queued":
        return tr("waiting, place {0}").format(job.position)
    if job.finished:
        states = {
            "done": tr("done"),
            "failed": tr("failed"),
            "cancelled": tr("cancelled"),
            "interrupted": tr("interrupted"),
        }
        return states[job.state]
    parts = [stages[job.stage], f"{job.progress:.0%}"]
    if job.total > 1:
        parts.append(tr("take {0} of {1}").format(job.index, job.total))
    if job.eta_s is not None and job.stage != "loading":
        parts.append(tr("{0} left").format(length_words(max(job.eta_s, 0.0))))
    return "  ·  ".join(parts)
