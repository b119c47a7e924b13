"""Packets that are wrong on purpose: the known killers of OSC servers, and mutations of good packets from a seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import build_msg


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return data + bytes(4 - len(data) % 4)


def message(address: str | bytes, tags: str = "", *values: bytes) -> bytes:
    return text(address) + text("," + tags) + b"".join(values)


def number(value: int) -> bytes:
    return struct.pack(">i", value)


def bundle(time_tag: int, *elements: bytes) -> bytes:
    inside = b"".join(number(len(element)) + element for element in elements)
    return b"#bundle\0" + struct.pack(">Q", time_tag) + inside


def nested(depth: int) -> bytes:
    packet = message("/deep", "i", number(1))
    for _ in range(depth):
        packet = bundle(1, packet)
    return packet


IN_A_YEAR = (2_208_988_800 + 2_000_000_000) << 32

REFUSED: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"/",
    "garbage": bytes(range(1, 41)),
    "no comma": text("/x") + text("i") + number(1),
    "int cut off": text("/x") + text(",i") + b"\0\0",
    "string cut off": text("/x") + text(",s") + b"abc",
    "address without end": b"/abcd",
    "address of four bytes": b"/abc",
    "address not UTF-8": b"/\xff\xfe\0" + text(",i") + number(1),
    "string not UTF-8": message("/x", "s", b"\xff\xfe\0\0"),
    "negative blob": message("/x", "b", number(-8), bytes(8)),
    "huge blob": message("/x", "b", number(2**31 - 1), bytes(8)),
    "closing bracket": message("/x", "]i", number(1)),
    "opening bracket": message("/x", "[i", number(1)),
    "array": message("/x", "[i]", number(1)),
    "unknown type, then int": message("/x", "Qi", number(7)),
    "bundle cut off": bundle(1, message("/b", "i", number(1)))[:-3],
    "bundle of garbage": bundle(1, b"zzzzzzzz"),
    "bundle element too big": b"#bundle\0" + struct.pack(">Q", 1) + number(9999) + message("/b"),
    "bundle without time": b"#bundle\0",
    "bundle element of size -4": b"#bundle\0" + struct.pack(">Q", 1) + number(-4),
    "bundle element of size 0": b"#bundle\0" + struct.pack(">Q", 1) + number(0),
    "nested 500": nested(500),
    "nested 3000": nested(3000),
    "reply without slash": message("#reply", "i", number(1)),
    "too long": message("/x", "s", text("x" * 70_000)),
    "control characters": message("/x\x07\x1b[31m", "i", number(1)),
    "bytes left over": message("/x", "i", number(1), number(2)),
}

ACCEPTED: dict[str, bytes] = {
    "no type tags": text("/x"),
    "Infinitum, then int": message("/x", "Ii", number(7)),
    "not a number": message(
        "/x", "ff", struct.pack(">f", float("nan")), struct.pack(">f", float("inf"))
    ),
    "bundle, immediate": bundle(1, message("/a", "i", number(1)), message("/b", "i", number(2))),
    "bundle, empty": bundle(1),
    "bundle in the past": bundle(1 << 32, message("/past", "i", number(1))),
    "bundle in a year": bundle(IN_A_YEAR, message("/future", "i", number(1))),
    "nested 3": nested(3),
    "pattern of stars": message("/" + "*" * 20 + "!", "i", number(1)),
    "unbalanced regular expression": message("/(", "i", number(1)),
    "long string": message("/big", "s", text("x" * 60_000)),
}


def good_packets() -> list[bytes]:
    """What clients really send, built by an independent implementation."""
    mixed = OscBundleBuilder(1)
    mixed.add_content(build_msg("/longtake/transport/tempo", [124.5]))  # type: ignore[arg-type]
    mixed.add_content(build_msg("/longtake/param/steps", ["8"]))  # type: ignore[arg-type]
    requests: list[tuple[str, list[object]]] = [
        ("/longtake/ping", []),
        ("/longtake/param/prompt", ["warm house, 124 bpm, ä ö 音"]),
        ("/longtake/generate", ["r1", "techno", "duration", 4.0, "seed", 7, "loop", True]),
        ("/longtake/transform", ["r2", "/tmp/beat.wav", "kit", 0.6]),
        ("/longtake/*", [1, 2.5, "x", b"blob", True, None]),
        ("/tempo/raw", [120.0]),
        ("/longtake/subscribe", ["jobs", "status"]),
    ]
    return [build_msg(a, v).dgram for a, v in requests] + [mixed.build().dgram]  # type: ignore[arg-type]


def mutated(count: int, seed: int) -> Iterator[bytes]:
    """`count` packets, each a good or a killer packet with some bytes flipped, cut, doubled or swapped."""
    chance = random.Random(seed)
    stock = good_packets() + list(REFUSED.values())[:-1] + list(ACCEPTED.values())
    stock = [packet for packet in stock if 0 < len(packet) < 4096]
    sizes = (-4, 0, 1, 4, 7, 8, 2**31 - 1, -(2**31))
    for _ in range(count):
        packet = bytearray(chance.choice(stock))
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = chance.randrange(len(packet) + 1)
            kind = chance.randrange(10)
            if kind >= 5 and packet:
                packet[at % len(packet)] = chance.randrange(256)
            elif kind == 1:
                del packet[at:]
            elif kind == 2:
                packet[at:at] = chance.randbytes(chance.choice((1, 3, 4, 8)))
            elif kind == 3:
                place = at // 4 * 4
                packet[place : place + 4] = number(chance.choice(sizes))
            elif kind == 4:
                packet += chance.choice(stock)[at:]
            elif kind == 0:
                del packet[at : at + chance.choice((1, 4, 8))]
        yield bytes(packet[:8192])
