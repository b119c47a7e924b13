"""Laws of the events of MIDI files and of their clock."""

from __future__ import annotations

import io

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composing.midi_events import END, META, Clock, Event, read_events, tempi
from tests.engine.composing.midi_clips import chunk, clip, meta, notes, program, raw

ENDING = bytes([0, 0xFF, END, 0])


def events(data: bytes) -> list[Event]:
    return list(read_events(data)[1])


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 5000), st.integers(1, 900), st.integers(0, 127)), max_size=8
        ),
        min_size=1,
        max_size=3,
    )
)
def test_every_event_is_where_mido_wrote_it(rows: list[list[tuple[int, int, int]]]) -> None:
    data = clip(*([program(5), *notes(*((s, s + n, p) for s, n, p in row))] for row in rows))
    theirs = [
        (tick, index, *message.bytes())
        for index, track in enumerate(mido.MidiFile(file=io.BytesIO(data)).tracks)
        for tick, message in zip(np.cumsum([m.time for m in track]), track, strict=True)
        if not message.is_meta
    ]
    ours = [(e.tick, e.track, e.status, *e.data) for e in events(data) if e.status != META]
    assert ours == theirs


def test_running_status_goes_on_after_meta_and_exclusive_messages() -> None:
    body = bytes([0, 0x90, 60, 90, 1, 0xF0, 2, 1, 0xF7, 2, 61, 91, 3, 0xFF, 0x7D, 1, 0, 4, 61, 0])
    read = [(e.tick, e.status, *e.data) for e in events(raw(body + ENDING)) if e.status != META]
    assert read == [(0, 0x90, 60, 90), (3, 0x90, 61, 91), (10, 0x90, 61, 0)]


def test_other_chunks_are_passed_over_and_riff_is_unwrapped() -> None:
    data = raw(bytes([0, 0x90, 60, 90]) + ENDING)
    head, track = data[:14], data[14:]
    strange = head + chunk(b"XFIH", b"abc") + track
    wrapped = b"RIFF" + bytes(4) + b"RMID" + chunk(b"data", data)
    assert events(strange) == events(wrapped) == events(data)


def test_patterns_follow_each_other() -> None:
    bodies = [bytes([5, 0x90, 60 + i, 90, 10, 0xFF, END, 0]) for i in range(3)]
    ticks = [e.tick for e in events(raw(*bodies, kind=2)) if e.status != META]
    assert ticks == [5, 20, 35]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "of another kind"),
        (b"RIFF" + bytes(20), "of another kind"),
        (b"MThd", "header is cut off"),
        (raw(ENDING)[:12], "cut off"),
        (raw(ENDING, kind=3), "header is damaged"),
        (raw(ENDING, division=0), "header is damaged"),
        (raw(), "header is damaged"),
        (chunk(b"MThd", bytes(2)), "header is cut off"),
        (raw(ENDING, ENDING)[:-12], "only 1 of its 2 tracks"),
        (raw(ENDING)[:-2], "cut off"),
        (raw(bytes([0, 0x90, 60])), "track 1 is cut off"),
        (raw(bytes([0, 60, 60])), "track 1 is damaged"),
        (raw(bytes([0, 0x90, 60, 200])), "track 1 is damaged"),
        (raw(bytes([0, 0xFF, 1, 100, 65])), "track 1 is cut off"),
        (raw(b"\xff\xff\xff\xff\xff"), "too long"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        events(data)


def test_the_clock_follows_the_tempi() -> None:
    data = clip([meta(480, "set_tempo", tempo=1_000_000), meta(960, "set_tempo", tempo=250_000)])
    header, read = read_events(data)
    clock = Clock.of(header.division, tempi(read))
    assert clock.at([0, 240, 480, 960, 1440]) == pytest.approx([0, 0.25, 0.5, 1.5, 1.75])


@pytest.mark.parametrize(
    ("frames", "ticks", "rate"), [(-25, 40, 1000.0), (-30, 80, 2400.0), (-29, 100, 3000 / 1.001)]
)
def test_smpte_time_knows_no_tempo(frames: int, ticks: int, rate: float) -> None:
    clock = Clock.of(frames * 256 + ticks, [(0, 3.0)])
    assert clock.at([0, 1000]) == pytest.approx([0, 1000 / rate])


def test_a_tempo_of_zero_is_none() -> None:
    assert tempi([Event(7, 0, META, bytes([0x51, 0, 0, 0])), Event(8, 0, META, b"\x51")]) == []
