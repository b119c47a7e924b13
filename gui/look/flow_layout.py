"""A layout that places widgets side by side and wraps them onto further lines, as text does.

Knows nothing of what is in it.
"""

from __future__ import annotations

from PyQt6.QtCore import QPoint, QRect, QSize, Qt
from PyQt6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QSpacerItem, QWidget

Line = list[tuple[QLayoutItem, int]]
"""Items of one line with their widths in pixels."""


class FlowLayout(QLayout):
    """Items in lines; the height depends on the width. Expanding items share the space left in their line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._heights: dict[int, int] = {}

    def invalidate(self) -> None:
        """Drops the cached heights: an item has changed."""
        self._heights.clear()
        super().invalidate()

    def addItem(self, a0: QLayoutItem | None) -> None:
        """Adds an item; Qt calls this from addWidget."""
        if a0 is not None:
            self._items.append(a0)

    def addLayout(self, layout: QLayout) -> None:
        """Adds a layout whose widgets stay together on one line."""
        self.addChildLayout(layout)
        self.addItem(layout)

    def addStretch(self) -> None:
        """Pushes what follows on the same line to the right."""
        self.addItem(QSpacerItem(0, 0, QSizePolicy.Policy.Expanding))

    def count(self) -> int:
        """How many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """An item by its place."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Takes an item out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It wants no more than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Narrower is higher."""
        return True

    def heightForWidth(self, a0: int) -> int:
        """The height of all lines at a width."""
        if a0 not in self._heights:
            margins = self.contentsMargins()
            lines = self._lines(a0 - margins.left() - margins.right())
            gaps = self.spacing() * max(len(lines) - 1, 0)
            around = margins.top() + margins.bottom()
            self._heights[a0] = sum(map(_height, lines)) + gaps + around
        return self._heights[a0]

    def setGeometry(self, a0: QRect) -> None:
        """Sets the items, each line centred at its height."""
        super().setGeometry(a0)
        area = a0.marginsRemoved(self.contentsMargins())
        top = area.y()
        for line in self._lines(area.width()):
            left, high = area.x(), _height(line)
            for item, wide in self._spread(line, area.width()):
                own = _height([(item, wide)])
                item.setGeometry(QRect(QPoint(left, top + (high - own) // 2), QSize(wide, own)))
                left += wide + (0 if item.spacerItem() else self.spacing())
            top += high + self.spacing()

    def sizeHint(self) -> QSize:
        """Room for all of them on one line."""
        line = [(item, item.sizeHint().width()) for item in self._shown()]
        return self._with_margins(QSize(self._width(line), _height(line)))

    def minimumSize(self) -> QSize:
        """Room for the widest item."""
        size = QSize()
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return self._with_margins(size)

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if item.spacerItem() or not item.isEmpty()]

    def _with_margins(self, size: QSize) -> QSize:
        return size.grownBy(self.contentsMargins())

    def _width(self, line: Line) -> int:
        things = sum(item.spacerItem() is None for item, _ in line)
        return sum(wide for _, wide in line) + self.spacing() * max(things - 1, 0)

    def _lines(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for item in self._shown():
            wide = min(item.sizeHint().width(), max(width, item.minimumSize().width()))
            if lines and self._width([*lines[-1], (item, wide)]) <= width:
                lines[-1].append((item, wide))
            else:
                lines.append([(item, wide)])
        return lines

    def _spread(self, line: Line, width: int) -> Line:
        """The line with its spare room given to what expands."""
        growing = [
            item for item, _ in line if item.expandingDirections() & Qt.Orientation.Horizontal
        ]
        spare = max(width - self._width(line), 0)
        return [
            (item, wide + spare // len(growing) if item in growing else wide) for item, wide in line
        ]


def _height(line: Line) -> int:
    return max(
        (
            item.heightForWidth(wide) if item.hasHeightForWidth() else item.sizeHint().height()
            for item, wide in line
        ),
        default=0,
    )
