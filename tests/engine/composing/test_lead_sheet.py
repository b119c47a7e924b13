"""Laws of lead sheets: what was asked for is there, in a take of exactly that length, and it begins and ends."""

from __future__ import annotations

import dataclasses
import functools
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.composing.arrangement import Arrangement, Note, Part
from engine.composing.chord_symbols import parse_symbol
from engine.composing.description import chart
from engine.composing.instruments import INSTRUMENTS
from engine.composing.lead_sheet import written
from engine.composing.mix import DRUMS
from engine.composing.score import Score
from engine.composing.styles import styles
from engine.composing.theory import PITCH_CLASSES, SCALES
from engine.composing.wish import Wish
from engine.errors import LongtakeError

T = TypeVar("T")
NEAR = 0.07
"""Quarter notes by which players miss a beat."""
SHEETS = (
    "",
    "",
    "Am7 | F | C G | E7",
    "C/E | F | G7/B",
    "C F G | Am",
    "F#m7b5 | B7alt | Em9 | A13",
    "Bb",
)
FORMS = (
    "",
    "",
    "intro 4, verse 8, chorus 8, outro 4",
    "A 8, B 8",
    "intro 2, build 4, drop 8, breakdown 4",
)
LENGTHS = st.one_of(
    st.floats(0.5, 60.0), st.sampled_from([0.5, 1.0, 2.0, 3.0, 4.0, 8.0, 12.0, 30.0, 47.55, 100.0])
)


def maybe(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | values


WISHES = st.builds(
    Wish,
    seed=st.integers(0, 2**32 - 1),
    seconds=LENGTHS,
    style=maybe(st.sampled_from(list(styles()))),
    instruments=st.lists(st.sampled_from([*INSTRUMENTS, *DRUMS]), max_size=4, unique=True).map(
        tuple
    ),
    alone=st.booleans(),
    tempo=maybe(st.floats(30.0, 300.0)),
    tonic=maybe(st.integers(0, 11)),
    mode=maybe(st.sampled_from(list(SCALES))),
    beats_per_bar=maybe(st.integers(1, 16) | st.sampled_from([3, 4])),
    moods=st.sampled_from([(), ("Sad",), ("Happy", "Dark")]),
    level=maybe(st.floats(0.0, 1.0)),
    chords=st.sampled_from(SHEETS),
    form=st.sampled_from(FORMS),
    exact=st.booleans(),
    loop=st.booleans(),
    without=st.sampled_from([(), (), DRUMS, ("Piano", "Strings", "Bass Guitar")]),
)


def notes(piece: Arrangement) -> list[tuple[Part, Note]]:
    return [(part, note) for part in piece.parts for note in part.notes]


def bars(piece: Arrangement) -> float:
    return end(piece) / piece.beats_per_bar


def end(piece: Arrangement) -> float:
    return piece.sections[-1].start + piece.sections[-1].beats


@settings(deadline=None, max_examples=150)
@given(WISHES)
def test_every_wish_is_a_whole_piece_of_its_length(wish: Wish) -> None:
    piece = written(wish)
    take = wish.seconds * piece.tempo / 60
    assert piece.seconds == wish.seconds
    assert piece.sections[0].start == 0
    assert end(piece) <= take + 1e-3
    if wish.exact or wish.loop:
        assert end(piece) == pytest.approx(take, abs=1e-3)
    for part, note in notes(piece):
        assert 0 <= note.start < take
        assert 0 < note.duration <= take + 1e-3 - note.start
        assert 1 <= note.velocity <= 127
        if part.role != "drums":
            row = INSTRUMENTS[part.instrument]
            assert row.low <= note.pitch <= row.high, (part.role, part.instrument, note)
    first = min(piece.beats_per_bar, take)
    assert any(note.start < first for _, note in notes(piece)), "the first bar is silent"
    for before, after in zip(piece.chords, piece.chords[1:], strict=False):
        assert before.end == pytest.approx(after.start)


@settings(deadline=None, max_examples=100)
@given(WISHES)
def test_instruments_that_are_asked_for_play_and_nobody_else_if_they_are_alone(wish: Wish) -> None:
    piece = written(wish)
    assert {*wish.instruments} <= {*piece.instruments}
    assert not ({*wish.without} - {*wish.instruments}) & {*piece.instruments}
    if wish.alone and wish.instruments:
        assert {*piece.instruments} == {*wish.instruments}
    if wish.seconds < 12:
        first = piece.beats_per_bar
        early = {part.instrument for part, note in notes(piece) if note.start < first}
        assert {*wish.instruments} <= early


@settings(deadline=None, max_examples=60)
@given(WISHES)
def test_what_is_asked_for_is_what_the_piece_says(wish: Wish) -> None:
    piece = written(wish)
    assert written(wish) == piece
    assert wish.style in (None, piece.style)
    assert wish.tempo in (None, piece.tempo)
    assert wish.tonic in (None, PITCH_CLASSES.index(piece.key))
    assert wish.mode in (None, piece.mode)
    assert wish.beats_per_bar in (None, piece.beats_per_bar)
    assert wish.moods in ((), piece.moods)
    assert Score.of(piece).end <= wish.seconds * piece.tempo / 60 + 1e-3


@functools.cache
def song(seed: int, sheet: str = "", **wish: object) -> Arrangement:
    return written(Wish(seed=seed, chords=sheet, **{"seconds": 30.0, **wish}))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "style", ["rock", "lo_fi", "house", "jazz_trio", "orchestral", "solo_piano"]
)
def test_given_chords_are_repeated_and_the_parts_play_their_tones(style: str) -> None:
    piece = song(3, "Am | F/A | C G | E7", style=style, beats_per_bar=4)
    own = ["Am", "F/A", "C G", "E7"]
    assert all(bar == own[i % 4] for i, bar in enumerate(chart(piece).split(" | ")[:-1]))
    checked = 0
    for part, note in notes(piece):
        place = round(note.start / 2) * 2
        if (
            part.role in ("drums", "counter")
            or abs(note.start - place) > NEAR
            or place >= end(piece)
        ):
            continue
        span = next(s for s in piece.chords if s.start - 1e-6 <= place < s.end - 1e-6)
        walking = part.role == "bass" and abs(place - span.start) > NEAR
        if not walking:
            assert note.pitch % 12 in span.chord.pitch_classes | {span.chord.lowest}, (
                part.role,
                note,
                span,
            )
            checked += 1
    assert checked > 30


