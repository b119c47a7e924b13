"""MIDI files for tests, written by mido or byte by byte."""

from __future__ import annotations

import io
import struct
from typing import Any

import mido


def clip(*tracks: list[tuple[int, Any]], ticks: int = 480, kind: int = 1) -> bytes:
    """A file of tracks, each of messages with their ticks."""
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    for events in tracks:
        before, track = 0, mido.MidiTrack()
        for tick, message in sorted(events, key=lambda event: event[0]):
            track.append(message.copy(time=tick - before))
            before = tick
        file.tracks.append(track)
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def note(
    start: int, end: int, pitch: int, channel: int = 0, velocity: int = 90
) -> list[tuple[int, Any]]:
    """A note from tick to tick."""
    return [
        (start, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)),
        (end, mido.Message("note_off", channel=channel, note=pitch)),
    ]


def notes(*rows: tuple[int, int, int], channel: int = 0) -> list[tuple[int, Any]]:
    """Notes from rows of start, end and pitch."""
    return [event for row in rows for event in note(*row, channel=channel)]


def meta(tick: int, kind: str, **values: Any) -> tuple[int, Any]:
    """A meta event."""
    return tick, mido.MetaMessage(kind, **values)


def control(tick: int, number: int, value: int, channel: int = 0) -> tuple[int, Any]:
    """A controller."""
    return tick, mido.Message("control_change", channel=channel, control=number, value=value)


def program(number: int, channel: int = 0, tick: int = 0) -> tuple[int, Any]:
    """A program change."""
    return tick, mido.Message("program_change", channel=channel, program=number)


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a file."""
    return name + struct.pack(">I", len(body)) + body


def raw(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    """A file of tracks in bytes."""
    head = chunk(b"MThd", struct.pack(">HHh", kind, len(tracks), division))
    return head + b"".join(chunk(b"MTrk", body) for body in tracks)
