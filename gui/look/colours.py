"""The two palettes, dark and light: one accent, and WCAG AA contrast on every background.

Knows nothing of Qt; `theme.py` chooses a palette, `style_sheet.py` and the widgets draw with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["dark", "light"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """One palette; `#rrggbb` each.

    Attributes:
        window, surface, raised, hover: backgrounds, from the rearmost to that of what is under the pointer.
        line: decorative borders; edge: borders without which a control could not be recognised (3:1).
        text, muted: text on any of the backgrounds (4.5:1).
        accent, on_accent, accent_soft: the one accent, text on it, and the background of what is selected.
        warning, error: text of warnings and errors (4.5:1).
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
