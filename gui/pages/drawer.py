"""The right side: a rail of buttons and the page that each opens. Closed, it is the rail.

Knows only the pages it is given.
"""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.look.as_typed import hint
from gui.look.containers import Scrolled
from gui.look.theme import Look

LEAST = 280
"""A page is not narrower, in pixels at 100 %."""


class RailButton(QToolButton):
    """An icon with its word under it."""

    def __init__(self, look: Look, icon: str, words: str) -> None:
        super().__init__()
        self._look, self._icon, self.words = look, icon, words
        self.show_count(0, "")
        self.setProperty("role", "plain")
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        look.follow(self._restyle)

    def show_count(self, count: int, told: str) -> None:
        """Counts what waits on the page, and says of what; nothing at 0."""
        self._counted = count > 0
        self.setText(f"{self.words} ({count})" if count else self.words)
        self.setAccessibleName(f"{self.words}: {told}" if told else self.words)
        self.setToolTip(hint(told))
        self._restyle()

    def _restyle(self) -> None:
        self.setIcon(self._look.icon(self._icon, "warning" if self._counted else "muted"))
        self.setIconSize(self._look.icon_size(20))
        self.setFont(self._look.font("small"))
        self.setMinimumWidth(self._look.px(64))


class Drawer(QStackedWidget):
    """The open page; `rail_area` holds the buttons, and the window sets it beside."""

    turned = pyqtSignal(str)

    def __init__(self, look: Look, pages: dict[str, tuple[str, str, QWidget]]) -> None:
        """Takes pages as key -> icon, words, widget."""
        super().__init__()
        self._look = look
        self.rail: dict[str, RailButton] = {}
        buttons = QWidget()
        rail = look.pad(QVBoxLayout(buttons), (0, 4, 4, 4), 4)
        self._keys = list(pages)
        for key, (icon, words, page) in pages.items():
            button = RailButton(look, icon, words)
            button.clicked.connect(self._turner(key))
            self.rail[key] = button
            rail.addWidget(button)
            self.addWidget(Scrolled(page))
        rail.addStretch(1)
        self.rail_area = Scrolled(buttons)
        self.rail_area.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.hide()
        look.follow(self._restyle)

    def page(self) -> str:
        """The page that is open, or empty."""
        return "" if self.isHidden() else self._keys[self.currentIndex()]

    def turn(self, key: str) -> None:
        """Opens a page; the open one closes."""
        self.show_page("" if key == self.page() else key)

    def show_page(self, key: str) -> None:
        """Opens a page, or none."""
        key = key if key in self.rail else ""
        if key:
            self.setCurrentIndex(self._keys.index(key))
        self.setVisible(bool(key))
        for name, button in self.rail.items():
            button.setChecked(name == key)
        self.turned.emit(key)

    def _turner(self, key: str) -> object:
        return lambda: self.turn(key)

    def minimumSizeHint(self) -> QSize:
        """Room for any of its pages, so that the window does not move when another is turned to."""
        return super().minimumSizeHint().expandedTo(QSize(self._look.px(LEAST), 0))

    def _restyle(self) -> None:
        self.updateGeometry()
