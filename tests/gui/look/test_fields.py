"""The wheel scrolls the column and changes only what has the focus; letters in fields are the window's keys."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDial,
    QScrollBar,
    QSlider,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

import gui
from gui.look.containers import Scrolled
from gui.look.fields import ChoiceBox, NumberField, Slider, Wheel
from gui.window.main_window import MainWindow

RAW = {
    "QSpinBox",
    "QDoubleSpinBox",
    "QComboBox",
    "QSlider",
    "QDial",
    "QDateTimeEdit",
    "QFontComboBox",
}


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    Wheel._rests = None  # pyright: ignore[reportPrivateUsage]
    yield
    Wheel._rests = None  # pyright: ignore[reportPrivateUsage]


def turn(widget: QWidget, notches: int, at: QPointF | None = None) -> None:
    """Turns the wheel over a widget, in its middle or where the pointer is said to be.

    As from the window system, it goes on to the parent of whoever ignores it.
    """
    place = at or middle(widget)
    over: QWidget | None = widget
    while over is not None:
        event = QWheelEvent(
            over.mapFromGlobal(place),
            place,
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(over, event)
        over = None if event.isAccepted() else over.parentWidget()


def middle(widget: QWidget) -> QPointF:
    return widget.mapToGlobal(QPointF(widget.rect().center()))


def fields(parent: QWidget) -> list[QWidget]:
    """All that a wheel could turn; the lists that combo boxes open and scroll bars are not meant."""
    kinds = (QAbstractSpinBox, QComboBox, QAbstractSlider)
    return [
        widget
        for widget in parent.findChildren(QWidget)
        if isinstance(widget, kinds) and not isinstance(widget, QScrollBar)
    ]


def value(field: QWidget) -> object:
    if isinstance(field, QComboBox):
        return field.currentIndex()
    assert isinstance(field, (NumberField, QSlider, QDial))
    return field.value()


def test_no_field_of_the_window_changes_under_a_wheel_that_passes(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.composer.more.open()
    window.composer.more.finer.open()
    window.composer.score.open()
    seen = 0
    for page in ("presets", "devices", "osc", "models"):
        window.drawer.show_page(page)
        qtbot.wait(10)
        window.composer.generate.setFocus()
        for field in fields(window):
            before = value(field)
            for notches in (1, -1, -1):
                turn(field, notches)
            assert value(field) == before, field.accessibleName()
            assert not field.hasFocus()
            assert field.focusPolicy() == Qt.FocusPolicy.StrongFocus, field.accessibleName()
            seen += 1
    assert seen > 60


def test_a_field_of_qts_own_is_made_nowhere_else() -> None:
    """So that a field of tomorrow is as calm as those of today."""
    made = [
        f"{path.name}:{made_of.lineno}"
        for path in Path(gui.__file__).parent.rglob("*.py")
        if path.name != "fields.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for made_of in ([node.func] if isinstance(node, ast.Call) else getattr(node, "bases", []))
        if isinstance(made_of, ast.Name) and made_of.id in RAW
    ]
    assert made == []


class Column(QWidget):
    """A column of fields that scrolls."""

    def __init__(self) -> None:
        super().__init__()
        self.number, self.choice, self.slider = NumberField(), ChoiceBox(), Slider()
        self.choice.addItems(["one", "two", "three"])
        self.number.setValue(6.0)
        self.choice.setCurrentIndex(1)
        self.slider.setValue(50)
        inside = QWidget()
        inside.setMinimumHeight(4000)
        column = QVBoxLayout(inside)
        for field in (self.number, self.choice, self.slider):
            column.addWidget(field)
        column.addStretch()
        self.area = Scrolled(inside)
        QVBoxLayout(self).addWidget(self.area)
        self.resize(300, 400)

    def top(self) -> int:
        bar = self.area.verticalScrollBar()
        assert bar is not None
        return bar.value()


@pytest.fixture
def column(qapp: QApplication, qtbot: QtBot) -> Iterator[Column]:
    made = Column()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.wait(10)
    made.number.clearFocus()
    yield made


def test_over_a_field_the_column_scrolls_and_with_the_focus_the_field_turns(
    column: Column,
) -> None:
    for field in (column.number, column.choice, column.slider):
        before, top = value(field), column.top()
        turn(field, -1)
        assert (value(field), column.top() > top) == (before, True)
        field.setFocus()
        top = column.top()
        turn(field, -1, middle(field) + QPointF(1, 0))
        assert value(field) != before
        assert column.top() == top
        field.clearFocus()


def test_a_column_that_is_scrolled_goes_on_whatever_comes_under_the_pointer(column: Column) -> None:
    column.number.setFocus()
    inside, pointer = column.area.widget(), middle(column.slider) + QPointF(0, 60)
    assert inside is not None
    turn(inside, -1, pointer)
    top = column.top()
    assert top > 0
    turn(column.number, -1, pointer)
    assert (column.number.value(), column.top() > top) == (6.0, True)
    turn(column.number, -1, pointer + QPointF(3, 0))  # It moved.
    assert column.number.value() == 5.0


def test_letters_and_space_are_left_to_the_window_and_return_opens_a_list(
    column: Column, qtbot: QtBot
) -> None:
    heard: list[int] = []
    column.keyPressEvent = lambda a0: heard.append(a0.key()) if a0 else None  # type: ignore[method-assign]
    column.choice.setFocus()
    for key in (Qt.Key.Key_T, Qt.Key.Key_O, Qt.Key.Key_Space):
        qtbot.keyClick(column.choice, key)
    assert column.choice.currentIndex() == 1
    assert heard == [Qt.Key.Key_T, Qt.Key.Key_O, Qt.Key.Key_Space]
    qtbot.keyClick(column.choice, Qt.Key.Key_Down)
    assert column.choice.currentIndex() == 2
    qtbot.keyClick(column.choice, Qt.Key.Key_Return)
    view = column.choice.view()
    assert view is not None and view.isVisible()
    qtbot.keyClick(view, Qt.Key.Key_O)  # In the open list letters search.
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert column.choice.currentText() == "one"
