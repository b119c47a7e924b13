"""What is dropped: the first file of a kind, of which a copy is taken. Knows nothing of what becomes of it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDropEvent


def dropped(event: QDropEvent, suffixes: Collection[str]) -> Path | None:
    """The first file of a drop that has one of these suffixes, if there is one."""
    data = event.mimeData()
    if data is None or not data.hasUrls():
        return None
    for url in data.urls():
        path = Path(url.toLocalFile())
        if url.isLocalFile() and path.suffix.lower().lstrip(".") in suffixes:
            return path
    return None


def accept(event: QDropEvent) -> None:
    """Takes a copy: what is dropped stays where it was."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
