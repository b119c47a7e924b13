"""The events of a Standard MIDI File, and the seconds at which they fall. Knows nothing of what they are to a piece.

Files are read here and not by mido, which needs 100 bytes of memory and 5 µs for each byte, drops the times of meta
events that it does not know, and refuses chunks of other kinds and keys that do not exist.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 0x80, 0x90, 0xB0, 0xC0
"""Kinds of messages to a channel."""
META = 0xFF
TEXT, TRACK_NAME, MARKER, CUE, END, TEMPO, METRE = 0x01, 0x03, 0x06, 0x07, 0x2F, 0x51, 0x58
"""Kinds of meta events."""
DRUM_CHANNEL = 9
_EXCLUSIVE = (0xF0, 0xF7)
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_DEFAULT_SECONDS = 0.5
_NTSC = {29: 30 / 1.001}
"""Frames of SMPTE time that are not as many a second as their name says."""


class Header(NamedTuple):
    """The format (0, 1 or 2), and ticks per quarter note or, below 0, the two bytes of an SMPTE division."""

    format: int
    division: int


class Event(NamedTuple):
    """What happens at a tick of a track.

    `status` is a channel message's with its channel, and `data` its one or two bytes; or it is META, and `data` begins
    with the kind of the meta event. Exclusive and other system messages are left out.
    """

    tick: int
    track: int
    status: int
    data: bytes

    @property
    def message(self) -> int:
        """The kind of message, without its channel; 0 if it is a meta event."""
        return self.status & 0xF0 if self.status < 0xF0 else 0

    @property
    def meta(self) -> int:
        """The kind of meta event; -1 if it is none."""
        return self.data[0] if self.status == META else -1

    @property
    def text(self) -> str:
        """What a meta event says."""
        try:
            return self.data[1:].decode("utf-8").strip("\0 ")
        except UnicodeDecodeError:
            return self.data[1:].decode("latin-1").strip("\0 ")


def read_events(data: bytes) -> tuple[Header, Iterator[Event]]:
    """Reads a file: its events come lazily, track by track, and each track ends with END.

    The patterns of a file of format 2 come one after another.

    Raises:
        ValueError: at once or while the events are read, if it is no MIDI file or damaged.
    """
    if data[:4] == b"RIFF" and data[8:16] == b"RMIDdata":
        data = data[20:]
    if data[:4] != b"MThd":
        raise ValueError("it is of another kind, since a MIDI file begins with MThd")
    chunks = _chunks(data)
    _, head = next(chunks, (b"", b""))
    if len(head) < 6:
        raise ValueError("its header is cut off")
    kind, tracks, division = struct.unpack(">HHh", head[:6])
    if kind > 2 or not tracks or division in (0, -0x8000) or (division < 0 and not division & 0xFF):
        raise ValueError("its header is damaged")
    return Header(kind, division), _events(chunks, tracks, in_a_row=kind == 2)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        name, size = struct.unpack_from(">4sI", data, at)
        at += 8
        if at + size > len(data):
            raise ValueError("it is cut off")
        yield name, data[at : at + size]
        at += size


def _events(
    chunks: Iterator[tuple[bytes, bytes]], tracks: int, *, in_a_row: bool
) -> Iterator[Event]:
    offset = track = 0
    for name, body in chunks:
        if name != b"MTrk":
            continue
        try:
            for event in _track(body, track, offset):
                yield event
                if in_a_row and event.meta == END:
                    offset = event.tick
        except IndexError:
            raise ValueError(f"its track {track + 1} is cut off") from None
        track += 1
    if track < tracks:
        raise ValueError(f"only {track} of its {tracks} tracks are there")


def _track(body: bytes, track: int, tick: int) -> Iterator[Event]:
    at = running = 0
    while at < len(body):
        delta, at = _number(body, at)
        tick += delta
        status = body[at]
        if status < 0x80:
            status = running
        else:
            at += 1
        if status == META:
            size, start = _number(body, at + 1)
            yield Event(tick, track, META, body[at : at + 1] + _bytes(body, start, size))
            if body[at] == END:
                return
            at = start + size
        elif status in _EXCLUSIVE:
            size, at = _number(body, at)
            at += len(_bytes(body, at, size))
        elif status >= 0xF0:
            at += _SYSTEM_BYTES.get(status, 0)
        elif status >= 0x80:
            running = status
            size = 1 if 0xC0 <= status < 0xE0 else 2
            values = _bytes(body, at, size)
            if max(values) > 0x7F:
                raise ValueError(f"its track {track + 1} is damaged")
            yield Event(tick, track, status, values)
            at += size
        else:
            raise ValueError(f"its track {track + 1} is damaged")
    yield Event(tick, track, META, bytes([END]))


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    number = 0
    for place in range(at, at + 4):
        byte = body[place]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, place + 1
    raise ValueError("a number in it is too long")


def _bytes(body: bytes, at: int, size: int) -> bytes:
    if at + size > len(body):
        raise IndexError
    return body[at : at + size]


def tempi(events: Iterable[Event]) -> list[tuple[int, float]]:
    """The tick of every change of tempo, and how many seconds a quarter note lasts from there on."""
    found = [
        (event.tick, int.from_bytes(event.data[1:4], "big") / 1e6)
        for event in events
        if event.meta == TEMPO
    ]
    return [(tick, seconds) for tick, seconds in found if seconds > 0]


@dataclass(frozen=True, slots=True)
class Clock:
    """The tempo map: `ticks` [K] where the tempo changes, their `seconds` [K], and seconds a tick from there on [K]."""

    ticks: NDArray[np.float64]
    seconds: NDArray[np.float64]
    rates: NDArray[np.float64]

    @classmethod
    def of(cls, division: int, changes: Iterable[tuple[int, float]]) -> Clock:
        """The clock of a file; `changes` are ticks in order, with seconds a quarter note, as from `tempi`."""
        if (
            division < 0
        ):  # SMPTE: the high byte is minus the frames a second, the low one the ticks a frame.
            frames = -(division >> 8)
            rate = 1 / (_NTSC.get(frames, frames) * (division & 0xFF))
            return cls(np.zeros(1), np.zeros(1), np.array([rate]))
        table = {0: _DEFAULT_SECONDS, **dict(changes)}
        ticks = np.array(list(table), float)
        rates = np.array(list(table.values())) / division
        seconds = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * rates[:-1])])
        return cls(ticks, seconds, rates)

    def at(self, ticks: ArrayLike) -> NDArray[np.float64]:
        """Seconds from the beginning, of ticks of any shape."""
        given = np.asarray(ticks, float)
        place = np.searchsorted(self.ticks, given, side="right") - 1
        return self.seconds[place] + (given - self.ticks[place]) * self.rates[place]
