"""Two parts: below each other where it is narrow, side by side where it is wide."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import QLabel, QSizePolicy, QWidget
from pytestqt.qtbot import QtBot

from gui.look.beside_layout import BesideLayout

Parts = tuple[QWidget, BesideLayout, list[QWidget]]


@pytest.fixture
def parts(qtbot: QtBot) -> Parts:
    top = QWidget()
    qtbot.addWidget(top)
    layout = BesideLayout(top)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    layout.least = 200
    labels: list[QWidget] = []
    for high in (100, 50):
        label = QLabel("x")
        label.setMinimumSize(120, high)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        layout.addWidget(label)
        labels.append(label)
    top.show()
    return top, layout, labels


def test_narrow_they_are_stacked_and_the_second_grows(parts: Parts) -> None:
    top, layout, (one, two) = parts
    top.resize(300, 400)
    assert not layout.beside(300)
    assert layout.heightForWidth(300) == 100 + 10 + 50
    assert one.geometry().getRect() == (0, 0, 300, 100)
    assert two.geometry().getRect() == (0, 110, 300, 290)


def test_wide_each_has_a_column_and_the_whole_height(parts: Parts) -> None:
    top, layout, (one, two) = parts
    top.resize(620, 400)
    assert layout.beside(620) and layout.beside(420) and not layout.beside(419)
    assert layout.heightForWidth(620) == 100
    assert one.geometry().getRect() == (0, 0, 300, 400)
    assert two.geometry().getRect() == (320, 0, 300, 400)
    assert layout.minimumSize().width() == 120
