"""The welcome of the first start: what this is in two lines, and three presets that sound at once.

Knows presets by name only; a choice is signalled.
"""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.presets import Preset
from gui.look.containers import Card, Scrolled
from gui.look.controls import Button, label
from gui.look.language import said
from gui.look.theme import Look

LEAST, BESIDE = 120, 173
"""Widths in pixels at 100 %: the least of a card, and of each to stand beside the others."""
FIRST = ("Uplifting House", "Lo-Fi Evening", "Ambient Drift")


class WelcomeCard(QPushButton):
    """A preset as a large button."""

    def __init__(self, look: Look, preset: Preset) -> None:
        super().__init__()
        self._look = look
        self.preset = preset
        self.setProperty("role", "card")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(f"{preset.name}. {said(preset.description)}")
        column = look.pad(QVBoxLayout(self), (16, 16, 16, 16), 6)
        for words, role in ((preset.name, "title"), (said(preset.description), "muted")):
            text = label(words, role, wrap=True)
            text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(text)
        column.addStretch(1)
        play = label("▶  " + self.tr("Make it"), "accent")
        play.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column.addWidget(play)
        self._column = column

    def minimumSizeHint(self) -> QSize:
        """As wide as its longest word, and wide enough to be a card."""
        return self._column.totalMinimumSize().expandedTo(QSize(self._look.px(LEAST), 0))

    def sizeHint(self) -> QSize:
        """The same; its words wrap, so that a narrow card is higher."""
        return self.minimumSizeHint()


class Welcome(Card):
    """Shown until the first take is made or it is put away."""

    chosen = pyqtSignal(object)
    done = pyqtSignal()

    def __init__(self, look: Look, presets: list[Preset]) -> None:
        super().__init__(look, (0, 0, 0, 0), 0)
        inside = QWidget()
        column = look.pad(QVBoxLayout(inside), (28, 24, 28, 20), 14)
        self.body.addWidget(Scrolled(inside))
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
        """Stacks the cards where they do not fit side by side."""
        super().resizeEvent(a0)
        least = max((card.minimumSizeHint().width() for card in self.cards), default=0)
        beside = self.width() >= len(self.cards) * max(least, self._look.px(BESIDE))
        self._row.setDirection(
            QHBoxLayout.Direction.LeftToRight if beside else QHBoxLayout.Direction.TopToBottom
        )

    def _chooser(self, card: WelcomeCard) -> object:
        return lambda: self.chosen.emit(card.preset)


def first_presets(presets: list[Preset]) -> list[Preset]:
    """The three presets of the welcome."""
    named = {preset.name: preset for preset in presets}
    return [named[name] for name in FIRST if name in named]