@pytest.mark.parametrize(
    "style", [name for name, style in styles().items() if style.beats_per_bar == 4]
)
def test_the_bass_plays_the_tone_after_the_slash_where_its_chord_begins(style: str) -> None:
    piece = song(
        5, "C/E | G7/B | Am/E | Dm7/G", style=style, level=0.9, instruments=("Bass Guitar",)
    )
    bass = [part for part in piece.parts if part.role == "bass"]
    struck = [
        (min(within, key=lambda note: note.start).pitch % 12, span.chord.lowest)
        for part in bass
        for span in piece.chords
        if (within := [n for n in part.notes if span.start <= n.start + NEAR < span.end])
    ]
    assert all(played == lowest for played, lowest in struck), struck
    assert len(struck) >= len(piece.chords) / 2


def test_nobody_but_the_drums_plays_where_there_is_no_chord() -> None:
    beating = False
    for seed in range(8):
        piece = song(seed, "Am | N.C. | F | G N.C.", style="pop", beats_per_bar=4)
        rests = [(4.0 * i, 4.0 * i + 4) for i in range(1, int(bars(piece)) - 1, 4)]
        rests += [(4.0 * i + 2, 4.0 * i + 4) for i in range(3, int(bars(piece)) - 1, 4)]
        assert rests
        for part, note in notes(piece):
            for start, stop in rests:
                outside = note.start + note.duration <= start + 1e-4 or note.start >= stop - 1e-4
                assert part.role == "drums" or outside, (part.role, note, start)
        assert chart(piece).split(" | ")[1] == "N.C."
        beating |= any(part.role == "drums" and 4 <= n.start < 8 for part, n in notes(piece))
    assert beating


@pytest.mark.parametrize(
    ("sheet", "key"),
    [
        ("Am7 | F | C G | E7", "A minor"),
        ("C | G | Am | F", "C major"),
        ("Dm7 | G7 | Cmaj7", "C major"),
        ("Em | C | G | D/F#", "E minor"),
        ("Bb | Eb | F7 | Bb", "Bb major"),
        ("A7 | D7 | A7 | E7", "A mixolydian"),
        ("Dm7 | G", "D dorian"),
    ],
)
def test_the_key_is_found_from_the_chords(sheet: str, key: str) -> None:
    piece = song(1, sheet)
    home, mode = key.split()
    assert piece.key == home
    assert (3 in SCALES[piece.mode]) == (3 in SCALES[mode])


@pytest.mark.parametrize("seconds", [4.0, 9.0, 30.0, 61.3, 180.0, 285.0, 600.0])
def test_songs_of_two_bars_and_more_end_on_one_chord_on_the_downbeat_of_the_last_bar_and_ring_out(
    seconds: float,
) -> None:
    for seed in range(4):
        piece = song(seed, seconds=seconds)
        if bars(piece) <= 1:
            continue
        last = max(note.start for _, note in notes(piece))
        assert abs((last + NEAR) % piece.beats_per_bar - NEAR) <= NEAR
        assert last > end(piece) - piece.beats_per_bar - 2.0 * piece.tempo / 60
        rest = seconds - end(piece) * 60 / piece.tempo
        assert min(0.5, seconds / 12) - 1e-3 <= rest <= 2.0 + 1e-3
        assert len([s for s in piece.chords if s.end > end(piece) - 1]) == 1


