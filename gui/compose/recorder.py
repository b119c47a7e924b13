"""Record: a button that counts in and records, with a level meter and the time.

Knows the session's capture. The finished recording is a take of the library like any other; `recorded` gives it.
"""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from bridge.state import CaptureState, Levels
from gui.learn import teach
from gui.look.as_typed import hint
from gui.look.controls import Button, label, set_role
from gui.look.fields import ChoiceBox
from gui.look.language import said
from gui.look.meter import LevelMeter
from gui.look.theme import Look
from gui.qt_session import QtSession


class Recorder(QWidget):
    """Level and time of a recording, shown while it is made; `button` and `count_in` start it, wherever they stand."""

    recorded = pyqtSignal(str)

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self._session = session
        self._asked = False
        self.button = Button(look, self.tr("Record"), "record", "record", "error")
        self.button.setCheckable(True)
        self.count_in = ChoiceBox()
        self.count_in.setAccessibleName(self.tr("Count-in with the metronome"))
        for bars, metronome, words in (
            (0, False, self.tr("No count-in")),
            (1, False, self.tr("1 bar in")),
            (2, False, self.tr("2 bars in")),
            (1, True, self.tr("1 bar in, then click")),
            (2, True, self.tr("2 bars in, then click")),
        ):
            self.count_in.addItem(words, (bars, metronome))
        self.count_in.setCurrentIndex(1)
        self.meter = LevelMeter(look, self.tr("Input level"), width=120)
        self.said = label("", "small")
        below = look.pad(QHBoxLayout(self), gap=8)
        below.addWidget(self.meter, 1)
        below.addWidget(self.said)
        self.button.clicked.connect(self.toggle)
        teach(self.button, session, "record", self.tr("Record"))
        session.capture_changed.connect(self.show_capture)
        self.show_capture(session.session.capture.state())

    def toggle(self) -> None:
        """Starts or ends the recording."""
        if self._session.session.capture.state().state == "idle":
            self._asked = True
            self._session.attempt(
                self._session.session.capture.start, None, *self.count_in.currentData()
            )
        else:
            self._session.attempt(self._session.session.capture.stop)
        self.show_capture(self._session.session.capture.state())

    def show_capture(self, capture: CaptureState) -> None:
        """Shows what the recorder does."""
        busy = capture.state != "idle"
        words = {
            "idle": "",
            "count_in": self.tr("counting in"),
            "recording": self.tr("{0:.1f} s").format(capture.seconds),
            "saving": self.tr("saving"),
            "measuring": self.tr("measuring the latency"),
        }
        self.button.setChecked(busy)
        self.button.show_text(
            self.tr("Stop") if busy else self.tr("Record"),
            "stop" if busy else "record",
            "window" if busy else "error",
        )
        self.count_in.setVisible(not busy)
        self.setVisible(busy)
        self.said.setText(words[capture.state])
        problem = hint(said(capture.problem))
        self.button.setToolTip(problem or self.tr("Record from the input device"))
        set_role(self.said, "small")
        if not busy and self._asked and capture.take_id:
            self._asked = False
            self.recorded.emit(capture.take_id)

    def show_levels(self, levels: Levels) -> None:
        """Moves the meter and the clock; polled."""
        if self.isVisible():
            self.meter.show_levels(levels.in_peak, levels.in_rms)
            capture = self._session.session.capture.state()
            if capture.state == "recording":
                self.said.setText(self.tr("{0:.1f} s").format(capture.seconds))
