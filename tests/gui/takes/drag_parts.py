"""The two programs of the drag test: a panel with one take, and a foreign window that takes drops."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QLabel

from gui.__main__ import application_for, open_window
from gui.demo.studio import build_studio
from gui.memory import Memory
from gui.window.surroundings import Surroundings

TARGET = (1060, 120, 400, 300)


class Target(QLabel):
    """A track of a DAW, as far as a drag can tell."""

    def __init__(self) -> None:
        super().__init__("Drop here")
        self.setAcceptDrops(True)
        self.setGeometry(*TARGET)

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:
        if a0 is not None:
            a0.acceptProposedAction()
            tell({"over": True})

    def dropEvent(self, a0: QDropEvent | None) -> None:
        if a0 is None:
            return
        a0.acceptProposedAction()
        data = a0.mimeData()
        urls = [url.toLocalFile() for url in data.urls()] if data is not None else []
        tell({"dropped": urls, "action": a0.dropAction().name})


def tell(said: dict[str, object]) -> None:
    print(json.dumps(said), flush=True)


def panel(folder: Path) -> int:
    application = application_for(["longtake"])
    studio = build_studio(folder)
    window = open_window(studio.session, Surroundings(Memory(folder / "panel.ini"), studio.presets))
    window.setGeometry(20, 60, 1000, 800)
    studio.session.generate("Genre: House | Instruments: Drums", seconds_total=1.5, seed=1)

    def places() -> dict[str, object]:
        """Where the take and its handle are, as soon as there is one and nothing else is to come."""
        take = window.takes.model.take(0)
        viewport = window.takes.list.viewport()
        if take is None or viewport is None or window.viewer.take != take:
            return {}
        if window.queue.isVisible() or not window.takes.list.isVisible():
            return {}
        box = window.takes.list.visualRect(window.takes.model.index(0))
        row = viewport.mapToGlobal(box.center())
        viewer = window.viewer
        if not viewer.notes.isEnabled():
            return {}
        handle = viewer.handle.mapToGlobal(viewer.handle.rect().center())
        notes = viewer.notes.mapToGlobal(viewer.notes.rect().center())
        return {
            "path": str(take.path),
            "row": [row.x(), row.y()],
            "handle": [handle.x(), handle.y()],
            "notes": [notes.x(), notes.y()],
        }

    def ready(before: dict[str, object]) -> None:
        """Tells the places once they stay: what is laid out meanwhile moves them."""
        now = places()
        if now and now == before:
            tell(now)
        else:
            QTimer.singleShot(500, lambda: ready(now))

    QTimer.singleShot(500, lambda: ready({}))
    code = application.exec()
    studio.session.close()
    return code


def target() -> int:
    application = application_for(["target"])
    window = Target()
    window.show()
    QTimer.singleShot(800, lambda: tell({"ready": True}))
    return application.exec()


if __name__ == "__main__":
    sys.exit(target() if sys.argv[1] == "target" else panel(Path(sys.argv[2])))
