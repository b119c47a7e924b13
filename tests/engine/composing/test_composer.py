"""Laws of the composer, over every style: pure, in range, on the grid, harmonic, whole."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools

import numpy as np
import pytest

from engine.composing.arrangement import Arrangement, is_held_out
from engine.composing.composer import compose
from engine.composing.instruments import INSTRUMENTS
from engine.composing.plan import lay_chords
from engine.composing.styles import styles
from engine.composing.theory import PITCH_CLASSES
from engine.errors import LongtakeError

STYLES = tuple(styles())
MELODIC = ("bass", "chords", "pad", "lead", "arp", "counter")


@functools.cache
def songs(style: str) -> list[Arrangement]:
    return [compose(seed, style, "song", seconds=90) for seed in (1, 2)]


@pytest.mark.parametrize(
    ("seed", "digest"),
    [
        (1, "f14606430d10"),
        (2, "ed80cf0b1077"),
        (3, "6f6804d5a0a4"),
        (8, "f3aa599d74b4"),
        (13, "2868686eb28c"),
    ],
)
def test_a_seed_is_the_piece_it_was_when_the_material_for_training_was_made(
    seed: int, digest: str
) -> None:
    assert hashlib.sha256(repr(compose(seed)).encode()).hexdigest().startswith(digest)


def test_at_least_24_styles() -> None:
    assert len(STYLES) >= 24


@pytest.mark.parametrize("style", STYLES)
def test_the_same_seed_is_the_same_piece(style: str) -> None:
    assert compose(7, style, "loop") == compose(7, style, "loop")
    assert compose(7, style, "loop") != compose(8, style, "loop")


@pytest.mark.parametrize("style", STYLES)
def test_notes_are_playable_and_inside_the_piece(style: str) -> None:
    for song in songs(style):
        end = song.sections[-1].start + song.sections[-1].beats
        for part in song.parts:
            for note in part.notes:
                assert 0 <= note.start < end
                assert note.duration > 0
                assert note.start + note.duration <= end + 1e-3
                assert 1 <= note.velocity <= 127
                if part.role != "drums":
                    instrument = INSTRUMENTS[part.instrument]
                    assert instrument.low <= note.pitch <= instrument.high, (part.role, note)


@pytest.mark.parametrize("style", STYLES)
def test_sections_tile_the_piece_in_whole_bars(style: str) -> None:
    for song in songs(style):
        place = 0.0
        for section in song.sections:
            assert section.start == pytest.approx(place)
            assert section.beats % song.beats_per_bar == pytest.approx(0)
            place += section.beats
        assert place * 60 / song.tempo <= song.seconds <= 285.5
        assert song.seconds >= 40


@pytest.mark.parametrize("style", STYLES)
def test_something_plays_in_every_bar(style: str) -> None:
    for song in songs(style):
        bars = round((song.sections[-1].start + song.sections[-1].beats) / song.beats_per_bar)
        for bar in range(bars):
            start = bar * song.beats_per_bar
            assert any(
                note.start < start + song.beats_per_bar and note.start + note.duration > start
                for part in song.parts
                for note in part.notes
            ), (style, song.seed, bar)


@pytest.mark.parametrize("style", STYLES)
def test_a_bass_stands_on_a_chord_tone_where_a_chord_begins(style: str) -> None:
    table = styles()[style]
    for song in songs(style):
        # The harmony is laid before anything else is drawn, so what sounds together must agree: every bass note on
        # the first beat of a bar belongs to the chord that the other parts hold there.
        for part in (p for p in song.parts if p.role == "bass"):
            for note in part.notes:
                near = round(note.start / song.beats_per_bar) * song.beats_per_bar
                if abs(note.start - near) < 0.02:
                    above = {(c - note.pitch) % 12 for c in _classes_at(song, near + 0.03)}
                    # Over its own root a rootless seventh chord is a triad, too.
                    sevenths = ({4, 7, 11}, {3, 7, 10})
                    assert not above or 0 in above or above in sevenths, (table.name, song.seed)


def _classes_at(song: Arrangement, beat: float) -> set[int]:
    """Pitch classes of the chord that chords and pads hold, empty where none of them plays three tones."""
    sounding = {
        note.pitch % 12
        for part in song.parts
        if part.role in ("chords", "pad") and part.instrument != "Distorted Guitar"
        for note in part.notes
        if note.start <= beat < note.start + note.duration
    }
    # A rootless or thinned voicing may lack the bass note; only full triads with the root are judged.
    roots = {(c, (c + 3) % 12, (c + 7) % 12) for c in range(12)} | {
        (c, (c + 4) % 12, (c + 7) % 12) for c in range(12)
    }
    return sounding if any(set(triad) == sounding for triad in roots) else set()


def test_a_melody_comes_back_with_its_section() -> None:
    song = compose(3, "pop", "song", seconds=180)
    lead = next(part for part in song.parts if part.role == "lead")
    choruses = [s for s in song.sections if s.name == "chorus"]
    assert len(choruses) >= 2

    def opening(start: float) -> list[tuple[float, int]]:
        return [
            (round(n.start - start, 2), n.pitch)
            for n in lead.notes
            if 0 <= n.start - start < 2 * song.beats_per_bar
        ]

    first, second = (opening(section.start) for section in choruses[:2])
    assert first
    shared = set(first) & set(second)
    assert len(shared) >= len(first) / 2


def test_lengths_asked_for_are_met() -> None:
    for seconds in (60, 120, 200, 285):
        song = compose(5, "rock", "song", seconds=seconds)
        assert abs(song.seconds - seconds) < 12


@pytest.mark.parametrize("style", ["house", "celtic", "waltz", "solo_piano"])
def test_loops_are_whole_bars_and_have_no_tail(style: str) -> None:
    loop = compose(9, style, "loop")
    beats = loop.sections[-1].start + loop.sections[-1].beats
    assert loop.seconds == pytest.approx(beats * 60 / loop.tempo, abs=1e-3)
    assert 4 <= beats / loop.beats_per_bar <= 16


def test_stems_have_one_or_two_instruments_and_some_are_drums_alone() -> None:
    stems = [compose(seed, kind="stem", seconds=10) for seed in range(60)]
    assert all(1 <= len(stem.instruments) <= 2 for stem in stems)
    assert any(stem.instruments in (("Drums",), ("Drum Machine",)) for stem in stems)
    assert len({stem.instruments for stem in stems}) > 20


def test_a_drum_stem_claims_no_key() -> None:
    drums = next(
        s
        for s in (compose(seed, "techno", "stem") for seed in range(40))
        if s.instruments == ("Drum Machine",)
    )
    assert "key" not in drums.metadata()


def test_metres_other_than_four_four_exist() -> None:
    assert {style.metre for style in styles().values()} >= {(4, 4), (3, 4), (6, 8)}


def test_held_out_and_training_seeds_are_disjoint_and_marked() -> None:
    held = {seed for seed in range(500) if is_held_out(seed)}
    assert len(held) == 10
    assert compose(50, "lo_fi", "loop").metadata()["held_out"] is True
    assert compose(51, "lo_fi", "loop").metadata()["held_out"] is False


def test_chords_cover_the_piece_without_gap() -> None:
    style = styles()["jazz_trio"]
    song = compose(4, "jazz_trio", "song")
    spans = lay_chords(
        style, song.mode, PITCH_CLASSES.index(song.key), song.sections, np.random.default_rng(0)
    )
    for before, after in itertools.pairwise(spans):
        assert before.end == pytest.approx(after.start)
    assert spans[-1].end == pytest.approx(song.sections[-1].start + song.sections[-1].beats)


def test_unknown_names_are_refused_with_the_choices() -> None:
    with pytest.raises(LongtakeError, match="house"):
        compose(1, "polka metal")
    with pytest.raises(LongtakeError, match="one-shot"):
        compose(1, kind="opera")  # pyright: ignore[reportArgumentType]


def test_arrangements_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        compose(1, "house", "loop").tempo = 1  # pyright: ignore[reportAttributeAccessIssue]
