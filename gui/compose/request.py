"""From what the panels show to a job: which call of the session one press of Generate is.

Knows the session and `Source`; no widget.
"""

from __future__ import annotations

from typing import Any

from bridge.requests import complement
from bridge.session import Session
from bridge.state import Job, JobOptions
from engine.errors import SpecError
from gui.compose.source import Source


def make(
    session: Session,
    source: Source | None,
    options: JobOptions,
    more: float,
    overrides: dict[str, Any],
) -> Job:
    """Queues what the panels ask for.

    Args:
        session: takes prompt and settings from its parameters.
        source: the recording to start from, or None.
        options: number of takes, and whether they are heard while they are made.
        more: seconds to go on after a recording that is continued.
        overrides: what holds for this job alone, as the DAW's tempo.

    Raises:
        LongtakeError: with a sentence, when it cannot be made.
    """
    if source is None:
        return session.generate(options=options, **overrides)
    if source.mode == "transform":
        return session.transform(source.path, None, source.strength, options=options, **overrides)
    if source.mode == "continue":
        return session.continue_(source.path, more, options=options, **overrides)
    if not source.kept:
        raise SpecError(
            "Nothing is kept yet: drag over the parts of the recording that stay, then generate."
        )
    remade = complement(source.kept, source.seconds)
    return session.inpaint(source.path, remade, options=options, **overrides)
