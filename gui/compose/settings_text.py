"""The parameters as a text to be remembered, and set from it again.

Knows the session's set and get; not where the text is kept.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import json

from engine.errors import LongtakeError
from engine.presets import OF_A_FILE
from engine.spec import DEFAULTS, GenerationSpec
from gui.qt_session import QtSession


def settings_text(session: QtSession) -> str:
    """The parameters that differ from their defaults, as JSON; not those of a file that they were used on."""
    values = GenerationSpec(**session.session.parameters.all()).to_dict()
    plain = GenerationSpec().to_dict()
    kept = {name: value for name, value in values.items() if value != plain[name]}
    return json.dumps({name: value for name, value in kept.items() if name not in OF_A_FILE})


def set_from_text(session: QtSession, text: str) -> None:
    """Sets each parameter that is still at its default; a text that is no JSON object sets nothing."""
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return
    parameters = session.session.parameters
    for name, value in values.items() if isinstance(values, dict) else ():
        if name in DEFAULTS and parameters.get(name) == DEFAULTS[name]:
            try:
                parameters.set(name, value)
            except LongtakeError:
                continue  # from an older version: keep the default
