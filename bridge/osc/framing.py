"""Framing of OSC over TCP: SLIP (OSC 1.1) and length prefix (OSC 1.0), told apart by a connection's first byte.

What is not OSC ends the stream at its first byte, and nothing is looked for behind it: a web page can make a browser
send here whatever it likes, but only after a line of HTTP. Pure: bytes in, packets out, with bounded memory. Knows
nothing of sockets.
"""

from __future__ import annotations

import struct

from bridge.osc.packet import MAX_PACKET

END, ESC, ESC_END, ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
_MAX_SLIP = 2 * MAX_PACKET + 2
_ESCAPED = {bytes((ESC_END,)): bytes((END,)), bytes((ESC_ESC,)): bytes((ESC,))}
_BEGINS = b"/#"
"""What a packet begins with: an address, or the name of a bundle."""


class FramingError(Exception):
    """The stream is no longer OSC: the connection must be closed."""


class Frames:
    """Cuts one connection's bytes into packets and wraps answers the way the peer talks."""

    def __init__(self) -> None:
        """Waits for the first byte."""
        self._waiting = bytearray()
        self._sized: bool | None = None

    @property
    def begun(self) -> bool:
        """Whether a part of a packet has come, and not the rest."""
        return bool(self._waiting)

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now.

        Raises:
            FramingError: at the first byte that is none of OSC, or when a packet would be longer than MAX_PACKET.
        """
        self._waiting += data
        if self._sized is None and self._waiting:
            # A size below 16 MB begins with a zero byte, which neither END, '/' nor '#' is.
            self._sized = self._waiting[0] == 0
        return self._feed_sized() if self._sized else self._feed_slip(data)

    def wrap(self, packet: bytes) -> bytes:
        """One packet as the peer expects it."""
        if self._sized:
            return struct.pack(">I", len(packet)) + packet
        return wrap_slip(packet)

    def _feed_sized(self) -> list[bytes]:
        packets: list[bytes] = []
        while len(self._waiting) >= 4:
            (size,) = struct.unpack_from(">I", self._waiting)
            if not 0 < size <= MAX_PACKET:
                raise FramingError(f"packet of {size} bytes")
            _check_begin(self._waiting[4:5])
            if len(self._waiting) < 4 + size:
                break
            packets.append(bytes(self._waiting[4 : 4 + size]))
            del self._waiting[: 4 + size]
        return packets

    def _feed_slip(self, data: bytes) -> list[bytes]:
        packets: list[bytes] = []
        if END in data:
            *whole, self._waiting = self._waiting.split(bytes((END,)))
            for frame in filter(None, whole):
                _check_begin(frame[:1])
                packets.append(unwrap_slip(bytes(frame)))
        _check_begin(self._waiting[:1])
        if len(self._waiting) > _MAX_SLIP:
            raise FramingError("packet too long")
        return packets


def _check_begin(first: bytearray) -> None:
    if first and first not in _BEGINS:
        raise FramingError("that is no OSC")


def wrap_slip(packet: bytes) -> bytes:
    """A packet between two END bytes."""
    data = packet.replace(bytes((ESC,)), bytes((ESC, ESC_ESC)))
    return bytes((END,)) + data.replace(bytes((END,)), bytes((ESC, ESC_END))) + bytes((END,))


def unwrap_slip(frame: bytes) -> bytes:
    """The packet of a frame without its END bytes.

    Raises:
        FramingError: when an escape stands for nothing.
    """
    first, *escaped = frame.split(bytes((ESC,)))
    if any(part[:1] not in _ESCAPED for part in escaped):
        raise FramingError("a wrong escape")
    return first + b"".join(_ESCAPED[part[:1]] + part[1:] for part in escaped)
