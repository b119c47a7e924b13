"""What is heard: a pause keeps its place, play starts where it should, loops repeat, takes follow in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PyQt6.QtCore import QRectF, Qt
from pytestqt.qtbot import QtBot

from bridge.requests import before_join
from bridge.state import JobOptions, Take
from gui.demo.studio import Studio
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]


def look_at(window: MainWindow, take: Take, qtbot: QtBot) -> None:
    window.takes.select(take.id)
    window.look_at(take)
    qtbot.waitUntil(lambda: window.viewer.wave.length == pytest.approx(take.seconds))


def test_a_pause_keeps_its_place_in_time_and_waveform_and_stop_goes_back(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    playback, listening = studio.session.playback, window.listening
    look_at(window, make_takes(1)[0], qtbot)
    listening.seek(0.5)  # While nothing is heard: play starts there.
    assert playback.state().state == "stopped"
    assert window.transport.time.text() == "0:00.5"
    listening.toggle()
    assert (playback.playhead() or 0) >= 0.5
    listening.seek(1.25)
    listening.toggle()
    place = playback.playhead()
    assert place is not None and place >= 1.25
    listening.poll()
    assert window.transport.time.text() == f"0:{place:04.1f}"
    assert window.viewer.wave.playhead == place
    listening.toggle()
    assert (playback.playhead() or 0) >= place
    playback.stop()
    listening.poll()
    assert window.viewer.wave.playhead == 1.25  # Where one clicked last.
    listening.to_start()
    assert listening.start_place() == 0.0


def test_play_starts_at_the_range_and_repeats_it(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    playback, listening = studio.session.playback, window.listening
    look_at(window, make_takes(1)[0], qtbot)
    listening.seek(0.2)
    window.viewer.hands.choose((0.6, 1.2))
    assert listening.start_place() == 0.6
    listening.toggle()
    state = playback.state()
    assert (state.loop, state.loop_range) == (True, (0.6, 1.2))
    assert 0.6 <= (playback.playhead() or 0) < 1.2
    listening.to_end()
    listening.to_start()
    assert listening.start_place() == 0.6
    window.viewer.hands.clear()
    assert listening.start_place() == 0.0
    assert playback.state().loop_range is None


@pytest.mark.parametrize("repeat", [False, True])
def test_repeat_is_what_it_was_when_the_range_goes(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot, repeat: bool
) -> None:
    playback, hands = studio.session.playback, window.viewer.hands
    first, second = make_takes(2)
    playback.set_loop(repeat)
    look_at(window, first, qtbot)
    for heard in (False, True):
        if heard:
            window.listening.play(first)
        hands.choose((0.6, 1.2))
        hands.choose((0.6, 1.8))
        assert playback.state().loop
        hands.clear()
        assert (playback.state().loop, playback.state().loop_range) == (repeat, None)
    hands.choose((0.6, 1.2))
    window.listening.play(first)
    look_at(window, second, qtbot)
    state = playback.state()
    assert (state.loop, state.loop_range) == (True, (0.6, 1.2)), "what is heard goes on"
    window.listening.play(second)
    qtbot.waitUntil(lambda: playback.state().loop == repeat)
    assert playback.state().loop_range is None
    playback.stop()
    hands.choose((0.6, 1.2))
    look_at(window, first, qtbot)
    assert playback.state().loop == repeat, "nor does the next take repeat"


def test_a_range_of_what_is_looked_at_does_not_cut_what_is_heard(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    first, second = make_takes(2)
    window.listening.play(first)
    look_at(window, second, qtbot)
    window.viewer.hands.choose((0.6, 1.2))
    heard = studio.session.playback.state()
    assert (heard.take_id, heard.loop, heard.loop_range) == (first.id, False, None)
    window.listening.toggle()
    heard = studio.session.playback.state()
    assert (heard.take_id, heard.loop, heard.loop_range) == (second.id, True, (0.6, 1.2))


def test_a_loop_repeats_by_itself_and_repeat_shows_it(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    loop = replace(take, loop=True)
    assert not window.transport.loop.isChecked()
    window.listening.play(loop)
    qtbot.waitUntil(window.transport.loop.isChecked)
    window.listening.play(take)
    qtbot.waitUntil(lambda: not window.transport.loop.isChecked())
    window.listening.toggle_loop()
    window.listening.play(take)
    assert studio.session.playback.state().loop  # Asked for, it stays.


def test_a_take_waits_for_the_bar_of_what_plays_and_the_waiting_is_seen(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    playback, listening, transport = studio.session.playback, window.listening, window.transport
    slow = [replace(take, tempo_asked=60.0, tempo_measured=None) for take in make_takes(2)]
    transport.grid.setCurrentIndex(transport.grid.findData("4bar"))
    transport.grid.activated.emit(transport.grid.currentIndex())
    assert studio.session.transport.state().quantize == "4bar"
    look_at(window, slow[0], qtbot)
    listening.play(slow[0])
    assert (playback.state().take_id, playback.state().next_id) == (slow[0].id, None)  # Silence.
    look_at(window, slow[1], qtbot)
    listening.toggle()
    assert (playback.state().take_id, playback.state().next_id) == (slow[0].id, slow[1].id)
    qtbot.waitUntil(lambda: transport.time.text().startswith("-0:1"))
    qtbot.waitUntil(lambda: "Wait no longer" in transport.play.accessibleName())
    listening.toggle()
    assert (playback.state().take_id, playback.state().next_id) == (slow[0].id, None)
    qtbot.waitUntil(lambda: "Pause" in transport.play.accessibleName())
    studio.session.transport.set_quantize("beat")
    qtbot.waitUntil(lambda: transport.grid.currentData() == "beat")
    listening.toggle()
    qtbot.waitUntil(lambda: playback.state().take_id == slow[1].id, timeout=5000)


def test_what_is_compared_goes_on_at_the_same_place_in_the_same_range_paused_or_not(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    playback, viewer = studio.session.playback, window.viewer
    first, second = make_takes(2)
    look_at(window, first, qtbot)
    viewer.compare("A")
    look_at(window, second, qtbot)
    viewer.compare("B")
    viewer.hands.choose((0.5, 1.5))
    window.listening.toggle()
    window.listening.seek(1.0)
    viewer.compare("A")
    assert playback.state().take_id == first.id
    assert playback.state().loop_range == viewer.wave.loop_range == (0.5, 1.5)
    assert 1.0 <= (playback.playhead() or 0) <= 1.5
    window.listening.toggle()
    place = playback.playhead()
    viewer.compare("B")
    assert viewer.take is not None and viewer.take.id == second.id
    assert window.listening.start_place() == place


def test_what_is_continued_is_heard_from_before_the_join_which_is_marked(
    window: MainWindow, studio: Studio, tmp_path: Path, qtbot: QtBot
) -> None:
    soundfile.write(tmp_path / "idea.wav", np.zeros((8 * 8000, 1), np.float32), 8000)
    studio.session.parameters.set("loop", True)  # It is switched off for what goes on.
    prompt, options = "Genre: House | BPM: 120", JobOptions(play=False)
    job = studio.session.continue_(tmp_path / "idea.wav", 4.0, prompt, options=options)
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 1, timeout=30_000)
    qtbot.waitUntil(lambda: studio.session.jobs.get(job.id).state == "done", timeout=30_000)
    take = window.takes.model.take(0)
    assert take is not None and not take.loop
    look_at(window, take, qtbot)
    qtbot.waitUntil(lambda: window.listening.start_place() == before_join(job.spec) == 6.0)
    assert window.viewer.wave.new == ((8.0, 12.0),)
    window.listening.toggle()
    assert (studio.session.playback.playhead() or 0) >= 6.0
    studio.session.playback.stop()
    assert window.listening.start_place() == 0.0  # Once is enough.


def test_a_take_is_launched_at_the_next_bar_from_its_row_counts_down_and_can_be_called_off(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    playback, first, second = studio.session.playback, *make_takes(2)
    look_at(window, first, qtbot)
    window.listening.launch(first)
    assert playback.state().take_id == first.id, "where nothing sounds, it begins at once"
    index = window.takes.model.index(window.takes.model.row(second.id))
    places = window.takes.delegate.places(QRectF(window.takes.list.visualRect(index)))

    def click() -> None:
        viewport, place = window.takes.list.viewport(), places.launch.center().toPoint()
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)

    click()
    assert (playback.state().take_id, playback.state().next_id) == (first.id, second.id)
    qtbot.waitUntil(lambda: window.takes.delegate.waiting[0] == second.id)
    assert window.takes.delegate.waiting[1].startswith("-")
    click()
    assert playback.state().next_id is None
    qtbot.waitUntil(lambda: window.takes.delegate.waiting == ("", ""))
    window.takes.select(second.id)
    qtbot.keyClick(window.takes.list, Qt.Key.Key_G)
    assert playback.state().next_id == second.id
    qtbot.waitUntil(lambda: playback.state().take_id == second.id)


def test_the_menu_of_a_take_launches_at_any_grid(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, asked = make_takes(1)[0], list[object]()
    monkeypatch.setattr(
        studio.session.playback, "launch", lambda take, grid, cue: asked.append(grid)
    )
    [launch] = [each for each in window.takes.menu(take).actions() if each.text() == "Launch"]
    inside = launch.menu()
    assert inside is not None
    for action in inside.actions():
        action.trigger()
    assert asked == ["beat", "bar", "2bar", "4bar"]
    studio.session.transport.set_quantize("4bar")
    window.listening.launch(take)
    window.listening.play(take)
    assert asked[4:] == ["4bar", None], "by itself it is the transport's grid"
