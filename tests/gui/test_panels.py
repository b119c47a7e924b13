"""Transport, devices, OSC, models, presets, status: true words, and calls that reach the session."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from bridge.events import (
    CaptureChanged,
    DevicesChanged,
    ModelChanged,
    OscTraffic,
    PlaybackChanged,
)
from bridge.state import CaptureState, Devices, Levels, ModelState, PlaybackState
from gui.demo.studio import Studio
from gui.learn import learn_menu
from gui.look.meter import FLOOR, decibels
from gui.window.main_window import MainWindow


def test_the_transport_is_set_by_hand_and_follows_others(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    panel = window.transport
    panel.tempo.setValue(96.5)
    assert studio.session.transport.state().tempo == 96.5
    panel.metre.setCurrentText("6/8")
    panel.metre.activated.emit(panel.metre.currentIndex())
    assert studio.session.transport.state().signature == (6, 8)
    studio.session.transport.change("osc", {"tempo": 133.0, "key": "F# minor"})
    qtbot.waitUntil(lambda: panel.tempo.value() == 133.0)
    assert panel.source.currentData() == "osc"
    assert "OSC" in panel.lamp.accessibleName()
    assert panel.tempo.isReadOnly()
    assert panel.key.currentText() == "F# minor"
    assert "133 BPM" in window.composer.length.time.text()


def test_meters_hold_peaks_and_dropouts_are_counted(window: MainWindow) -> None:
    window.drawer.turn("devices")
    window.devices.show_levels(Levels((0.5, 0.25), (0.1, 0.1), (0.0,), (0.0,), 3))
    assert window.devices.out_meter.held() == pytest.approx(-6.02, abs=0.01)
    window.devices.show_levels(Levels((0.1, 0.1), (0.1, 0.1), (0.0,), (0.0,), 3))
    assert window.devices.out_meter.held() == pytest.approx(-6.02, abs=0.01)
    assert "3 dropouts" in window.devices.underruns.text()
    assert decibels(0.0) == FLOOR
    assert decibels(1.0) == 0.0


def test_the_latency_is_measured_from_the_page_of_devices(
    window: MainWindow, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.drawer.turn("devices")
    panel = window.devices
    asked: list[bool] = []
    monkeypatch.setattr(studio.session.capture, "measure", lambda: asked.append(True))
    studio.hub.publish(DevicesChanged(Devices((), "out", "in", latency=0.012)))
    qtbot.waitUntil(lambda: "12.0 ms" in panel.latency.text() and panel.measure.isEnabled())
    panel.measure.click()
    assert asked == [True]
    studio.hub.publish(CaptureChanged(CaptureState("measuring")))
    qtbot.waitUntil(lambda: "eight clicks" in panel.latency.text())
    assert not panel.measure.isEnabled()
    studio.hub.publish(CaptureChanged(CaptureState()))
    studio.hub.publish(DevicesChanged(Devices((), "out", "in", correction=-0.0034)))
    qtbot.waitUntil(lambda: "-3.4 ms beyond" in panel.latency.text() and panel.measure.isEnabled())
    studio.hub.publish(DevicesChanged(Devices((), "out", "")))
    qtbot.waitUntil(lambda: not panel.measure.isEnabled())


def test_devices_that_come_and_go(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    window.drawer.turn("devices")
    panel = window.devices
    assert panel.output.count() == 3
    panel.output.setCurrentIndex(2)
    panel.output.activated.emit(2)
    assert studio.session.playback.devices().output == "out-2"
    studio.hub.publish(DevicesChanged(Devices(problem="The interface is gone; plug it in again.")))
    qtbot.waitUntil(panel.problem.isVisible)
    assert "plug it in" in panel.problem.text()
    assert not panel.output.isEnabled()
    studio.hub.publish(PlaybackChanged(PlaybackState(gain_db=-6.0)))
    qtbot.waitUntil(lambda: panel.gain.value() == -6)


def test_midi_is_learned_from_any_control(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    window.drawer.turn("devices")
    control = window.composer.more.controls["cfg_scale"].controls()[0]
    assert control.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu
    menu = learn_menu(control, window.session, "cfg_scale", "Guidance", None)
    entries = {action.text(): action for action in menu.actions()}
    entries["Learn a MIDI control"].trigger()
    assert studio.session.midi.state().learning == "cfg_scale"
    assert "Guidance" in window.status.words.text_whole()
    studio.midi.bind("cc 21 ch 1")
    menu = learn_menu(control, window.session, "cfg_scale", "Guidance", None)
    entries = {action.text(): action for action in menu.actions()}
    assert any("/longtake/param/cfg_scale" in words for words in entries)
    entries["Forget cc 21 ch 1"].trigger()
    assert studio.session.midi.state().bindings == ()


def test_a_right_click_opens_the_menu(window: MainWindow, qtbot: QtBot) -> None:
    control = window.composer.generate
    control.customContextMenuRequested.emit(QPoint(3, 3))
    menu = control.findChild(QMenu)
    assert menu is not None
    assert menu.isVisible()
    menu.close()


def test_osc_messages_are_shown_filtered_and_held(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    window.drawer.turn("osc")
    monitor = window.osc
    assert monitor.address.text() == "127.0.0.1:9440"
    for number in range(3000):
        studio.hub.publish(OscTraffic("in", "10.0.0.5:9000", "/longtake/set", ("steps", number)))
    studio.hub.publish(OscTraffic("out", "10.0.0.5:9000", "/longtake/ack", ("r1", 0.5)))
    qtbot.waitUntil(lambda: "/longtake/ack" in monitor.text.toPlainText(), timeout=10_000)
    assert "'steps' 2999" in monitor.text.toPlainText()
    assert "10.0.0.5" in monitor.lamp.accessibleName()
    monitor.filter.setText("ack")
    assert monitor.text.toPlainText().count("\n") == 0
    assert "/longtake/ack 'r1' 0.5" in monitor.text.toPlainText()
    monitor.wipe.click()
    assert monitor.text.toPlainText() == ""


def test_models_say_what_is_true(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    window.drawer.turn("models")
    rows = {row.model.name: row for row in window.models.rows}
    assert set(rows) == {model.name for model in studio.session.models.all()}
    studio.hub.publish(ModelChanged(ModelState("sketch", "loading", "loading 40 %", 0.4)))
    qtbot.waitUntil(lambda: rows["sketch"].bar.isVisible())
    assert rows["sketch"].state.text() == "loading 40 %"
    assert "loading 40 %" in window.status.engine.accessibleName()
    words = "Out of memory: try a shorter length."
    studio.hub.publish(ModelChanged(ModelState("sketch", "failed", words)))
    qtbot.waitUntil(lambda: rows["sketch"].state.text() == words)
    assert not rows["sketch"].bar.isVisible()
    studio.hub.publish(ModelChanged(ModelState("sketch", "ready", "ready on CPU, 2 threads", 1.0)))
    qtbot.waitUntil(rows["sketch"].unload.isVisible)
    rows["sketch"].unload.click()
    assert studio.session.models.state().phase == "unloaded"
    assert not rows["stable-audio-2"].load.isVisible()


def test_presets_are_found_used_saved_renamed_and_deleted(
    window: MainWindow, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.drawer.turn("presets")
    panel = window.presets
    assert panel.list.count() >= 48
    panel.search.setText("acid techno")
    assert 1 <= panel.list.count() < 6
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert "Techno" in studio.session.parameters.get("prompt")
    panel.search.clear()
    panel.star.click()
    panel.category.setCurrentIndex(panel.category.findData("favourites"))
    panel.category.activated.emit(1)
    assert panel.list.count() == 1
    assert not panel.delete.isEnabled()
    panel.category.setCurrentIndex(0)
    monkeypatch.setattr("gui.pages.presets.ask_name", lambda *_: "Mine")
    panel.save.click()
    qtbot.waitUntil(lambda: "Mine" in studio.session.presets.names())
    panel.search.setText("Mine")
    qtbot.waitUntil(lambda: panel.list.count() == 1)
    monkeypatch.setattr("gui.pages.presets.ask_name", lambda *_: "Ours")
    panel.rename.click()
    qtbot.waitUntil(lambda: "Ours" in studio.session.presets.names())
    panel.search.setText("Ours")
    qtbot.waitUntil(lambda: panel.list.count() == 1)
    panel.delete.click()
    qtbot.waitUntil(lambda: "Ours" not in studio.session.presets.names())


def test_panic_silences(window: MainWindow, studio: Studio) -> None:
    studio.session.generate("House", seconds_total=5.0)
    window.transport.panic.click()
    assert all(job.state in ("cancelled", "running", "done") for job in studio.session.jobs.all())
    assert studio.session.playback.state().state == "stopped"
