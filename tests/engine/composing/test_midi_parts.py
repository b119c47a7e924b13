"""Laws of keys, pedals and programs, and of the roles of parts."""

from __future__ import annotations

from typing import Any

import pytest

from engine.composing.midi_events import read_events
from engine.composing.midi_parts import Voice, players, roles, voices
from tests.engine.composing.midi_clips import clip, control, meta, note, notes, program


def played(*tracks: list[tuple[int, Any]]) -> list[Voice]:
    return voices(sorted(read_events(clip(*tracks))[1], key=lambda event: event.tick))


def spans(part: Voice) -> list[tuple[int, int, int]]:
    return [(note.start, note.end, note.pitch) for note in part.notes]


def cast(*tracks: list[tuple[int, Any]]) -> list[str]:
    return roles(played(*tracks))


def named(name: str, events: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    return [meta(0, "track_name", name=name), *events]


TUNE = notes((0, 480, 72), (480, 960, 74), (960, 1440, 76), (1440, 1920, 72))
LOW = notes((0, 960, 36), (960, 1920, 43), (1920, 2400, 36), (2400, 2800, 41))
BLOCKS = notes(*((t, t + 900, p) for t in (0, 960) for p in (60, 64, 67)))


def test_a_note_on_without_velocity_ends_the_note() -> None:
    off = note(0, 1, 60, velocity=0)[:1]
    (part,) = played([*note(0, 900, 60)[:1], (240, off[0][1])])
    assert spans(part) == [(0, 240, 60)]


def test_of_overlapping_notes_the_first_ends_first() -> None:
    (part,) = played(notes((0, 480, 60), (240, 960, 60), (300, 400, 64)))
    assert spans(part) == [(0, 480, 60), (240, 960, 60), (300, 400, 64)]


def test_a_note_that_is_never_ended_ends_with_its_track() -> None:
    hanging = [note(100, 0, 60)[0], meta(1000, "end_of_track")]
    first, second = played(hanging, notes((0, 5000, 70)))
    assert (spans(first), spans(second)) == ([(100, 1000, 60)], [(0, 5000, 70)])


def test_a_note_struck_twice_at_once_is_one() -> None:
    (part,) = played([note(0, 9, 60, velocity=50)[0], *note(0, 480, 60, velocity=80)])
    assert [(n.start, n.end, n.velocity) for n in part.notes] == [(0, 480, 80)]


def test_all_notes_off_ends_the_notes_of_its_channel() -> None:
    first, second = played([note(0, 9, 60)[0], *note(0, 900, 64, 1), control(300, 123, 0)])
    assert (spans(first), spans(second)) == ([(0, 300, 60)], [(0, 900, 64)])


def test_the_pedal_holds_notes_until_it_rises_or_they_are_struck_again() -> None:
    pedal = [control(100, 64, 127), control(110, 64, 100), control(1000, 64, 0)]
    rows = ((0, 50, 55), (0, 240, 60), (480, 600, 60), (900, 1100, 64))
    (part,) = played([*pedal, *notes(*rows)])
    assert spans(part) == [(0, 50, 55), (0, 480, 60), (480, 1000, 60), (900, 1100, 64)]
    assert [note.released for note in part.notes] == [50, 240, 600, 1100]


def test_a_pedal_that_stays_down_holds_to_the_end() -> None:
    (part,) = played([control(0, 64, 127), *notes((0, 240, 60), (480, 960, 62))])
    assert spans(part) == [(0, 960, 60), (480, 960, 62)]


def test_a_program_holds_for_its_channel_but_a_tracks_own_comes_first() -> None:
    setup = [program(40, 0), program(73, 1)]
    parts = played(
        setup, note(0, 9, 60, 0), [program(12, 0, 1), *note(1, 9, 60, 0)], note(2, 9, 60, 1)
    )
    assert [part.program for part in parts] == [40, 12, 73]
    assert [part.program for part in played(note(0, 9, 60))] == [None]


def test_of_several_programs_the_one_with_most_notes_counts() -> None:
    (part,) = played(
        [program(5), *note(0, 9, 60), program(20, tick=10), *notes((11, 12, 60), (13, 14, 60))]
    )
    assert part.program == 20


def test_parts_are_the_channels_of_the_tracks() -> None:
    parts = played(
        named("all", [*note(0, 9, 60, 2), *note(0, 9, 60, 1)]), named("one", note(0, 9, 60, 2))
    )
    assert [(p.track, p.channel, p.name) for p in parts] == [(0, 1, ""), (0, 2, ""), (1, 2, "one")]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Drum Loop", "drums"),
        ("My Kit", "drums"),
        ("PERC", "drums"),
        ("Steel Drums", "lead"),
        ("Percussive Organ", "lead"),
        ("E-Bass", "bass"),
        ("Bassoon", "lead"),
        ("Synth (pad)", "pad"),
    ],
)
def test_names_say_roles(name: str, role: str) -> None:
    assert cast(named(name, TUNE)) == [role]


def test_roles_by_channel_and_program() -> None:
    drums = notes((0, 10, 36), (480, 490, 38), channel=9)
    assert cast(drums, [program(33, 1), *notes((0, 9, 60), channel=1)], BLOCKS) == [
        "drums",
        "bass",
        "chords",
    ]


def test_the_lowest_tune_is_the_bass_and_the_highest_leads() -> None:
    middle = notes(*((t, t + 100, 60 + t % 7) for t in range(0, 1920, 240)))
    assert cast(LOW, TUNE, BLOCKS, middle) == ["bass", "lead", "chords", "chords"]
    assert cast(named("Vocals", BLOCKS), TUNE) == ["lead", "chords"]


def test_a_tune_below_the_others_does_not_lead() -> None:
    high = [(tick, message.copy(note=message.note + 24)) for tick, message in BLOCKS]
    low = [(tick, message.copy(note=message.note - 12)) for tick, message in TUNE]
    assert cast(high, low) == ["chords", "chords"]


def test_a_clip_alone_leads_if_it_is_a_tune() -> None:
    assert (cast(TUNE), cast(BLOCKS), cast(LOW)) == (["lead"], ["chords"], ["bass"])
    held = [control(0, 64, 127), *TUNE]
    assert cast(held) == ["lead"]
    legato = notes((0, 500, 72), (480, 990, 74), (960, 1450, 76), (1440, 1920, 72))
    assert cast(legato) == ["lead"]


def test_players_are_the_nearest_instruments() -> None:
    def player(number: int | None, role: str = "chords", name: str = "") -> str:
        return players(Voice(0, 0, name, number, ()), role)

    assert [player(n) for n in (0, 15, 33, 81, 96, 105, 127)] == [
        "Piano", "Tubular Bells", "Bass Guitar", "Synth Lead", "Synth Pad", "Banjo", "Synth Pad",
    ]  # fmt: skip
    assert (player(0, "drums"), player(25, "drums"), player(None, "drums")) == (
        "Drums",
        "Drum Machine",
        "Drums",
    )
    assert player(38, "bass", "Reese Bass (bass)") == "Reese Bass"
    assert (player(None, "bass"), player(None, "lead")) == ("Bass Guitar", "Piano")
