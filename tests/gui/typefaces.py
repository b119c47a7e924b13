"""Fonts with the measures of those that users have, made for the tests from free ones that the test packages bring.

DejaVu Sans, Debian's own, is the widest of the usual ones and comes with matplotlib. The others are it or Inter with
the line height of another: Segoe UI (Windows), and Noto Sans CJK, the tallest.
"""

# The tables of a font are made at run time.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fontTools.ttLib import TTFont
from PyQt6.QtGui import QFontDatabase


@dataclass(frozen=True, slots=True)
class Typeface:
    """A family of two weights.

    Attributes:
        package, regular, bold: where its letters come from.
        ascent, descent: of a line, in ems; None leaves them as they are.
    """

    package: str
    regular: str
    bold: str
    ascent: float | None = None
    descent: float | None = None


DEJAVU = (
    "matplotlib",
    "mpl-data/fonts/ttf/DejaVuSans.ttf",
    "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf",
)
INTER = ("gui", "fonts/Inter-Regular.otf", "fonts/Inter-SemiBold.otf")
TYPEFACES = {
    "Inter": Typeface(*INTER),
    "DejaVu Sans": Typeface(*DEJAVU),
    "Like Segoe UI": Typeface(*INTER, 1.079, 0.251),
    "Like Noto Sans CJK": Typeface(*DEJAVU, 1.160, 0.288),
}


@cache
def install(family: str) -> str:
    """Makes a family known to the application; returns its name."""
    typeface = TYPEFACES[family]
    for file, weight in ((typeface.regular, "Regular"), (typeface.bold, "Bold")):
        font = TTFont(io.BytesIO(files(typeface.package).joinpath(file).read_bytes()))
        _rename(font, family, weight)
        if typeface.ascent is not None and typeface.descent is not None:
            _stretch_lines(font, typeface.ascent, typeface.descent)
        made = io.BytesIO()
        font.save(made)
        assert QFontDatabase.addApplicationFontFromData(made.getvalue()) >= 0, family
    return family


def _rename(font: TTFont, family: str, weight: str) -> None:
    names = font["name"]
    for record in list(names.names):
        if record.nameID in (16, 17, 21, 22, 25):
            names.removeNames(nameID=record.nameID)
    for number, text in (
        (1, family),
        (2, weight),
        (4, f"{family} {weight}"),
        (6, f"{family}-{weight}".replace(" ", "")),
    ):
        names.setName(text, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = 400 if weight == "Regular" else 700


def _stretch_lines(font: TTFont, ascent: float, descent: float) -> None:
    em = font["head"].unitsPerEm
    up, down = round(ascent * em), round(descent * em)
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = up, -down, 0
    os2 = font["OS/2"]
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = up, -down, 0
    os2.usWinAscent, os2.usWinDescent = up, down