def test_loops_have_no_beginning_no_ending_and_one_energy_if_they_are_short() -> None:
    for seed in range(6):
        short, long = song(seed, loop=True, seconds=12.0), song(seed, loop=True, seconds=90.0)
        assert len(short.sections) == 1
        assert not {s.name for s in long.sections} & {"intro", "outro", "coda"}
        for piece in (short, long):
            assert piece.kind == "loop"
            assert bars(piece) == pytest.approx(round(bars(piece)))
            last = end(piece) - piece.beats_per_bar
            assert len([n for _, n in notes(piece) if n.start > last + 0.5]) > 1


def test_a_piano_alone_has_a_bass_chords_and_a_melody() -> None:
    for style in ("solo_piano", "pop", "jazz_trio", "waltz"):
        piece = song(2, style=style, instruments=("Piano",), alone=True, seconds=40.0)
        roles = {part.role for part in piece.parts}
        assert {"bass", "lead"} < roles
        assert roles & {"chords", "arp", "pad"}


@pytest.mark.parametrize("name", DRUMS)
def test_drums_alone_are_a_clear_beat_at_any_tempo(name: str) -> None:
    for tempo in (60.0, 93.0, 128.0, 174.0):
        piece = song(4, instruments=(name,), alone=True, tempo=tempo, level=0.1, seconds=16.0)
        pitches = {note.pitch for _, note in notes(piece)}
        assert 36 in pitches
        assert pitches & {37, 38, 39}
        assert pitches & {42, 44, 46, 51, 53, 54, 70, 57}
        assert piece.tempo == tempo


def test_more_level_is_more_energy() -> None:
    calm, loud = (song(7, style="pop", seconds=60.0, level=level) for level in (0.1, 0.9))
    for low, high in zip(calm.sections, loud.sections, strict=True):
        assert low.name == high.name
        assert low.energy < high.energy
    assert (calm.energy, loud.energy) == ("low", "high")


def test_sad_is_minor_and_happy_is_major_where_no_mode_is_asked_for() -> None:
    for seed in range(12):
        assert 3 in SCALES[song(seed, moods=("Sad",)).mode]
        assert 4 in SCALES[song(seed, moods=("Happy",)).mode]


def test_the_form_in_words_is_the_form_of_the_piece() -> None:
    piece = song(
        9,
        style="pop",
        form="intro 2, verse 4, chorus 4, verse 4, chorus 4, outro 2",
        tempo=96.0,
        seconds=51.5,
    )
    assert [s.name for s in piece.sections] == [
        "intro",
        "verse",
        "chorus",
        "verse",
        "chorus",
        "outro",
    ]
    assert [round(s.beats / 4) for s in piece.sections] == [2, 4, 4, 4, 4, 2]
    by_letter = {s.letter for s in piece.sections}
    assert len(by_letter) == 4


def test_chords_begin_again_with_every_section_that_holds_them_whole() -> None:
    piece = song(
        9,
        "Am | F | C | G",
        style="pop",
        form="intro 2, verse 8, outro 2",
        tempo=120.0,
        seconds=24.0,
        exact=True,
    )
    assert chart(piece) == "Am | F | Am | F | C | G | Am | F | C | G | Am | F"


def test_the_same_seed_keeps_tempo_players_and_form_under_other_chords() -> None:
    one, other = (song(11, sheet, style="soul") for sheet in ("C | F", "Ebm7 | Ab7"))
    assert one.instruments == other.instruments
    assert (one.tempo, one.sections) == (other.tempo, other.sections)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"style": "polka"}, "'polka'.*house"),
        ({"instruments": ("Kazoo",)}, "'Kazoo'.*Piano"),
        ({"mode": "locrian"}, "'locrian'.*dorian"),
        ({"chords": "Am | Q"}, "Bar 2"),
        ({"form": "8"}, "verse 8"),
    ],
)
def test_unknown_things_are_refused_with_a_sentence(wish: dict[str, object], said: str) -> None:
    base = Wish(seed=1, seconds=8.0)
    with pytest.raises(LongtakeError, match=said):
        written(dataclasses.replace(base, **wish))  # pyright: ignore[reportArgumentType]


def test_symbols_of_the_chart_are_the_chords_of_the_piece() -> None:
    piece = song(13, style="jazz_trio")
    first = chart(piece).split(" | ")[0].split()[0]
    assert parse_symbol(first).pitch_classes == piece.chords[0].chord.pitch_classes
