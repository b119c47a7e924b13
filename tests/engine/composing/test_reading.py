"""A prompt is read as a musician reads it: what it names is found, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.composing import compose
from engine.composing.instruments import INSTRUMENTS
from engine.composing.lexicon import tables
from engine.composing.mix import DRUMS
from engine.composing.reading import Reading, read
from engine.composing.styles import styles
from engine.composing.theory import PITCH_CLASSES, SCALES
from engine.composing.vocabulary import vocabulary
from engine.training.material.prompts import facts, prompt

PRESETS = sorted((Path(__file__).parents[3] / "presets").glob("*/*.toml"))
INSTRUMENT_NAMES = {*INSTRUMENTS, *DRUMS}


def unlike(text: str, phrases: Sequence[str]) -> NDArray[np.float32]:
    """Nothing is like anything: for what the words say by themselves."""
    del text
    return np.zeros(len(phrases), np.float32)


def understood(text: str) -> Reading:
    return read(text, unlike)


MINOR, MAJOR = {"mode": "minor"}, {"mode": "major"}
EXAMPLES: list[tuple[str, dict[str, Any]]] = [
    ("slow sad piano", {"style": "solo_piano", "instruments": ("Piano",), "alone": True, **MINOR}),
    ("piano and cello", {"style": None, "instruments": ("Piano", "Cello"), "alone": True}),
    ("solo violin in D minor", {"instruments": ("Violin",), "alone": True, "tonic": 2, **MINOR}),
    ("jazz piano", {"style": "jazz_trio", "instruments": ("Piano",), "alone": True}),
    ("piano jazz", {"style": "jazz_trio", "instruments": ("Piano",), "alone": False}),
    ("piano house", {"style": "house", "instruments": ("Piano",), "alone": False}),
    ("jazz with a piano solo", {"style": "jazz_trio", "instruments": ("Piano",), "alone": False}),
    ("guitar solo over a rock band", {"style": "rock", "alone": False}),
    ("happy ukulele song", {"instruments": ("Acoustic Guitar",), "alone": False, **MAJOR}),
    ("a cappella", {"instruments": ("Choir",), "alone": True}),
    (
        "string quartet",
        {"style": "chamber", "instruments": ("Violin", "Viola", "Cello"), "alone": True},
    ),
    ("piano trio playing jazz", {"style": "jazz_trio", "instruments": ()}),
    (
        "big room house with supersaws",
        {"style": "house", "instruments": ("Supersaw",), "alone": False},
    ),
    (
        "sad violin over lofi hip hop beat",
        {"style": "lo_fi", "instruments": ("Violin",), "alone": False},
    ),
    (
        "hard techno, only kick and acid",
        {"instruments": ("Drum Machine", "Acid Bass"), "alone": True},
    ),
    ("isolated slap bass", {"instruments": ("Slap Bass",), "alone": True}),
    ("just drums", {"instruments": ("Drums",), "alone": True}),
    (
        "warm lo-fi hip hop, 85 BPM, Rhodes, dusty drums",
        {
            "style": "lo_fi",
            "tempo": 85.0,
            "instruments": ("Electric Piano", "Drums"),
            "alone": False,
        },
    ),
    ("lofi", {"style": "lo_fi", "instruments": (), "alone": False}),
    ("Hip-Hop", {"style": "hip_hop"}),
    ("drum & bass", {"style": "drum_and_bass", "instruments": ()}),
    ("DnB 174bpm", {"style": "drum_and_bass", "tempo": 174.0}),
    ("drums and bass", {"style": None, "instruments": ("Drums", "Bass Guitar"), "alone": True}),
    ("deep house", {"style": "house"}),
    ("ambient techno", {"style": "techno"}),
    ("techno with a touch of ambient", {"style": "techno"}),
    ("electronic music at 174 bpm", {"style": "drum_and_bass"}),
    ("jazz in 3/4", {"style": "jazz_waltz", "beats_per_bar": 3}),
    ("something for studying", {"style": "lo_fi"}),
    ("rock with bass", {"instruments": ("Bass Guitar",)}),
    ("house with bass", {"instruments": ("Synth Bass",)}),
    ("jazz with bass", {"instruments": ("Acoustic Bass",)}),
    ("808s and bells", {"instruments": ("808 Bass", "Synth Bells")}),
    ("acoustic guitar, warm guitar", {"instruments": ("Acoustic Guitar",)}),
    ("SAX AND TRUMPETS", {"instruments": ("Saxophone", "Trumpet"), "alone": True}),
    ("female vocals", {"instruments": ("Choir",)}),
    ("summer vibes", {"instruments": (), "moods": ("Summer",)}),
    ("jazz with vibes", {"instruments": ("Vibraphone",)}),
    ("chill beats", {"style": "lo_fi", "instruments": ()}),
    ("waltz", {"style": "waltz", "beats_per_bar": 3}),
    (
        "andante for flute and harp in 6/8",
        {"pace": (76.0, 108.0), "beats_per_bar": 3, "alone": True},
    ),
    ("very slow cello", {"pace": (45.0, 72.0)}),
    ("presto violin", {"pace": (165.0, 200.0)}),
    ("calm flute", {"level": 0.15, "moods": ("Calm",)}),
    ("aggressive", {"level": 0.95, "moods": ("Aggressive",), "mode": None}),
    ("happy flute in C minor", {"tonic": 0, **MINOR}),
    ("sad but happy", {"mode": None, "moods": ("Sad", "Happy")}),
    ("drum loop", {"instruments": ("Drums",), "alone": True, "loop": True}),
    ("rock loop", {"style": "rock", "loop": True, "alone": False}),
    (
        "house, no piano",
        {
            "style": "house",
            "instruments": (),
            "without": ("Piano", "Honky Tonk Piano", "Electric Piano"),
        },
    ),
    ("not sad", {"moods": (), "mode": None}),
    (
        "Type: Stem | Instruments: Drums, Bass",
        {"instruments": ("Drums", "Bass Guitar"), "alone": True},
    ),
    ("Genre: House | Instruments: Piano, Strings | Energy: High", {"alone": False, "level": 0.85}),
    ("Genre: Jazz | Instruments: Saxophone", {"instruments": ("Saxophone",), "alone": True}),
    (
        "Mood: Warm, BPM: 90, Instrument: Harp",
        {"moods": ("Warm",), "instruments": ("Harp",), "tempo": 90.0},
    ),
    ("", {"style": None, "instruments": (), "words": ()}),
    ("🎹🎻", {"style": None, "instruments": ()}),
    ("静かなピアノ", {"style": None, "instruments": ()}),
]


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_examples(text: str, expected: dict[str, Any]) -> None:
    found = understood(text)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("techno without drums or bass", {"Drum Machine", "Acid Bass", "Drums", "Sub Bass"}),
        ("no drums, piano", {"Drums", "Drum Machine"}),
        ("rock, no loud guitars", {"Acoustic Guitar", "Distorted Guitar"}),
        ("orchestra minus brass", {"Trumpet", "Brass Section"}),
        ("ambient without any vocals", {"Choir", "Vocal Pad"}),
    ],
)
def test_who_shall_not_play(text: str, missing: set[str]) -> None:
    found = understood(text)
    assert missing <= {*found.without}
    assert not {*found.without} & {*found.instruments}


def test_no_drums_leaves_the_piano_after_the_comma() -> None:
    assert understood("no drums, piano").instruments == ("Piano",)
    assert understood("without drums but with piano").instruments == ("Piano",)


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets(path: Path) -> None:
    text = str(tomllib.loads(path.read_text(encoding="utf-8")).get("prompt", ""))
    found = understood(text)
    types = dict(part.split(": ") for part in text.split(" | ") if part)
    if not types:
        return
    assert found.style is not None and types["Genre"] in styles()[found.style].genres
    asked = types["Instruments"].split(", ")
    named = ["Drums" if name in DRUMS else name for name in found.instruments]
    assert named == asked
    assert found.tempo == float(types["BPM"])
    assert set(found.moods) == {*types["Moods"].split(", ")}
    if key := types.get("Key"):
        tonic, mode = key.split(" ", 1)
        assert (found.tonic, found.mode) == (PITCH_CLASSES.index(tonic), mode)
    if len(asked) == 1 or len(asked) > 2:
        assert found.alone


@pytest.mark.parametrize("seed", range(7_000, 7_120))
def test_what_a_training_prompt_names_in_figures_is_found(seed: int) -> None:
    facts_of_piece = compose(seed, seconds=10).metadata()
    for turn in range(5):
        text = prompt(facts_of_piece, np.random.default_rng([seed, turn]))
        found = understood(text)
        if (tempo := facts_of_piece.get("tempo")) and re.search(r"bpm", text, re.I):
            assert found.tempo == tempo
        if (key := facts_of_piece.get("key")) and key.lower() in text.lower():
            tonic, mode = key.split(" ", 1)
            assert (found.tonic, found.mode) == (PITCH_CLASSES.index(tonic), mode)
        if re.search(r"\b[36]/[48]\b", text):
            assert found.beats_per_bar == facts_of_piece["beats_per_bar"]
        assert found.loop == ("loop" in text.lower())


@pytest.mark.parametrize("seed", range(7_200, 7_320))
def test_the_facts_of_a_typed_prompt_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chosen = facts(compose(seed, seconds=10).metadata(), rng)
    found = understood(" | ".join(f"{kind}: {', '.join(names)}" for kind, names in chosen.items()))
    called = vocabulary()["instruments"]
    for name in chosen.get("Instruments", ()):
        owners = {
            n
            for n in INSTRUMENT_NAMES
            if name.casefold() in {c.casefold() for c in (n, *called.get(n, ()))}
        }
        assert owners & {*found.instruments}, name
    assert {*chosen.get("Moods", ())} <= {*found.moods}
    if genres := chosen.get("Genre"):
        assert found.style is not None and {*genres} & {*styles()[found.style].genres}
    if chosen.get("Type") in (["Stem"], ["One-shot"]):
        assert found.alone == bool(found.instruments)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    found = understood(text)
    assert {*found.instruments} <= INSTRUMENT_NAMES
    assert found.style is None or found.style in styles()
    assert found.mode is None or found.mode in SCALES


WORDS = sorted(
    {
        "no",
        "without",
        "and",
        "with",
        ",",
        "|",
        "Genre:",
        "Instruments:",
        "Type:",
        "Energy:",
        "solo",
        "in",
        "A",
        "minor",
    }
    | {
        phrase
        for table in ("instruments", "nouns", "moods")
        for names in vocabulary()[table].values()
        for phrase in names
    }
)


@given(st.lists(st.sampled_from(WORDS), max_size=40), st.integers(0, 2**32 - 1))
def test_any_words_can_be_read_and_wished(words: list[str], seed: int) -> None:
    found = understood(" ".join(words))
    assert not {*found.without} & {*found.instruments}
    assert found.instruments or not found.alone
    assert found.level is None or 0 <= found.level <= 1
    wish = found.wish(seed, 30.0)
    assert (wish.instruments, wish.style) == (found.instruments, found.style)


def test_a_very_long_text_can_be_read() -> None:
    assert understood("deep house with nothing in it " * 170).style == "house"


def test_a_wish_has_a_tempo_of_the_pace_and_of_the_style() -> None:
    slow = understood("slow cello")
    tempi = {slow.wish(seed, 30).tempo for seed in range(50)}
    assert len(tempi) > 10 and all(tempo and 45 <= tempo <= 92 for tempo in tempi)
    assert slow.wish(1, 30).tempo == slow.wish(1, 30).tempo
    assert understood("slow house").wish(1, 30).tempo == styles()["house"].tempo[0]
    assert understood("slow").wish(1, 30, style="punk").tempo == styles()["punk"].tempo[0]
    assert understood("cello").wish(1, 30).tempo is None


def test_what_is_given_takes_precedence_and_what_is_empty_does_not() -> None:
    found = understood("slow loop of deep house in A minor, energetic")
    wish = found.wish(
        3, 20.0, tempo=100.0, tonic=0, level=0.0, chords="Am | F", form="", loop=False, mode=None
    )
    assert (wish.tempo, wish.tonic, wish.level, wish.chords) == (100.0, 0, 0.0, "Am | F")
    assert (wish.mode, wish.loop, wish.form, wish.seed, wish.seconds) == (
        "minor",
        True,
        "",
        3,
        20.0,
    )


def test_it_says_what_it_understood_from_which_words() -> None:
    assert (
        understood("Deep house with a Rhodes").said()
        == "house from 'Deep house', Electric Piano from 'Rhodes'"
    )


def test_likeness_is_asked_for_only_if_words_are_left_that_might_tell_a_style() -> None:
    asked: list[str] = []

    def recorded(text: str, phrases: Sequence[str]) -> NDArray[np.float32]:
        asked.append(text)
        return unlike(text, phrases)

    for text in ("slow sad cello", "deep house", "120 bpm", "", "a happy song in A minor"):
        read(text, recorded)
    assert asked == []
    read("astronauts on the moon", recorded)
    assert asked == ["astronauts on the moon"]


def test_the_tables_name_only_what_there_is() -> None:
    said = tables()
    assert {*said["styles"]} | {*said["scenes"]} <= {*styles()}
    listed = {name for names in said["ensembles"].values() for name in names}
    listed |= {name for group in said["groups"] for name in group["names"]}
    assert {*said["instruments"]} | {*said["usual"].values()} | listed <= INSTRUMENT_NAMES
    moods = {*vocabulary()["moods"]} | {mood for style in styles().values() for mood in style.moods}
    modes = {mood for names in said["modes"].values() for mood in names}
    assert {*said["moods"]} | {*said["levels"]} | modes <= moods


@pytest.mark.parametrize(
    ("said", "style"),
    [
        ("R&B", "rnb"), ("R & B", "rnb"), ("r'n'b", "rnb"), ("RnB", "rnb"), ("R and B", "rnb"),
        ("Drum & Bass", "drum_and_bass"), ("drum'n'bass", "drum_and_bass"), ("drum’n’bass", "drum_and_bass"),
        ("D&B", "drum_and_bass"), ("d & b", "drum_and_bass"), ("DnB", "drum_and_bass"),
        ("rock'n'roll", "rock"), ("Rock & Roll", "rock"), ("rock ’n’ roll", "rock"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prompt", ["{}", "Genre: {} | Moods: Warm", "a warm {} track"])
def test_genres_with_an_ampersand_are_read_however_they_are_written(
    prompt: str, said: str, style: str
) -> None:
    found = read(prompt.format(said), unlike)
    assert (found.style, found.instruments) == (style, ())
