"""Laws of prompts: only true facts, every way of writing, the same generator gives the same text."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import pytest

from engine.composing.composer import compose
from engine.composing.instruments import INSTRUMENTS
from engine.composing.styles import styles
from engine.composing.vocabulary import vocabulary
from engine.training.material.prompts import CAPTION_SHARE, prompt

HOUSE: dict[str, Any] = {
    "kind": "song",
    "style": "house",
    "genres": ["House", "Deep House"],
    "moods": ["Groovy", "Warm"],
    "energy": "medium",
    "instruments": ["Drum Machine", "Sub Bass", "Electric Piano"],
    "tempo": 124.0,
    "key": "A minor",
    "metre": "4/4",
    "seconds": 180.0,
}


@functools.cache
def pieces() -> list[dict[str, Any]]:
    return [compose(seed, seconds=20).metadata() for seed in range(40)]


def many(metadata: dict[str, Any], count: int = 300) -> list[str]:
    return [prompt(metadata, np.random.default_rng([1, index])) for index in range(count)]


def test_the_same_generator_writes_the_same_prompt() -> None:
    assert many(HOUSE, 50) == many(HOUSE, 50)
    assert len(set(many(HOUSE))) > 200


def test_all_ways_of_writing_occur() -> None:
    texts = many(HOUSE)
    assert any("|" in text for text in texts)
    typed = [
        text
        for text in texts
        if re.search(r"(?i)\b(genre|instruments|moods|bpm|key|energy):", text)
    ]
    assert 0.2 < len(typed) / len(texts) < 0.5
    assert any(text.isupper() for text in texts)
    assert any(text.islower() for text in texts)
    assert any(text != text.upper() and text != text.lower() for text in texts)
    assert any("124" in text for text in texts)
    assert any("124" not in text for text in texts)
    assert any(re.search(r"(?i)rhodes", text) for text in texts)
    assert any(text.lower().endswith(tuple(vocabulary()["uses"]["house"])) for text in texts)


def _names(instrument: str) -> set[str]:
    return {
        instrument.lower(),
        *(name.lower() for name in vocabulary()["instruments"].get(instrument, [])),
    }


def test_no_prompt_names_an_instrument_that_does_not_sound() -> None:
    everything = {*INSTRUMENTS, "Drums", "Drum Machine"}
    for facts in pieces():
        sounding = set().union(*(_names(i) for i in facts["instruments"]))
        own_words = " ".join(
            [
                *facts["genres"],
                *vocabulary()["nouns"][facts["style"]],
                *vocabulary()["uses"][facts["style"]],
            ]
        ).lower()
        absent = {i.lower() for i in everything} - sounding
        # A name inside a longer true one ("bass" in "sub bass"), or in the style's own name, is no claim.
        absent = {
            a for a in absent if not any(a in true for true in sounding) and a not in own_words
        }
        for text in many(facts, 12):
            for name in absent:
                assert not re.search(rf"(?i)(?<!\w){re.escape(name)}(?!\w)", text), (name, text)


def test_typed_prompts_quote_the_facts() -> None:
    for facts in pieces():
        for text in many(facts, 12):
            for value in re.findall(r"(?i)bpm:\s*([\d.]+)", text):
                assert float(value) == facts["tempo"]
            for value in re.findall(r"(?i)\bkey:\s*([a-g][#b]? [a-z ]+?)(?:,|\||$)", text):
                assert value.strip().lower() == facts["key"].lower()
            for value in re.findall(r"(?i)energy:\s*(\w+)", text):
                assert value.lower() == facts["energy"]


def test_numbers_are_the_tempo_or_part_of_a_name() -> None:
    for facts in pieces():
        for text in many(facts, 12):
            for value in re.findall(r"(?i)(\d+(?:\.\d+)?) ?bpm", text):
                assert float(value) == facts["tempo"], text


def test_a_bare_drum_stem_is_not_called_a_song() -> None:
    drums = {**HOUSE, "kind": "stem", "instruments": ["Drums"]}
    del drums["key"]
    for text in many(drums, 100):
        assert not re.search(r"(?i)\b(a minor|track|anthem)\b", text), text


@pytest.mark.parametrize("kind", ["stem", "loop", "one-shot"])
def test_who_plays_alone_is_often_asked_for_by_name_alone(kind: str) -> None:
    texts = many({**HOUSE, "kind": kind, "instruments": ["Harp"]})
    bare = [text for text in texts if re.fullmatch(r"(?i)(instruments: ?)?harp", text)]
    assert len(bare) > 0.03 * len(texts)
    assert not any(re.search(r"(?i)track|dance floor", text) for text in texts)


def test_nothing_known_is_nothing_said() -> None:
    assert prompt({"genres": ["Jazz"]}, np.random.default_rng(0))
    texts = [prompt({}, np.random.default_rng(seed)) for seed in range(20)]
    assert set(texts) <= {"", "music", "MUSIC", "a music"} | {
        t for t in texts if t.lower().endswith("music")
    }


def test_captions_are_half_of_the_prompts_as_they_were_written() -> None:
    captions = ["A slow Tune for rainy days.", "Rain, and a piano."]
    texts = many({**HOUSE, "captions": captions}, 1000)
    assert sum(text in captions for text in texts) / 1000 == pytest.approx(CAPTION_SHARE, abs=0.05)
    assert set(captions) < set(texts)
    assert set(many({"captions": captions, "seconds": 3.0}, 50)) == set(captions)
    assert many({**HOUSE, "captions": []}, 50) == many(HOUSE, 50)


def test_an_energy_of_a_user_s_own_is_said() -> None:
    assert any("wild" in text.lower() for text in many({**HOUSE, "energy": "wild"}))


@pytest.mark.parametrize("table", ["nouns", "uses"])
def test_every_style_has_words(table: str) -> None:
    assert set(styles()) <= set(vocabulary()[table])


def test_every_mood_has_words_and_every_entry_stands_for_something() -> None:
    moods = {mood for style in styles().values() for mood in style.moods}
    assert moods <= set(vocabulary()["moods"])
    assert set(vocabulary()["instruments"]) <= {*INSTRUMENTS, "Drums", "Drum Machine"}
