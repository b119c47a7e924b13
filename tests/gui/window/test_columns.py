"""Which columns a window shows: what fits beside each other, an open page first, and all again when it closes."""

from __future__ import annotations

import pytest
from PyQt6.QtWidgets import QApplication

from gui.window.main_window import MainWindow


def shown(window: MainWindow, width: int, page: str) -> tuple[bool, bool, bool]:
    window.resize(width, 900)
    window.drawer.show_page(page)
    for _ in range(4):
        QApplication.processEvents()
    return window.composer.isVisible(), window.middle.isVisible(), window.drawer.isVisible()


def test_an_open_page_takes_the_composers_place_then_the_middles(window: MainWindow) -> None:
    window.show_welcome(False)
    assert shown(window, 1440, "osc") == (True, True, True)
    assert shown(window, 1000, "osc") == (False, True, True)
    assert shown(window, 600, "osc") == (False, False, True)
    assert shown(window, 600, "") == (True, True, False)


def test_a_narrow_window_stacks_what_a_wide_one_sets_side_by_side(window: MainWindow) -> None:
    window.show_welcome(False)
    shown(window, 1440, "")
    assert window.composer.geometry().right() < window.middle.geometry().left()
    shown(window, 600, "")
    assert window.composer.geometry().bottom() < window.middle.geometry().top()


def test_widths_and_shares_are_remembered(window: MainWindow) -> None:
    window.show_welcome(False)
    shown(window, 1440, "")
    window.columns.restore({"composer": 500.0})
    window.middle.restore({"upper": 0.6})
    shown(window, 1600, "")
    assert window.composer.width() == 500
    upper, lower = window.middle.sizes()
    assert upper / (upper + lower) == pytest.approx(0.6, abs=0.02)
    assert window.columns.state() == {"composer": 500.0}
    assert window.middle.state() == {"upper": 0.6}


def test_another_shape_begins_at_its_top(window: MainWindow) -> None:
    window.show_welcome(False)
    shown(window, 600, "")
    bar = window.columns.verticalScrollBar()
    assert bar is not None and bar.maximum() > 0
    bar.setValue(bar.maximum())
    window.drawer.show_page("osc")
    assert bar.value() == 0
    shown(window, 600, "")
    bar.setValue(bar.maximum())
    shown(window, 1440, "")
    assert bar.value() == 0
