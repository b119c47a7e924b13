"""OSC 1.0 packets: bytes from anywhere to checked messages, and plain replies back to bytes.

Every bound is checked while reading, so that a hostile packet costs no more than its own length: size, UTF-8, bundle
depth and element sizes, argument types. Time tags are read over, never waited for; arrays and unknown types are
refused, since guessing their length would shift what follows. Knows nothing of sockets or of Longtake's addresses.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

MAX_PACKET = 65_536
"""Bytes of one packet, over UDP and TCP alike."""
MAX_DEPTH = 8
MAX_MESSAGES = 1024
MAX_ADDRESS = 255
MAX_ARGUMENTS = 256

Value = int | float | str | bool | bytes | None
"""What an argument may be: T, F and I come as True, False and True, N as None."""

_BUNDLE = b"#bundle\0"
_FIXED = {"i": ">i", "f": ">f", "h": ">q", "d": ">d", "t": ">Q"}
_LITERAL: dict[str, Value] = {"T": True, "F": False, "N": None, "I": True}
_INT32 = range(-(2**31), 2**31)


class Message(NamedTuple):
    """One message: an address that starts with '/', and its arguments."""

    address: str
    arguments: tuple[Value, ...]


class PacketError(Exception):
    """A packet that is no OSC, or more than is read; says in a few words what is wrong."""


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
        if isinstance(value, str):
            tags, data = tags + "s", data + _string(value)
        elif isinstance(value, float):
            tags, data = tags + "f", data + _single(value)
        elif value in _INT32:
            tags, data = tags + "i", data + struct.pack(">i", value)
        else:
            tags, data = tags + "s", data + _string(str(value))
    return _string(address) + _string(tags) + data


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
        return _fixed(packet, at, _FIXED[tag])
    if tag in "sS":
        return _text(packet, at)
    if tag in "rm":  # A colour or a MIDI message: four bytes.
        end = at + 4
        if end > len(packet):
            raise PacketError("argument cut off")
        return packet[at:end], end
    if tag == "c":
        code, end = _fixed(packet, at, ">I")
        if code > 0x10FFFF:
            raise PacketError("no character")
        return chr(int(code)), end
    if tag == "b":
        return _blob(packet, at)
    raise PacketError("argument type not supported")


def _fixed(packet: bytes, at: int, form: str) -> tuple[int | float, int]:
    end = at + struct.calcsize(form)
    if end > len(packet):
        raise PacketError("argument cut off")
    (value,) = struct.unpack_from(form, packet, at)
    return value, end


def _blob(packet: bytes, at: int) -> tuple[bytes, int]:
    size, at = _fixed(packet, at, ">i")
    if not 0 <= size <= len(packet) - at:
        raise PacketError("blob of impossible size")
    end = at + int(size)
    return packet[at:end], end + -int(size) % 4


def _text(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.find(b"\0", at)
    if end < 0:
        raise PacketError("text without end")
    try:
        text = packet[at:end].decode()
    except UnicodeDecodeError:
        raise PacketError("text is not UTF-8") from None
    return text, end // 4 * 4 + 4


def _string(text: str) -> bytes:
    data = text.replace("\0", "").encode(errors="replace")
    return data + bytes(4 - len(data) % 4)


def _single(value: float) -> bytes:
    try:
        return struct.pack(">f", value)
    except OverflowError:
        return struct.pack(">f", float("inf") if value > 0 else float("-inf"))
