"""From Generate to a take: queue, growing waveform, list, viewer, errors, welcome."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from bridge.state import Take
from gui.demo.studio import Studio
from gui.window.main_window import MainWindow
from gui.window.window_menus import menu_actions
from tests.gui.conftest import Held


def test_ctrl_return_makes_a_take_and_it_is_looked_at(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    qtbot.keyClicks(window.composer.prompt.field, "House, 120 BPM")
    studio.session.parameters.set("seconds_total", 2.0)
    make = next(action for action in menu_actions(window) if action.text() == "Generate")
    assert QKeySequence("Ctrl+Return") in make.shortcuts()
    make.trigger()
    assert not window.welcome.isVisible()
    qtbot.waitUntil(lambda: window.viewer.take is not None, timeout=20_000)
    take = window.viewer.take
    assert take is not None
    assert take.prompt == "House, 120 BPM"
    assert window.takes.current() == take
    assert window.composer.prompt.history() == ["House, 120 BPM"]
    qtbot.waitUntil(lambda: window.viewer.wave.length == pytest.approx(2.0))


def test_without_a_prompt_it_says_what_to_do(window: MainWindow, studio: Studio) -> None:
    window.generate()
    assert studio.session.jobs.all() == ()
    assert window.status.level() == "warning"
    assert "Surprise me" in window.status.words.text_whole()


def test_the_queue_shows_moves_and_cancels(
    held: tuple[MainWindow, Studio, Held], qtbot: QtBot
) -> None:
    window, studio, engine = held
    for name in ("first", "second", "third"):
        studio.session.generate(name, seconds_total=1.0)
    queue = window.queue
    qtbot.waitUntil(lambda: len(queue.rows()) == 3 and queue.rows()[0].job.state == "running")
    assert [row.job.spec.prompt for row in queue.rows()] == ["first", "second", "third"]
    queue.rows()[2].up.click()
    qtbot.waitUntil(
        lambda: [row.job.spec.prompt for row in queue.rows()] == ["first", "third", "second"]
    )
    queue.rows()[1].away.click()
    qtbot.waitUntil(lambda: [row.job.spec.prompt for row in queue.rows()] == ["first", "second"])
    engine.go.set()
    qtbot.waitUntil(lambda: not queue.isVisible(), timeout=20_000)
    assert window.takes.model.rowCount() == 2


def test_a_failed_job_stays_with_its_sentence_and_can_be_tried_again(
    held: tuple[MainWindow, Studio, Held], qtbot: QtBot
) -> None:
    window, studio, engine = held
    engine.go.set()
    studio.session.generate("fail", seconds_total=1.0)
    queue = window.queue
    qtbot.waitUntil(
        lambda: bool(queue.rows()) and queue.rows()[0].job.state == "failed", timeout=20_000
    )
    row = queue.rows()[0]
    assert row.stage.text_whole() == "Out of memory: try a shorter length."
    assert window.status.level() == "error"
    row.again.click()
    qtbot.waitUntil(
        lambda: bool(queue.rows()) and queue.rows()[0].job.id != row.job.id, timeout=20_000
    )
    qtbot.waitUntil(lambda: queue.rows()[0].job.state == "failed", timeout=20_000)
    queue.rows()[0].away.click()
    assert not queue.isVisible()


@pytest.mark.parametrize("prompt", ["cancelled", "fail"])
def test_what_comes_to_nothing_gives_the_chosen_take_back(
    held: tuple[MainWindow, Studio, Held], qtbot: QtBot, prompt: str
) -> None:
    window, studio, engine = held
    engine.go.set()
    studio.session.generate("House", seconds_total=1.0)
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 1, timeout=20_000)
    take = window.takes.model.take(0)
    assert take is not None
    window.takes.select(take.id)
    engine.go.clear()
    window.composer.prompt.show_text(prompt)
    window.generate()
    viewer = window.viewer
    qtbot.waitUntil(lambda: viewer.job is not None and viewer.job.state == "running")
    row = window.takes.list.visualRect(window.takes.list.currentIndex())
    viewport = window.takes.list.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=row.center())
    assert viewer.take == take, "a click on the chosen row looks at it"
    [job] = [job for job in studio.session.jobs.all() if not job.finished]
    viewer.show_job(job)
    if prompt == "fail":
        engine.go.set()
    else:
        studio.session.jobs.cancel(job.id)
    qtbot.waitUntil(lambda: viewer.take == take and viewer.job is None, timeout=20_000)
    assert viewer.use.isEnabled() and viewer.go_on.isEnabled()
    window.listening.toggle()
    assert studio.session.playback.state().take_id == take.id


def test_the_waveform_grows_while_the_take_is_made(
    held: tuple[MainWindow, Studio, Held], qtbot: QtBot
) -> None:
    window, studio, engine = held
    grown: list[float] = []
    draw = window.viewer.wave.show_peaks
    window.viewer.wave.show_peaks = lambda peaks, length=None: (  # type: ignore[method-assign]
        grown.append(peaks.seconds if peaks else 0.0),
        draw(peaks, length),
    )[1]
    window.composer.prompt.show_text("Ambient")
    studio.session.parameters.set("seconds_total", 9.0)
    window.generate()
    qtbot.waitUntil(lambda: window.viewer.job is not None and window.viewer.job.state == "running")
    assert window.viewer.take is None
    assert window.viewer.wave.length == pytest.approx(9.0)
    engine.go.set()
    qtbot.waitUntil(lambda: window.viewer.take is not None, timeout=30_000)
    assert sorted(grown) == grown
    assert grown[-1] == pytest.approx(9.0)


def test_a_take_made_by_somebody_else_does_not_take_the_eye_away(
    window: MainWindow, studio: Studio, make_takes: Callable[[int], list[Take]], qtbot: QtBot
) -> None:
    first = make_takes(2)[1]
    window.takes.select(first.id)
    make_takes(1)
    qtbot.wait(50)
    assert window.viewer.take == first


def test_the_first_start_welcomes_with_three_presets_that_sound(
    window: MainWindow, qtbot: QtBot
) -> None:
    assert window.welcome.isVisible()
    assert len(window.welcome.cards) == 3
    qtbot.mouseClick(window.welcome.cards[2], Qt.MouseButton.LeftButton)
    assert not window.welcome.isVisible()
    job = window.session.session.jobs.all()[0]
    assert job.play
    assert "Ambient" in job.spec.prompt
    window.session.session.jobs.cancel("*")


def test_several_takes_at_once(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    window.composer.prompt.show_text("Techno")
    studio.session.parameters.set("seconds_total", 1.0)
    window.composer.more.variations.slider.setValue(3)
    assert window.composer.generate.accessibleName() == "Generate  ×3"
    window.generate()
    qtbot.waitUntil(lambda: window.takes.model.rowCount() == 3, timeout=30_000)
    takes = [window.takes.model.take(row) for row in range(3)]
    assert len({take.seed for take in takes if take}) == 3
