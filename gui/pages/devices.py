"""Devices: where the sound goes and comes from, levels, underruns, MIDI ports and what was learned.

Knows the session's devices, levels and MIDI; the meters are polled by the window.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from bridge.state import CaptureState, Devices, Levels, MidiState, PlaybackState
from gui.learn import teach
from gui.look.containers import Card, line
from gui.look.controls import Button, Figure, IconButton, label, restyle
from gui.look.elided import Elided
from gui.look.fields import Slider
from gui.look.language import said
from gui.look.meter import LevelMeter
from gui.look.theme import Look
from gui.pages.device_box import DeviceBox
from gui.qt_session import QtSession

RATES = (44_100, 48_000, 88_200, 96_000)


class DevicesPanel(Card):
    """Audio and MIDI."""

    def __init__(self, session: QtSession, look: Look) -> None:
        super().__init__(look)
        self._session, self._look = session, look
        self._devices = Devices()
        self._capture = CaptureState()
        self.output = DeviceBox(self.tr("Output device"))
        self.rate = DeviceBox(self.tr("Sample rate of the output"))
        self.rate.addItem(self.tr("device's own rate"), None)
        for rate in RATES:
            self.rate.addItem(f"{rate / 1000:g} kHz", rate)
        self.input = DeviceBox(self.tr("Input device"))
        self.gain = Slider()
        self.gain.setRange(-60, 12)
        self.gain.setAccessibleName(self.tr("Output gain in dB"))
        self.gain_said = Figure("0 dB", "+12 dB", "small")
        self.out_meter = LevelMeter(look, self.tr("Output level"), 200)
        self.in_meter = LevelMeter(look, self.tr("Input level"), 200)
        self.measure = Button(look, self.tr("Measure the latency"))
        self.latency = label("", "small", wrap=True)
        self.underruns = label("", "small", wrap=True)
        self.problem = label("", "warning", wrap=True)
        self.midi = DeviceBox(self.tr("MIDI input"))
        self.clock = label("", "small", wrap=True)
        self._bindings = look.pad(QVBoxLayout(), gap=4)
        self._build()
        run = session.session
        self.output.activated.connect(lambda _: self._set_output())
        self.rate.activated.connect(lambda _: self._set_output())
        self.input.activated.connect(
            lambda _: session.attempt(run.capture.set_input, self.input.currentData())
        )
        self.measure.clicked.connect(lambda: session.attempt(run.capture.measure))
        self.gain.valueChanged.connect(
            lambda value: session.attempt(run.playback.set_gain, float(value))
        )
        self.midi.activated.connect(
            lambda _: session.attempt(run.midi.set_input, self.midi.currentData())
        )
        teach(self.gain, session, "gain", self.tr("Output gain"))
        session.devices_changed.connect(self.show_devices)
        session.playback_changed.connect(self.show_playback)
        session.midi_changed.connect(self.show_midi)
        session.capture_changed.connect(self.show_capture)
        self.show_devices(run.playback.devices())
        self.show_playback(run.playback.state())
        self.show_midi(run.midi.state())
        self.show_capture(run.capture.state())

    def show_devices(self, devices: Devices) -> None:
        """Shows which devices there are."""
        self._devices = devices
        outputs = [device for device in devices.audio if device.outputs]
        inputs = [device for device in devices.audio if device.inputs]
        self.output.show_devices(outputs, devices.output)
        self.input.show_devices(inputs, devices.input)
        self.problem.setText(said(devices.problem))
        self.problem.setVisible(bool(devices.problem))
        self._show_latency()

    def show_capture(self, capture: CaptureState) -> None:
        """Shows whether something is recorded: only then is the latency not measured."""
        self._capture = capture
        self._show_latency()

    def _show_latency(self) -> None:
        devices = self._devices
        self.measure.setEnabled(
            bool(devices.output and devices.input) and self._capture.state == "idle"
        )
        if self._capture.state == "measuring":
            words = self.tr("Measuring: eight clicks …")
        elif devices.correction is not None:
            words = self.tr(
                "Measured: {0:+.1f} ms beyond what the devices say. Every recording to the click has them taken off."
            ).format(1000.0 * devices.correction)
        else:
            words = self.tr(
                "The output says {0:.1f} ms. So that what you play lies exactly on the click, connect output and input "
                "by a cable, or hold the microphone to the speaker, and measure."
            ).format(1000.0 * devices.latency)
        self.latency.setText(words)

    def show_playback(self, playback: PlaybackState) -> None:
        """Shows gain and rate; a device that went is named with what to do."""
        with QSignalBlocker(self.gain):
            self.gain.setValue(round(playback.gain_db))
        self.gain_said.setText(self.tr("{0:+.0f} dB").format(playback.gain_db))
        problem = playback.problem or self._devices.problem
        self.problem.setText(said(problem))
        self.problem.setVisible(bool(problem))

    def show_levels(self, levels: Levels) -> None:
        """Moves the meters; polled."""
        if not self.isVisible():
            return
        self.out_meter.show_levels(levels.out_peak, levels.out_rms)
        self.in_meter.show_levels(levels.in_peak, levels.in_rms)
        words = (
            self.tr("No dropouts so far")
            if not levels.underruns
            else self.tr("{0} dropouts: close other programs, or choose a larger buffer").format(
                levels.underruns
            )
        )
        if words != self.underruns.text():
            self.underruns.setText(words)
            self.underruns.setProperty("role", "warning" if levels.underruns else "small")
            restyle(self.underruns)

    def show_midi(self, midi: MidiState) -> None:
        """Shows ports, clock and bindings."""
        with QSignalBlocker(self.midi):
            self.midi.clear()
            self.midi.addItem(self.tr("no MIDI input"), "")
            for port in midi.ports:
                self.midi.addItem(port, port)
            self.midi.setCurrentIndex(max(self.midi.findData(midi.input), 0))
        self.midi.setEnabled(bool(midi.ports))
        if midi.problem:
            words = said(midi.problem)
        elif midi.learning:
            words = self.tr("Waiting for a MIDI control for {0} …").format(midi.learning)
        elif midi.clock:
            words = self.tr("A MIDI clock is running.")
        else:
            words = self.tr("Right-click any control to teach it a MIDI knob.")
        self.clock.setText(words)
        self._show_bindings(midi)

    def _show_bindings(self, midi: MidiState) -> None:
        while (item := self._bindings.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for binding in midi.bindings:
            row = QWidget()
            inner = self._look.pad(QHBoxLayout(row), gap=6)
            inner.addWidget(Elided(binding.target.replace("_", " ")), 1)
            inner.addWidget(label(binding.message, "small"))
            away = IconButton(self._look, "close", self.tr("Forget {0}").format(binding.message))
            away.clicked.connect(self._forgetter(binding.target))
            inner.addWidget(away)
            self._bindings.addWidget(row)

    def _forgetter(self, target: str) -> Callable[[], None]:
        return lambda: (self._session.attempt(self._session.session.midi.forget, target), None)[1]

    def _set_output(self) -> None:
        self._session.attempt(
            self._session.session.playback.set_output,
            self.output.currentData(),
            self.rate.currentData(),
        )

    def _build(self) -> None:
        gain = self._look.pad(QHBoxLayout(), gap=8)
        gain.addWidget(self.gain, 1)
        gain.addWidget(self.gain_said)
        self.body.addWidget(label(self.tr("Sound"), "title"))
        self.body.addWidget(self.problem)
        for words, control in (
            (self.tr("Output"), self.output),
            (self.tr("Sample rate"), self.rate),
            (self.tr("Level"), self.out_meter),
        ):
            self.body.addWidget(label(words, "small"))
            self.body.addWidget(control)
        self.body.addLayout(gain)
        self.body.addWidget(self.underruns)
        self.body.addWidget(label(self.tr("Input"), "small"))
        self.body.addWidget(self.input)
        self.body.addWidget(self.in_meter)
        self.body.addWidget(self.measure)
        self.body.addWidget(self.latency)
        self.body.addWidget(line())
        self.body.addWidget(label("MIDI", "title"))
        self.body.addWidget(self.midi)
        self.body.addWidget(self.clock)
        self.body.addLayout(self._bindings)
        self.body.addStretch(1)
