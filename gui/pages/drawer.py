"""The right side: a rail of buttons and the page each opens - presets, devices, OSC, models. Closed, it is the rail.

Knows only the pages it is given.
"""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.look.controls import scrolled
from gui.look.theme import Look


class RailButton(QToolButton):
    """An icon with its word under it."""

    def __init__(self, look: Look, icon: str, words: str) -> None:
        super().__init__()
        self._look, self._icon = look, icon
        self.setText(words)
        self.setAccessibleName(words)
        self.setProperty("role", "plain")
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        look.follow(self._dress)

    def _dress(self) -> None:
        self.setIcon(self._look.icon(self._icon, "muted"))
        self.setIconSize(self._look.icon_size(20))
        self.setFont(self._look.font("small"))
        self.setMinimumWidth(self._look.px(64))


class Drawer(QWidget):
    """Rail and page."""

    turned = pyqtSignal(str)

    def __init__(self, look: Look, pages: dict[str, tuple[str, str, QWidget]]) -> None:
        """Takes pages as key -> icon, words, widget."""
        super().__init__()
        self._look = look
        self.stack = QStackedWidget()
        self.rail: dict[str, RailButton] = {}
        rail = look.pad(QVBoxLayout(), (0, 4, 4, 4), 4)
        self._keys = list(pages)
        for key, (icon, words, page) in pages.items():
            button = RailButton(look, icon, words)
            button.clicked.connect(self._turner(key))
            self.rail[key] = button
            rail.addWidget(button)
            self.stack.addWidget(scrolled(page))
        rail.addStretch(1)
        row = look.pad(QHBoxLayout(self), gap=8)
        row.addWidget(self.stack, 1)
        row.addLayout(rail)
        self.stack.hide()
        look.follow(self._dress)

    def page(self) -> str:
        """The page that is open, or empty."""
        return self._keys[self.stack.currentIndex()] if not self.stack.isHidden() else ""

    def turn(self, key: str) -> None:
        """Opens a page; the open one closes."""
        self.show_page("" if key == self.page() else key)

    def show_page(self, key: str) -> None:
        """Opens a page, or none."""
        key = key if key in self.rail else ""
        if key:
            self.stack.setCurrentIndex(self._keys.index(key))
        self.stack.setVisible(bool(key))
        for name, button in self.rail.items():
            button.setChecked(name == key)
        self._dress()
        self.turned.emit(key)

    def rail_width(self) -> int:
        """As wide as its widest word needs."""
        return max(button.sizeHint().width() for button in self.rail.values()) + self._look.px(4)

    def minimumSizeHint(self) -> QSize:
        """The rail, or rail and page."""
        return QSize(
            self.rail_width() if self.stack.isHidden() else self._look.px(360), self._look.px(260)
        )

    def _turner(self, key: str) -> object:
        return lambda: self.turn(key)

    def _dress(self) -> None:
        open_ = not self.stack.isHidden()
        self.setMinimumWidth(self._look.px(360) if open_ else self.rail_width())
        self.setMaximumWidth(self._look.px(560) if open_ else self.rail_width())
        self.updateGeometry()
