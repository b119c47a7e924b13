"""The books of what engine and bridge say: complete, nothing left over, and said so by the running panel."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

import gui
from bridge.events import Notice
from bridge.state import PlaybackState
from engine.spec import GenerationSpec
from gui.look.language import LANGUAGES, Sayings, said, speak
from gui.look.theme import Look
from gui.qt_session import QtSession
from tests.gui.look.sentences import ALONE, ENGLISH, ROOT, sentences, strings
from tests.gui.look.test_language import places

BOOKS = sorted(set(LANGUAGES) - {"en"})
FOLDER = Path(gui.__file__).parent / "translations" / "said"


def book(language: str) -> dict[str, str]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))


@pytest.mark.parametrize("language", BOOKS)
def test_every_sentence_is_in_the_book(language: str) -> None:
    missing = {text: place for text, place in sentences().items() if text not in book(language)}
    assert missing == {}, "translate it, or name it in sentences.ENGLISH with the reason"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_nothing_in_a_book_is_said_by_nobody(language: str) -> None:
    known = {text for _, text, _ in strings(excluded=True)} | set(sentences())
    assert sorted(set(book(language)) - known) == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_sentence_keeps_its_values(language: str) -> None:
    for text, other in book(language).items():
        assert set(places(other)) <= set(places(text)), text
        assert other.strip(), text
        assert (text[0] == " ") == (other[0] == " "), text


def test_what_stays_english_exists_and_has_a_reason() -> None:
    for place, reason in ENGLISH.items():
        assert (ROOT / place).exists() and len(reason) > 10, place
    known = {text for _, text, _ in strings(excluded=True)}
    assert sorted(set(ALONE) - known) == []


def test_the_panel_names_no_command() -> None:
    """Whatever the panel's English book does not put in other words needs no terminal."""
    other = Sayings("en")
    for text in sentences():
        for language in (other, *(Sayings(name) for name in BOOKS)):
            shown = language.of(text.replace("{0}", "x").replace("{1}", "y").replace("{2}", "z"))
            for command in ("pip install", "longtake models", "--as", "run.py"):
                assert command not in shown, shown


@pytest.fixture
def german(qapp: QCoreApplication) -> Iterator[None]:
    assert speak(qapp, "de") == "de"
    yield
    assert speak(qapp, "en") == "en"


def test_values_are_filled_in_and_translated_by_themselves(german: None) -> None:
    assert said("Job j1 has made no take yet.") == "Auftrag j1 hat noch keinen Take gemacht."
    words = said("OSC is off: Port 9440 is in use by another program; 9441 is free (osc.port).")
    assert words.startswith("OSC ist aus: Port 9440 gehört schon einem anderen Programm; 9441 ist")
    assert said("composed: house, A minor, 124 BPM") == "komponiert: house, A minor, 124 BPM"
    words = said("Unknown model 'x'; choose sketch, medium or small.")
    assert words == "Unbekannter Wert für model: 'x'; wähle sketch, medium oder small."
    words = said("steps must be a whole number from 1 to 500; it is 0.")
    assert words == "steps ist eine ganze Zahl von 1 bis 500, nicht 0."
    path = "/takes/hip hop or rock.wav"
    assert path in said(f"{path} cannot be read as audio.")
    assert said("Nobody ever said this.") == "Nobody ever said this."
    assert said("") == ""


def test_real_errors_are_said_in_german(german: None, session: QtSession) -> None:
    heard: list[str] = []
    session.noticed.connect(lambda notice: heard.append(notice.text))
    session.attempt(session.session.parameters.set, "steps", 0)
    session.attempt(session.session.models.load, "nothing")
    session.attempt(session.session.jobs.get, "j0")
    session.attempt(GenerationSpec.from_dict, {"wrong": 1})
    assert len(heard) == 4
    for words in heard:
        assert not {"must", "is", "choose", "There"} & set(words.replace(";", " ").split()), words


def test_events_are_said_in_german(
    german: None, session: QtSession, look: Look, qtbot: QtBot
) -> None:
    from gui.pages.devices import DevicesPanel

    heard: list[str] = []
    session.noticed.connect(lambda notice: heard.append(notice.text))
    session.session.hub.publish(Notice("warning", "", "The MIDI system went away."))
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == ["Das MIDI-System ist weg."]
    page = DevicesPanel(session, look)
    qtbot.addWidget(page)
    page.show_playback(PlaybackState(problem="There is no audio output here."))
    assert page.problem.text() == "Hier gibt es keinen Audioausgang."
