"""The fold `Score`: what it shows is what the session has, both ways; what is not used is not asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from bridge.state import Take
from engine.composing.composer import compose
from engine.composing.midi_files import write_midi
from engine.composing.score import Score
from engine.registry import MODELS
from gui.compose.score import SHOWN
from gui.demo.studio import Studio
from gui.memory import Memory
from gui.qt_session import QtSession
from gui.takes.settings_of_take import use_settings
from gui.window.main_window import MainWindow
from gui.window.surroundings import Surroundings
from tests.gui.conftest import end


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mid"
    write_midi(Score.of(compose(4, kind="loop", seconds=8.0)), path)
    return path


def dropped(path: Path) -> QDropEvent:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy = Qt.DropAction.CopyAction
    hand = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(QPoint(5, 5)), copy, data, *hand)
    event.data = data  # type: ignore[attr-defined]  # Qt does not keep it alive
    return event


def test_it_is_closed_until_it_is_used_and_says_what_it_holds(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    panel = window.composer.score
    assert not panel.is_open()
    assert panel.heading.accessibleName() == "Score"
    studio.session.parameters.set("chords", "Am7 | F | C G")
    studio.session.parameters.set("form", "verse 8")
    qtbot.waitUntil(
        lambda: panel.heading.accessibleName() == "Score  ·  3 bars of chords  ·  verse 8"
    )
    assert not panel.is_open()
    panel.open()
    assert panel.heading.accessibleName() == "Score"


def test_chords_are_boxes_and_text_and_the_parameter(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    panel, get = window.composer.score, studio.session.parameters.get
    panel.open()
    qtbot.keyClicks(panel.chords.boxes.boxes[0], "Am7|")
    qtbot.keyClicks(panel.chords.boxes.boxes[1], "F")
    assert get("chords") == "Am7 | F"
    qtbot.waitUntil(lambda: panel.chords.field.text() == "Am7 | F")
    panel.chords.as_text.click()
    assert panel.chords.field.isVisible() and not panel.chords.boxes.isVisible()
    panel.chords.field.clear()
    qtbot.keyClicks(panel.chords.field, "Dm | G7 | C")
    assert get("chords") == "Dm | G7 | C"
    qtbot.waitUntil(lambda: panel.chords.boxes.chart() == "Dm | G7 | C")
    assert panel.chords.said.text() == "3 bars, repeated"
    studio.session.parameters.set("chords", "Em")
    qtbot.waitUntil(lambda: panel.chords.said.text() == "1 bar, repeated")
    assert panel.chords.field.text() == "Em"
    panel.chords.reset()
    qtbot.waitUntil(lambda: panel.chords.said.isHidden())


def test_a_chart_longer_than_the_boxes_is_written_as_text(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    chords = window.composer.score.chords
    whole = " | ".join(["Am"] * 200)
    studio.session.parameters.set("chords", whole)
    qtbot.waitUntil(lambda: not chords.as_text.isEnabled())
    assert chords.field.text() == whole
    assert chords.boxes.isHidden()


def test_what_cannot_be_read_is_said_at_once_and_not_made(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    panel = window.composer.score
    window.composer.prompt.show_text("House, 120 BPM")
    for name, text, said in (("chords", "Am | Xyz", "Xyz"), ("form", "verse 900", "900")):
        studio.session.parameters.set(name, text)
        control = panel.chords if name == "chords" else panel.form
        qtbot.waitUntil(lambda control=control, said=said: said in control.said.text())
        assert control.said.property("role") == "wrong"
        panel.open(False)
        window.generate()
        assert panel.is_open()
        assert said in window.status.words.text_whole()
        assert studio.session.jobs.all() == ()
        studio.session.parameters.set(name, "")
    window.generate()
    assert len(studio.session.jobs.all()) == 1


def test_a_form_says_how_long_it_is(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    form = window.composer.score.form
    window.composer.score.open()
    qtbot.keyClicks(form.field, "intro 4, verse 8")
    assert studio.session.parameters.get("form") == "intro 4, verse 8"
    qtbot.waitUntil(lambda: form.said.text().startswith("12 bars"))


def test_where_notes_come_from(
    window: MainWindow, studio: Studio, make_takes: Callable[[int], list[Take]], qtbot: QtBot
) -> None:
    take = make_takes(1)[0]
    panel, run = window.composer.score, studio.session
    choice = panel.notes.choice
    window.composer.prompt.show_text("House, 120 BPM")
    run.parameters.set("chords", "Am | F")
    assert choice.value() == "composed"
    assert not choice.button("heard").isEnabled()
    window.start_from(take)
    assert choice.button("heard").isEnabled()
    assert choice.value() == "composed"  # chords were asked for
    choice.button("heard").click()
    qtbot.waitUntil(lambda: not panel.chords.isEnabled())
    window.generate()
    job = run.jobs.all()[0]
    assert (job.spec.score, job.spec.chords) == ("heard", "")
    assert run.parameters.get("chords") == "Am | F"  # still written there
    window.composer.source.clear()
    assert choice.value() == "composed" and panel.chords.isEnabled()
    window.generate()
    spec = next(job.spec for job in run.jobs.all() if job.kind == "generate" and job.spec.chords)
    assert (spec.score, spec.chords) == ("composed", "Am | F")
    choice.button("none").click()
    qtbot.waitUntil(lambda: not panel.form.isEnabled())
    assert panel.overrides() == {"chords": "", "form": ""}
    run.parameters.reset()
    qtbot.waitUntil(lambda: panel.form.isEnabled())
    assert panel.overrides() == {}


def test_a_recording_is_listened_to_unless_chords_are_asked_for(
    window: MainWindow, studio: Studio, make_takes: Callable[[int], list[Take]], qtbot: QtBot
) -> None:
    notes = window.composer.score.notes
    window.start_from(make_takes(1)[0])
    assert notes.choice.value() == "heard"
    studio.session.parameters.set("chords", "Am")
    qtbot.waitUntil(lambda: notes.choice.value() == "composed")


@pytest.mark.parametrize("onto", ["window", "fold"])
def test_a_midi_file_is_dropped_shown_played_and_put_away(
    window: MainWindow, studio: Studio, clip: Path, qtbot: QtBot, onto: str
) -> None:
    panel, run = window.composer.score, studio.session
    run.parameters.set("chords", "Am | F")
    window.composer.prompt.show_text("House")
    event = dropped(clip)
    (window if onto == "window" else panel).dropEvent(event)
    assert event.isAccepted()
    assert run.parameters.get("midi") == str(clip)
    qtbot.waitUntil(lambda: "BPM" in panel.clip.facts.text())
    assert panel.is_open() and panel.clip.name.text_whole() == "clip.mid"
    assert panel.chords.isHidden() and panel.form.isHidden()
    window.generate()
    spec = run.jobs.all()[0].spec
    assert (spec.midi, spec.chords) == (str(clip), "")
    for score in ("composed", "none"):  # chosen before, and out of sight beside the clip
        run.parameters.set("score", score)
        window.generate()
    assert {(job.spec.midi, job.spec.score) for job in run.jobs.all()} == {(str(clip), None)}
    assert len(run.jobs.all()) == 3
    run.parameters.set("score", None)
    panel.clip.away.click()
    qtbot.waitUntil(lambda: not panel.chords.isHidden())
    assert run.parameters.get("midi") is None
    assert panel.chords.boxes.chart() == "Am | F"


def test_a_file_that_is_no_midi_says_so(
    window: MainWindow, studio: Studio, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "no.mid").write_text("hello")
    facts = window.composer.score.clip.facts
    for name in ("no.mid", "gone.mid"):
        studio.session.parameters.set("midi", str(tmp_path / name))
        qtbot.waitUntil(lambda name=name: name in facts.text())
        assert facts.property("role") == "wrong"


def test_a_model_that_takes_no_score_says_so(
    window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    panel = window.composer.score
    panel.open()
    assert panel.refusal.isHidden()
    other = next(model for model in MODELS.values() if not model.dit.grid)
    studio.session.parameters.set("model", other.name)
    qtbot.waitUntil(panel.refusal.isVisible)
    assert other.name in panel.refusal.text()
    controls = (panel.notes, panel.chords, panel.form, panel.seed, panel.clip)
    assert not any(control.isEnabled() for control in controls)
    studio.session.parameters.set("model", "sketch")
    qtbot.waitUntil(panel.refusal.isHidden)
    assert all(control.isEnabled() for control in controls)


def test_notes_are_locked_by_their_seed(
    window: MainWindow, studio: Studio, make_takes: Callable[[int], list[Take]], qtbot: QtBot
) -> None:
    make_takes(2)
    seed = window.composer.score.seed
    assert studio.session.parameters.get("score_seed") is None
    qtbot.waitUntil(lambda: "last 1" in seed.field.placeholderText())
    seed.lock.click()
    assert studio.session.parameters.get("score_seed") == 1
    assert studio.session.parameters.get("seed") is None


def test_settings_of_a_take_bring_its_chords_back(
    window: MainWindow, session: QtSession, studio: Studio, qtbot: QtBot
) -> None:
    job = studio.session.generate(
        "House 120 BPM", chords="Dm | G", form="verse 1", seconds_total=4.0
    )
    qtbot.waitUntil(lambda: studio.session.jobs.get(job.id).finished, timeout=30_000)
    use_settings(session, studio.session.find(job.id))
    qtbot.waitUntil(lambda: window.composer.score.chords.boxes.chart() == "Dm | G")
    assert studio.session.parameters.get("form") == "verse 1"


def test_it_is_as_it_was_at_the_next_start_but_for_the_clip(
    window: MainWindow, studio: Studio, clip: Path, tmp_path: Path
) -> None:
    panel, parameters = window.composer.score, studio.session.parameters
    panel.open()
    panel.chords.as_text.click()
    parameters.set("chords", "Am | F")
    parameters.set("midi", str(clip))
    window.restoring.keep()
    parameters.reset()
    around = Surroundings(Memory(tmp_path / "panel.ini"), studio.presets)
    again = MainWindow(QtSession(studio.session), window.look, around)
    score = again.composer.score
    assert score.is_open() and score.chords.as_text.isChecked()
    shown = {name: parameters.get(name) for name in SHOWN}
    assert (shown["chords"], shown["midi"]) == ("Am | F", None)
    end(again)


def test_a_broken_file_is_said_in_the_line_and_shown(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    broken = tmp_path / "broken.mid"
    broken.write_bytes(b"no notes at all")
    score = window.composer.score
    score.take(broken)
    qtbot.waitUntil(lambda: window.status.level() == "error")
    assert window.status.words.text_whole() == score.clip.facts.text()
    assert not score.clip.visibleRegion().isEmpty()
