"""Length, parameters and source: what is shown is what the session has, both ways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from bridge.state import Take
from engine.presets import builtin_presets
from engine.registry import SKETCH
from engine.spec import PARAMETERS
from gui.compose.parameter_controls import ChoiceControl, NumberControl, PairControl
from gui.compose.parameters import ELSEWHERE, ModelControl
from gui.demo.studio import Studio
from gui.window.main_window import MainWindow


def test_seconds_and_bars_on_one_slider(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    length, run = window.composer.length, studio.session
    assert not length.in_bars()
    length.field.setValue(12.0)
    assert run.parameters.get("seconds_total") == 12.0
    length.unit.button("bars").click()
    settled = run.parameters.get("seconds_total"), run.parameters.get("bars")
    assert settled == (None, 6.0) or settled[1] in (4.0, 8.0)
    length.field.setValue(16)
    assert run.parameters.get("bars") == 16.0
    assert length.seconds() == pytest.approx(32.0)
    run.transport.change("manual", {"tempo": 60.0})
    qtbot.waitUntil(lambda: length.seconds() == pytest.approx(64.0))
    length.slider.setValue(0)
    assert run.parameters.get("bars") == 1.0
    run.parameters.set("bars", None)
    run.parameters.set("seconds_total", 5.5)
    qtbot.waitUntil(lambda: not length.in_bars() and length.field.value() == 5.5)


def test_bars_are_reckoned_at_the_prompts_tempo_unless_the_daw_leads(
    window: MainWindow, studio: Studio
) -> None:
    length = window.composer.length
    studio.session.transport.change("manual", {"tempo": 100.0, "key": "D minor"})
    window.composer.prompt.show_text("House, 120 BPM")
    assert length.tempo() == 120.0
    assert length.overrides() == {}
    length.follow.setChecked(True)
    assert length.tempo() == 100.0
    assert length.overrides() == {"tempo": 100.0, "key": "D minor"}


def test_a_length_beyond_the_model_is_said_before_it_is_asked_for(
    window: MainWindow, studio: Studio
) -> None:
    length = window.composer.length
    length.unit.button("bars").click()
    length.field.setValue(512)
    assert length.seconds() > SKETCH.max_seconds
    assert "too long" in length.said.text()


def test_every_parameter_has_a_control_somewhere(window: MainWindow) -> None:
    shown = set(window.composer.more.controls) | set(ELSEWHERE)
    assert shown == set(PARAMETERS)


def test_controls_show_what_is_set_and_set_what_is_shown(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    controls, run = window.composer.more.controls, studio.session
    steps = controls["steps"]
    assert isinstance(steps, NumberControl)
    assert str(SKETCH.defaults.steps) in steps.field.text()
    assert steps.toolTip().endswith("finer and slower. 1 to 500.")
    steps.field.setValue(40)
    assert run.parameters.get("steps") == 40
    steps.field.setValue(steps.field.minimum())
    assert run.parameters.get("steps") is None
    run.parameters.set("cfg_scale", 7.5)
    guidance = controls["cfg_scale"]
    assert isinstance(guidance, NumberControl)
    qtbot.waitUntil(lambda: guidance.field.value() == 7.5)
    sampler = controls["sampler"]
    assert isinstance(sampler, ChoiceControl)
    sampler.box.setCurrentText("heun")
    sampler.box.activated.emit(sampler.box.currentIndex())
    assert run.parameters.get("sampler") == "heun"
    sampler.reset()
    assert run.parameters.get("sampler") is None
    acts = controls["cfg_interval"]
    assert isinstance(acts, PairControl)
    assert [field.value() for field in acts.fields] == list(SKETCH.defaults.cfg_interval)
    assert "auto" in acts.fields[0].text()
    acts.fields[0].setValue(0.2)
    assert run.parameters.get("cfg_interval") == (0.2, SKETCH.defaults.cfg_interval[1])
    qtbot.waitUntil(lambda: "auto" not in acts.fields[0].text())
    acts.reset()
    assert run.parameters.get("cfg_interval") is None


def test_a_model_that_was_added_meanwhile_can_be_chosen(
    window: MainWindow,
    studio: Studio,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.model_files.models_folder", lambda: tmp_path)
    (control,) = window.composer.findChildren(ModelControl)
    assert control.box.findText("my-tune") < 0
    (tmp_path / "my-tune").mkdir()
    origin = '{"model": "stable-audio-open-small"}'
    (tmp_path / "my-tune" / "origin.json").write_text(origin)
    control.box.showPopup()
    control.box.hidePopup()
    control.box.setCurrentText("my-tune")
    control.box.activated.emit(control.box.currentIndex())
    assert studio.session.parameters.get("model") == "my-tune"
    steps = window.composer.more.controls["steps"]
    assert isinstance(steps, NumberControl)
    qtbot.waitUntil(lambda: "8" in steps.field.text())
    assert "my-tune" in {model.name for model in studio.session.models.all()}


def test_every_slider_and_field_stays_within_its_range(window: MainWindow, studio: Studio) -> None:
    for name, control in window.composer.more.controls.items():
        if isinstance(control, NumberControl):
            for place in (control.slider.minimum(), control.slider.maximum()):
                control.slider.setValue(place)
                limits = PARAMETERS[name]
                assert (
                    (limits.low or 0) <= studio.session.parameters.get(name) <= (limits.high or 1)
                ), name


def test_the_seed_is_random_until_it_is_locked(window: MainWindow, studio: Studio) -> None:
    seed, run = window.composer.more.seed, studio.session
    assert run.parameters.get("seed") is None
    seed.dice.click()
    first = run.parameters.get("seed")
    assert isinstance(first, int)
    seed.dice.click()
    assert run.parameters.get("seed") != first
    seed.field.setText("42")
    seed.field.editingFinished.emit()
    assert run.parameters.get("seed") == 42
    seed.field.setText("many")
    seed.field.editingFinished.emit()
    assert run.parameters.get("seed") == 42
    assert "whole number" in window.status.words.text_whole()
    seed.lock.click()
    assert run.parameters.get("seed") is None


def test_a_dropped_file_becomes_the_source(
    window: MainWindow, make_takes: Callable[[int], list[Take]]
) -> None:
    take = make_takes(1)[0]
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.wav"), QUrl.fromLocalFile(str(take.path))])
    drop = QDropEvent(
        QPointF(QPoint(10, 10)),
        Qt.DropAction.CopyAction | Qt.DropAction.MoveAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(drop)
    assert drop.isAccepted()
    assert drop.dropAction() == Qt.DropAction.CopyAction
    source = window.composer.source.source()
    assert source is not None
    assert source.path == take.path
    assert window.composer.generate.accessibleName() == "Transform"


def test_three_things_to_do_with_a_source(
    window: MainWindow, studio: Studio, make_takes: Callable[[int], list[Take]], qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    panel = window.composer.source
    window.composer.prompt.show_text("House, 120 BPM")
    panel.take(take.path)
    qtbot.waitUntil(lambda: panel.wave.length > 1.9)
    panel.strength.setValue(35)
    window.generate()
    panel.mode.button("continue").click()
    window.composer.length.field.setValue(1.0)
    window.generate()
    panel.mode.button("keep").click()
    window.generate()
    assert "drag over" in window.status.words.text_whole().lower()
    panel.hands.choose((0.5, 1.5))
    panel.hands.choose((1.0, 1.8))
    assert panel.wave.spans == ((0.5, 1.8),)
    window.generate()
    jobs = {job.kind: job for job in studio.session.jobs.all()}
    assert jobs["transform"].spec.init_noise_level == 0.35
    assert jobs["transform"].spec.init_audio == str(take.path)
    assert jobs["continue"].spec.seconds_total == pytest.approx(take.seconds + 1.0)
    assert jobs["inpaint"].spec.keep == ((0.5, 1.8),)
    panel.clear()
    assert panel.source() is None
    assert window.composer.generate.accessibleName() == "Generate"


def test_the_strength_is_the_sessions_before_the_slider_shows_it(
    window: MainWindow, studio: Studio, make_takes: Callable[[int], list[Take]]
) -> None:
    window.composer.prompt.show_text("House, 120 BPM")
    window.composer.source.take(make_takes(1)[0].path)
    studio.session.parameters.set("init_noise_level", 0.555)
    window.generate()
    job = next(job for job in studio.session.jobs.all() if job.kind == "transform")
    assert job.spec.init_noise_level == 0.555


def test_the_public_codes_measure_of_a_level_is_said_beside_the_slider(
    window: MainWindow,
    studio: Studio,
    qtbot: QtBot,
    make_takes: Callable[[int], list[Take]],
) -> None:
    panel, parameters = window.composer.source, studio.session.parameters
    panel.take(make_takes(1)[0].path)
    parameters.set("model", "stable-audio-3-medium")
    parameters.set("init_noise_level", 0.4)
    qtbot.waitUntil(lambda: panel.strength.value() == 40)
    assert panel.hint.text() == ""
    parameters.set("schedule", "reference")
    qtbot.waitUntil(lambda: "up to 0.70" in panel.hint.text())
    parameters.set("steps", 50)
    qtbot.waitUntil(lambda: "0.77" in panel.hint.text())
    panel.strength.setValue(50)
    qtbot.waitUntil(lambda: "up to 0.88" in panel.hint.text())
    parameters.set("model", "stable-audio-open-1.0")
    qtbot.waitUntil(lambda: "calls this level 1: noise" in panel.hint.text())
    panel.mode.button("continue").click()
    assert "public code" not in panel.hint.text()


def test_a_preset_that_needs_a_recording_says_so(window: MainWindow, studio: Studio) -> None:
    preset = next(preset for preset in builtin_presets() if preset.category == "beatbox")
    window.presets.use_preset(preset)
    assert "recording" in window.status.words.text_whole()
    assert studio.session.parameters.get("init_noise_level") == preset.values["init_noise_level"]


def test_record_asks_the_session(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    recorder = window.composer.source.recorder
    recorder.button.click()
    assert studio.session.capture.state().state == "count_in"
    qtbot.waitUntil(lambda: recorder.button.accessibleName() == "Stop")
    assert recorder.meter.isVisible()
    recorder.button.click()
    assert studio.session.capture.state().state == "idle"
    assert recorder.button.accessibleName() == "Record"


def test_what_goes_on_is_no_loop_and_the_switch_says_so(
    window: MainWindow, studio: Studio, make_takes: Callable[[int], list[Take]]
) -> None:
    studio.session.parameters.set("loop", True)
    length, take = window.composer.length, make_takes(1)[0]
    assert length.loop.isChecked() and length.loop.isEnabled()
    window.start_from(take, "continue")
    assert not length.loop.isChecked() and not length.loop.isEnabled()
    assert "no loop" in length.loop.toolTip()
    window.start_from(take, "transform")
    assert length.loop.isChecked() and length.loop.isEnabled()
    assert studio.session.parameters.get("loop") is True
