"""Chords as boxes: a text and its boxes are the same, both ways, whatever is typed, pasted or removed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.composing.chord_symbols import parse_chords
from gui.compose.chord_boxes import IN_A_LINE, MOST, ChordBoxes, bars_of, chart_of, problem_of
from gui.look.theme import Look

BARS = st.lists(
    st.sampled_from(["Am7", "F", "C G/B", "E7(b9,#11)", "N.C.", "F#m7b5 / B7", "%"]), min_size=1
).map(lambda bars: ["C", *bars])


@pytest.fixture
def boxes(look: Look, qtbot: QtBot) -> ChordBoxes:
    made = ChordBoxes(look, "chords")
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    return made


def texts(boxes: ChordBoxes) -> list[str]:
    """What is written; the free boxes at the end fill a line."""
    found = [box.text() for box in boxes.boxes]
    assert len(found) % IN_A_LINE == 0 and not found[-1]
    while found and not found[-1]:
        found.pop()
    assert IN_A_LINE * (len(found) // IN_A_LINE + 1) == len(boxes.boxes)
    return found


@given(bars=BARS)
def test_bars_are_told_apart_as_the_composer_does(bars: list[str]) -> None:
    text = chart_of(bars)
    assert bars_of(text) == bars
    assert len(parse_chords(text)) == len(bars)
    assert problem_of(text) == ""


@given(text=st.text(alphabet="ABC7m#b/|,;() %\n", max_size=40))
def test_writing_what_was_read_says_the_same(text: str) -> None:
    bars = bars_of(text)
    assert bars_of(chart_of(bars)) == bars


@given(bars=BARS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_a_chart_is_shown_bar_by_bar_with_one_box_free(boxes: ChordBoxes, bars: list[str]) -> None:
    boxes.show_chart(chart_of(bars))
    assert texts(boxes) == bars
    assert boxes.chart() == chart_of(bars)


def test_typing_goes_from_bar_to_bar(boxes: ChordBoxes, qtbot: QtBot) -> None:
    told: list[str] = []
    boxes.changed.connect(told.append)
    boxes.boxes[0].setFocus()
    for key in "Am7|F":
        qtbot.keyClicks(QApplication.focusWidget(), key)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    qtbot.keyClicks(QApplication.focusWidget(), "C G")
    assert texts(boxes) == ["Am7", "F", "C G"]
    assert told[-1] == "Am7 | F | C G"
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Home)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Left)
    assert QApplication.focusWidget() is boxes.boxes[1]


def test_backspace_in_an_empty_bar_removes_it(boxes: ChordBoxes, qtbot: QtBot) -> None:
    boxes.show_chart("Am7 | F | C")
    boxes.boxes[1].setFocus()
    qtbot.keyClick(boxes.boxes[1], Qt.Key.Key_Backspace)
    assert texts(boxes) == ["Am7", "", "C"]
    assert boxes.chart() == "Am7 | % | C"
    qtbot.keyClick(boxes.boxes[1], Qt.Key.Key_Backspace)
    assert texts(boxes) == ["Am7", "C"]
    assert QApplication.focusWidget() is boxes.boxes[0]
    boxes.boxes[-1].removed.emit()
    assert texts(boxes) == ["Am7", "C"]
    for _ in range(2):
        boxes.boxes[0].removed.emit()
    assert texts(boxes) == [] and len(boxes.boxes) == IN_A_LINE


def test_a_chart_is_pasted_into_a_bar_and_pushes_the_others_on(
    boxes: ChordBoxes, qtbot: QtBot
) -> None:
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    clipboard.setText("Dm7 | G7\nCmaj7")
    boxes.show_chart("Am | F")
    boxes.boxes[1].selectAll()
    boxes.boxes[1].paste()
    # What is pasted is told as an edit of one line, in which the break is a space.
    assert boxes.chart().startswith("Am | Dm7 | G7")


def test_a_bar_is_inserted_before_another(boxes: ChordBoxes, qtbot: QtBot) -> None:
    boxes.show_chart("Am7 | C")
    menu = boxes.boxes[1].menu()
    assert menu is not None
    actions = {action.text(): action for action in menu.actions()}
    actions["Insert a bar before it"].trigger()
    assert texts(boxes) == ["Am7", "", "C"]
    qtbot.keyClicks(boxes.boxes[1], "F")
    assert boxes.chart() == "Am7 | F | C"


def test_an_empty_bar_goes_on_with_the_chord_before_it(boxes: ChordBoxes, qtbot: QtBot) -> None:
    qtbot.keyClicks(boxes.boxes[2], "F")
    assert boxes.chart() == "N.C. | % | F"
    qtbot.keyClicks(boxes.boxes[0], "Am")
    assert boxes.chart() == "Am | % | F"
    boxes.show_chart(boxes.chart())
    assert texts(boxes) == ["Am", "", "F"]  # as the hand left it
    assert [len(bar) for bar in parse_chords(boxes.chart())] == [1, 1, 1]


def test_only_the_bar_that_cannot_be_read_is_marked(boxes: ChordBoxes) -> None:
    boxes.show_chart("Am7 | % | Hx | /")
    assert [box.property("wrong") == "true" for box in boxes.boxes[:4]] == [
        False,
        False,
        True,
        False,
    ]
    assert "Bar 3" in problem_of(boxes.chart())


def test_long_charts_are_cut_where_boxes_end(boxes: ChordBoxes) -> None:
    boxes.show_chart(chart_of(["Am"] * (MOST + 50)))
    assert len(boxes.boxes) == MOST
