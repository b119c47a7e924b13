"""Chips write the prompt and read it back; nothing typed is lost."""

from __future__ import annotations

import random

import pytest

from engine.spec import tempo_in
from gui.compose.vocabulary import GENRES, INSTRUMENTS, MOODS, STYLES, surprise
from gui.prompt_form import PromptForm, headline, read_form


def test_reads_what_it_wrote() -> None:
    dice = random.Random(3)
    for _ in range(200):
        form = surprise(dice)
        assert read_form(form.write()) == form


def test_free_words_survive_every_change_of_a_chip() -> None:
    form = read_form("a rainy night, slow | Genre: House | Format: Solo | moods: Warm, Night")
    assert form == PromptForm(
        text="a rainy night, slow | Format: Solo", genre="House", moods=("Warm", "Night")
    )
    assert form.write() == "a rainy night, slow | Format: Solo | Genre: House | Moods: Warm, Night"


@pytest.mark.parametrize(
    ("prompt", "tempo"),
    [
        ("Techno at 128 BPM", 128.0),
        ("BPM: 98.5", 98.5),
        ("bpm: fast", None),
        ("no tempo", None),
        ("BPM: 9999", None),
    ],
)
def test_a_tempo_in_words_is_shown_too(prompt: str, tempo: float | None) -> None:
    assert read_form(prompt).tempo == tempo


def test_another_tempo_replaces_the_one_in_the_words() -> None:
    written = read_form("Techno, 128 BPM, dark").with_tempo(140.0).write()
    assert tempo_in(written) == 140.0
    assert "128" not in written
    assert "Techno" in written
    assert "dark" in written
    assert read_form("Techno, 128 BPM").with_tempo(None).write() == "Techno"


def test_a_damaged_part_stays_as_it_was_typed() -> None:
    assert read_form("BPM: soon | Genre:").text == "BPM: soon | Genre:"


def test_the_headline_is_without_the_names_of_parts() -> None:
    assert headline("Genre: House | Instruments: Drums, Piano | BPM: 124") == "House · Drums, Piano"
    assert headline("a rainy night") == "a rainy night"
    assert headline("BPM: 120") == "BPM: 120"


def test_the_words_offered_are_the_styles_words() -> None:
    assert len(GENRES) >= 29
    for style in STYLES.values():
        assert set(style.instruments) <= set(INSTRUMENTS)
        assert set(style.moods) <= set(MOODS)
        assert 40 <= style.slow < style.fast <= 220


def test_a_key_in_words_is_shown_and_said_once() -> None:
    form = read_form("piano in B♭ minor, slow | Genre: Jazz")
    assert form.key == "Bb minor"
    assert form.write() == "piano in B♭ minor, slow | Genre: Jazz"
    assert form.with_key("C major").write() == "piano, slow | Genre: Jazz | Key: C major"
    assert form.with_key("").write() == "piano, slow | Genre: Jazz"


def test_what_is_said_beside_a_tempo_is_kept() -> None:
    form = read_form("BPM: 120 half-time | Genre: Dub")
    assert form.tempo == 120.0
    assert form.write() == "BPM: 120 half-time | Genre: Dub"


@pytest.mark.parametrize(
    "prompt",
    ["warm 90 bpm | BPM: 120", "BPM: 120,5", "120 beats per minute", "90 bpm, BPM: 80.", "BPM: 120 | BPM: 90"],
)  # fmt: skip
def test_the_chip_shows_the_tempo_that_the_engine_reads(prompt: str) -> None:
    assert read_form(prompt).tempo == tempo_in(prompt)
    assert tempo_in(read_form(prompt).write()) == tempo_in(prompt)
