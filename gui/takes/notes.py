"""The notes of a take as a MIDI file: written where one says, or beside the take to be dragged away.

Knows the session; its refusals are shown in the status line.
"""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QMimeData, QUrl
from PyQt6.QtWidgets import QFileDialog, QWidget

from bridge.state import Take
from gui.look.language import tr
from gui.qt_session import QtSession


def export_notes(session: QtSession, parent: QWidget, take: Take) -> None:
    """Asks for a file and writes the notes of a take into it."""
    kinds = tr("MIDI files ({0})").format("*.mid")
    proposed = str(take.path.with_suffix(".mid"))
    name, _ = QFileDialog.getSaveFileName(parent, tr("Export notes as MIDI"), proposed, kinds)
    if name:
        path = Path(name) if Path(name).suffix else Path(f"{name}.mid")
        if session.attempt(session.session.export_notes, take.id, path) is not None:
            session.say(tr("The notes are in {0}.").format(path.name))


def notes_mime(session: QtSession, take: Take) -> QMimeData | None:
    """The notes of a take as a file beside it, for a DAW; None if it has none."""
    path = session.attempt(session.session.export_notes, take.id)
    if path is None:
        return None
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    return data
