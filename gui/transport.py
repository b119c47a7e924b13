"""The transport: play, stop, loop, time, level, and the musical time with where it comes from.

Knows the session's playback and transport. The window decides which take Play plays: `play_asked`.
"""

from __future__ import annotations

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame

from bridge.state import Levels, PlaybackState, TransportState
from engine.spec import PARAMETERS
from gui.compose.vocabulary import MODES, ROOTS
from gui.learn import teach
from gui.look.controls import Button, Figure, IconButton, Lamp, side_by_side
from gui.look.fields import ChoiceBox, NumberField
from gui.look.flow_layout import FlowLayout
from gui.look.meter import LevelMeter
from gui.look.theme import Look
from gui.qt_session import QtSession

BLINKS = 2.5
"""Times a second that Play lights up while a take waits for its beat."""
METRES = ((4, 4), (3, 4), (2, 4), (6, 8), (5, 4), (7, 8), (12, 8))


class TransportPanel(QFrame):
    """The bar at the top."""

    play_asked = pyqtSignal()

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self._session, self._look = session, look
        self.setProperty("role", "bar")
        run = session.session
        self.play = IconButton(look, "play", self.tr("Play"), "play")
        self.play.rename(self.tr("Play"), self.tr("Space"))
        self.stop = IconButton(look, "stop", self.tr("Stop"), "play")
        self.loop = IconButton(look, "loop", self.tr("Repeat"), "play")
        self.loop.rename(self.tr("Repeat what is heard, or the range"), "L")
        self.loop.setCheckable(True)
        self.grid = self._grid_box()
        self.time = Figure("0:00.0", "00:00.0", "title")
        self.time.setAccessibleName(self.tr("Time"))
        self.tempo = NumberField()
        limits = PARAMETERS["tempo"]
        self.tempo.setRange(limits.low or 30.0, limits.high or 300.0)
        self.tempo.setDecimals(1)
        self.tempo.setSuffix(" BPM")
        self.tempo.setKeyboardTracking(False)
        self.tempo.setAccessibleName(self.tr("Tempo of the transport"))
        self.metre = ChoiceBox()
        self.metre.setAccessibleName(self.tr("Metre"))
        self.metre.addItems([f"{beats}/{unit}" for beats, unit in METRES])
        self.key = ChoiceBox()
        self.key.setAccessibleName(self.tr("Key of the transport"))
        self.key.addItem(self.tr("no key"))
        self.key.addItems([f"{root} {mode}" for mode in MODES[:2] for root in ROOTS])
        self.lamp = Lamp(look)
        self.source = ChoiceBox()
        self.source.setAccessibleName(self.tr("Where tempo and position come from"))
        for key, words in (
            ("manual", self.tr("by hand")),
            ("daw", self.tr("DAW")),
            ("osc", "OSC"),
            ("midi", self.tr("MIDI clock")),
            ("link", "Link"),
        ):
            self.source.addItem(words, key)
        self.meter = LevelMeter(look, self.tr("Output level"), width=130)
        self.peak = Figure("", "-60.0 dB", "small")
        self.panic = Button(look, self.tr("Panic"), "panic")
        self.panic.setToolTip(self.tr("Silence at once: stops all sound and every job"))
        self._build(look)

        self._join()
        session.playback_changed.connect(self.show_playback)
        session.transport_changed.connect(self.show_transport)
        self.show_playback(run.playback.state())
        self.show_transport(run.transport.state())

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        """Hides the level rather than wrap onto a second line; the page of devices shows it too."""
        super().resizeEvent(a0)
        level = (
            self.meter.sizeHint().width() + self.peak.sizeHint().width() + 2 * self._row.spacing()
        )
        now = 0 if self.meter.isHidden() else level
        roomy = self.width() >= self._row.sizeHint().width() - now + level
        self.meter.setVisible(roomy)
        self.peak.setVisible(roomy)

    def show_playback(self, playback: PlaybackState) -> None:
        """Shows what is heard."""
        playing = playback.state in ("playing", "waiting")
        self._waits = bool(playback.next_id)
        words = self.tr("Pause") if playing else self.tr("Play")
        self.play.set_icon("pause" if playing else "play")
        self.play.rename(self.tr("Wait no longer") if self._waits else words, self.tr("Space"))
        self.loop.setChecked(playback.loop)

    def show_transport(self, transport: TransportState) -> None:
        """Shows the musical time."""
        with QSignalBlocker(self.tempo):
            if not self.tempo.hasFocus():
                self.tempo.setValue(transport.tempo)
        text = f"{transport.signature[0]}/{transport.signature[1]}"
        if self.metre.findText(text) < 0:
            self.metre.addItem(text)
        self.metre.setCurrentText(text)
        if transport.key and self.key.findText(transport.key) < 0:
            self.key.addItem(transport.key)
        self.key.setCurrentIndex(self.key.findText(transport.key) if transport.key else 0)
        self.source.setCurrentIndex(self.source.findData(transport.source))
        self.grid.setCurrentIndex(self.grid.findData(transport.quantize))
        led = transport.source != "manual"
        words = self.tr("Time comes from {0}").format(self.source.currentText())
        self.lamp.show_state("on" if led else "off", words)
        self.tempo.setReadOnly(led)

    def show_levels(self, levels: Levels) -> None:
        """Moves the meter; polled."""
        self.meter.show_levels(levels.out_peak, levels.out_rms)
        held = self.meter.held()
        self.peak.setText(f"{held:.1f} dB" if held > -60 else self.tr("quiet"))

    def show_time(self, seconds: float | None, waits: float | None = None) -> None:
        """Shows the place in what is heard, or counts the seconds down to what waits, blinking; polled."""
        place = (seconds or 0.0) if waits is None else waits
        text = f"{'' if waits is None else '-'}{int(place) // 60}:{place % 60:04.1f}"
        if text != self.time.text():
            self.time.setText(text)
        if self._waits and waits is not None:
            self.play.set_icon("play", "accent" if place * BLINKS % 1 < 0.5 else "edge")

    def _grid_box(self) -> ChoiceBox:
        """When a take begins."""
        box = ChoiceBox()
        box.setAccessibleName(self.tr("When a take begins while another plays"))
        box.setToolTip(
            self.tr(
                "A take begins now, or at the next beat or bar of the DAW or of the take that plays"
            )
        )
        for grid, words in (
            ("none", self.tr("now")),
            ("beat", self.tr("beat")),
            ("bar", self.tr("bar")),
            ("2bar", self.tr("2 bars")),
            ("4bar", self.tr("4 bars")),
        ):
            box.addItem(words, grid)
        return box

    def _join(self) -> None:
        session, run = self._session, self._session.session
        self.play.clicked.connect(self.play_asked)
        self.stop.clicked.connect(lambda: session.attempt(run.playback.stop))
        self.panic.clicked.connect(lambda: session.attempt(run.panic))
        self.tempo.valueChanged.connect(
            lambda value: session.attempt(run.transport.change, "manual", {"tempo": value})
        )
        self.metre.activated.connect(
            lambda index: session.attempt(
                run.transport.change, "manual", {"signature": METRES[index]}
            )
        )
        self.key.activated.connect(self._chose_key)
        self.grid.activated.connect(
            lambda _: session.attempt(run.transport.set_quantize, self.grid.currentData())
        )
        self.source.activated.connect(
            lambda _: session.attempt(run.transport.set_source, self.source.currentData())
        )
        for control, target, words in (
            (self.play, "play", self.tr("Play")),
            (self.stop, "stop", self.tr("Stop")),
            (self.loop, "loop", self.tr("Repeat")),
            (self.panic, "panic", self.tr("Panic")),
        ):
            teach(control, session, target, words)

    def _chose_key(self, index: int) -> None:
        key = self.key.itemText(index) if index else ""
        self._session.attempt(self._session.session.transport.change, "manual", {"key": key})

    def _build(self, look: Look) -> None:
        self._row = row = look.pad(FlowLayout(self), (16, 10, 16, 10), 8)
        for control in (self.play, self.stop, self.loop, self.grid, self.time):
            row.addWidget(control)
        row.addStretch()
        row.addLayout(side_by_side(look, self.lamp, self.source))
        for control in (self.tempo, self.metre, self.key):
            row.addWidget(control)
        row.addStretch()
        for control in (self.meter, self.peak, self.panic):
            row.addWidget(control)
        self.peak.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
