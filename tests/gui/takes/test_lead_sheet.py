"""The lead sheet over the waveform: what is shown is the take's score, in the take's time, as far as there is room."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from bridge.state import Take
from bridge.takes import sidecar
from engine.composing.lead_sheet import written
from engine.composing.midi_files import read_midi
from engine.composing.score import Score
from engine.composing.wish import Wish
from gui.demo.studio import Studio
from gui.look.theme import Look
from gui.takes.lead_sheet import LeadSheetView, Named, chords_of, sections_of, thinned
from gui.takes.notes import notes_mime
from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions
from tests.gui.conftest import Held

CHART = "Am7 | F | C G/B | E7"
WISH = Wish(seed=3, seconds=32.0, tempo=120.0, chords=CHART, form="verse 8, chorus 8", exact=True)
SCORE = Score.of(written(WISH))
BAR = 2.0


@pytest.fixture
def view(look: Look, qtbot: QtBot) -> LeadSheetView:
    made = LeadSheetView(look)
    qtbot.addWidget(made)
    made.resize(1200, made.sizeHint().height())
    made.show_score(SCORE, "four chords", 32.0)
    made.show_view(0.0, 32.0)
    return made


def test_sections_and_chords_are_those_that_were_asked_for() -> None:
    assert [(s.name, s.start, s.end) for s in sections_of(SCORE)] == [
        ("verse", 0.0, 16.0),
        ("chorus", 16.0, 32.0),
    ]
    chords = chords_of(SCORE)
    assert [chord.name for chord in chords] == ["Am7", "F", "C", "G/B", "E7"] * 4
    assert [chord.start for chord in chords[:6]] == [0.0, 2.0, 4.0, 5.0, 6.0, 8.0]
    assert [chord.bar for chord in chords[:6]] == [0.0, 1.0, 2.0, 2.5, 3.0, 4.0]


def test_a_chord_that_goes_on_is_named_once() -> None:
    held = Score.of(written(replace(WISH, chords="Am7 | Am7 | F | F")))
    chords = chords_of(held)
    assert [chord.name for chord in chords[:3]] == ["Am7", "F", "Am7"]
    assert {round(chord.end - chord.start, 3) for chord in chords} == {2 * BAR}


def test_another_tempo_is_another_time() -> None:
    slow = chords_of(replace(SCORE, tempo=60.0))
    assert [chord.start for chord in slow] == [2 * chord.start for chord in chords_of(SCORE)]


@given(
    lengths=st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=1, max_size=60),
    room=st.floats(0.5, 200.0),
    widths=st.floats(5.0, 60.0),
)
def test_symbols_never_lie_over_each_other_and_stay_on_whole_bars(
    lengths: list[float], room: float, widths: float
) -> None:
    starts = np.cumsum([0.0, *lengths[:-1]])
    chords = [Named(s * BAR, s * BAR + 1, "Am7", float(s)) for s in starts]
    kept = thinned(chords, room, [widths] * len(chords))
    places = [chords[n].start * room for n in kept]
    assert all(b - a >= widths - 1e-6 for a, b in pairwise(places))
    assert kept == sorted(kept)
    if len(kept) < len(chords):
        assert all(chords[n].bar == round(chords[n].bar) for n in kept)
    elif len(chords) > 1:
        assert kept == list(range(len(chords)))


def test_the_nearer_the_more_symbols(view: LeadSheetView) -> None:
    all_of_it = len(view.shown_symbols())
    assert view.shown_symbols() == ["Am7", "F", "C", "G/B", "E7"] * 4
    view.resize(300, view.height())
    fewer = view.shown_symbols()
    assert 0 < len(fewer) < all_of_it
    assert fewer == ["Am7"] * len(fewer)  # every fourth bar
    view.show_view(0.0, 8.0)
    assert view.shown_symbols() == ["Am7", "F", "C", "G/B", "E7"]


def test_what_lies_after_the_take_is_not_shown(view: LeadSheetView) -> None:
    view.show_score(SCORE, "", 15.0)
    assert [section.name for section in view.sections] == ["verse"]
    assert all(chord.start < 15.0 for chord in view.chords)
    view.show_score(None, "", 15.0)
    assert view.empty() and view.shown_symbols() == []


def test_clicks_choose_a_section_or_go_to_a_chord(view: LeadSheetView, qtbot: QtBot) -> None:
    left = Qt.MouseButton.LeftButton
    with qtbot.waitSignal(view.section_chosen) as chosen:
        qtbot.mouseClick(view, left, pos=QPoint(900, 4))
    assert chosen.args == [(16.0, 32.0)]
    with qtbot.waitSignal(view.sought) as sought:
        qtbot.mouseClick(view, left, pos=QPoint(int(5.5 / 32 * 1200), view.height() - 4))
    assert sought.args == [5.0]


@pytest.fixture
def played(window: MainWindow, studio: Studio, qtbot: QtBot) -> Take:
    job = studio.session.generate("House 120 BPM", chords=CHART, bars=8.0, seed=5)
    qtbot.waitUntil(lambda: window.viewer.take is not None, timeout=30_000)
    take = studio.session.find(job.id)
    qtbot.waitUntil(lambda: window.viewer.sheet.isVisible())
    return take


def test_the_viewer_shows_the_lead_sheet_of_a_take(
    window: MainWindow, played: Take, qtbot: QtBot
) -> None:
    viewer = window.viewer
    assert viewer.sheet.toolTip() == played.lead_sheet != ""
    assert {"Am7", "G/B"} <= {chord.name for chord in viewer.sheet.chords}
    assert viewer.sheet.width() == viewer.wave.width()
    viewer.wave.zoom(0.5, 4.0)
    start, end = viewer.wave.view()
    shown = [chord for chord in viewer.sheet.chords if start <= chord.start < end]
    assert len(viewer.sheet.shown_symbols()) <= len(shown)
    viewer.score.click()
    assert not viewer.sheet.isVisible()
    assert viewer.state() == {"sheet": False}
    viewer.score.click()
    assert viewer.sheet.isVisible()


def test_a_section_that_is_clicked_is_repeated(
    window: MainWindow, studio: Studio, played: Take, qtbot: QtBot
) -> None:
    sheet = window.viewer.sheet
    qtbot.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=QPoint(5, 4))
    first = sheet.sections[0]
    assert window.viewer.wave.loop_range == pytest.approx((first.start, first.end), abs=0.01)
    qtbot.waitUntil(lambda: studio.session.playback.state().loop)


def test_a_take_without_a_score_has_none(
    window: MainWindow, studio: Studio, played: Take, qtbot: QtBot
) -> None:
    studio.session.generate("House 120 BPM", score="none", seconds_total=1.0)
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 2, timeout=30_000)
    window.takes.select(window.takes.model.take(0).id)  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: not window.viewer.sheet.isVisible())
    assert not window.viewer.notes.isEnabled()
    window.takes.select(played.id)
    qtbot.waitUntil(lambda: window.viewer.sheet.isVisible())
    assert window.viewer.notes.isEnabled()


def test_a_damaged_score_is_not_shown(
    window: MainWindow, studio: Studio, played: Take, qtbot: QtBot
) -> None:
    path = sidecar.path_for(played.path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"score": {"tempo": "?"}}))
    window.viewer.show_nothing()
    window.viewer.show_take(played)
    studio.session.ask_score(played.id)
    qtbot.wait(100)
    assert window.viewer.sheet.empty()
    window.viewer.export_notes()
    assert notes_mime(window.session, played) is None
    assert "not known" in window.status.words.text_whole()


def test_what_is_played_is_shown_before_it_sounds(
    held: tuple[MainWindow, Studio, Held], qtbot: QtBot
) -> None:
    window, studio, engine = held
    window.composer.prompt.show_text("House, 120 BPM")
    studio.session.parameters.set("chords", CHART)
    window.generate()
    qtbot.waitUntil(lambda: window.viewer.sheet.isVisible(), timeout=30_000)
    assert window.viewer.take is None
    assert "Am7" in {chord.name for chord in window.viewer.sheet.chords}
    qtbot.waitUntil(lambda: "composed" in window.viewer.facts.text_whole())
    engine.go.set()
    qtbot.waitUntil(lambda: window.viewer.take is not None, timeout=30_000)
    assert window.viewer.sheet.isVisible()


def test_the_chord_that_sounds_is_marked(window: MainWindow, played: Take) -> None:
    sheet = window.viewer.sheet
    second = sheet.chords[1]
    window.viewer.show_playhead(second.start + 0.1)
    assert sheet._now == (0, 1)
    window.viewer.show_playhead(None)
    assert sheet._now == (-1, -1)


def test_notes_leave_as_a_midi_file(
    window: MainWindow, played: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "mine.mid"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), ""))
    entries = {action.text(): action for action in menu_actions(window)}
    entries["Export notes as MIDI…"].trigger()
    assert "mine.mid" in window.status.words.text_whole()
    score = sidecar.read_score(played.path)
    assert score is not None
    assert len(read_midi(there).notes) == len(score.notes)
    there.unlink()
    window.viewer.notes.click()
    assert there.exists()
    mime = notes_mime(window.session, played)
    assert mime is not None
    (url,) = mime.urls()
    assert Path(url.toLocalFile()) == played.path.with_suffix(".mid")
    assert read_midi(Path(url.toLocalFile())).tempo == pytest.approx(120.0)


def test_the_menu_of_a_take_exports_its_notes(
    window: MainWindow, played: Take, make_takes: Callable[[int], list[Take]]
) -> None:
    words = [action.text() for action in window.takes.menu(played).actions()]
    assert "Export notes as MIDI…" in words
