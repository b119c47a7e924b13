"""A key of the take that cannot act says why. Knows the viewer, and the session's line for sentences."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QAbstractButton

from gui.look.language import tr
from gui.qt_session import QtSession
from gui.takes.model import take_title
from gui.takes.viewer import Viewer


def presses(session: QtSession, viewer: Viewer, button: QAbstractButton) -> Callable[[], None]:
    """What presses a button of the viewer, or says why it is grey."""

    def press() -> None:
        if button.isEnabled():
            return button.click()
        take = viewer.take
        if take is None:
            words = tr("Choose a take in the list first.")
        elif button is viewer.notes:
            words = tr("{0} has no notes that are known.").format(take_title(take))
        else:
            words = tr("{0} was not made here: it has no settings.").format(take_title(take))
        return session.say(words, "warning")

    return press
