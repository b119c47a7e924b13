"""The icons: strokes on a 24 x 24 grid, drawn in any colour and size. No files, no font.

Knows nothing of widgets.
"""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QByteArray, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

STROKES: dict[str, str] = {
    "ab": "M4 18 L8 6 L12 18 M5.4 14 H10.6 M15 6 V18 H18 A3 3 0 0 0 18 12 H15 M18 12 A3 3 0 0 0 18 6 H15",
    "arrow-down": "M12 5 V19 M6 13 L12 19 L18 13",
    "arrow-up": "M12 19 V5 M6 11 L12 5 L18 11",
    "bin": "M5 7 H19 M10 7 V4.5 H14 V7 M7 7 L8 20 H16 L17 7 M10.5 11 V16 M13.5 11 V16",
    "chevron-down": "M6 9.5 L12 15.5 L18 9.5",
    "chevron-right": "M9.5 6 L15.5 12 L9.5 18",
    "close": "M6 6 L18 18 M18 6 L6 18",
    "continue": "M4 7 V17 M4 12 H15 M11 8 L15 12 L11 16 M19 7 V17",
    "copy": "M9 9 H19 V20 H9 Z M15 9 V4 H5 V15 H9",
    "daw": "M4 7 H13 M4 12 H9 M4 17 H16 M16 4 L19.5 8 H12.5 Z M16 8 V20",
    "devices": "M6 4 V10 M6 14 V20 M12 4 V6 M12 10 V20 M18 4 V14 M18 18 V20 M3.5 12 H8.5 M9.5 8 H14.5 M15.5 16 H20.5",
    "dice": "M5 5 H19 V19 H5 Z M9 9 V9.2 M15 9 V9.2 M12 12 V12.2 M9 15 V15.2 M15 15 V15.2",
    "drag": "M9 6 V6.2 M15 6 V6.2 M9 12 V12.2 M15 12 V12.2 M9 18 V18.2 M15 18 V18.2",
    "expand": "M14 4 H20 V10 M10 20 H4 V14 M20 4 L14 10 M4 20 L10 14",
    "folder": "M3.5 18.5 V6 H9.5 L11.5 8.5 H20.5 V18.5 Z",
    "freeze": "M12 3.5 V20.5 M4.6 7.8 L19.4 16.2 M19.4 7.8 L4.6 16.2"
    " M9.5 5 L12 7.5 L14.5 5 M9.5 19 L12 16.5 L14.5 19",
    "headphones": "M5 17 V13 A7 7 0 0 1 19 13 V17 M5 14 H8 V20 H5 Z M16 14 H19 V20 H16 Z",
    "info": "M12 4 A8 8 0 1 1 11.99 4 M12 11 V16 M12 8 V8.2",
    "live": "M12 11 A1.2 1.2 0 1 1 11.99 11 M8.8 15.8 A5 5 0 0 1 8.8 8.2 M15.2 8.2 A5 5 0 0 1 15.2 15.8"
    " M6 18.6 A9 9 0 0 1 6 5.4 M18 5.4 A9 9 0 0 1 18 18.6",
    "lock": "M6 11 H18 V20 H6 Z M8.5 11 V8 A3.5 3.5 0 0 1 15.5 8 V11",
    "loop": "M7 8 H17 A3.5 3.5 0 0 1 17 17 H7 A3.5 3.5 0 0 1 5 9 M10 5 L7 8 L10 11",
    "menu": "M5 7 H19 M5 12 H19 M5 17 H19",
    "microphone": "M12 4 A2.5 2.5 0 0 1 14.5 6.5 V11 A2.5 2.5 0 0 1 9.5 11 V6.5 A2.5 2.5 0 0 1 12 4"
    " M6.5 11 A5.5 5.5 0 0 0 17.5 11 M12 16.5 V20",
    "models": "M12 4 L19 8 V16 L12 20 L5 16 V8 Z M5 8 L12 12 L19 8 M12 12 V20",
    "osc": "M4 12 A8 8 0 0 1 12 4 M12 20 A8 8 0 0 0 20 12 M8 12 A4 4 0 0 1 12 8 M12 16 A4 4 0 0 0 16 12 M12 12 V12.2",
    "panic": "M12 4.5 L21 19.5 H3 Z M12 10 V14.5 M12 17 V17.2",
    "pencil": "M5 19 L6 15 L16 5 L19 8 L9 18 Z M14 7 L17 10",
    "plus": "M12 5 V19 M5 12 H19",
    "presets": "M5 5 H10 V10 H5 Z M14 5 H19 V10 H14 Z M5 14 H10 V19 H5 Z M14 14 H19 V19 H14 Z",
    "retry": "M19 12 A7 7 0 1 1 16.5 6.6 M17 3 V7 H13",
    "save": "M6 4 H18 V20 L12 15.5 L6 20 Z",
    "score": "M9 18 A2.2 2.2 0 1 1 8.99 15.8 M9 17.5 V6 L18 4 V15.5 A2.2 2.2 0 1 1 17.99 13.4 M9 9 L18 7",
    "search": "M10.5 5 A5.5 5.5 0 1 1 10.49 5 M14.5 14.5 L20 20",
    "send": "M4 12 H13 M9.5 8 L13.5 12 L9.5 16 M16 5 H20 V19 H16",
    "settings": "M4 8 H14 M18 8 H20 M16 6 V10 M4 16 H7 M11 16 H20 M9 14 V18",
    "spectrum": "M4 19 V14 M8 19 V9 M12 19 V5 M16 19 V11 M20 19 V15",
    "star": "M12 4.5 L14.3 9.4 L19.6 10 L15.7 13.6 L16.8 18.9 L12 16.2 L7.2 18.9 L8.3 13.6 L4.4 10 L9.7 9.4 Z",
    "theme": "M12 4 A8 8 0 1 1 11.99 4 M12 4 V20 M12 8 H18.9 M12 12 H20 M12 16 H18.9",
    "transform": "M4 8 H16 M13 5 L16 8 L13 11 M20 16 H8 M11 13 L8 16 L11 19",
    "unlock": "M6 11 H18 V20 H6 Z M8.5 11 V8 A3.5 3.5 0 0 1 15 6.6",
    "vary": "M4 12 C7 4 9 4 12 12 S17 20 20 12 M4 17 C7 12 9 10 12 17 M12 7 C14 12 17 14 20 7",
    "wave": "M4 12 V12.2 M7 9 V15 M10 5 V19 M13 8 V16 M16 10.5 V13.5 M19 7 V17",
    "check": "M5 12.5 L10 17.5 L19 7",
}
FILLED: dict[str, str] = {
    "pause": "M7 5 H10.5 V19 H7 Z M13.5 5 H17 V19 H13.5 Z",
    "play": "M7.5 4.5 L19.5 12 L7.5 19.5 Z",
    "record": "M12 5.5 A6.5 6.5 0 1 1 11.99 5.5 Z",
    "star-filled": STROKES["star"],
    "stop": "M6.5 6.5 H17.5 V17.5 H6.5 Z",
}


def draw_icon(name: str, colour: QColor, disabled: QColor, size: int) -> QIcon:
    """The icon of that name, sharp at single and double pixel density."""
    icon = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)):
        for ratio in (1, 2):
            icon.addPixmap(_pixmap(name, tint.name(QColor.NameFormat.HexArgb), size, ratio), mode)
    return icon


def paint_icon(painter: QPainter, name: str, colour: QColor, box: QRectF) -> None:
    """Paints an icon straight into a box, for delegates."""
    _renderer(name, colour.name(QColor.NameFormat.HexRgb)).render(painter, box)


@lru_cache(maxsize=512)
def _pixmap(name: str, colour: str, size: int, ratio: int) -> QPixmap:
    pixmap = QPixmap(size * ratio, size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    tint = QColor(colour)
    painter.setOpacity(tint.alphaF())
    _renderer(name, tint.name(QColor.NameFormat.HexRgb)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    if name in FILLED:
        style = f'fill="{colour}" stroke="{colour}" stroke-width="1"'
        path = FILLED[name]
    else:
        style = f'fill="none" stroke="{colour}" stroke-width="1.7"'
        path = STROKES[name]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="{path}" {style} '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    return QSvgRenderer(QByteArray(svg.encode()))
