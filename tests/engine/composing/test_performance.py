"""Laws of performance: rests are silent and cost nothing else, cuts are clean, a fermata only lengthens the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composing.arrangement import ChordSpan, Note, Part, Section, Voice
from engine.composing.performance import close, cut, heard, held, landed, silenced
from engine.composing.plan import Plan
from engine.composing.styles import styles
from engine.composing.theory import Chord

VOICE = Voice("synth", "bass_saw")
BARS = 4


def part(*notes: tuple[float, float], role: str = "lead", pitch: int = 60) -> Part:
    return Part(role, "Synth Lead", VOICE, tuple(Note(s, d, pitch, 90) for s, d in notes))


def plan() -> Plan:
    spans = tuple(ChordSpan(4.0 * i, 4.0, Chord(0, (0, 4, 7))) for i in range(BARS))
    sections = (Section("theme", "A", 0.0, 4.0 * BARS, 0.7),)
    return Plan(styles()["pop"], 120.0, 0, "major", sections, spans)


NOTES = st.lists(
    st.tuples(st.integers(0, 60).map(lambda n: n / 4), st.integers(1, 24).map(lambda n: n / 4)), max_size=12
)  # fmt: skip
RESTS = st.lists(st.integers(0, 7), max_size=4, unique=True).map(
    lambda places: tuple((2.0 * p, 2.0 * p + 1) for p in sorted(places))
)


@given(NOTES, RESTS)
def test_rests_are_silent_and_all_else_still_sounds(
    notes: list[tuple[float, float]], rests: tuple[tuple[float, float], ...]
) -> None:
    left = silenced(part(*notes), rests)

    def sounding(played: Part) -> set[float]:
        times = [step / 8 + 1 / 16 for step in range(8 * 24)]
        return {t for t in times for n in played.notes if n.start <= t < n.start + n.duration}

    resting = {t for t in sounding(part(*notes)) if any(a <= t < b for a, b in rests)}
    assert sounding(left) == sounding(part(*notes)) - resting
    assert silenced(part(*notes, role="drums"), rests) == part(*notes, role="drums")


def test_a_player_who_is_early_or_late_at_a_rest_keeps_out_of_it() -> None:
    left = silenced(part((0.0, 2.0), (1.98, 1.0), (3.97, 1.0)), ((2.0, 4.0),))
    assert [(n.start, n.start + n.duration) for n in left.notes] == [
        (0.0, 2.0),
        (4.0, pytest.approx(4.97)),
    ]


@given(NOTES, st.integers(1, 15))
def test_what_is_cut_ends_there(notes: list[tuple[float, float]], end: int) -> None:
    short, (left,) = cut(plan(), [part(*notes)], float(end))
    assert short.end == end
    assert short.spans[-1].end == end
    assert all(n.start < end and n.start + n.duration <= end for n in left.notes)
    assert len(left.notes) == sum(start < end for start, _ in notes)
    assert cut(plan(), [part(*notes)], 4.0 * BARS) == (plan(), [part(*notes)])


def test_a_fermata_lengthens_the_last_notes_and_the_form_only() -> None:
    longer, (tune, beat) = held(
        plan(), [part((0.0, 1.0), (12.0, 4.0)), part((12.0, 0.2), role="drums")], 3.0
    )
    assert [n.duration for n in tune.notes] == [1.0, 7.0]
    assert beat.notes[0].duration == 0.2
    assert longer.end == longer.spans[-1].end == plan().end + 3.0


def test_somebody_is_always_there_for_the_last_chord() -> None:
    for tune in (part((0.0, 1.0), (13.0, 1.0)), part((0.0, 1.0), (3.0, 1.0), pitch=62)):
        (landing,) = (close(plan(), each) for each in landed(plan(), [tune]))
        assert landing.notes[-1].start == 12.0
        assert landing.notes[-1].duration == 4.0
    assert landing.notes[-1].pitch % 12 in (0, 4)
    (beat,) = (
        close(plan(), each) for each in landed(plan(), [part((9.0, 0.2), role="drums", pitch=42)])
    )
    assert {n.pitch for n in beat.notes if n.start == 12.0} == {36, 49}


def test_who_would_come_too_late_begins_at_once() -> None:
    late = part((3.0, 1.0), (4.0, 1.0))
    assert [n.start for n in heard(late, late, 2.0).notes] == [0.0, 1.0]
    assert heard(late, late, 8.0) == late
    assert heard(part(), part(), 8.0) == part()
