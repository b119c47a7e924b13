"""The page Live: every setting by hand and from elsewhere, what it says of the stream, keys, and what else meets it."""

from __future__ import annotations

from typing import Any

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from bridge.absent import AbsentLive
from bridge.events import LiveSet
from engine.live_settings import LIVE, LIVE_DEFAULTS
from gui.compose.parameter_controls import (
    ChoiceControl,
    NumberControl,
    ParameterControl,
    SwitchControl,
)
from gui.demo.studio import Studio
from gui.learn import learn_menu
from gui.pages.elsewhere import prompts_menu
from gui.pages.live import LivePanel
from gui.pages.live_controls import PromptControl
from gui.window.main_window import MainWindow

OTHER: dict[str, Any] = {
    "prompt": "funk drums",
    "prompt_b": "tabla",
    "blend": 0.25,
    "strength": 0.5,
    "wet": 0.75,
    "delay": "bar",
    "freeze": True,
    "freeze_bars": 4.0,
    "input_gain": -6.0,
    "monitor": False,
    "late": "silent",
    "steer": False,
    "model": "stable-audio-open-small",
    "steps": 6,
    "cfg_scale": 4.5,
    "hop": 500.0,
    "seed": 7,
}


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> LivePanel:
    window.drawer.show_page("live")
    window.activateWindow()
    QApplication.processEvents()
    return window.live


def shown(control: ParameterControl) -> Any:
    """What a control shows, as the table has it."""
    if isinstance(control, PromptControl):
        return control.field.toPlainText()
    if isinstance(control, SwitchControl):
        return control.switch.isChecked()
    if isinstance(control, ChoiceControl):
        return control.options[control.box.currentIndex()]
    assert isinstance(control, NumberControl)
    below = control.auto and control.field.value() < control.low
    return None if below else control.field.value()


def turn(control: ParameterControl, value: Any) -> None:
    """Sets a control as a hand does."""
    if isinstance(control, PromptControl):
        control.field.setFocus()
        control.field.selectAll()
        QtBot.keyClicks(control.field, value)
        QtBot.keyClick(control.field, Qt.Key.Key_Return)
    elif isinstance(control, SwitchControl):
        control.switch.click()
    elif isinstance(control, ChoiceControl):
        control.box.setCurrentIndex(control.options.index(value))
        control.box.activated.emit(control.box.currentIndex())
    else:
        assert isinstance(control, NumberControl)
        control.field.setValue(value)


def test_every_setting_has_a_control_and_a_place(page: LivePanel) -> None:
    assert set(page.controls) == set(LIVE) == set(OTHER)
    page.finer.open()
    assert all(control.isVisible() for control in page.controls.values())


@pytest.mark.parametrize("name", LIVE)
def test_a_control_sets_it_and_follows_whoever_else_does(
    page: LivePanel, studio: Studio, qtbot: QtBot, name: str
) -> None:
    control, live = page.controls[name], studio.session.live
    assert shown(control) == LIVE_DEFAULTS[name]
    turn(control, OTHER[name])
    assert getattr(live.settings(), name) == OTHER[name]
    live.set(name, None)
    qtbot.waitUntil(lambda: shown(control) == LIVE_DEFAULTS[name])
    live.set(name, OTHER[name])
    qtbot.waitUntil(lambda: shown(control) == OTHER[name])
    control.reset()
    assert getattr(live.settings(), name) == LIVE_DEFAULTS[name]


def test_each_is_learned_by_its_target_and_has_its_address(page: LivePanel) -> None:
    def entries(widget: QWidget, target: str) -> list[str]:
        menu = learn_menu(widget, page.controls["blend"].session, target, "x", None)
        return [action.text() for action in menu.actions()]

    for name, control in page.controls.items():
        for widget in control.controls():
            assert widget.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu
        found = entries(control, f"live.{name}")
        assert any(words.endswith(f"/longtake/live/{name}") for words in found)
        text = LIVE[name].kind == "text" and not LIVE[name].choices
        assert ("Learn a MIDI control" in found) != text, name
    page.blend.slider.customContextMenuRequested.emit(QPoint(2, 2))
    menu = page.blend.slider.findChild(QMenu)
    assert menu is not None
    next(a for a in menu.actions() if a.text() == "Learn a MIDI control").trigger()
    assert page.blend.session.session.midi.state().learning == "live.blend"
    menu.close()
    for button in (page.power, page.record):
        assert button.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu


