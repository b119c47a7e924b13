"""What the live stream does, to be read from afar: one word on its colour, and what there is to say about it.

Knows `LiveState` and `LiveSettings`; no session.
"""

from __future__ import annotations

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from bridge.live_state import LiveState
from engine.live_settings import LiveSettings
from gui.look.controls import Figure
from gui.look.flow_layout import FlowLayout
from gui.look.language import said, tr
from gui.look.theme import Look

HIGH, HIGHEST = 60, 220
"""Height in pixels at 100 %, at least and where there is room."""


def live_word(live: LiveState, settings: LiveSettings) -> str:
    """The state in a word."""
    if live.phase == "on" and not settings.monitor:
        return tr("Muted")
    if live.phase == "on" and settings.freeze:
        return tr("Frozen")
    if live.phase == "on" and live.dry:
        return tr("Dry")
    return {
        "off": tr("Off"),
        "starting": tr("Starting"),
        "on": tr("On"),
        "waiting": tr("Waiting"),
        "failed": tr("Failed"),
    }[live.phase]


def live_colour(live: LiveState, settings: LiveSettings) -> str:
    """The colour of the palette that goes with it."""
    if live.phase == "on" and not settings.monitor:
        return "edge"
    if live.phase == "on":
        return "text" if settings.freeze else "warning" if live.dry else "accent"
    colours = {"starting": "edge", "waiting": "warning", "failed": "error"}
    return colours.get(live.phase, "raised")


def live_words(live: LiveState) -> str:
    """What there is to say: what is wrong, or what goes where."""
    if live.problem:
        return said(live.problem)
    if live.phase == "on" and live.dry:
        return tr("No music comes yet: the input itself is heard.")
    if live.phase == "on":
        return f"{live.model}:  {live.input} → {live.output}"
    if live.stage == "timing":
        done = f"{live.fraction:.0%}"
        return tr(
            "Finding how fast this machine is: {0}; the input itself is heard meanwhile."
        ).format(done)
    return {
        "off": tr("Choose an input, write what it becomes, and start."),
        "starting": tr("The model is loading; the input itself is heard meanwhile."),
        "waiting": tr("A device is gone; it goes on when that is back."),
    }.get(live.phase, "")


class Sign(QWidget):
    """A word on its colour, as large as there is room."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._word, self._colour = look, "", "raised"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        look.follow(self._restyle)

    def show_word(self, word: str, colour: str) -> None:
        """Shows another."""
        if (word, colour) != (self._word, self._colour):
            self._word, self._colour = word, colour
            self.setAccessibleName(tr("Live: {0}").format(word))
            self.update()

    def word(self) -> str:
        """What it says."""
        return self._word

    def sizeHint(self) -> QSize:
        """A line of large type."""
        return QSize(self._look.px(200), self._look.px(HIGH))

    def minimumSizeHint(self) -> QSize:
        """The type is smaller where there is less room."""
        return QSize(self._look.px(80), self._look.px(HIGH))

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        """Draws ground and word."""
        look, painter = self._look, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour(self._colour))
        painter.drawRoundedRect(QRectF(self.rect()), look.px(9), look.px(9))
        font = look.font("display", strong=True)
        font.setPixelSize(round(self.height() * 0.5))
        wide = QFontMetricsF(font).horizontalAdvance(self._word)
        room = self.width() - look.px(24)
        if wide > room:
            font.setPixelSize(max(int(font.pixelSize() * room / wide), 1))
        painter.setFont(font)
        words = {"raised": "muted", "accent": "on_accent"}.get(self._colour, "window")
        painter.setPen(look.colour(words))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._word)

    def _restyle(self) -> None:
        self.setMaximumHeight(self._look.px(HIGHEST))
        self.updateGeometry()
        self.update()


class Told(QWidget):
    """A number with what it is, of a width that does not change."""

    def __init__(self, look: Look, caption: str, widest: str) -> None:
        super().__init__()
        self.caption = Figure(caption, caption, "small")
        self.number = Figure("–", widest, "title")
        column = look.pad(QVBoxLayout(self), gap=0)
        column.addWidget(self.caption)
        column.addWidget(self.number)

    def show_number(self, text: str, hint: str = "") -> None:
        """Shows another."""
        self.number.setText(text)
        if hint != self.toolTip():
            self.setToolTip(hint)
            self.number.setAccessibleDescription(hint)


class Numbers(QWidget):
    """Latency, hop, load, late hops, drift."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.latency = Told(look, tr("Latency"), "0000 ms")
        self.hop = Told(look, tr("Hop"), "0000 ms")
        self.load = Told(look, tr("Load"), "000 %")
        self.late = Told(look, tr("Late"), "0000")
        self.drift = Told(look, tr("Drift"), "+000 ppm")
        self.hop.setToolTip(tr("So much is made at once"))
        self.load.setToolTip(tr("Share of its time that a hop takes to make; 95 of 100 take less"))
        self.late.setToolTip(tr("Hops that came too late to be heard whole, since the start"))
        self.drift.setToolTip(
            tr("How much faster the clock of the output runs; none where there is one clock")
        )
        row = look.pad(FlowLayout(self), gap=8)
        for told in (self.latency, self.hop, self.load, self.late, self.drift):
            row.addWidget(told)

    def show_live(self, live: LiveState) -> None:
        """Shows what a state tells; nothing is known while it is off."""
        runs = live.phase in ("on", "waiting")
        none = "–"
        self.latency.show_number(
            f"{live.latency_ms:.0f} ms" if runs and live.latency_ms else none,
            tr("From the plug of the input to that of the output, as measured")
            if live.measured
            else tr("From the plug of the input to that of the output, as the devices say"),
        )
        self.hop.number.setText(f"{live.hop_ms:.0f} ms" if runs and live.hop_ms else none)
        self.load.number.setText(f"{live.load:.0%}".replace("%", " %") if runs else none)
        self.late.number.setText(str(live.late) if runs else none)
        drift = live.drift_ppm
        self.drift.number.setText(
            none if not runs else tr("none") if drift is None else f"{drift:+.0f} ppm"
        )
