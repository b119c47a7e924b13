"""Live: the microphone as another instrument, played from here - or from afar, with the page filling the window.

Knows `session.live`, the table of its settings, and the input device. It is polled by the window, like all meters.
"""

from __future__ import annotations

from PyQt6.QtCore import QPoint, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from bridge.live_state import LiveState
from bridge.state import Devices
from engine.live_settings import BEGUN_WITH, LIVE
from engine.presets import PresetStore
from gui.compose.parameter_controls import ParameterControl, SwitchControl, control_for
from gui.compose.table import live_table
from gui.learn import teach
from gui.look.beside_layout import BesideLayout
from gui.look.containers import Card, Fold, Pane
from gui.look.controls import Button, Figure, IconButton, label, restyle, row, side_by_side
from gui.look.flow_layout import FlowLayout
from gui.look.meter import LevelMeter
from gui.look.theme import Look
from gui.memory import State
from gui.pages.device_box import DeviceBox
from gui.pages.elsewhere import prompts_menu
from gui.pages.live_controls import (
    BarsControl,
    BlendControl,
    DelayControl,
    FaderControl,
    LatchControl,
    LateControl,
    ModelChoice,
    PromptControl,
)
from gui.pages.live_sign import Numbers, Sign, live_colour, live_word, live_words
from gui.pages.live_wave import LiveWave
from gui.qt_session import QtSession

COLUMN = 360
"""Width in pixels at 100 % of a column, from which the page has two columns."""


