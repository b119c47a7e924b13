"""Chips: a button that opens a small sheet of words to choose from, and the sheets for tempo and key.

Knows nothing of prompts: it shows a choice and signals another. Arrow keys move between words, Space picks one,
Escape closes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QPoint, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.composing.wording import key_of
from engine.spec import PARAMETERS
from gui.compose.vocabulary import MODES, ROOTS
from gui.look.as_typed import TypedButton
from gui.look.containers import Scrolled
from gui.look.controls import Button, label, restyle, text_field
from gui.look.elided import ElidedButton
from gui.look.fields import NumberField
from gui.look.flow_layout import FlowLayout
from gui.look.theme import Look


class Sheet(QFrame):
    """A sheet under a chip; it closes with Escape or a click beside it."""

    def __init__(self, look: Look, owner: QWidget) -> None:
        super().__init__(owner, Qt.WindowType.Popup)
        self.setProperty("role", "popup")
        self.look = look
        inside = QWidget()
        self.column = look.pad(QVBoxLayout(inside), (12, 12, 12, 12), 10)
        self._area = Scrolled(inside)
        look.pad(QVBoxLayout(self)).addWidget(self._area)

    def open_under(self, owner: QWidget, width: int) -> None:
        """Opens below its chip, as wide as asked, and a little away from the edges of the screen."""
        self.ensurePolished()  # the style sheet's border counts too
        corner = owner.mapToGlobal(QPoint(0, owner.height() + self.look.px(4)))
        around, gap, screen = self.contentsMargins(), self.look.px(4), owner.screen()
        whole = (
            screen.availableGeometry()
            if screen is not None
            else (owner.window() or owner).geometry()
        )
        room = whole.adjusted(gap, gap, -gap, -gap)
        width = min(self.look.px(width), room.width()) - around.left() - around.right()
        size = QSize(max(width, self._area.minimumSizeHint().width()), 0)
        size.setHeight(self._area.height_for(size.width()))
        size = size.grownBy(around).boundedTo(QSize(1 << 16, room.height()))
        self.setFixedWidth(size.width())
        self.resize(size)
        corner.setX(max(room.left(), min(corner.x(), room.right() - size.width())))
        corner.setY(max(room.top(), min(corner.y(), room.bottom() - size.height())))
        self.move(corner)
        self.show()
        for first in self.findChildren(QPushButton)[:1]:
            first.setFocus()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        """Arrows move between the words."""
        steps = {
            Qt.Key.Key_Right: True,
            Qt.Key.Key_Down: True,
            Qt.Key.Key_Left: False,
            Qt.Key.Key_Up: False,
        }
        if a0 is not None and a0.key() in steps:
            self.step(steps[Qt.Key(a0.key())])
        else:
            super().keyPressEvent(a0)

    def step(self, forward: bool) -> None:
        """Goes to the next word, or to the one before."""
        self.focusNextPrevChild(forward)


class Chip(ElidedButton):
    """A chip that shows a choice and opens a sheet; subclasses fill the sheet."""

    def __init__(self, look: Look, title: str, width: int) -> None:
        super().__init__(look, title, role="chip")
        self.look, self.title, self._width = look, title, width
        self._sheet: Sheet | None = None
        self.clicked.connect(self.open)

    def open(self) -> None:
        """Opens the sheet."""
        sheet = self._sheet
        if sheet is None:
            sheet = self._sheet = Sheet(self.look, self)
            self.fill(sheet)
        self.before_open()
        sheet.open_under(self, self._width)

    def sheet(self) -> Sheet | None:
        """The sheet, once it was opened."""
        return self._sheet

    def close_sheet(self) -> None:
        """Closes the sheet."""
        if self._sheet is not None:
            self._sheet.close()

    def show_choice(self, words: str) -> None:
        """Shows what is chosen; empty shows the title."""
        if words != self.property("words"):
            self.setProperty("words", words)
            self.show_text(words or self.title)
            self.setAccessibleName(f"{self.title}: {words}" if words else self.title)
            self.setProperty("filled", "true" if words else "false")
            restyle(self)

    def fill(self, sheet: Sheet) -> None:
        """Builds the sheet, once."""
        raise NotImplementedError

    def before_open(self) -> None:
        """Shows the current choice in the sheet."""


class WordChip(Chip):
    """Words to choose from, one or several, and a field for one's own."""

    chosen = pyqtSignal(object)

    def __init__(self, look: Look, title: str, words: Sequence[str], *, several: bool) -> None:
        super().__init__(look, title, 440)
        self._known, self._several = tuple(words), several
        self._chosen: tuple[str, ...] = ()
        self._buttons: dict[str, QPushButton] = {}

    def show_words(self, words: tuple[str, ...]) -> None:
        """Shows a choice."""
        self._chosen = words
        more = f" +{len(words) - 2}" if len(words) > 2 else ""
        self.show_choice(", ".join(words[:2]) + more)
        self.say(", ".join(words))

    def fill(self, sheet: Sheet) -> None:
        """A chip for each word."""
        flow = self.look.pad(FlowLayout(), gap=6)
        for word in self._known:
            button = TypedButton(word)
            button.setProperty("role", "chip")
            button.setCheckable(True)
            button.setAccessibleName(word)
            button.clicked.connect(self._taker(word))
            self._buttons[word] = button
            flow.addWidget(button)
        own = text_field(
            self.tr("Another word for {0}").format(self.title),
            self.tr("Another word, then Return"),
        )
        own.returnPressed.connect(lambda: (self._take(own.text().strip()), own.clear()))
        sheet.column.addLayout(flow)
        sheet.column.addWidget(own)

    def before_open(self) -> None:
        """Checks what is chosen."""
        chosen = {word.casefold() for word in self._chosen}
        for word, button in self._buttons.items():
            button.setChecked(word.casefold() in chosen)

    def _taker(self, word: str) -> Callable[[], None]:
        return lambda: self._take(word)

    def _take(self, word: str) -> None:
        if not word:
            return
        others = tuple(known for known in self._chosen if known.casefold() != word.casefold())
        had = len(others) < len(self._chosen)
        kept = others if self._several else ()
        words = kept if had else (*kept, word)
        self.show_words(words)
        self.before_open()
        self.chosen.emit(words)
        if not self._several:
            self.close_sheet()


