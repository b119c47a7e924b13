"""The level meter: it shows what it is told, and nothing once there is no device."""

from __future__ import annotations

import pytest
from PyQt6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from gui.look import meter as module
from gui.look.meter import FLOOR, LevelMeter
from gui.look.theme import Look


@pytest.fixture
def meter(qtbot: QtBot) -> LevelMeter:
    assert QGuiApplication.instance()
    found = LevelMeter(Look("dark"), "Output level")
    qtbot.addWidget(found)
    found.resize(200, 16)
    found.show()
    return found


@pytest.mark.parametrize("last", [(0.5, 0.25), (0.0, 0.0)])
def test_a_device_that_goes_leaves_no_level_behind(
    meter: LevelMeter, last: tuple[float, float]
) -> None:
    bare = meter.grab().toImage()
    meter.show_levels((0.5, 0.25), (0.1, 0.1))
    shown = meter.grab().toImage()
    assert shown != bare
    meter.show_levels(last, last)
    meter.show_levels((), ())
    assert meter.held() == FLOOR
    assert meter.grab().toImage() == bare


def test_a_peak_holds_and_then_falls(meter: LevelMeter, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    meter.show_levels((1.0, 1.0), (0.5, 0.5))
    meter.show_levels((0.1, 0.1), (0.1, 0.1))
    assert meter.held() == 0.0
    now += module.HOLD + 0.1
    meter.show_levels((0.1, 0.1), (0.1, 0.1))
    assert meter.held() == pytest.approx(-20.0)
