"""The two tables that controls are made from: the parameters of the next job, and the settings of the live stream.

Knows the tables of the engine and the session that holds their values; no widget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import pyqtBoundSignal

from engine.live_settings import LIVE, LIVE_DEFAULTS
from engine.registry import all_models
from engine.spec import DEFAULTS, PARAMETERS, Parameter
from gui.qt_session import QtSession


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table and where its values are.

    Attributes:
        known: name -> what a control needs to know about it.
        get, set: the value now; `set` may raise `LongtakeError`.
        changed: tells name and value, whoever set it.
        own: what None means for the model that is chosen; None where nobody knows.
        targets: what stands before a name in the targets of MIDI learn.
    """

    session: QtSession
    known: Mapping[str, Parameter]
    defaults: Mapping[str, Any]
    get: Callable[[str], Any]
    set: Callable[[str, Any], object]
    changed: pyqtBoundSignal
    own: Callable[[str], Any] = lambda _: None
    targets: str = ""


def job_table(session: QtSession) -> Table:
    """The parameters of the next job."""
    parameters = session.session.parameters

    def own(name: str) -> Any:
        model = all_models().get(parameters.get("model"))
        return getattr(model.defaults, name, None) if model else None

    return Table(
        session,
        PARAMETERS,
        DEFAULTS,
        parameters.get,
        parameters.set,
        session.parameter_changed,
        own,
    )


def live_table(session: QtSession) -> Table:
    """The settings of the live stream."""
    live = session.session.live
    return Table(
        session,
        LIVE,
        LIVE_DEFAULTS,
        lambda name: getattr(live.settings(), name),
        live.set,
        session.live_set,
        targets="live.",
    )
