"""What a take was made with: 'Use these settings', and which parts of it are new.

Knows the spec; no widget. Tempo and key come back through the prompt, which has them in the model's own form.
"""

from __future__ import annotations

from bridge.requests import complement, understood
from bridge.state import Take
from engine.spec import DEFAULTS
from gui.qt_session import QtSession

IN_THE_PROMPT = ("tempo", "key")
THE_SOURCE = ("init_audio", "init_span", "keep")


def use_settings(session: QtSession, take: Take) -> list[str]:
    """Sets every parameter as it was for the take; the recording it started from is not brought back.

    Returns:
        The names of settings that this version does not know, or whose values it cannot use; they are left out.
    """
    if not take.spec:
        return []
    spec, unknown = understood(take.spec)
    for name, default in DEFAULTS.items():
        value = getattr(spec, name)
        if (
            name in IN_THE_PROMPT
            or name in THE_SOURCE
            or (name == "seconds_total" and spec.bars is not None)
        ):
            value = default
        if session.session.parameters.get(name) != value:
            session.attempt(session.session.parameters.set, name, value)
    return unknown


def made_anew(take: Take) -> tuple[tuple[float, float], ...]:
    """The spans in seconds that are new in a take that keeps parts of a recording; none where all of it is new."""
    spec, _ = understood(take.spec)
    return complement(spec.keep, take.seconds) if spec.keep else ()
