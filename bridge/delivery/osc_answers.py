"""Reads what a DAW sends over OSC as it changes: the last value of each address. Knows no address and no socket.

Bundles are cut here, since python-osc never ends on some that are no bundles; it reads single messages alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from pythonosc.osc_message import OscMessage, ParseError

_BUNDLE = b"#bundle\0"
EMPTY_BUNDLE = _BUNDLE + bytes(7) + b"\1"
"""A packet that asks for nothing."""
_DEEPEST = 4
Answers = dict[str, object]


def take_in(packet: bytes, known: Answers) -> None:
    """Adds the first argument of each message of a packet; what is no OSC is left out, whatever the bytes."""
    for part in _messages(packet, _DEEPEST):
        try:
            message = OscMessage(part)
        except (ParseError, UnicodeDecodeError):
            continue
        if message.params:
            known[message.address] = message.params[0]


def _messages(packet: bytes, deeper: int) -> Iterator[bytes]:
    if not packet.startswith(_BUNDLE):
        yield packet
        return
    at = len(EMPTY_BUNDLE)
    while deeper and at + 4 <= len(packet):
        size = int.from_bytes(packet[at : at + 4], "big", signed=True)
        at += 4
        if size <= 0 or at + size > len(packet):
            return
        yield from _messages(packet[at : at + size], deeper - 1)
        at += size
