"""The panel's typeface: Inter, which lies in `gui/fonts` and is there on every machine.

Knows nothing of sizes and colours. Characters that Inter lacks come from the system's own fonts.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from PyQt6.QtGui import QFontDatabase


@cache
def shipped_family() -> str:
    """Registers the shipped fonts with the application; their family, empty if Qt cannot read them."""
    family = ""
    for file in (files("gui") / "fonts").iterdir():
        if file.name.endswith(".otf"):
            number = QFontDatabase.addApplicationFontFromData(file.read_bytes())
            family = next(iter(QFontDatabase.applicationFontFamilies(number)), family)
    return family
