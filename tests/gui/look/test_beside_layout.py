"""Three parts: below each other where it is narrow, the second beside the others where it is wide."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import QLabel, QSizePolicy, QWidget
from pytestqt.qtbot import QtBot

from gui.look.beside_layout import BesideLayout


@pytest.fixture
def parts(qtbot: QtBot) -> tuple[QWidget, BesideLayout, list[QWidget]]:
    top = QWidget()
    qtbot.addWidget(top)
    layout = BesideLayout(top)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    layout.least = 200
    labels: list[QWidget] = []
    for high in (100, 50, 70):
        label = QLabel("x")
        label.setMinimumSize(120, high)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        layout.addWidget(label)
        labels.append(label)
    top.show()
    return top, layout, labels


def test_narrow_they_are_stacked_and_the_second_grows(
    parts: tuple[QWidget, BesideLayout, list[QWidget]],
) -> None:
    top, layout, (one, two, three) = parts
    top.resize(300, 400)
    assert not layout.beside(300)
    assert layout.heightForWidth(300) == 100 + 50 + 70 + 2 * 10
    assert [w.geometry().getRect() for w in (one, two, three)] == [
        (0, 0, 300, 100),
        (0, 110, 300, 210),
        (0, 330, 300, 70),
    ]


def test_wide_the_second_has_a_column_of_its_own(
    parts: tuple[QWidget, BesideLayout, list[QWidget]],
) -> None:
    top, layout, (one, two, three) = parts
    top.resize(620, 400)
    assert layout.beside(620) and layout.beside(420) and not layout.beside(419)
    assert layout.heightForWidth(620) == 180
    assert [w.geometry().getRect() for w in (one, two, three)] == [
        (0, 0, 300, 100),
        (320, 0, 300, 400),
        (0, 110, 300, 290),
    ]
    assert layout.minimumSize().width() == 120
