"""Every control from the keyboard: whatever the window can show is shown, and Tab, arrows and menus reach all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bridge.state import JobOptions
from gui.compose.chips import Chip
from gui.demo.studio import Studio
from gui.takes.waveform import WaveformView
from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions
from tests.gui.conftest import Held

CONTROLS = (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QAbstractItemView,
    WaveformView,
)
PAGES = ("", "presets", "devices", "live", "daw", "osc", "models", "settings")
Room = tuple[MainWindow, Studio, Held]


def controls(parent: QWidget) -> list[QWidget]:
    """All that a hand could use now; parts of a compound control are not counted twice."""
    found = []
    for widget in parent.findChildren(QWidget):
        above = widget.parentWidget()
        inner = isinstance(widget, QScrollBar) or isinstance(
            above, (QAbstractSpinBox, QComboBox, QLineEdit)
        )
        if isinstance(widget, CONTROLS) and not inner and widget.isVisible() and widget.isEnabled():
            found.append(widget)
    return found


def name(control: QWidget) -> str:
    return f"{type(control).__name__} {control.accessibleName()!r}"


def walk(start: QWidget, press: Callable[[QWidget], None]) -> set[QWidget]:
    """Where the focus has been when it comes back to its start."""
    start.setFocus()
    reached: set[QWidget] = set()
    for _ in range(600):
        focus = QApplication.focusWidget()
        if focus is None or (focus is start and reached):
            break
        reached.add(focus)
        press(focus)
    return reached


def missed(parent: QWidget, reached: set[QWidget]) -> list[str]:
    """The controls of `parent` that were not reached; of exclusive buttons Tab reaches one, and arrows the others."""
    left = []
    for control in controls(parent):
        group = control.parentWidget()
        exclusive = isinstance(control, QAbstractButton) and control.group() is not None
        near = (
            exclusive and group is not None and any(group.isAncestorOf(other) for other in reached)
        )
        if control not in reached and not near:
            left.append(name(control))
    return left


@pytest.fixture
def crowded(held: Room, qtbot: QtBot) -> Room:
    """A window with all it can have: takes, a job that runs, two that wait, one that failed, knobs, a message."""
    window, studio, engine = held
    engine.go.set()
    for prompt in ("Genre: House | BPM: 120", "fail"):
        studio.session.generate(prompt, seconds_total=1.0)
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 1, timeout=30_000)
    qtbot.waitUntil(
        lambda: [row.job.state for row in window.queue.rows()] == ["failed"], timeout=30_000
    )
    engine.go.clear()
    for prompt in ("running", "first in the queue", "second"):
        studio.session.generate(prompt, seconds_total=1.0, options=JobOptions(batch=2))
    qtbot.waitUntil(lambda: len(window.queue.rows()) == 4, timeout=30_000)
    studio.session.send(studio.session.takes.search()[0].id, "ardour")
    qtbot.waitUntil(lambda: "owed to Ardour" in window.drawer.rail["daw"].accessibleName())
    for target in ("gain", "seed"):
        studio.session.midi.learn(target)
        studio.midi.bind(f"cc 2{len(target)} ch 1")
    window.composer.score.open()
    window.composer.more.open()
    window.composer.more.finer.open()
    window.composer.prompt.fold.open()
    window.composer.prompt.towards.open()
    window.live.finer.open()
    window.takes.walk(0)
    window.viewer.compare("A")
    window.viewer.spectrum.click()
    window.session.say("Something went wrong; try again.", "warning")
    window.activateWindow()
    QApplication.processEvents()
    assert window.status.away.isVisible()
    return held


@pytest.mark.parametrize("page", PAGES)
def test_tab_reaches_every_control_and_each_has_a_name(
    crowded: Room, qtbot: QtBot, page: str
) -> None:
    window, _, _ = crowded
    window.drawer.show_page(page)
    qtbot.wait(20)
    assert any("Forget" in name(control) for control in controls(window)) == (page == "devices")
    shown = {name(control).partition("'")[2] for control in controls(window)}
    assert {"Try again'", "Earlier'", "Cancel'", "Put the message away'"} <= shown
    reached = walk(window.composer.prompt.field, lambda at: qtbot.keyClick(at, Qt.Key.Key_Tab))
    assert missed(window, reached) == []
    nameless = [name(each) for each in controls(window) if not each.accessibleName().strip()]
    assert nameless == []


@pytest.mark.parametrize("mode", ["transform", "keep", "continue"])
def test_tab_reaches_every_control_of_a_source(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, mode: str
) -> None:
    source = window.composer.source
    source.take(tmp_path / "none.wav", mode)  # type: ignore[arg-type]
    source.mode.button(mode).click()
    window.activateWindow()
    reached = walk(window.composer.prompt.field, lambda at: qtbot.keyClick(at, Qt.Key.Key_Tab))
    assert source.wave in reached
    assert (source.strength in reached) == (mode == "transform")
    assert missed(window, reached) == []


def test_tab_reaches_the_recorder_and_the_welcome(window: MainWindow, qtbot: QtBot) -> None:
    window.composer.source.recorder.toggle()
    window.activateWindow()
    reached = walk(window.composer.prompt.field, lambda at: qtbot.keyClick(at, Qt.Key.Key_Tab))
    assert {*window.welcome.cards, window.welcome.skip} <= reached
    assert window.composer.source.recorder.button in reached
    assert missed(window, reached) == []


def test_a_sheet_of_words_is_walked_with_arrows_and_left_with_escape(
    window: MainWindow, qtbot: QtBot
) -> None:
    prompt = window.composer.prompt
    chips: tuple[Chip, ...] = (
        prompt.genre,
        prompt.instruments,
        prompt.moods,
        prompt.tempo,
        prompt.key,
    )
    for chip in chips:
        chip.setFocus()
        qtbot.keyClick(chip, Qt.Key.Key_Return)
        sheet = chip.sheet()
        assert sheet is not None
        assert sheet.isVisible()
        first = controls(sheet)[0]
        sheet.activateWindow()
        reached = walk(first, lambda at, sheet=sheet: sheet.step(True))
        assert missed(sheet, reached) == [], chip.title
        qtbot.keyClick(sheet, Qt.Key.Key_Escape)
        assert not sheet.isVisible()


def test_every_action_of_the_menus_has_words_and_single_keys_are_no_duplicates(
    window: MainWindow,
) -> None:
    keys = [key.toString() for action in menu_actions(window) for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    assert {"Ctrl+Return", "L", "A", "B", "S", "V", "F", "R", "C"} <= set(keys)
    bar = window.menuBar()
    assert bar is not None
    titles = [action.text() for action in bar.actions()]
    letters = [title[title.index("&") + 1].casefold() for title in titles]
    assert len(set(letters)) == len(titles) >= 5


def test_letters_typed_into_the_prompt_are_no_shortcuts(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    window.composer.prompt.field.setFocus()
    qtbot.keyClicks(window.composer.prompt.field, "lab svf cub")
    assert window.composer.prompt.text() == "lab svf cub"
    assert not window.session.session.playback.state().loop


def test_a_range_and_a_kept_part_are_chosen_with_arrows(crowded: Room, qtbot: QtBot) -> None:
    window, studio, _ = crowded
    wave = window.viewer.wave
    window.look_at(window.takes.current())
    qtbot.waitUntil(lambda: wave.length > 0)
    wave.setFocus()
    shift, free = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(wave, Qt.Key.Key_Right)
    for _ in range(2):
        qtbot.keyClick(wave, Qt.Key.Key_Right, shift)
    qtbot.keyClick(wave, Qt.Key.Key_Return)
    assert wave.loop_range == pytest.approx((0.5, 1.0))  # From beat to beat, at 120 BPM.
    for _ in range(36):
        qtbot.keyClick(wave, Qt.Key.Key_Left, free)
    for _ in range(8):
        qtbot.keyClick(wave, Qt.Key.Key_Right, shift | free)
    qtbot.keyClick(wave, Qt.Key.Key_Return)
    assert wave.loop_range == pytest.approx((0.1, 0.3))
    assert studio.session.playback.state().loop
    qtbot.keyClick(wave, Qt.Key.Key_Plus)
    assert wave.view()[1] - wave.view()[0] == pytest.approx(0.7)
    qtbot.keyClick(wave, Qt.Key.Key_Escape)
    assert wave.loop_range is None
