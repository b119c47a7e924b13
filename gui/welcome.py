"""The welcome of the first start: what this is in two lines, and three presets that sound at once.

Knows presets by name only; choosing one is told.
"""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.presets import Preset
from gui.look.controls import Button, Card, label, scrolled
from gui.look.theme import Look

BESIDE = 520
"""Pixels that three cards beside each other need."""
FIRST = ("Uplifting House", "Lo-Fi Evening", "Ambient Drift")


class WelcomeCard(QPushButton):
    """A preset as a large button."""

    def __init__(self, look: Look, preset: Preset) -> None:
        super().__init__()
        self.preset = preset
        self.setProperty("role", "card")
        self.setAccessibleName(f"{preset.name}. {preset.description}")
        column = look.pad(QVBoxLayout(self), (16, 16, 16, 16), 6)
        for words, role in ((preset.name, "title"), (preset.description, "muted")):
            text = label(words, role, wrap=True)
            text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(text)
        column.addStretch(1)
        play = label("▶  " + self.tr("Make it"), "accent")
        play.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column.addWidget(play)
        self._column = column

    def hasHeightForWidth(self) -> bool:
        """A narrow card is higher: its words wrap."""
        return True

    def heightForWidth(self, a0: int) -> int:
        """As high as its words need."""
        return max(self._column.totalHeightForWidth(a0), super().sizeHint().height())


class Welcome(Card):
    """Shown until the first take is made or it is put away."""

    chosen = pyqtSignal(object)
    done = pyqtSignal()

    def __init__(self, look: Look, presets: list[Preset]) -> None:
        super().__init__(look, (0, 0, 0, 0), 0)
        inside = QWidget()
        column = look.pad(QVBoxLayout(inside), (28, 24, 28, 20), 14)
        self.body.addWidget(scrolled(inside))
        self.cards = [WelcomeCard(look, preset) for preset in presets]
        column.addWidget(label(self.tr("Make your first take"), "display", wrap=True))
        words = self.tr(
            "Choose one of these: it is composed on this computer and plays as it grows. Or write on the left what "
            "you want to hear, and press Generate."
        )
        column.addWidget(label(words, "muted", wrap=True))
        self._look = look
        self._row = row = look.pad(QHBoxLayout(), gap=12)
        for card in self.cards:
            row.addWidget(card, 1)
            card.clicked.connect(self._chooser(card))
        column.addLayout(row)
        foot = look.pad(QHBoxLayout(), gap=8)
        hint = self.tr("You can also drop a beatbox recording anywhere in this window.")
        foot.addWidget(label(hint, "small", wrap=True), 1)
        self.skip = Button(look, self.tr("Start without"))
        self.skip.clicked.connect(self.done)
        foot.addWidget(self.skip)
        column.addStretch(1)
        column.addLayout(foot)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Where there is no room for three beside each other, they stand below each other."""
        super().resizeEvent(a0)
        beside = self.width() >= self._look.px(BESIDE)
        self._row.setDirection(
            QHBoxLayout.Direction.LeftToRight if beside else QHBoxLayout.Direction.TopToBottom
        )

    def _chooser(self, card: WelcomeCard) -> object:
        return lambda: self.chosen.emit(card.preset)


def first_presets(presets: list[Preset]) -> list[Preset]:
    """The three presets of the welcome."""
    named = {preset.name: preset for preset in presets}
    return [named[name] for name in FIRST if name in named]
