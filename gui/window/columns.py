"""How the window is divided: composer, middle and the open page, as many of them as there is room for.

Knows three widgets and how wide each must be; nothing of what they do. What does not fit scrolls, so that everything
can be reached at any size, scale and font.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame, QScrollArea, QSplitter, QWidget

from gui.look.theme import Look
from gui.memory import State

COMPOSER, PAGE = 420, 400
"""Widths in pixels at 100 % that composer and page have at first."""
LEAST = 320, 380
"""Widths in pixels at 100 % that composer and middle must have to stand beside each other."""
UPPER = 0.45
"""The share of the height that the upper half of the middle has at first."""


class Divided(QSplitter):
    """A splitter whose handles follow the scale and whose parts cannot be collapsed."""

    def __init__(self, look: Look, orientation: Qt.Orientation, *parts: QWidget) -> None:
        super().__init__(orientation)
        self._look = look
        for part in parts:
            self.addWidget(part)
        self.setChildrenCollapsible(False)
        look.follow(self._restyle)

    def _restyle(self) -> None:
        self.setHandleWidth(self._look.px(10))


class Middle(Divided):
    """Two halves, one above the other; each keeps its share of the height."""

    def __init__(self, look: Look, upper: QWidget, lower: QWidget) -> None:
        self._share = UPPER
        super().__init__(look, Qt.Orientation.Vertical, upper, lower)
        self.splitterMoved.connect(self._moved)

    def state(self) -> State:
        """The share of the upper half."""
        return {"upper": self._share}

    def restore(self, state: State) -> None:
        """Takes the share of the last time."""
        self._share = min(max(state["upper"], 0.1), 0.9)
        self._spread()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Keeps the shares."""
        super().resizeEvent(a0)
        self._spread()

    def _spread(self) -> None:
        upper = round(self.height() * self._share)
        self.setSizes([upper, self.height() - upper])

    def _moved(self) -> None:
        upper, lower = self.sizes()
        self._share = upper / max(upper + lower, 1)


class Columns(QScrollArea):
    """Composer, middle and page."""

    def __init__(self, look: Look, composer: QWidget, middle: QWidget, page: QWidget) -> None:
        super().__init__()
        self._look = look
        self._composer, self._middle, self._page = composer, middle, page
        self._widths = {composer: float(COMPOSER), page: float(PAGE)}
        self._shape: tuple[list[QWidget], bool] = ([], False)
        self._alone = False
        self._splitter = Divided(look, Qt.Orientation.Horizontal, composer, middle, page)
        self.setWidget(self._splitter)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._splitter.splitterMoved.connect(self._moved)

    def state(self) -> State:
        """The width that was chosen for the composer, at 100 %."""
        return {"composer": self._widths[self._composer]}

    def restore(self, state: State) -> None:
        """Takes the width of the last time."""
        self._widths[self._composer] = max(state["composer"], 1.0)
        self.arrange()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Chooses the columns again for another width."""
        super().resizeEvent(a0)
        self.arrange()

    def event(self, a0: QEvent | None) -> bool:
        """Chooses them again when a minimum width has changed: by other words, another font or scale."""
        if a0 is not None and a0.type() == QEvent.Type.LayoutRequest:
            self.arrange()
        return super().event(a0)

    def leave_alone(self, on: bool) -> None:
        """Shows an open page alone, whatever there is room for, or no longer."""
        self._alone = on
        self.arrange()

    def arrange(self) -> None:
        """Shows what there is room for: an open page takes the composer's place first, then that of the middle."""
        composer, middle, page = self._composer, self._middle, self._page
        opened = self._page_is_open()
        if not opened:
            shown = [composer, middle]
        elif self._alone:
            shown = [page]
        elif self._fits(composer, page):
            shown = [composer, middle, page]
        else:
            shown = [middle, page] if self._fits(page) else [page]
        for part in (composer, middle):
            part.setVisible(part in shown)
        stacked = not opened and not self._fits(composer)
        self._splitter.setOrientation(
            Qt.Orientation.Vertical if stacked else Qt.Orientation.Horizontal
        )
        heights = [part.sizeHint().height() for part in shown] if stacked else []
        self._splitter.setMinimumHeight(sum(heights))
        if stacked:
            self._splitter.setSizes(heights)
        else:
            self._spread(shown)
        if self._shape != (shown, stacked):
            self._shape = shown, stacked
            # Where it was scrolled to was a place in another shape.
            if (bar := self.verticalScrollBar()) is not None:
                bar.setValue(0)

    def _page_is_open(self) -> bool:
        return not self._page.isHidden()

    def _fits(self, *beside: QWidget) -> bool:
        """Whether the middle has room beside others."""
        wanted = sum(part.minimumSizeHint().width() for part in (self._middle, *beside))
        if self._composer in beside:
            pairs = zip((self._composer, self._middle), LEAST, strict=True)
            wanted += sum(
                max(self._look.px(least) - part.minimumSizeHint().width(), 0)
                for part, least in pairs
            )
        wanted += self._splitter.handleWidth() * len(beside)
        # Always allow for the scroll bar: if it came and went with the columns, the layout would never settle.
        bar = self.verticalScrollBar()
        return wanted + (bar.sizeHint().width() if bar is not None else 0) <= self.width()

    def _spread(self, shown: list[QWidget]) -> None:
        """Gives composer and page the widths that were chosen for them, and the middle the rest."""
        room = self._splitter.width() - self._splitter.handleWidth() * (len(shown) - 1)
        sizes = {
            part: self._look.px(width) for part, width in self._widths.items() if part in shown
        }
        if self._middle in shown:
            # Neither may take more than this share, so that the middle keeps some.
            sizes = {part: min(width, room * 44 // 100) for part, width in sizes.items()}
        sizes[self._middle] = max(room - sum(sizes.values()), 0)
        self._splitter.setSizes(
            [sizes.get(part, 0) for part in (self._composer, self._middle, self._page)]
        )

    def _moved(self) -> None:
        if self._splitter.orientation() == Qt.Orientation.Horizontal:
            composer, _, page = self._splitter.sizes()
            for part, width in ((self._composer, composer), (self._page, page)):
                if width:
                    self._widths[part] = width / self._look.scale
