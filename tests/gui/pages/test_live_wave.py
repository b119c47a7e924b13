"""The bands of input and output: drawn where they are loud, moving to the left at an even pace, and cheap."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtGui import QImage
from pytestqt.qtbot import QtBot

from bridge.live_state import LiveLevels
from gui.demo.live import DemoLive
from gui.look.theme import Look
from gui.pages.live_wave import TRAILS, LiveWave

WIDE, HIGH = 500, 200  # A pixel for each column of 20 ms.


@pytest.fixture
def wave(look: Look, qtbot: QtBot) -> LiveWave:
    made = LiveWave(look, "waves", lambda: NOW[0])
    qtbot.addWidget(made)
    made.resize(WIDE, HIGH)
    made.show()
    return made


NOW = [0.0]


def told(moment: int, heard: dict[int, float], played: dict[int, float]) -> LiveLevels:
    """Columns up to a moment, silent but for those that are named."""
    first = max(moment - 512, 0)
    bands = [
        tuple(band.get(place, 0.0) for place in range(first, moment)) for band in (heard, played)
    ]
    return LiveLevels(moment=moment, heard=bands[0], played=bands[1])


def drawn(wave: LiveWave, colour: str) -> np.ndarray:
    """How many pixels of a colour each half of each column has, [2, WIDE]."""
    picture = wave.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    bits = picture.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(picture.sizeInBytes()), np.uint32).reshape(HIGH, WIDE)
    wanted = wave._look.colour(colour).rgb() & 0xFFFFFF
    same = (pixels & 0xFFFFFF) == wanted
    return np.stack([same[: HIGH // 2].sum(0), same[HIGH // 2 :].sum(0)])


def test_what_is_loud_is_seen_in_its_band_at_its_time(wave: LiveWave) -> None:
    wave.show_levels(told(600, {500: 1.0, 501: 1.0, 502: 1.0}, {550: 1.0, 551: 1.0, 552: 1.0}))
    place = round(WIDE - (600 - TRAILS - 501))
    heard, played = drawn(wave, "wave"), drawn(wave, "accent")
    assert heard[0].argmax() == pytest.approx(place, abs=2) and heard[0].max() > HIGH // 3
    assert played[1].argmax() == pytest.approx(place + 50, abs=2) and played[1].max() > HIGH // 3
    assert not heard[1].any() and not played[0].any()


def test_what_is_played_keeps_the_colour_it_was_played_in(wave: LiveWave) -> None:
    NOW[0] = 200.0
    wave.show_levels(told(600, {}, {560: 1.0, 561: 1.0, 562: 1.0}))
    before = drawn(wave, "accent")[1]
    wave.colour("text")
    NOW[0] += 0.4
    wave.show_levels(told(620, {}, {610: 1.0, 611: 1.0, 612: 1.0}))
    old, new = drawn(wave, "accent")[1], drawn(wave, "text")[1]
    assert before.argmax() - old.argmax() == pytest.approx(20, abs=2)
    assert new.max() > HIGH // 3 and new.argmax() == pytest.approx(WIDE - 7, abs=3)
    assert new[: WIDE - 22].max() == 0


def test_it_glides_evenly_whatever_comes_when(wave: LiveWave) -> None:
    rng = np.random.default_rng(1)
    heads: list[float] = []
    for look in range(200):
        NOW[0] = 10.0 + look * 0.033
        jitter = float(rng.uniform(0.0, 0.03))
        wave.show_levels(told(int((look * 0.033 - jitter) / 0.02) + 700, {}, {}))
        heads.append(wave._head)
    steps = np.diff(heads[20:])
    assert steps.mean() == pytest.approx(0.033 / 0.02, rel=0.02)
    assert 0.6 * steps.mean() < steps.min() and steps.max() < 1.4 * steps.mean()


def test_it_moves_left_jumps_when_it_is_far_behind_and_is_empty_when_off(wave: LiveWave) -> None:
    NOW[0] = 100.0
    peak = {500: 1.0, 501: 1.0, 502: 1.0}
    wave.show_levels(told(600, peak, {}))
    before = drawn(wave, "wave")[0].argmax()
    NOW[0] += 0.4
    wave.show_levels(told(620, peak, {}))
    assert before - drawn(wave, "wave")[0].argmax() == pytest.approx(20, abs=2)
    wave.show_levels(told(900, {}, {}))
    assert wave._head == 900 - TRAILS
    wave.show_levels(LiveLevels())
    assert wave._head == 0 and drawn(wave, "wave").max() <= 2


def test_nothing_is_painted_while_nothing_comes(wave: LiveWave, qtbot: QtBot) -> None:
    wave.show_levels(LiveLevels())
    painted: list[bool] = []
    paint = wave.paintEvent
    wave.paintEvent = lambda a0: (painted.append(True), paint(a0))[1]  # type: ignore[method-assign]
    for _ in range(5):
        NOW[0] += 0.033
        wave.show_levels(LiveLevels())
        qtbot.wait(1)
    assert painted == []


def test_the_demo_shows_the_same_column_again_and_again() -> None:
    now = [50.0]
    live = DemoLive(lambda _: None, clock=lambda: now[0])
    live.start("funk")
    now[0] += 20.0
    before = live.levels()
    now[0] += 1.0
    after = live.levels()
    moved = after.moment - before.moment
    assert len(before.heard) == len(before.played) == 512 and moved == pytest.approx(50, abs=1)
    assert before.heard[moved:] == pytest.approx(after.heard[:-moved])
    assert before.played[moved:] == pytest.approx(after.played[:-moved])
    assert max(before.played) > 0.5 and before.heard != before.played
