"""Reads Standard MIDI Files: what is sent to which channel, and when. Knows nothing of instruments or sound."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import LongtakeError

_DEFAULT_TEMPO = 500_000
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


@dataclass(frozen=True, slots=True)
class Message:
    """A channel message; `kind` is the high nibble of its status, `data` the bytes that follow."""

    seconds: float
    kind: int
    channel: int
    data: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MidiFile:
    """Messages in order of time; every tempo (BPM) and every metre that is set, in order."""

    messages: tuple[Message, ...]
    tempi: tuple[float, ...]
    metres: tuple[tuple[int, int], ...]


def read_midi(data: bytes) -> MidiFile:
    """Parses a file of format 0 or 1 whose time is in ticks of a quarter note.

    Raises:
        LongtakeError: It is not such a file.
    """
    if data[:4] != b"MThd" or len(data) < 14 or data[12] & 0x80:
        raise LongtakeError("This is no Standard MIDI File in ticks of a quarter note.")
    count, division = struct.unpack(">HH", data[10:14])
    events: list[tuple[int, int, int, bytes]] = []
    position = 14
    for track in range(count):
        length = int.from_bytes(data[position + 4 : position + 8], "big")
        body = data[position + 8 : position + 8 + length]
        events += [(tick, track, status, payload) for tick, status, payload in _track(body)]
        position += 8 + length
    # Files of the same tick keep the order of their tracks.
    return _timed(sorted(events, key=lambda event: event[:2]), division)


def _track(body: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(tick, status, bytes) of each event; a meta event's status is 0xFF00 plus its type."""
    position, tick, running = 0, 0, 0
    while position < len(body):
        delta, position = _number(body, position)
        tick += delta
        status = body[position]
        if status >= 0x80:
            position += 1
        else:
            status = running
        if status == 0xFF:
            kind = body[position]
            length, position = _number(body, position + 1)
            yield tick, 0xFF00 | kind, body[position : position + length]
            position += length
        elif status in (0xF0, 0xF7):
            length, position = _number(body, position)
            position += length
        else:
            running = status
            length = _DATA_BYTES[status >> 4]
            yield tick, status, body[position : position + length]
            position += length


def _number(body: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = 0
    while True:
        byte = body[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position


def _timed(events: list[tuple[int, int, int, bytes]], division: int) -> MidiFile:
    messages: list[Message] = []
    tempi: list[float] = []
    metres: list[tuple[int, int]] = []
    seconds, last, tempo = 0.0, 0, _DEFAULT_TEMPO
    for tick, _, status, payload in events:
        seconds += (tick - last) * tempo / division / 1e6
        last = tick
        if status == 0xFF51:
            tempo = int.from_bytes(payload, "big")
            tempi.append(round(60e6 / tempo, 2))
        elif status == 0xFF58:
            metres.append((payload[0], 2 ** payload[1]))
        elif status < 0xF0:
            messages.append(Message(seconds, status >> 4, status & 0xF, tuple(payload)))
    return MidiFile(tuple(messages), tuple(tempi), tuple(metres))