def test_it_starts_and_stops_and_says_so(page: LivePanel, studio: Studio, qtbot: QtBot) -> None:
    assert (page.sign.word(), page.power.text().strip()) == ("Off", "Start")
    assert not page.record.isEnabled()
    turn(page.prompt, "funk drums")
    page.power.click()
    qtbot.waitUntil(lambda: page.sign.word() == "On")
    assert page.power.text().strip() == "Stop"
    assert "Microphone → Studio Monitors" in page.words.text()
    assert page.numbers.latency.number.text() == "620 ms"
    assert page.numbers.load.number.text() == "47 %"
    studio.live.change(phase="starting", dry=True)
    qtbot.waitUntil(lambda: page.sign.word() == "Starting")
    studio.live.change(phase="on")
    qtbot.waitUntil(lambda: page.sign.word() == "Dry")
    assert page.sign.accessibleName() == "Live: Dry"
    studio.live.change(dry=False, drift_ppm=12.34, late=3, measured=True)
    qtbot.waitUntil(lambda: page.numbers.drift.number.text() == "+12 ppm")
    assert page.numbers.late.number.text() == "3"
    assert page.numbers.latency.toolTip().endswith("as measured")
    page.monitor.switch.click()
    qtbot.waitUntil(lambda: page.sign.word() == "Muted")
    page.power.click()
    qtbot.waitUntil(lambda: page.sign.word() == "Off")
    assert page.numbers.late.number.text() == "–"


def test_what_is_wrong_is_said_and_it_can_start_again(
    page: LivePanel, studio: Studio, qtbot: QtBot
) -> None:
    turn(page.prompt, "funk drums")
    page.power.click()
    sentence = "The microphone is gone; plug it in again."
    studio.live.change(phase="waiting", problem=sentence)
    qtbot.waitUntil(lambda: page.sign.word() == "Waiting")
    assert (page.words.text(), page.words.property("role")) == (sentence, "warning")
    studio.live.change(phase="failed", problem="This machine is too slow for it.")
    qtbot.waitUntil(lambda: page.sign.word() == "Failed")
    assert page.words.property("role") == "error" and "too slow" in page.words.text()
    assert page.power.text().strip() == "Start"
    page.power.click()
    qtbot.waitUntil(lambda: page.sign.word() == "On")
    assert page.words.property("role") == "small"


def test_without_a_prompt_it_takes_the_one_on_the_left_or_asks(
    window: MainWindow, page: LivePanel, studio: Studio
) -> None:
    page.power.click()
    assert studio.live.state().phase == "off"
    assert "funk drums" in window.status.words.text_whole() and page.prompt.field.hasFocus()
    studio.session.parameters.set("prompt", "warm house")
    page.power.click()
    assert studio.live.state().phase == "on"
    assert studio.live.settings().prompt == "warm house" == page.prompt.text()


def test_a_prompt_counts_when_it_is_finished(page: LivePanel, studio: Studio, qtbot: QtBot) -> None:
    field, live = page.prompt.field, studio.session.live
    field.setFocus()
    qtbot.keyClicks(field, "funk dr")
    assert live.settings().prompt == ""
    with qtbot.waitSignal(page.prompt.session.live_set):
        live.set("prompt", "from a knob")
    assert field.toPlainText() == "funk dr"
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.toPlainText() == "from a knob"
    field.selectAll()
    qtbot.keyClicks(field, "snare")
    page.prompt_b.field.setFocus()
    assert live.settings().prompt == "snare"
    assert live.settings().prompt_b == ""


def test_prompts_are_there_already(page: LivePanel, studio: Studio, window: MainWindow) -> None:
    studio.session.parameters.set("prompt", "warm house")
    session = page.prompt.session
    menu = prompts_menu(page, session, studio.presets, page.prompt_b.write)
    menu.actions()[0].trigger()
    assert studio.live.settings().prompt_b == "warm house"
    first = menu.actions()[2].menu()
    assert first is not None and first.title() == "Beatbox to kit"
    kit = next(a for a in first.actions() if a.text() == "Beatbox to Boom Bap Kit")
    kit.trigger()
    assert page.prompt_b.text() == studio.live.settings().prompt_b
    assert "Boom Bap" in page.prompt_b.text()
    assert studio.session.parameters.get("prompt") == "warm house"
    page.prompt.more.click()
    opened = page.prompt.more.findChild(QMenu)
    assert opened is not None and opened.isVisible()
    opened.close()


