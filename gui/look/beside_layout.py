"""A layout of two: side by side where both have room, else one above the other.

Knows nothing of what is in it. Side by side both have the whole height, so that what can grow does; stacked, the first
takes the height that is left over.
"""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtWidgets import QLayout, QLayoutItem, QWidget


class BesideLayout(QLayout):
    """Two items; `least` is the width in pixels from which each may stand beside the other."""

    def __init__(self, parent: QWidget | None = None, least: int = 0) -> None:
        super().__init__(parent)
        self.least = least
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
        """The height that both need at a width."""
        margins = self.contentsMargins()
        return self._high(a0 - margins.left() - margins.right()) + margins.top() + margins.bottom()

    def beside(self, width: int) -> bool:
        """Whether they stand beside each other in so many pixels."""
        each = max([self.least, *(item.minimumSize().width() for item in self._items)])
        return width >= each * len(self._items) + self._gap()

    def setGeometry(self, a0: QRect) -> None:
        """Sets both."""
        super().setGeometry(a0)
        area = a0.marginsRemoved(self.contentsMargins())
        if self.beside(area.width()):
            left, each = area.x(), self._each(area.width())
            for item in self._items:
                item.setGeometry(QRect(left, area.y(), each, area.height()))
                left += each + self.spacing()
            return
        top, spare = area.y(), max(area.height() - self._high(area.width()), 0)
        for item in self._items:
            high = _height(item, area.width()) + spare
            item.setGeometry(QRect(area.x(), top, area.width(), high))
            top, spare = top + high + self.spacing(), 0

    def sizeHint(self) -> QSize:
        """The wider one."""
        return self._widest([item.sizeHint() for item in self._items])

    def minimumSize(self) -> QSize:
        """Room for either."""
        return self._widest([item.minimumSize() for item in self._items])

    def _high(self, width: int) -> int:
        if self.beside(width):
            return max((_height(item, self._each(width)) for item in self._items), default=0)
        return sum(_height(item, width) for item in self._items) + self._gap()

    def _each(self, width: int) -> int:
        return (width - self._gap()) // max(len(self._items), 1)

    def _gap(self) -> int:
        return self.spacing() * max(len(self._items) - 1, 0)

    def _widest(self, sizes: list[QSize]) -> QSize:
        size = QSize()
        for each in sizes:
            size = size.expandedTo(each)
        return size.grownBy(self.contentsMargins())


def _height(item: QLayoutItem, width: int) -> int:
    return item.heightForWidth(width) if item.hasHeightForWidth() else item.sizeHint().height()
