"""`ChordBoxes`: a chart of chords as boxes, one for each bar, four in a line; the same as a text, both ways.

Knows how bars are told apart and nothing of the session. The last line always has free boxes. One that stays empty
before others goes on with the chord before it. Return or | goes to the next bar, Backspace in an empty one removes it,
and a whole chart may be pasted into any.
"""

# The stubs of the bindings leave slots and items unknown.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import re

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QContextMenuEvent, QKeyEvent
from PyQt6.QtWidgets import QGridLayout, QLineEdit, QMenu, QWidget

from engine.composing.chord_symbols import parse_chords
from engine.errors import LongtakeError
from gui.look.as_typed import hint
from gui.look.controls import restyle
from gui.look.theme import Look

IN_A_LINE = 4
MOST = 128
"""Boxes that are shown; longer charts are written as text."""
_BAR_LINE = re.compile(r"[|‖;\r\n]|,(?![^(]*\))")


def bars_of(text: str) -> list[str]:
    """The bars of a chart, each as it is written."""
    return [bar.strip() for bar in _BAR_LINE.split(text) if bar.strip()]


def chart_of(bars: list[str]) -> str:
    """Bars as one text; an empty one among them is as the bar before, and silent where there is none."""
    written = [bar.strip() for bar in bars]
    while written and not written[-1]:
        written.pop()
    return " | ".join(bar or ("%" if number else "N.C.") for number, bar in enumerate(written))


def problem_of(chart: str) -> str:
    """What of a chart cannot be read, as a sentence; empty if all of it can, or if there is none."""
    try:
        if chart.strip():
            parse_chords(chart)
    except LongtakeError as error:
        return str(error)
    return ""


class BarBox(QLineEdit):
    """The chords of one bar.

    Signals:
        left: the hand goes on by so many boxes.
        removed, inserted: this bar goes, or an empty one comes before it.
    """

    left = pyqtSignal(int)
    removed = pyqtSignal()
    inserted = pyqtSignal()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        """Goes from bar to bar."""
        if a0 is None:
            return
        key, place, length = a0.key(), self.cursorPosition(), len(self.text())
        plain = not a0.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self.left.emit(1)
        elif key == Qt.Key.Key_Backspace and not length:
            self.removed.emit()
        elif key == Qt.Key.Key_Left and plain and place == 0 and not self.hasSelectedText():
            self.left.emit(-1)
        elif key == Qt.Key.Key_Right and plain and place == length:
            self.left.emit(1)
        else:
            super().keyPressEvent(a0)

    def contextMenuEvent(self, a0: QContextMenuEvent | None) -> None:
        """What can be done with a text, and with a bar."""
        menu = self.menu()
        if menu is not None and a0 is not None:
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(a0.globalPos())

    def menu(self) -> QMenu | None:
        """The menu itself."""
        menu = self.createStandardContextMenu()
        if menu is not None:
            menu.addSeparator()
            menu.addAction(self.tr("Insert a bar before it"), self.inserted.emit)
            menu.addAction(self.tr("Remove this bar"), self.removed.emit)
        return menu


class ChordBoxes(QWidget):
    """The boxes; `changed` signals another chart, as a text."""

    changed = pyqtSignal(str)

    def __init__(self, look: Look, help_text: str) -> None:
        super().__init__()
        self._look, self._help = look, help_text
        self._shown = ""
        self.boxes: list[BarBox] = []
        self._grid = look.pad(QGridLayout(self), gap=4)
        for column in range(IN_A_LINE):
            self._grid.setColumnStretch(column, 1)
        self._write([])

    def chart(self) -> str:
        """The chords as one text."""
        return chart_of([box.text() for box in self.boxes])

    def show_chart(self, chart: str) -> None:
        """Shows a chart; one that is shown already stays as the hand left it."""
        bars = bars_of(chart)
        if chart_of(bars) != self.chart():
            self._write(bars)

    def _write(self, bars: list[str], focus: int | None = None) -> None:
        """Fills the boxes, with free ones at the end of the last line; makes and removes as many as it takes."""
        bars = _without_free(bars)[: MOST - 1]
        bars += [""] * (IN_A_LINE - len(bars) % IN_A_LINE)
        while len(self.boxes) > len(bars):
            box = self.boxes.pop()
            self._grid.removeWidget(box)
            box.hide()
            box.deleteLater()
        while len(self.boxes) < len(bars):
            self._add()
        for box, bar in zip(self.boxes, bars, strict=True):
            if box.text() != bar:
                with QSignalBlocker(box):
                    box.setText(bar)
        self._mark()
        if focus is not None:
            self._go(focus)

    def _add(self) -> None:
        number = len(self.boxes)
        box = BarBox()
        box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box.setProperty("role", "bar")
        box.setPlaceholderText(str(number + 1))
        box.setAccessibleName(self.tr("Chords of bar {0}").format(number + 1))
        box.setAccessibleDescription(self._help)
        box.textEdited.connect(lambda _: self._edited(number))
        box.left.connect(lambda step: self._go(number + step))
        box.removed.connect(lambda: self._remove(number))
        box.inserted.connect(lambda: self._insert(number))
        self._grid.addWidget(box, number // IN_A_LINE, number % IN_A_LINE)
        if self.boxes:
            QWidget.setTabOrder(self.boxes[-1], box)
        self.boxes.append(box)
        box.show()  # now, so that it may take the focus

    def _edited(self, number: int) -> None:
        text = self.boxes[number].text()
        bars = [box.text() for box in self.boxes]
        if _BAR_LINE.search(text):
            pieces = bars_of(text)
            ends = bool(_BAR_LINE.search(text[-1:]))
            rest = bars[number + 1 :]
            self._write([*bars[:number], *pieces, *_without_free(rest)], None)
            self._go(number + len(pieces) - (not ends))
        elif text.strip() and number == len(self.boxes) - 1:
            self._write(bars)
        self._mark()
        self.changed.emit(self.chart())

    def _remove(self, number: int) -> None:
        bars = _without_free([box.text() for box in self.boxes])
        if number < len(bars):
            del bars[number]
        self._write(bars, max(number - 1, 0))
        self.changed.emit(self.chart())

    def _insert(self, number: int) -> None:
        bars = _without_free([box.text() for box in self.boxes])
        self._write([*bars[:number], "", *bars[number:]], number)
        self.changed.emit(self.chart())

    def _go(self, number: int) -> None:
        if 0 <= number < len(self.boxes):
            self.boxes[number].setFocus(Qt.FocusReason.TabFocusReason)

    def _mark(self) -> None:
        """Marks the boxes that cannot be read; % and / are read as after a chord."""
        for box in self.boxes:
            text = box.text().strip()
            wrong = "true" if text and problem_of(f"C | {text}") else "false"
            box.setToolTip(
                hint(box.text()) if len(box.text()) > 4 else ""
            )  # a narrow box may cut it
            if box.property("wrong") != wrong:
                box.setProperty("wrong", wrong)
                restyle(box)


def _without_free(bars: list[str]) -> list[str]:
    """Bars without the empty ones at the end."""
    while bars and not bars[-1].strip():
        bars = bars[:-1]
    return bars
