"""How the panel looks: the palette in use, type sizes, a scale from 100 to 200 %.

Knows nothing of the session. Widgets ask `Look` for colours and lengths and redraw on its `changed`; margins are
given to `Look.pad`, which applies them again when the scale changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args
from weakref import WeakKeyDictionary

from PyQt6 import sip
from PyQt6.QtCore import QObject, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QIcon, QPalette
from PyQt6.QtWidgets import QApplication, QLayout

from gui.look.colours import PALETTES, Colours, Mode
from gui.look.icons import draw_icon
from gui.look.style_sheet import style_sheet
from gui.look.typeface import shipped_family

Choice = Literal["dark", "light", "system"]
_Layout = TypeVar("_Layout", bound=QLayout)
SCALES = (1.0, 1.25, 1.5, 1.75, 2.0)


SIZES = {
    "tiny": 11,
    "small": 12,
    "body": 13,
    "strong": 13,
    "title": 16,
    "prompt": 19,
    "display": 24,
}
"""Type sizes in pixels at 100 %."""


class Look(QObject):
    """The present theme and scale of one window."""

    changed = pyqtSignal()

    def __init__(self, choice: Choice = "dark", scale: float = 1.0, family: str = "") -> None:
        """Starts with a theme and a scale; `family` is a font of the system in place of the shipped one."""
        super().__init__()
        self.choice: Choice = choice
        self.scale = scale
        self._pads: WeakKeyDictionary[QLayout, tuple[tuple[int, int, int, int], int]] = (
            WeakKeyDictionary()
        )
        self._family = family or shipped_family()
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._system_changed)

    @property
    def mode(self) -> Mode:
        """Dark or light; the system's when it is left to the system."""
        if self.choice != "system":
            return self.choice
        hints = QGuiApplication.styleHints()
        return "light" if hints and hints.colorScheme() == Qt.ColorScheme.Light else "dark"

    @property
    def colours(self) -> Colours:
        """The palette in use."""
        return PALETTES[self.mode]

    def set(self, choice: Choice | None = None, scale: float | None = None) -> None:
        """Changes theme or scale; the whole window follows at once."""
        self.choice = choice or self.choice
        self.scale = min(max(scale or self.scale, SCALES[0]), SCALES[-1])
        self.apply()

    def state(self) -> dict[str, Any]:
        """Theme and scale, to be remembered."""
        return {"theme": self.choice, "scale": self.scale}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes theme and scale of the last time."""
        choice = state["theme"] if state["theme"] in get_args(Choice) else self.choice
        if (choice, state["scale"]) != (self.choice, self.scale):
            self.set(choice, state["scale"])

    def apply(self) -> None:
        """Applies font, palette and style sheet to the application, then tells the widgets."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setFont(self.font())
            application.setPalette(self._qt_palette())
            line = max(QFontMetrics(self.font(size)).height() for size in ("body", "strong"))
            application.setStyleSheet(style_sheet(self.colours, self.px, SIZES, line))
        for layout in list(self._pads):
            if sip.isdeleted(layout):
                del self._pads[layout]
            else:
                self._pad(layout)
        self.changed.emit()

    def px(self, length: float) -> int:
        """A length at 100 %, in pixels of the present scale."""
        return max(1, round(length * self.scale)) if length else 0

    def colour(self, name: str, alpha: float = 1.0) -> QColor:
        """A colour of the palette by its name."""
        colour = QColor(getattr(self.colours, name))
        colour.setAlphaF(alpha)
        return colour

    def font(self, size: str = "body", strong: bool = False) -> QFont:
        """A font of one of `SIZES`; digits have equal widths, so that numbers do not dance."""
        font = QFont(self._family) if self._family else QFont(QApplication.font())
        font.setPixelSize(self.px(SIZES[size]))
        if strong or size in ("title", "display", "strong"):
            font.setWeight(QFont.Weight.DemiBold)
        if hasattr(font, "setFeature"):
            font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def icon(self, name: str, colour: str = "text") -> QIcon:
        """One of the icons of `icons.py` in a colour of the palette, greyed when disabled."""
        return draw_icon(name, self.colour(colour), self.colour("muted", 0.5), self.px(18))

    def icon_size(self, length: float = 18) -> QSize:
        """Width and height of an icon."""
        return QSize(self.px(length), self.px(length))

    def pad(
        self, layout: _Layout, margins: tuple[int, int, int, int] = (0, 0, 0, 0), gap: int = 8
    ) -> _Layout:
        """Gives a layout margins (left, top, right, bottom) and a gap, at every scale; returns it."""
        self._pads[layout] = (margins, gap)
        self._pad(layout)
        return layout

    def follow(self, restyle: Callable[[], None]) -> None:
        """Calls `restyle`, a widget's method, now and on every change of theme or scale while the widget lives."""
        self.changed.connect(restyle)
        restyle()

    def _pad(self, layout: QLayout) -> None:
        margins, gap = self._pads[layout]
        layout.setContentsMargins(*(self.px(margin) for margin in margins))
        layout.setSpacing(self.px(gap))

    def _system_changed(self) -> None:
        if self.choice == "system":
            self.apply()

    def _qt_palette(self) -> QPalette:
        role, colours = QPalette.ColorRole, self.colours
        palette = QPalette()
        for which, name in (
            (role.Window, colours.window),
            (role.WindowText, colours.text),
            (role.Base, colours.surface),
            (role.AlternateBase, colours.raised),
            (role.Text, colours.text),
            (role.PlaceholderText, colours.muted),
            (role.Button, colours.raised),
            (role.ButtonText, colours.text),
            (role.Highlight, colours.accent),
            (role.HighlightedText, colours.on_accent),
            (role.ToolTipBase, colours.raised),
            (role.ToolTipText, colours.text),
            (role.Link, colours.accent),
        ):
            palette.setColor(which, QColor(name))
        for which in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, which, self.colour("muted", 0.6))
        return palette
