"""A layout of two: side by side where there is room for two columns, else one below the other.

Knows nothing of what is in it. Side by side both have the whole height, so that what can grow in them does; stacked,
the second takes the height that is left over.
"""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtWidgets import QLayout, QLayoutItem, QWidget


class BesideLayout(QLayout):
    """Two items; `least` is the width in pixels that each must have to stand beside the other."""

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
        """The height that both need at a width."""
        margins = self.contentsMargins()
        width = a0 - margins.left() - margins.right()
        if self.beside(width):
            high = max(_height(item, self._column(width)) for item in self._items)
        else:
            high = sum(_height(item, width) for item in self._items) + self.spacing()
        return high + margins.top() + margins.bottom()

    def beside(self, width: int) -> bool:
        """Whether there are two columns in so many pixels."""
        each = max([self.least, *(item.minimumSize().width() for item in self._items)])
        return len(self._items) == 2 and self._column(width) >= each

    def setGeometry(self, a0: QRect) -> None:
        """Sets both."""
        super().setGeometry(a0)
        area = a0.marginsRemoved(self.contentsMargins())
        if len(self._items) != 2:
            return
        first, second = self._items
        if self.beside(area.width()):
            column = self._column(area.width())
            first.setGeometry(QRect(area.topLeft(), QSize(column, area.height())))
            second.setGeometry(area.adjusted(area.width() - column, 0, 0, 0))
        else:
            high = _height(first, area.width())
            first.setGeometry(QRect(area.topLeft(), QSize(area.width(), high)))
            second.setGeometry(area.adjusted(0, high + self.spacing(), 0, 0))

    def sizeHint(self) -> QSize:
        """The wider one."""
        return self._widest([item.sizeHint() for item in self._items])

    def minimumSize(self) -> QSize:
        """Room for either."""
        return self._widest([item.minimumSize() for item in self._items])

    def _column(self, width: int) -> int:
        """The width of one of two columns; between them is more room than between lines."""
        return width // 2 - self.spacing()

    def _widest(self, sizes: list[QSize]) -> QSize:
        size = QSize()
        for each in sizes:
            size = size.expandedTo(each)
        return size.grownBy(self.contentsMargins())


def _height(item: QLayoutItem, width: int) -> int:
    return item.heightForWidth(width) if item.hasHeightForWidth() else item.sizeHint().height()
