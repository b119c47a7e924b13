"""How the panel looks: two palettes with WCAG AA contrast, one accent, type sizes, a scale from 100 to 200 %.

Knows nothing of the session. Widgets ask `Look` for colours and lengths and redraw on its `changed`; margins are
given to `Look.pad`, which applies them again when the scale changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar
from weakref import WeakKeyDictionary

from PyQt6 import sip
from PyQt6.QtCore import QObject, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPalette
from PyQt6.QtWidgets import QApplication, QLayout

from gui.look.icons import draw_icon
from gui.look.style_sheet import style_sheet

Mode = Literal["dark", "light"]
Choice = Literal["dark", "light", "system"]
_Layout = TypeVar("_Layout", bound=QLayout)
SCALES = (1.0, 1.25, 1.5, 1.75, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """One palette; `#rrggbb` each.

    Attributes:
        window, surface, raised, hover: grounds, from the back to what lies under the pointer.
        line: decorative borders; edge: borders that must be seen to know a control (3:1).
        text, muted: words on any of the grounds (4.5:1).
        accent, on_accent, accent_soft: the one accent, words on it, and the ground of what is chosen.
        warning, error: words that warn (4.5:1).
    """

    window: str
    surface: str
    raised: str
    hover: str
    line: str
    edge: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    wave: str
    warning: str
    error: str


DARK = Colours(
    window="#131619",
    surface="#1a1e22",
    raised="#242a30",
    hover="#2f363e",
    line="#2c333a",
    edge="#717d8a",
    text="#edf0f2",
    muted="#a5afb9",
    accent="#5fdcb2",
    accent_hover="#83e8c6",
    on_accent="#06241a",
    accent_soft="#1d3b33",
    wave="#7f8f9c",
    warning="#f5c04e",
    error="#ff8f85",
)

LIGHT = Colours(
    window="#f1f2ef",
    surface="#fbfbf9",
    raised="#e8eae6",
    hover="#dcdfda",
    line="#d9dcd6",
    edge="#7c847e",
    text="#15191c",
    muted="#4d565c",
    accent="#0a6b4e",
    accent_hover="#0d5741",
    on_accent="#ffffff",
    accent_soft="#cfe9df",
    wave="#7d8a86",
    warning="#7a4f00",
    error="#ad1f18",
)

PALETTES: dict[Mode, Colours] = {"dark": DARK, "light": LIGHT}
FAMILIES = (
    "Inter",
    "SF Pro Text",
    "Segoe UI Variable Text",
    "Segoe UI",
    "Noto Sans",
    "Cantarell",
    "DejaVu Sans",
)
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


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Look(QObject):
    """The present theme and scale of one window."""

    changed = pyqtSignal()

    def __init__(self, choice: Choice = "dark", scale: float = 1.0) -> None:
        super().__init__()
        self.choice: Choice = choice
        self.scale = scale
        self._pads: WeakKeyDictionary[QLayout, tuple[tuple[int, int, int, int], int]] = (
            WeakKeyDictionary()
        )
        known = set(QFontDatabase.families())
        self._family = next((name for name in FAMILIES if name in known), "")
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
        """Changes theme or scale; everything follows at once."""
        self.choice = choice or self.choice
        self.scale = min(max(scale or self.scale, SCALES[0]), SCALES[-1])
        self.apply()

    def apply(self) -> None:
        """Dresses the application and tells the widgets."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setFont(self.font())
            application.setPalette(self._qt_palette())
            application.setStyleSheet(style_sheet(self.colours, self.px, SIZES))
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

    def follow(self, dress: Callable[[], None]) -> None:
        """Calls `dress`, a method of a widget, now and whenever theme or scale change; it ends with the widget."""
        self.changed.connect(dress)
        dress()

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
