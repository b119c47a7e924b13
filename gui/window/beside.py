"""What a DAW asks of the window: it hands a recording over to start from, or wants the panel in front.

Knows the session's events and the source; nothing of how DAWs are reached.
"""

from __future__ import annotations

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from bridge.delivery_state import Selection
from bridge.state import TransportState
from gui.compose.source import SourcePanel
from gui.look.language import tr
from gui.qt_session import QtSession
from gui.takes.delivery_words import target_title
from gui.window.dropping import to_the_front


class Beside(QObject):
    """Joins DAWs to the window."""

    def __init__(self, session: QtSession, window: QWidget, source: SourcePanel) -> None:
        super().__init__(window)
        self._session, self._source = session, source
        session.selection_handed.connect(self.take)
        session.panel_asked.connect(lambda: to_the_front(window))

    def take(self, selection: Selection) -> None:
        """Starts from what was handed over."""
        if selection.path is None:
            return
        origin = origin_words(selection, self._session.session.transport.state())
        name = selection.name or selection.path.stem
        self._source.take(selection.path, name=name, origin=origin)
        self._session.say(tr("{0} is what you start from now.").format(name))


def origin_words(selection: Selection, transport: TransportState) -> str:
    """Where it comes from: the DAW, the track, the bar."""
    parts = [tr("from {0}").format(target_title(selection.daw) or tr("another program"))]
    if selection.track:
        parts.append(tr("track {0}").format(selection.track))
    if selection.beat is not None:
        beats, unit = transport.signature
        bar = selection.beat * unit / 4 // beats
        parts.append(tr("bar {0}").format(int(bar) + 1))
    return ", ".join(parts)
