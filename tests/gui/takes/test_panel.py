"""The list: search, keys, rating, comparing, dragging out."""

# pyright: reportOptionalSubscript=false
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from bridge.state import Take
from bridge.takes.bin import place
from gui.demo.studio import Studio
from gui.takes.model import take_mime
from gui.takes.waveform import WaveformView
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]


def test_arrows_walk_and_space_plays_and_pauses(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(3)
    window.takes.select(takes[0].id)
    window.takes.list.setFocus()
    qtbot.keyClick(window.takes.list, Qt.Key.Key_Down)
    assert window.viewer.take is not None
    assert window.viewer.take.id == takes[1].id
    qtbot.keyClick(window.takes.list, Qt.Key.Key_Space)
    assert (studio.session.playback.state().state, studio.session.playback.state().take_id) == (
        "playing",
        takes[1].id,
    )
    qtbot.waitUntil(window.listening.here)
    qtbot.keyClick(window.takes.list, Qt.Key.Key_Space)
    assert studio.session.playback.state().state == "paused"
    qtbot.waitUntil(lambda: window.transport.play.accessibleName() == "Play")
    qtbot.keyClick(window.takes.list, Qt.Key.Key_Return)
    assert studio.session.playback.state().state == "playing"


def test_digits_rate_and_clicks_mark(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    window.takes.select(take.id)
    qtbot.keyClick(window.takes.list, Qt.Key.Key_4)
    assert studio.session.takes.get(take.id).rating == 4
    index = window.takes.model.index(0)
    option = QStyleOptionViewItem()
    option.rect = window.takes.list.visualRect(index)
    places = window.takes.delegate.places(QRectF(option.rect))
    qtbot.mouseClick(
        window.takes.list.viewport(), Qt.MouseButton.LeftButton, pos=places.star.center().toPoint()
    )
    assert studio.session.takes.get(take.id).favourite
    if places.rating.width():
        second = QPointF(
            places.rating.left() + places.rating.width() * 0.3, places.rating.center().y()
        )
        qtbot.mouseClick(
            window.takes.list.viewport(), Qt.MouseButton.LeftButton, pos=second.toPoint()
        )
        assert studio.session.takes.get(take.id).rating == 2


def test_search_and_favourites_narrow_the_list(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(3)
    studio.session.takes.change(takes[1].id, favourite=True)
    window.takes.search.setText("110")
    qtbot.keyClick(window.takes.search, Qt.Key.Key_Return)
    assert window.takes.model.rowCount() == 1
    window.takes.search.setText("nothing like it")
    window.takes.settle()
    assert window.takes.nothing.isVisible()
    window.takes.search.clear()
    window.takes.favourites.click()
    assert window.takes.model.rowCount() == 1
    assert window.takes.model.take(0) == studio.session.takes.get(takes[1].id)


def test_del_bins_and_the_next_one_is_chosen(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(3)
    window.takes.select(takes[1].id)
    qtbot.keyClick(window.takes.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 2)
    qtbot.waitUntil(lambda: not takes[1].path.exists())
    assert (place(takes[1].path) / takes[1].path.name).exists()
    qtbot.waitUntil(lambda: window.takes.current() is not None)


def test_a_and_b_go_back_and_forth_at_the_same_place(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    takes = make_takes(2)
    window.takes.select(takes[0].id)
    qtbot.keyClick(window, Qt.Key.Key_A)
    window.viewer.compare("A")
    window.takes.select(takes[1].id)
    window.viewer.compare("B")
    window.listening.toggle()
    studio.session.playback.seek(1.2)
    qtbot.waitUntil(window.listening.here)
    window.viewer.compare("A")
    playback = studio.session.playback.state()
    assert playback.take_id == takes[0].id
    assert 1.1 < (studio.session.playback.playhead() or 0) < 1.95
    assert window.viewer.take is not None
    assert window.viewer.take.id == takes[0].id
    assert window.viewer.a.isChecked()
    assert window.takes.delegate.marks == {takes[0].id: "A", takes[1].id: "B"}


def test_loop_and_range(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    window.takes.select(take.id)
    window.listening.toggle()
    window.viewer.hands.choose((0.5, 1.0))
    assert studio.session.playback.state().loop
    assert studio.session.playback.state().loop_range == (0.5, 1.0)
    qtbot.waitUntil(window.transport.loop.isChecked)
    window.listening.toggle_loop()
    assert not studio.session.playback.state().loop


def test_settings_come_back_and_vary_makes_a_neighbour(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    studio.session.parameters.set("steps", 99)
    studio.session.parameters.set("prompt", "other")
    window.takes.select(take.id)
    window.viewer.use.click()
    assert studio.session.parameters.get("seed") == take.seed
    assert studio.session.parameters.get("steps") == take.spec["steps"]
    assert window.composer.prompt.text() == take.prompt
    window.viewer.vary.click()
    assert studio.session.jobs.all()[0].kind == "vary"
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 2, timeout=20_000)
    window.viewer.go_on.click()
    source = window.composer.source.source()
    assert source is not None
    assert source.mode == "continue"


def test_a_take_leaves_as_its_file_and_only_by_copy(
    window: MainWindow, make_takes: MakeTakes
) -> None:
    takes = make_takes(2)
    model = window.takes.model
    data = model.mimeData([model.index(0), model.index(1)])
    assert [url.toLocalFile() for url in data.urls()] == [str(take.path) for take in takes]
    assert model.supportedDragActions() == Qt.DropAction.CopyAction
    assert window.takes.list.dragEnabled()
    gone = Take(
        **{
            **{name: getattr(takes[0], name) for name in Take.__slots__},
            "path": Path("/nowhere.wav"),
        }
    )
    assert take_mime([gone]).urls() == []


def test_the_waveform_takes_hands_and_keys(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    window.takes.select(take.id)
    wave, hands = window.viewer.wave, window.viewer.hands
    qtbot.waitUntil(lambda: wave.length == pytest.approx(2.0))
    wave.zoom(0.5, 1.0)
    assert wave.view() == pytest.approx((0.5, 1.5))
    wave.move_view(10.0)
    assert wave.view() == pytest.approx((1.0, 2.0))
    wave.zoom_out()
    assert wave.view() == pytest.approx((0.0, 2.0))
    with qtbot.waitSignal(hands.sought) as told:
        qtbot.mouseClick(wave, Qt.MouseButton.LeftButton, pos=wave.rect().center())
    assert told.args[0] == pytest.approx(1.0, abs=0.02)
    shift, ctrl = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
    for modifiers, end in ((shift | ctrl, 1.1), (shift, 1.8)):  # At 100 BPM a beat has 0.6 s.
        qtbot.mouseClick(wave, Qt.MouseButton.LeftButton, pos=wave.rect().center())
        for _ in range(2):
            qtbot.keyClick(wave, Qt.Key.Key_Right, modifiers)
        with qtbot.waitSignal(hands.range_chosen) as told:
            qtbot.keyClick(wave, Qt.Key.Key_Return)
        assert told.args[0] == pytest.approx((1.0, end), abs=0.02)
    with qtbot.waitSignal(hands.range_chosen) as told:
        qtbot.keyClick(wave, Qt.Key.Key_Escape)
    assert told.args[0] is None


def drag(
    wave: WaveformView,
    qtbot: QtBot,
    start: float,
    end: float,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Drags over a waveform, from second to second."""
    places = [QPoint(round(wave.x_at(seconds)), wave.height() // 2) for seconds in (start, end)]
    qtbot.mousePress(wave, Qt.MouseButton.LeftButton, modifier, places[0])
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(places[1]),
        QPointF(wave.mapToGlobal(places[1])),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        modifier,
    )
    QApplication.sendEvent(wave, move)
    qtbot.mouseRelease(wave, Qt.MouseButton.LeftButton, modifier, places[1])


def test_dragging_over_the_waveform_chooses_a_range_in_time(
    window: MainWindow, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    window.takes.select(make_takes(1)[0].id)
    wave = window.viewer.wave
    qtbot.waitUntil(lambda: wave.length == pytest.approx(2.0))
    drag(wave, qtbot, 0.5, 1.0)
    assert wave.loop_range == pytest.approx((0.6, 1.2))
    drag(wave, qtbot, 1.2, 1.7)  # An end that is taken is moved.
    assert wave.loop_range == pytest.approx((0.6, 1.8))
    drag(wave, qtbot, 1.25, 1.5)
    assert wave.loop_range == pytest.approx((1.2, 1.8))  # Within a beat it is that beat.
    drag(wave, qtbot, 0.5, 1.0, Qt.KeyboardModifier.ControlModifier)
    assert wave.loop_range == pytest.approx((0.5, 1.0), abs=0.02)
    drag(wave, qtbot, 1.9, 0.2)
    assert wave.loop_range == pytest.approx((0.0, 2.0))  # The end of the sound is a line too.
