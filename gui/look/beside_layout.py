"""A layout of three: one below the other, or, where there is room for two columns, the second beside the others.

Knows nothing of what is in it. Beside the others, the second has the whole height, so that what can grow in it does;
stacked, it takes the height that is left over.
"""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtWidgets import QLayout, QLayoutItem, QWidget


class BesideLayout(QLayout):
    """Items; `least` is the width in pixels that a column must have where there are two."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.least = 0
        self._items: list[QLayoutItem] = []

    def addItem(self, a0: QLayoutItem | None) -> None:
        """Adds an item; Qt calls this from addWidget."""
        if a0 is not None:
            self._items.append(a0)

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
        """It takes what there is."""
        return Qt.Orientation.Horizontal | Qt.Orientation.Vertical

    def hasHeightForWidth(self) -> bool:
        """Narrower is higher."""
        return True

    def heightForWidth(self, a0: int) -> int:
        """The height that all need at a width."""
        margins = self.contentsMargins()
        return self._high(a0 - margins.left() - margins.right()) + margins.top() + margins.bottom()

    def beside(self, width: int) -> bool:
        """Whether there are two columns in so many pixels."""
        each = max([self.least, *(item.minimumSize().width() for item in self._items)])
        return len(self._items) > 1 and width >= 2 * each + self._gap()

    def setGeometry(self, a0: QRect) -> None:
        """Sets all."""
        super().setGeometry(a0)
        area = a0.marginsRemoved(self.contentsMargins())
        if not self.beside(area.width()):
            self._stack(self._items, area, grows=1)
            return
        each = (area.width() - self._gap()) // 2
        others = self._items[:1] + self._items[2:]
        self._stack(others, QRect(area.topLeft(), QSize(each, area.height())), len(others) - 1)
        self._items[1].setGeometry(area.adjusted(each + self._gap(), 0, 0, 0))

    def sizeHint(self) -> QSize:
        """The widest."""
        return self._widest([item.sizeHint() for item in self._items])

    def minimumSize(self) -> QSize:
        """Room for each."""
        return self._widest([item.minimumSize() for item in self._items])

    def _high(self, width: int) -> int:
        if not self.beside(width):
            return self._sum(self._items, width)
        each = (width - self._gap()) // 2
        others = self._items[:1] + self._items[2:]
        return max(self._sum(others, each), _height(self._items[1], each))

    def _stack(self, items: Sequence[QLayoutItem], area: QRect, grows: int) -> None:
        """Sets items below each other; one of them takes the height that is left over."""
        top, spare = area.y(), max(area.height() - self._sum(items, area.width()), 0)
        for index, item in enumerate(items):
            high = _height(item, area.width()) + (spare if index == grows else 0)
            item.setGeometry(QRect(area.x(), top, area.width(), high))
            top += high + self.spacing()

    def _sum(self, items: Sequence[QLayoutItem], width: int) -> int:
        return sum(_height(item, width) for item in items) + self.spacing() * (len(items) - 1)

    def _gap(self) -> int:
        """Between the columns there is more room than between the lines."""
        return 2 * self.spacing()

    def _widest(self, sizes: list[QSize]) -> QSize:
        size = QSize()
        for each in sizes:
            size = size.expandedTo(each)
        return size.grownBy(self.contentsMargins())


def _height(item: QLayoutItem, width: int) -> int:
    return item.heightForWidth(width) if item.hasHeightForWidth() else item.sizeHint().height()
