"""The keys of the window that are no shortcuts of the menus, and where the focus may go by itself.

One rule: wherever no text is written, Space and letters are the transport's and the take's, and Return presses what has
the focus. Qt asks the focused widget first whether it takes a key as text; only lines and pages of text do. Home and
End belong to what walks with them - text, numbers, sliders, lists - and elsewhere to the transport.
Knows listening; the letters themselves stand in the menus.
"""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QWidget,
)

from gui.look.controls import later
from gui.takes.listening import Listening

WALKED = (QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox)
"""What Home and End walk in, even where there is no further to go."""


def pressed(event: QKeyEvent, listening: Listening) -> bool:
    """Answers a key that no control took; False if it is none of these."""
    key, focus = event.key(), QApplication.focusWidget()
    if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
        return False
    if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focus, QAbstractButton):
        focus.click()
    elif isinstance(focus, WALKED):
        return False
    elif key == Qt.Key.Key_Home:
        listening.to_start()
    elif key == Qt.Key.Key_End:
        listening.to_end()
    else:
        return False
    return True


def keep_out_of_text(window: QMainWindow) -> None:
    """Text gets the focus only by a hand, not when a control vanishes and Qt gives its focus to the next."""

    def moved(old: QWidget | None, now: QWidget | None) -> None:
        if old is None or now is None or not writes(now) or old.window() is not window:
            return
        if now.window() is window and not (old.isVisible() and old.isEnabled()):
            later(window, lambda: pass_on(now))

    def pass_on(text: QWidget) -> None:
        if not text.hasFocus():
            return
        after = text.nextInFocusChain()
        while after is not None and after is not text:
            by_tab = bool(after.focusPolicy() & Qt.FocusPolicy.TabFocus)
            if by_tab and after.isVisible() and after.isEnabled() and not writes(after):
                return after.setFocus()
            after = after.nextInFocusChain()
        text.clearFocus()

    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.focusChanged.connect(moved)
        window.destroyed.connect(lambda: application.focusChanged.disconnect(moved))


def writes(widget: QWidget) -> bool:
    """Whether text is written there."""
    return isinstance(widget, (QLineEdit, QPlainTextEdit)) and not widget.isReadOnly()
