"""What may be dropped on the window, or given at the start: a recording to start from, a MIDI file to be played.

Knows which files the composer takes, and gives them to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QApplication, QWidget

from gui.compose.clip import MIDI, dropped_clip
from gui.compose.composer import Composer
from gui.compose.source import AUDIO, dropped_file
from gui.look.language import tr
from gui.qt_session import QtSession


def may_drop(event: QDropEvent) -> bool:
    """Whether there is a file that the composer takes."""
    return dropped_file(event) is not None or dropped_clip(event) is not None


def drop(event: QDropEvent, composer: Composer) -> None:
    """Starts from the recording, plays the MIDI file."""
    recording, clip = dropped_file(event), dropped_clip(event)
    if recording is not None:
        composer.source.take(recording)
    if clip is not None:
        composer.score.take(clip)


def open_files(session: QtSession, composer: Composer, paths: Sequence[Path]) -> None:
    """Starts from the recording, plays the MIDI file; says of what is neither that it is none, or is not there."""
    for path in paths:
        suffix = path.suffix.lower().lstrip(".")
        if not path.is_file():
            session.say(tr("There is no file {0}.").format(path), "error")
        elif suffix in AUDIO:
            composer.source.take(path)
        elif suffix in MIDI:
            composer.score.take(path)
        else:
            words = tr("{0} is neither a recording nor a MIDI file.")
            session.say(words.format(path.name), "error")


def to_the_front(window: QWidget) -> None:
    """Brings a window before all others."""
    if window.isMinimized():
        window.showNormal()
    window.show()
    window.raise_()
    window.activateWindow()
    # Where a system lets no window come to the front by itself, its icon asks for a look.
    QApplication.alert(window)
