"""How long: seconds or bars on one slider, loop or not, and whether tempo and key follow the DAW.

Knows the parameters `seconds_total`, `bars` and `loop`, and the transport. `show_tempo` gives it the prompt's tempo.
"""

from __future__ import annotations

import math
from typing import Any

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from bridge.state import TransportState
from engine.registry import SKETCH, all_models
from engine.spec import PARAMETERS
from gui.compose.parameter_controls import sentence
from gui.learn import teach
from gui.look.controls import Lamp, Segments, Switch, label, restyle, side_by_side
from gui.look.fields import NumberField, Slider
from gui.look.flow_layout import FlowLayout
from gui.look.theme import Look
from gui.memory import State
from gui.qt_session import QtSession

SLIDER_STEPS = 240
BARS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Where the slider stops for lengths in bars; the field takes any."""


class LengthPanel(QWidget):
    """Length, loop, and the DAW's time."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__()
        self._session = session
        self._tempo: float | None = None
        self.unit = Segments(
            look, self.tr("Unit of length"), [("s", self.tr("Seconds")), ("bars", self.tr("Bars"))]
        )
        self.field = NumberField()
        self.field.setAccessibleName(self.tr("Length"))
        self.field.setKeyboardTracking(False)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.slider = Slider()
        self.slider.setAccessibleName(self.tr("Length, slider"))
        self.said = label("", "small", wrap=True)
        self.loop = Switch(look, self.tr("Loop"))
        self._may_loop = True
        self.follow = Switch(look, self.tr("Follow the DAW"))
        self.follow.setToolTip(
            self.tr("Tempo, key and metre come from the DAW instead of the prompt")
        )
        self.lamp = Lamp(look)
        self.time = label("", "small")

        head = look.pad(FlowLayout(), gap=8)
        head.addWidget(label(self.tr("Length"), "strong"))
        head.addStretch()
        head.addWidget(self.unit)
        head.addWidget(self.field)
        below = look.pad(QHBoxLayout(), gap=8)
        below.addWidget(self.said, 1)
        below.addWidget(self.loop)
        time = look.pad(FlowLayout(), gap=8)
        time.addWidget(self.follow)
        time.addStretch()
        time.addLayout(side_by_side(look, self.lamp, self.time))
        column = look.pad(QVBoxLayout(self), gap=6)
        column.addLayout(head)
        column.addWidget(self.slider)
        column.addLayout(below)
        column.addLayout(time)

        self.unit.chosen.connect(self._turn_unit)
        self.field.valueChanged.connect(self._typed)
        self.slider.valueChanged.connect(self._slid)
        self.loop.clicked.connect(
            lambda on: session.attempt(session.session.parameters.set, "loop", on)
        )
        self.follow.toggled.connect(lambda _: self._say())
        session.parameter_changed.connect(self._heard)
        session.transport_changed.connect(self._heard_time)
        for control in (self.field, self.slider):
            teach(control, session, "seconds_total", self.tr("Length"), lambda: self._set(None))
        teach(self.loop, session, "loop", self.tr("Loop"))
        self.allow_loop(True)
        self._heard("bars", session.session.parameters.get("bars"))
        self._heard_time(session.session.transport.state())

    def state(self) -> State:
        """Whether it follows the DAW."""
        return {"follow": self.follow.isChecked()}

    def restore(self, state: State) -> None:
        """Follows the DAW or not, as last time."""
        self.follow.setChecked(state["follow"])

    def in_bars(self) -> bool:
        """Whether the length is given in bars."""
        return self.unit.value() == "bars"

    def tempo(self) -> float:
        """The tempo by which bars are converted to seconds."""
        transport = self._session.session.transport.state()
        if self.follow.isChecked() or self._tempo is None:
            return transport.tempo
        return self._tempo

    def overrides(self) -> dict[str, Any]:
        """What the next job takes from the DAW."""
        if not self.follow.isChecked():
            return {}
        transport = self._session.session.transport.state()
        return {"tempo": transport.tempo, **({"key": transport.key} if transport.key else {})}

    def show_tempo(self, tempo: float | None) -> None:
        """The tempo the prompt names."""
        if tempo != self._tempo:
            self._tempo = tempo
            self._say()

    def allow_loop(self, on: bool) -> None:
        """Says whether what is made can be a loop; what was set stays set."""
        self._may_loop = on
        self.loop.setEnabled(on)
        no_loop = self.tr("What goes on after a recording, or fills it in, is no loop.")
        self.loop.setToolTip(sentence(PARAMETERS["loop"]) if on else no_loop)
        self._heard("loop", self._session.session.parameters.get("loop"))

    def seconds(self) -> float:
        """The length in seconds, as far as it is known."""
        if not self.in_bars():
            return self.field.value()
        return self.field.value() * self._beats() * 60.0 / self.tempo()

    def _beats(self) -> float:
        beats, unit = self._session.session.transport.state().signature
        return beats * 4 / unit

    def _longest(self) -> float:
        return all_models().get(self._session.session.parameters.get("model"), SKETCH).max_seconds

    def _turn_unit(self, unit: str) -> None:
        seconds = self.seconds() if unit == "s" else self.field.value()
        if unit == "bars":
            bars = seconds * self.tempo() / 60.0 / self._beats()
            self._show(unit, min(BARS, key=lambda stop: abs(stop - bars)))
        else:
            self._show(unit, min(max(seconds, 1.0), self._longest()))
        self._set(self.field.value())

    def _show(self, unit: str, value: float) -> None:
        """Shows a length without telling the session."""
        limits = PARAMETERS["bars" if unit == "bars" else "seconds_total"]
        self.unit.show_value(unit)
        with QSignalBlocker(self.field), QSignalBlocker(self.slider):
            self.field.setDecimals(
                2 if unit == "bars" and value % 1 else 0 if unit == "bars" else 1
            )
            self.field.setSuffix(self.tr(" bars") if unit == "bars" else self.tr(" s"))
            self.field.setRange(
                limits.low or 0.5, self._longest() if unit == "s" else limits.high or 512.0
            )
            self.field.setSingleStep(1.0)
            self.field.setValue(value)
            self.slider.setRange(0, len(BARS) - 1 if unit == "bars" else SLIDER_STEPS)
            self.slider.setPageStep(1 if unit == "bars" else 10)
            self.slider.setValue(self._place(self.field.value()))
        self._say()

    def _place(self, value: float) -> int:
        if self.in_bars():
            return min(range(len(BARS)), key=lambda index: abs(BARS[index] - value))
        return (
            round(SLIDER_STEPS * math.log(value / 1.0) / math.log(self._longest()))
            if value > 1
            else 0
        )

    def _slid(self, place: int) -> None:
        if self.in_bars():
            value = float(BARS[place])
        else:
            seconds = self._longest() ** (place / SLIDER_STEPS)
            value = round(seconds, 1) if seconds < 10 else float(round(seconds))
        self._show(self.unit.value(), value)
        self._set(value)

    def _typed(self, value: float) -> None:
        self._show(self.unit.value(), value)
        self._set(value)

    def _set(self, value: float | None) -> None:
        chosen, other = ("bars", "seconds_total") if self.in_bars() else ("seconds_total", "bars")
        for name, wanted in ((other, None), (chosen, value)):
            if self._session.session.parameters.get(name) != wanted:
                self._session.attempt(self._session.session.parameters.set, name, wanted)

    def _heard(self, name: str, value: Any) -> None:
        if name == "loop":
            self.loop.setChecked(bool(value) and self._may_loop)
        elif name in ("bars", "seconds_total", "model"):
            bars, seconds = (
                self._session.session.parameters.get("bars"),
                self._session.session.parameters.get("seconds_total"),
            )
            model = all_models().get(self._session.session.parameters.get("model"), SKETCH)
            if bars is not None:
                self._show("bars", bars)
            else:
                self._show("s", seconds if seconds is not None else model.defaults.seconds_total)

    def _heard_time(self, transport: TransportState) -> None:
        sources = {
            "manual": self.tr("set by hand"),
            "daw": self.tr("from the DAW"),
            "osc": self.tr("from OSC"),
            "midi": self.tr("from MIDI clock"),
            "link": self.tr("from Link"),
        }
        beats, unit = transport.signature
        parts = [f"{transport.tempo:.5g} BPM", f"{beats}/{unit}", transport.key]
        self.time.setText("  ".join(part for part in parts if part))
        source = sources[transport.source]
        self.time.setToolTip(source)
        self.lamp.show_state("off" if transport.source == "manual" else "on", source)
        self._say()

    def _say(self) -> None:
        seconds = self.seconds()
        if self.in_bars():
            text = self.tr("{0:.2f} s at {1:.5g} BPM").format(seconds, self.tempo())
        else:
            text = self.tr("{0:.1f} bars at {1:.5g} BPM").format(
                seconds * self.tempo() / 60.0 / self._beats(), self.tempo()
            )
        too_long = seconds > self._longest() + 1e-6
        if too_long:
            text = self.tr("{0:.0f} s is too long; this model makes up to {1:.0f} s").format(
                seconds, self._longest()
            )
        self.said.setText(text)
        self.said.setProperty("role", "warning" if too_long else "small")
        restyle(self.said)
