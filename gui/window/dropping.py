"""What may be dropped on the window: a recording to start from, a MIDI file to be played.

Knows which files the composer takes, and gives them to it.
"""

from __future__ import annotations

from PyQt6.QtGui import QDropEvent

from gui.compose.clip import dropped_clip
from gui.compose.composer import Composer
from gui.compose.source import dropped_file


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