class LivePanel(Card):
    """The page.

    Signals:
        filled: whether it wants the whole window.
        devices_asked: the page of the devices is wanted.
    """

    filled = pyqtSignal(bool)
    devices_asked = pyqtSignal()

    def __init__(self, session: QtSession, look: Look, presets: PresetStore) -> None:
        super().__init__(look)
        self._session, self._look, self._presets = session, look, presets
        self._live = session.session.live
        self._state = self._live.state()
        self._shown_on, self._shown_record = True, True
        self._make_controls()
        self._make_stage()
        self._arrange()
        self._join()
        self.show_devices(session.session.playback.devices())
        self.show_live(self._state)

    # --- what it does ---

    def toggle(self) -> None:
        """Starts, or stops."""
        for prompt in (self.prompt, self.prompt_b):
            prompt.enter()
        if self._state.phase not in ("off", "failed"):
            self._session.attempt(self._live.stop)
            return
        if not self._live.settings().prompt.strip():
            left = self._session.session.parameters.get("prompt")
            if not left.strip():
                self._session.say(
                    self.tr("Write what the input becomes first, such as 'funk drums'."), "warning"
                )
                self.prompt.field.setFocus()
                return
            self.prompt.write(left)
        self._session.attempt(self._live.start)

    def record_or_end(self) -> None:
        """Records what is heard, or ends that."""
        on = self._live.state().recording is None
        if not self._session.manages(lambda: self._live.record(on)):
            self._show_record(self._live.state().recording is not None)

    def takes_space(self) -> bool:
        """Whether the space bar freezes: the page is seen, and live is on."""
        return self.isVisible() and self._state.phase not in ("off", "failed")

    def state(self) -> State:
        """Whether it fills the window, and whether the fold is open."""
        return {"filled": self.fill.isChecked(), "finer": self.finer.is_open()}

    def restore(self, state: State) -> None:
        """Is again as it was."""
        self.fill.setChecked(state["filled"])
        self.finer.open(state["finer"])

    # --- what it shows ---

    def show_live(self, live: LiveState) -> None:
        """Shows the state."""
        self._state = live
        on, settings = live.phase not in ("off", "failed"), self._live.settings()
        self.sign.show_word(live_word(live, settings), live_colour(live, settings))
        words = live_words(live)
        if words != self.words.text():
            self.words.setText(words)
            wrong = "error" if live.phase == "failed" else "warning"
            self.words.setProperty("role", wrong if live.problem else "small")
            restyle(self.words)
        self.numbers.show_live(live)
        self.wave.colour("text" if settings.freeze else "wave" if live.dry else "accent")
        if on != self._shown_on:
            self._shown_on = on
            self.power.show_text(
                self.tr("Stop") if on else self.tr("Start"), "stop" if on else "play"
            )
            self.record.setEnabled(on)
        self._show_record(live.recording is not None)
        self._show_time(live.recording)

    def show_devices(self, devices: Devices) -> None:
        """Shows which inputs there are."""
        inputs = [device for device in devices.audio if device.inputs]
        self.input.show_devices(inputs, devices.input)

    def poll(self) -> None:
        """Moves meters, waveforms and the time of a recording."""
        if not self.isVisible():
            return
        levels = self._live.levels()
        self.wave.show_levels(levels)
        self.in_meter.show_levels(levels.in_peak, levels.in_rms)
        self.out_meter.show_levels(levels.out_peak, levels.out_rms)
        if self._state.recording is not None:
            self._show_time(self._live.state().recording)

    def _show_record(self, on: bool) -> None:
        self.record.setChecked(on)
        if on != self._shown_record:
            self._shown_record = on
            self.record.show_text(
                self.tr("Stop recording") if on else self.tr("Record"),
                "stop" if on else "record",
                "window" if on else "error",
            )

    def _show_time(self, seconds: float | None) -> None:
        seconds = seconds or 0.0
        self.time.setText(f"{int(seconds) // 60}:{seconds % 60:04.1f}")

    # --- what it is made of ---

    def _make_controls(self) -> None:
        table, look = live_table(self._session), self._look
        self.prompt = PromptControl(table, look, "prompt", "A")
        self.prompt_b = PromptControl(table, look, "prompt_b", "B")
        self.blend = BlendControl(table, look, "blend", self.tr("Blend"))
        self.strength = FaderControl(table, look, "strength", self.tr("Strength"))
        self.wet = FaderControl(table, look, "wet", self.tr("Dry/wet"))
        self.delay = DelayControl(table, look, "delay", self.tr("Delay"))
        self.freeze = LatchControl(table, look, "freeze", self.tr("Freeze"))
        self.bars = BarsControl(table, look, "freeze_bars", self.tr("Freeze repeats"))
        self.gain = control_for(table, look, "input_gain", self.tr("Input gain"))
        self.monitor = SwitchControl(table, look, "monitor", self.tr("Monitor"))
        self.late = LateControl(table, look, "late", self.tr("Instead of a late hop"))
        self.steer = SwitchControl(table, look, "steer", self.tr("Follow strokes and tune"))
        self.model = ModelChoice(table, look, "model", self.tr("Model"))
        placed = (
            self.prompt,
            self.prompt_b,
            self.blend,
            self.strength,
            self.wet,
            self.delay,
            self.freeze,
            self.bars,
            self.gain,
            self.monitor,
            self.late,
            self.steer,
            self.model,
        )
        self.controls: dict[str, ParameterControl] = {each.name: each for each in placed}
        """Name -> its control, for all that the table has."""
        titles = {
            "steps": self.tr("Steps"),
            "cfg_scale": self.tr("Guidance"),
            "hop": self.tr("Hop"),
            "seed": self.tr("Seed"),
        }
        for name in LIVE:
            if name not in self.controls:
                title = titles.get(name, name.replace("_", " ").capitalize())
                self.controls[name] = control_for(table, look, name, title)

    def _make_stage(self) -> None:
        look = self._look
        self.fill = IconButton(look, "expand", self.tr("Fill the window"))
        self.fill.rename(self.tr("Fill the window"), "F11")
        self.fill.setCheckable(True)
        self.sign = Sign(look)
        self.words = label("", "small", wrap=True)
        self.power = Button(look, self.tr("Start"), "play", "stage")
        self.power.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.in_meter = LevelMeter(look, self.tr("Input level"), 200)
        self.wave = LiveWave(look, self.tr("Waveforms of the input and of what is heard"))
        self.out_meter = LevelMeter(look, self.tr("Output level"), 200)
        self.numbers = Numbers(look)
        self.record = Button(look, self.tr("Record"), "record", "record", "error")
        self.record.setCheckable(True)
        self.time = Figure("0:00.0", "00:00.0", "title")
        self.time.setAccessibleName(self.tr("Length of the recording"))
        self.input = DeviceBox(self.tr("Input device"))
        self.devices = IconButton(look, "devices", self.tr("All devices"))
        self.finer = Fold(look, self.tr("Model and hop"))

    def _arrange(self) -> None:
        look = self._look
        self._columns = look.pad(BesideLayout(), gap=10)
        self._columns.addWidget(self._hands())
        self._columns.addWidget(self._eyes())
        self.body.addLayout(row(look, label(self.tr("Live"), "title"), self.fill))
        self.body.addLayout(self._columns, 1)
        look.follow(self._restyle)

    def _hands(self) -> QWidget:
        """What is played with."""
        made, look = Pane(), self._look
        column = look.pad(QVBoxLayout(made), gap=8)
        big = look.pad(FlowLayout(), gap=8)
        big.addWidget(self.power)
        big.addWidget(self.freeze)
        column.addWidget(self.sign, 2)
        column.addLayout(big)
        column.addWidget(self.words)
        for control in (self.prompt, self.blend, self.prompt_b, self.strength, self.wet):
            column.addWidget(control)
        column.addStretch(1)
        return made

    def _eyes(self) -> QWidget:
        """What is looked at, and what is set before."""
        made, look = Pane(), self._look
        column = look.pad(QVBoxLayout(made), gap=8)
        bands = look.pad(QGridLayout(), gap=8)
        bands.addWidget(label(self.tr("Input"), "small"), 0, 0)
        bands.addWidget(self.in_meter, 0, 1)
        bands.addWidget(self.wave, 1, 0, 1, 2)
        bands.addWidget(label(self.tr("Output"), "small"), 2, 0)
        bands.addWidget(self.out_meter, 2, 1)
        bands.setColumnStretch(1, 1)
        bands.setRowStretch(1, 1)
        column.addLayout(bands, 1)
        column.addWidget(self.numbers)
        source = look.pad(FlowLayout(), gap=8)
        for widget in (self.record, self.time):
            source.addWidget(widget)
        source.addStretch()
        source.addLayout(side_by_side(look, self.input, self.devices))
        column.addLayout(source)
        for control in (self.delay, self.bars, self.steer, self.gain, self.monitor, self.late):
            column.addWidget(control)
        words = self.tr(
            "Another model, hop or number of steps begins anew; the input itself is heard meanwhile."
        )
        self.finer.body.addWidget(label(words, "small", wrap=True))
        for name, control in self.controls.items():
            if name in BEGUN_WITH or control.parentWidget() is None:
                self.finer.body.addWidget(control)
        column.addWidget(self.finer)
        return made

    def _join(self) -> None:
        session = self._session
        self.power.clicked.connect(self.toggle)
        self.record.clicked.connect(self.record_or_end)
        self.fill.toggled.connect(self.filled)
        self.devices.clicked.connect(self.devices_asked)
        self.input.activated.connect(
            lambda _: session.attempt(session.session.capture.set_input, self.input.currentData())
        )
        for prompt in (self.prompt, self.prompt_b):
            prompt.more.clicked.connect(lambda _, prompt=prompt: self.elsewhere(prompt))
        teach(self.power, session, "live", self.tr("Live, on or off"))
        teach(self.record, session, "live.record", self.tr("Record what is heard"))
        session.live_changed.connect(self.show_live)
        session.live_set.connect(lambda *_: self.show_live(self._live.state()))
        session.devices_changed.connect(self.show_devices)

    def elsewhere(self, prompt: PromptControl) -> None:
        """Opens the menu of prompts that are there already."""
        menu = prompts_menu(prompt.more, self._session, self._presets, prompt.write)
        menu.popup(prompt.more.mapToGlobal(QPoint(0, prompt.more.height())))

    def _restyle(self) -> None:
        self._columns.least = self._look.px(COLUMN)
        self._columns.invalidate()
        # Two lines are kept for it, so that nothing moves when it has something to say.
        self.words.setMinimumHeight(2 * self.words.fontMetrics().lineSpacing())
