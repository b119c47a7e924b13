"""Laws of writing tempo, key and metre into a prompt: what was written is read, once, and no other word changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composing.notation import (
    TEMPI,
    beats_per_bar_in,
    key_in,
    keys_in,
    metres_in,
    tempi_in,
    tempo_in,
)
from engine.composing.theory import PITCH_CLASSES, SCALES
from engine.composing.wording import key_of, spelt_key, with_key, with_metre, with_tempo, without

WORDS = st.sampled_from(
    ["house", "warm", "120 sheep", "90 voices", "808 bass", "1999", "a", "A", "B-side", "R&B", "D&B", "C", "take 2",
     "16 bars", "24/7", ".", "!", "| Genre: Jazz", "bpm", "tempo", "slow tempo", "key", "minor", "major",
     "a minor setback", "in a minor key", "in the mix", "at night", "♭", "#", "Am7 | F | C G", "Drums & Bass", "<b>",
     "7/8 feel", "1/4 notes", "vol. 3", "3.5", "at", "2/3"]
)  # fmt: skip
SAID_TEMPO = st.sampled_from(
    ["BPM: {}", "bpm: {}", "BPM: {}.", "{} BPM", "{}bpm", "at {}bpm", "{} beats per minute", "♩ = {}",
     "Tempo: {}", "tempo of {}", "around {} bpm", "{}-bpm", "bpm {}", "| BPM: {} |", "{} b.p.m.", "BPM={}"]
)  # fmt: skip
SAID_KEY = st.sampled_from(
    ["{}", "in {}", "Key: {}", "key of {}", "in the key of {}", "| Key: {} |"]
)
TEMPO = st.one_of(
    st.integers(int(TEMPI[0]), int(TEMPI[1])).map(float),
    st.floats(*TEMPI).map(lambda tempo: float(f"{tempo:g}")),
)
NAMES = [*PITCH_CLASSES, "Db", "D#", "Gb", "G#", "A#", "B♭", "F♯", "E flat", "C sharp"]
KEYS = st.one_of(
    st.builds("{} {}".format, st.sampled_from(NAMES), st.sampled_from(sorted(SCALES))),
    st.sampled_from(["Am", "Bbm", "F#m", "C#min", "h-moll", "B-Dur", "cis-Moll", "Es-Dur", "as-moll", "B♭m"]),
)  # fmt: skip


@st.composite
def prompts(draw: st.DrawFn, said: st.SearchStrategy[str], *, least: int = 0) -> str:
    parts = [draw(said) for _ in range(draw(st.integers(least, 2)))]
    parts += draw(st.lists(WORDS, max_size=6))
    return ", ".join(draw(st.permutations(parts)))


TEMPO_SAID = st.builds(str.format, SAID_TEMPO, TEMPO.map("{:g}".format))
KEY_SAID = st.builds(str.format, SAID_KEY, KEYS)


@given(prompt=prompts(TEMPO_SAID), tempo=TEMPO)
def test_a_tempo_that_is_written_is_read_and_no_other_stands_there(
    prompt: str, tempo: float
) -> None:
    written = with_tempo(prompt, tempo)
    assert tempo_in(written) == tempo
    assert {said.value for said in tempi_in(written)} == {tempo}
    assert with_tempo(written, tempo) == written


@given(prompt=prompts(KEY_SAID), key=KEYS)
def test_a_key_that_is_written_is_read_and_no_other_stands_there(prompt: str, key: str) -> None:
    written = with_key(prompt, key)
    assert key_in(written) == key_of(key)
    assert {said.value for said in keys_in(written)} == {key_of(key)}
    assert with_key(written, key) == written


@given(prompt=prompts(TEMPO_SAID, least=1), tempo=TEMPO)
def test_words_that_are_no_tempo_never_change(prompt: str, tempo: float) -> None:
    was, now = prompt, with_tempo(prompt, tempo)
    for mention in sorted(tempi_in(prompt), key=lambda said: -said.start):
        was = was[: mention.start] + was[mention.end :]
    for mention in sorted(tempi_in(now), key=lambda said: -said.start):
        now = now[: mention.start] + now[mention.end :]
    assert re.sub(r"\s", "", now) == re.sub(r"\s", "", was)


@given(prompt=prompts(st.nothing()), tempo=TEMPO, key=KEYS)
def test_without_tempo_and_key_all_words_stay_and_come_first(
    prompt: str, tempo: float, key: str
) -> None:
    kept = prompt.rstrip(" ,;|\t")
    assert with_tempo(prompt, tempo).startswith(kept)
    assert with_key(prompt, key).startswith(kept)


@given(prompt=prompts(TEMPO_SAID))
def test_a_prompt_without_its_tempi_has_none(prompt: str) -> None:
    assert tempo_in(without(prompt, tempi_in(prompt))) is None


@pytest.mark.parametrize(
    ("prompt", "tempo", "written"),
    [
        ("warm house. BPM: 120.", 90, "warm house. BPM: 90."),
        ("120 sheep at 120 BPM", 90, "120 sheep at 90 BPM"),
        ("120 sheep", 90, "120 sheep, 90 BPM"),
        ("at 120bpm, 16 bars", 90.5, "at 90.5bpm, 16 bars"),
        ("120 beats per minute", 85, "85 beats per minute"),
        ("verse at 90 bpm, chorus at 180 bpm", 100, "verse at 100 bpm, chorus at 100 bpm"),
        ("Genre: House | BPM: | Key: Am", 124, "Genre: House | BPM: 124 | Key: Am"),
        ("Genre: House", 124, "Genre: House | BPM: 124"),
        ("120-130 BPM techno", 140, "140 BPM techno"),
        ("808 - 120 bpm", 90, "808 - 90 bpm"),
        ("120,5 BPM", 90, "90 BPM"),
        ("A storm.", 90, "A storm. 90 BPM"),
        ("999 bpm gabber", 200, "200 bpm gabber"),
        ("A 3/4 waltz", 90, "A 3/4 waltz, 90 BPM"),
        ("a house, ", 90, "a house, 90 BPM"),
    ],
)
def test_tempi(prompt: str, tempo: float, written: str) -> None:
    assert with_tempo(prompt, tempo) == written


@pytest.mark.parametrize(
    ("prompt", "tempo"), [("warm 90 bpm | BPM: 120", 120), ("120-130 BPM", 125), ("140 bpm 808 bass", 140)]
)  # fmt: skip
def test_which_tempo_counts(prompt: str, tempo: float) -> None:
    assert tempo_in(prompt) == tempo
    assert with_tempo("120-130 BPM", 125) == "120-130 BPM"


@pytest.mark.parametrize(
    ("prompt", "key", "written"),
    [
        ("house in Bb minor", "B minor", "house in B minor"),
        ("house in B♭ minor", "Bb minor", "house in B♭ minor"),
        ("Klavier in h-moll", "B minor", "Klavier in h-moll"),
        ("Genre: House | Key: Am", "Bbm", "Genre: House | Key: Bb minor"),
        ("piano in A, slow", "A minor", "piano in A minor, slow"),
        ("piano in A minor", "A", "piano in A minor"),
        ("piano", "B", "piano, in B"),
        ("piano", "cis-Moll", "piano, C# minor"),
        ("a major drop and a minor setback", "A minor", "a major drop and a minor setback, A minor"),
        ("dark C#m trap", "A minor", "dark A minor trap"),
        ("C#m | F#m | B | E", "E major", "C#m | F#m | B | E | Key: E major"),
        ("Am, F, C, G on a piano", "C major", "Am, F, C, G on a piano, C major"),
        ("B minor", "B minor", "B minor"),
        ("piano", "raga Yaman", "piano, raga Yaman"),
        ("piano raga yaman", "raga Yaman", "piano raga yaman"),
        ("piano in G", "raga Yaman", "piano in raga Yaman"),
        ("key of C# major", "Db major", "key of C# major"),
        ("A# minor", "Bb minor", "A# minor"),
    ],
)  # fmt: skip
def test_keys(prompt: str, key: str, written: str) -> None:
    assert with_key(prompt, key) == written


@pytest.mark.parametrize(
    ("key", "spelt"),
    [("Am", "A minor"), ("B♭m", "Bb minor"), ("h-moll", "B minor"), ("Es-Dur", "Eb major"), ("g", "G"),
     ("Cb major", "Cb major"), ("F sharp dorian", "F# dorian"), ("b-moll", "Bb minor"), (" raga ", "raga")],
)  # fmt: skip
def test_a_key_is_spelt_as_in_training(key: str, spelt: str) -> None:
    assert spelt_key(key) == spelt


@pytest.mark.parametrize(
    ("prompt", "beats", "written"),
    [
        ("a jig in 6/8", 3, "a jig in 6/8"),
        ("rock in 3/4", 4, "rock in 4/4"),
        ("24/7 rock", 3, "24/7 rock"),
        ("hats in 1/4 notes", 3, "hats in 1/4 notes"),
        ("a 7/8 groove", 4, "a 7/8 groove"),
        ("3/4 of the crowd", 4, "3/4 of the crowd"),
    ],
)
def test_metres(prompt: str, beats: int, written: str) -> None:
    assert with_metre(prompt, beats) == written
    assert {said.value for said in metres_in(written)} <= {beats, None}
    assert beats_per_bar_in(written) in (beats, None)
