"""Closing the window ends what plays live; so it is asked for twice while it does. Knows the live stream's state."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QWidget

from gui.look.language import tr
from gui.qt_session import QtSession

TWICE = 6.0
"""Seconds within which the second time counts."""


class Leaving:
    """Whether a hand may close the window now."""

    def __init__(
        self, window: QWidget, session: QtSession, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._window, self._session, self._clock = window, session, clock
        self._asked = float("-inf")
        self.again = False
        """Whether a new start was asked for."""

    def leave(self) -> bool:
        """Closes the window if it may be."""
        return self.may() and self._window.close()

    def start_again(self) -> None:
        """Closes it, and asks for a new start."""
        self.again = self.leave()

    def may(self) -> bool:
        """Not at first while live is on, which a sentence says; a system that shuts down is not kept waiting."""
        now, application = self._clock(), QGuiApplication.instance()
        ends = isinstance(application, QGuiApplication) and application.isSavingSession()
        on = self._session.session.live.state().phase not in ("off", "failed")
        if ends or not on or now - self._asked <= TWICE:
            return True
        self._asked = now
        self._session.say(
            tr("Live is on, and ends with the window: close it once more."), "warning"
        )
        return False
