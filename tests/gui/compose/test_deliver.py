"""Deliver to: every take that is made goes to the DAW, where it stood when it was asked for; else no job is made."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from bridge.state import Take
from gui.demo.studio import Studio
from gui.window.main_window import MainWindow

MakeTakes = Callable[[int], list[Take]]


def choose(window: MainWindow, name: str) -> None:
    box = window.composer.deliver.target
    box.setCurrentIndex(box.findData(name))


def test_a_finished_take_goes_to_where_the_daw_stood_when_it_was_asked_for(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    deliver = window.composer.deliver
    assert deliver.placement() is None
    assert not deliver.place.isVisible()
    choose(window, "reaper")
    assert deliver.place.isVisible()
    studio.session.transport.change("daw", {"beat": 32.0})
    window.composer.prompt.show_text("Genre: House | BPM: 120")
    studio.session.parameters.set("seconds_total", 1.0)
    window.generate()
    [job] = studio.session.jobs.all()
    assert job.placement is not None
    assert (job.placement.target, job.placement.position) == ("reaper", 32.0)
    qtbot.waitUntil(lambda: len(studio.daws["reaper"].got) == 1, timeout=30_000)
    assert studio.daws["reaper"].got[0].placement == job.placement
    choose(window, "")
    window.generate()
    [another] = [each for each in studio.session.jobs.all() if each.id != job.id]
    assert another.placement is None


def test_where_nothing_is_selected_no_job_is_made_and_it_is_said(
    window: MainWindow, studio: Studio
) -> None:
    choose(window, "reaper")
    window.composer.deliver.where.choose("place", "selection")
    window.composer.prompt.show_text("Genre: House | BPM: 120")
    window.generate()
    assert studio.session.jobs.all() == ()
    assert "Nothing is selected in Reaper" in window.status.words.text_whole()
    assert window.status.level() == "error"


def test_variations_and_ranges_go_there_too(
    window: MainWindow, studio: Studio, make_takes: MakeTakes, qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    window.takes.select(take.id)
    qtbot.waitUntil(lambda: window.viewer.wave.length > 1)
    choose(window, "ardour")
    window.viewer.hands.choose((0.5, 1.0))
    window.anew.make()
    window.vary(take)
    made = [job.placement for job in studio.session.jobs.all() if job.kind != "generate"]
    assert [placement and placement.target for placement in made] == ["ardour", "ardour"]


def test_the_list_says_which_are_not_there(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    box = window.composer.deliver.target
    words = {box.itemData(row): box.itemText(row) for row in range(box.count())}
    assert words["reaper"] == "Deliver to Reaper"
    assert words["ardour"] == "Deliver to Ardour (not there)"
    studio.daws["ardour"].runs = "Ardour 8.12"
    studio.session.daws.deliveries.look()
    row = box.findData("ardour")
    qtbot.waitUntil(lambda: box.itemText(row) == "Deliver to Ardour")
