"""OSC 1.0 packets: bytes from anywhere to checked messages, and plain replies back to bytes.

python-osc reads the numbers and writes the arguments of a message. Every bound is checked here first (size, bundle
depth and element sizes, lengths, argument types), and it is handed only the bytes of one number; text and blobs are
cut out here, because it walks text byte by byte and copies the rest of the packet for every argument. So a hostile
packet costs no more than its own length. Time tags are skipped, never waited for; arrays and unknown types are
refused, since guessing their length would shift what follows. Knows nothing of sockets or of Longtake's addresses.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pythonosc.parsing import osc_types

MAX_PACKET = 65_536
"""Bytes of one packet, over UDP and TCP alike."""
MAX_DEPTH = 8
MAX_MESSAGES = 1024
MAX_ADDRESS = 255
MAX_ARGUMENTS = 256

Value = int | float | str | bool | bytes | None
"""What an argument may be: T, F and I come as True, False and True, N as None."""

_BUNDLE = b"#bundle\0"
_Read = Callable[[bytes, int], tuple[int | float, int]]
_FIXED: dict[str, tuple[int, _Read]] = {
    "i": (4, osc_types.get_int),
    "f": (4, osc_types.get_float),
    "h": (8, osc_types.get_int64),
    "d": (8, osc_types.get_double),
    "t": (8, osc_types.get_uint64),
}
"""Length in bytes, and what reads it."""
_LITERAL: dict[str, Value] = {"T": True, "F": False, "N": None, "I": True}
_INT32 = range(-(2**31), 2**31)
_INFINITE = 2.0**128 - 2.0**103
"""The first number that rounds to infinity in single precision."""


class Message(NamedTuple):
    """One message: an address that starts with '/', and its arguments."""

    address: str
    arguments: tuple[Value, ...]


class PacketError(Exception):
    """A packet that is not OSC, or exceeds a bound; says in a few words what is wrong."""


def decode(packet: bytes) -> list[Message]:
    """All messages of a packet in order, bundles flattened; a packet is taken whole or not at all.

    Raises:
        PacketError: and nothing else, whatever the bytes.
    """
    if not packet or len(packet) % 4:
        raise PacketError("length is no multiple of four")
    if len(packet) > MAX_PACKET:
        raise PacketError("packet too long")
    messages: list[Message] = []
    _read(packet, 0, messages)
    return messages


def encode(address: str, arguments: Iterable[int | float | str | bool] = ()) -> bytes:
    """One message of the types every receiver knows: i, f and s.

    Switches go as 0 and 1, and whole numbers beyond 32 bits as decimal text, because Pd loses T, F and h.
    """
    tags = ","
    data = b""
    for value in arguments:
        tag, written = _written(value)
        tags, data = tags + tag, data + written
    return osc_types.write_string(address) + osc_types.write_string(tags) + data


def _read(packet: bytes, depth: int, messages: list[Message]) -> None:
    if packet[:8] != _BUNDLE:
        if len(messages) == MAX_MESSAGES:
            raise PacketError("too many messages in one packet")
        messages.append(_message(packet))
        return
    if depth == MAX_DEPTH:
        raise PacketError("bundles nested too deep")
    if len(packet) < 16:
        raise PacketError("bundle without time tag")
    at = 16
    while at < len(packet):
        (size,) = struct.unpack_from(">i", packet, at)
        at += 4
        if size <= 0 or size % 4 or size > len(packet) - at:
            raise PacketError("bundle element of impossible size")
        _read(packet[at : at + size], depth + 1, messages)
        at += size


def _message(packet: bytes) -> Message:
    address, at = _text(packet, 0)
    if not address.startswith("/") or len(address) > MAX_ADDRESS or not address.isprintable():
        raise PacketError("no address")
    if at == len(
        packet
    ):  # Some old senders leave out the type tags of a message without arguments.
        return Message(address, ())
    tags, at = _text(packet, at)
    if not tags.startswith(",") or len(tags) > MAX_ARGUMENTS + 1:
        raise PacketError("no type tags, or too many")
    values: list[Value] = []
    for tag in tags[1:]:
        value, at = _value(packet, at, tag)
        values.append(value)
    if at != len(packet):
        raise PacketError("bytes left over after the arguments")
    return Message(address, tuple(values))


def _value(packet: bytes, at: int, tag: str) -> tuple[Value, int]:
    if tag in _LITERAL:
        return _LITERAL[tag], at
    if tag in _FIXED:
        length, read = _FIXED[tag]
        _within(packet, at, length)
        return read(packet[at : at + length], 0)[0], at + length
    if tag in "sS":
        return _text(packet, at)
    if tag == "b":
        _within(packet, at, 4)
        (size,), start = struct.unpack_from(">i", packet, at), at + 4
        if not 0 <= size <= len(packet) - start:
            raise PacketError("blob of impossible size")
        return packet[start : start + size], start + _padded(size)
    # python-osc skips characters, and gives colours and MIDI messages as numbers: these stay the bytes they are.
    if tag in "crm":
        _within(packet, at, 4)
        four = packet[at : at + 4]
        return _character(four) if tag == "c" else four, at + 4
    raise PacketError("argument type not supported")


def _within(packet: bytes, at: int, length: int) -> None:
    if at + length > len(packet):
        raise PacketError("argument cut off")


def _padded(length: int) -> int:
    """With the zeros that fill it up to a multiple of four."""
    return length + -length % 4


def _character(four: bytes) -> str:
    code = int.from_bytes(four, "big")
    if code > 0x10FFFF:
        raise PacketError("no character")
    return chr(code)


def _text(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.find(b"\0", at)
    if end < 0:
        raise PacketError("text without end")
    try:
        return packet[at:end].decode(), at + _padded(end + 1 - at)
    except UnicodeDecodeError:
        raise PacketError("text is not UTF-8") from None


def _written(value: int | float | str | bool) -> tuple[str, bytes]:
    """A value's type tag and bytes; what python-osc would raise at is made harmless first."""
    if isinstance(value, str):
        text = value.replace("\0", "").encode(errors="replace").decode()
        return "s", osc_types.write_string(text)
    if isinstance(value, float):
        inside = math.isnan(value) or abs(value) < _INFINITE
        return "f", osc_types.write_float(value if inside else math.copysign(math.inf, value))
    if value in _INT32:
        return "i", osc_types.write_int(value)
    return _written(str(value))