def test_space_freezes_here_and_plays_elsewhere(
    window: MainWindow, page: LivePanel, studio: Studio, qtbot: QtBot
) -> None:
    def space(on: QWidget) -> bool:
        on.setFocus()
        qtbot.keyClick(on, Qt.Key.Key_Space)
        QApplication.processEvents()
        return studio.live.settings().freeze

    played: list[bool] = []
    window.transport.play_asked.connect(lambda: played.append(True))
    assert not space(page.power)
    turn(page.prompt, "funk drums")
    page.power.click()
    qtbot.waitUntil(lambda: page.sign.word() == "On")
    for control in (page.power, page.freeze.switch, page.blend.slider, page.blend.field):
        before = studio.live.settings().freeze
        assert space(control) != before, control.accessibleName()
    page.delay.box.setFocus()
    assert space(page.delay.box)
    qtbot.waitUntil(lambda: page.sign.word() == "Frozen")
    assert page.freeze.switch.isChecked()
    field = page.prompt.field
    field.selectAll()
    field.setFocus()
    qtbot.keyClicks(field, "a b")
    assert field.toPlainText() == "a b" and studio.live.settings().freeze
    window.drawer.show_page("devices")
    assert space(window.devices.gain)
    assert studio.live.state().phase == "on"
    window.activateWindow()
    window.devices.gain.setFocus()
    qtbot.keyClick(window.devices.gain, Qt.Key.Key_X)
    assert not studio.live.settings().freeze


def test_it_records_what_is_heard(page: LivePanel, studio: Studio, qtbot: QtBot) -> None:
    studio.session.live.start("funk")
    qtbot.waitUntil(page.record.isEnabled)
    page.record.click()
    qtbot.waitUntil(lambda: page.record.text().strip() == "Stop recording")
    assert page.record.isChecked() and studio.live.state().recording is not None
    qtbot.waitUntil(lambda: page.time.text() not in ("0:00.0", "0:00.1"))
    page.record.click()
    qtbot.waitUntil(lambda: page.record.text().strip() == "Record")
    assert not page.record.isChecked() and studio.live.state().recording is None


def test_nothing_moves_when_numbers_do(page: LivePanel, studio: Studio, qtbot: QtBot) -> None:
    studio.session.live.start("funk")
    qtbot.waitUntil(lambda: page.sign.word() == "On")

    def places() -> dict[QWidget, Any]:
        QApplication.processEvents()
        inside = [w for w in page.findChildren(QWidget) if w.isVisible()]
        return {widget: widget.geometry() for widget in inside}

    before = places()
    assert len(before) > 60
    studio.live.change(latency_ms=2400.0, late=1234, load=1.03, drift_ppm=-99.9, hop_ms=4000.0)
    qtbot.waitUntil(lambda: page.numbers.late.number.text() == "1234")
    studio.live.change(problem="The model is slow; a longer hop is used from here on, of 600 ms.")
    qtbot.waitUntil(lambda: "slow" in page.words.text())
    studio.live.set("freeze", True)
    qtbot.waitUntil(lambda: page.sign.word() == "Frozen")
    assert places() == before


def test_another_input_is_chosen_here(
    page: LivePanel, window: MainWindow, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(studio.session.capture, "set_input", asked.append)
    page.input.setCurrentIndex(1)
    page.input.activated.emit(1)
    assert asked == ["in-1"]
    page.devices.click()
    assert window.drawer.page() == "devices"


def test_where_there_is_no_audio_it_says_so_and_shows_nothing_as_set(
    studio: Studio, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio.session, "live", AbsentLive())
    panel = LivePanel(window.session, window.look, studio.presets)
    qtbot.addWidget(panel)
    assert panel.words.text() == "There is no audio input here."
    panel.freeze.switch.click()
    assert not panel.freeze.switch.isChecked()
    assert window.status.level() == "error"
    studio.hub.publish(LiveSet("blend", 0.5))
    assert shown(panel.blend) == 0.0
