"""Framing of OSC over TCP: SLIP (OSC 1.1) and length prefix (OSC 1.0), told apart by a connection's first byte.

Pure: bytes in, packets out, with bounded memory. Knows nothing of sockets.
"""

from __future__ import annotations

import struct

from bridge.osc.packet import MAX_PACKET

END, ESC, ESC_END, ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
_MAX_SLIP = 2 * MAX_PACKET + 2


class FramingError(Exception):
    """The stream is no longer OSC: the connection must be closed."""


class Frames:
    """Cuts one connection's bytes into packets and wraps answers the way the peer talks."""

    def __init__(self) -> None:
        """Waits for the first byte."""
        self._waiting = bytearray()
        self._sized: bool | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now.

        Raises:
            FramingError: when a packet would be longer than MAX_PACKET.
        """
        self._waiting += data
        if self._sized is None and self._waiting:
            # A size below 16 MB begins with a zero byte, which neither END, '/' nor '#' is.
            self._sized = self._waiting[0] == 0
        if self._sized:
            return self._feed_sized()
        if len(self._waiting) > _MAX_SLIP + len(data):
            raise FramingError("packet too long")
        return self._feed_slip() if END in data else []

    def wrap(self, packet: bytes) -> bytes:
        """One packet as the peer expects it."""
        if self._sized:
            return struct.pack(">I", len(packet)) + packet
        return wrap_slip(packet)

    def _feed_sized(self) -> list[bytes]:
        packets: list[bytes] = []
        while len(self._waiting) >= 4:
            (size,) = struct.unpack_from(">I", self._waiting)
            if size > MAX_PACKET:
                raise FramingError(f"packet of {size} bytes")
            if len(self._waiting) < 4 + size:
                break
            packets.append(bytes(self._waiting[4 : 4 + size]))
            del self._waiting[: 4 + size]
        return packets

    def _feed_slip(self) -> list[bytes]:
        *whole, rest = self._waiting.split(bytes((END,)))
        self._waiting = bytearray(rest)
        return [unwrap_slip(bytes(frame)) for frame in whole if frame]


def wrap_slip(packet: bytes) -> bytes:
    """A packet between two END bytes."""
    data = packet.replace(bytes((ESC,)), bytes((ESC, ESC_ESC)))
    return bytes((END,)) + data.replace(bytes((END,)), bytes((ESC, ESC_END))) + bytes((END,))


def unwrap_slip(frame: bytes) -> bytes:
    """The packet of a frame without its END bytes; wrong escapes stay in, and the packet is refused as such."""
    data = frame.replace(bytes((ESC, ESC_END)), bytes((END,)))
    return data.replace(bytes((ESC, ESC_ESC)), bytes((ESC,)))
