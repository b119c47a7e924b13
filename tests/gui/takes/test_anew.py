"""A range made anew: the rest is kept, and the new take is compared with the old one at the same place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PyQt6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from bridge.state import Take
from gui.demo.studio import Studio
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]


@pytest.fixture
def old(window: MainWindow, make_takes: MakeTakes, qtbot: QtBot) -> Take:
    """A take of 2 s that is looked at."""
    take = make_takes(1)[0]
    window.takes.select(take.id)
    window.look_at(take)
    qtbot.waitUntil(lambda: window.viewer.wave.length == pytest.approx(2.0))
    return take


def texts(menu: QMenu) -> dict[str, bool]:
    return {action.text(): action.isEnabled() for action in menu.actions()}


def test_without_a_range_a_sentence_says_how_to_choose_one(
    window: MainWindow, old: Take, studio: Studio
) -> None:
    before = len(studio.session.jobs.all())
    window.anew.make()
    assert "Drag over" in window.status.words.text_whole()
    assert not window.anew.again.isVisible()
    assert texts(window.anew.menu())["Make this range anew"] is False
    assert len(studio.session.jobs.all()) == before


def test_the_range_is_made_anew_and_lands_as_b_at_the_same_place(
    window: MainWindow, old: Take, studio: Studio, qtbot: QtBot
) -> None:
    window.viewer.hands.choose((0.6, 1.2))
    assert window.anew.again.isVisible()
    assert texts(window.anew.menu())["Make this range anew"] is True
    window.listening.toggle()
    window.anew.again.click()
    job = studio.session.jobs.all()[0]
    assert (job.kind, job.spec.keep) == ("inpaint", ((0.0, 0.6), (1.2, 2.0)))
    assert (job.spec.prompt, job.spec.steps) == (old.prompt, old.spec["steps"])
    assert job.spec.seed != old.seed
    assert window.viewer.take is not None and window.viewer.take.id == old.id  # Meanwhile.
    qtbot.waitUntil(
        lambda: window.viewer.take is not None and window.viewer.take.id != old.id, timeout=30_000
    )
    new = window.viewer.take
    assert window.takes.delegate.marks == {old.id: "A", new.id: "B"}
    heard = studio.session.playback.state()
    assert (heard.state, heard.take_id) == ("playing", new.id)
    assert heard.loop_range == window.viewer.wave.loop_range == (0.6, 1.2)
    assert window.viewer.wave.new == ((0.6, 1.2),)
    window.viewer.compare("A")
    assert studio.session.playback.state().take_id == old.id


def test_the_range_is_kept_and_all_else_is_made_anew(
    window: MainWindow, old: Take, studio: Studio, qtbot: QtBot
) -> None:
    window.viewer.hands.choose((0.6, 1.2))
    window.anew.keep.click()
    job = studio.session.jobs.all()[0]
    assert job.spec.keep == ((0.6, 1.2),)
    window.viewer.show_nothing()  # One may look elsewhere meanwhile: it is not torn away.
    qtbot.waitUntil(lambda: len(window.takes.delegate.marks) == 2, timeout=30_000)
    assert window.viewer.take is None


def test_all_of_a_take_is_no_range(window: MainWindow, old: Take, studio: Studio) -> None:
    window.viewer.hands.choose((0.0, 2.0))
    window.anew.make()
    assert "nothing is kept" in window.status.words.text_whole()
    window.anew.make_others()
    assert window.status.level() == "error"