class TempoChip(Chip):
    """A tempo: typed, tapped, or one of the usual ones."""

    chosen = pyqtSignal(object)
    _field: NumberField
    USUAL = (70, 80, 90, 100, 110, 120, 124, 128, 140, 174)

    def __init__(self, look: Look, title: str) -> None:
        super().__init__(look, title, 300)
        self._tempo: float | None = None
        self._taps: list[float] = []

    def show_tempo(self, tempo: float | None) -> None:
        """Shows a tempo in BPM."""
        self._tempo = tempo
        self.show_choice(f"{tempo:g} BPM" if tempo else "")

    def fill(self, sheet: Sheet) -> None:
        """Field, tap, usual tempi, none."""
        limits = PARAMETERS["tempo"]
        self._field = NumberField()
        self._field.setRange(limits.low or 30.0, limits.high or 300.0)
        self._field.setDecimals(1)
        self._field.setSuffix(" BPM")
        self._field.setAccessibleName(self.tr("Tempo in beats per minute"))
        self._field.editingFinished.connect(lambda: self._take(self._field.value()))
        tap = Button(self.look, self.tr("Tap"))
        tap.setToolTip(self.tr("Click in time, or press Space"))
        tap.clicked.connect(self._tap)
        none = Button(self.look, self.tr("None"))
        none.clicked.connect(lambda: self._take(None))
        row = self.look.pad(FlowLayout(), gap=6)
        for control in (self._field, tap, none):
            row.addWidget(control)
        flow = self.look.pad(FlowLayout(), gap=6)
        for tempo in self.USUAL:
            button = TypedButton(str(tempo))
            button.setProperty("role", "chip")
            button.setAccessibleName(f"{tempo} BPM")
            button.clicked.connect(self._taker(float(tempo)))
            flow.addWidget(button)
        sheet.column.addLayout(flow)
        sheet.column.addLayout(row)

    def before_open(self) -> None:
        """Shows the tempo in the field."""
        self._field.setValue(self._tempo or 120.0)
        self._taps.clear()

    def _taker(self, tempo: float) -> Callable[[], None]:
        return lambda: (self._take(tempo), self.close_sheet())[0]

    def _take(self, tempo: float | None) -> None:
        if tempo != self._tempo:
            self.show_tempo(tempo)
            self.chosen.emit(tempo)

    def _tap(self) -> None:
        import time

        now = time.monotonic()
        if self._taps and now - self._taps[-1] > 2.0:
            self._taps.clear()
        self._taps.append(now)
        if len(self._taps) >= 3:
            beat = (self._taps[-1] - self._taps[0]) / (len(self._taps) - 1)
            tempo = min(max(round(60.0 / beat), self._field.minimum()), self._field.maximum())
            self._field.setValue(tempo)
            self._take(float(tempo))


class KeyChip(Chip):
    """A key: its root and its mode."""

    chosen = pyqtSignal(str)

    def __init__(self, look: Look, title: str) -> None:
        super().__init__(look, title, 340)
        self._key = ""
        self._roots = QButtonGroup(self)
        self._modes = QButtonGroup(self)

    def show_key(self, key: str) -> None:
        """Shows a key, as 'A minor'."""
        self._key = key
        self.show_choice(key)

    def fill(self, sheet: Sheet) -> None:
        """Twelve roots, the modes, none."""
        for group, words in ((self._roots, ROOTS), (self._modes, MODES)):
            flow = self.look.pad(FlowLayout(), gap=6)
            for word in words:
                button = TypedButton(word)
                button.setProperty("role", "chip")
                button.setCheckable(True)
                button.setAccessibleName(word)
                button.clicked.connect(self._take)
                group.addButton(button)
                flow.addWidget(button)
            sheet.column.addLayout(flow)
        none = Button(self.look, self.tr("No key"))
        none.clicked.connect(self._clear)
        sheet.column.addWidget(
            label(self.tr("The key is named in the prompt."), "small", wrap=True)
        )
        sheet.column.addWidget(none)

    def before_open(self) -> None:
        """Checks root and mode of the current key."""
        tonic, mode = key_of(self._key) or (None, None)
        for button in self._roots.buttons():
            button.setChecked(tonic is not None and key_of(button.text()) == (tonic, None))
        for button in self._modes.buttons():
            button.setChecked(button.text() == (mode or "minor"))

    def _take(self) -> None:
        root, mode = self._roots.checkedButton(), self._modes.checkedButton()
        if root is not None and mode is not None:
            self.show_key(f"{root.text()} {mode.text()}")
            self.chosen.emit(self._key)

    def _clear(self) -> None:
        self.show_key("")
        self.close_sheet()
        self.chosen.emit("")
