"""Laws of the packet door: good packets come through as other implementations built them, bad ones never hurt."""

from __future__ import annotations

import os
import struct
import sys
import time
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.osc.packet import MAX_DEPTH, Message, PacketError, decode, encode
from tests.bridge.osc.malformed import (
    ACCEPTED,
    REFUSED,
    bundle,
    message,
    mutated,
    nested,
    number,
    text,
)

FUZZ = int(os.environ.get("LONGTAKE_FUZZ", "200000"))

singles = st.floats(width=32, allow_nan=False)


@given(st.lists(st.one_of(st.integers(-(2**31), 2**31 - 1), singles, st.text(max_size=50))))
def test_what_is_encoded_is_decoded_again_here_and_by_python_osc(
    values: list[int | float | str],
) -> None:
    sent = [value.replace("\0", "") if isinstance(value, str) else value for value in values]
    packet = encode("/longtake/x", sent)
    assert decode(packet) == [Message("/longtake/x", tuple(sent))]
    assert list(OscMessage(packet)) == sent


@given(
    st.lists(
        st.one_of(st.integers(-(2**63), 2**63 - 1), st.booleans(), singles, st.text(max_size=9))
    )
)
def test_what_python_osc_builds_is_understood(values: list[int | float | str | bool]) -> None:
    values = [value.replace("\0", "") if isinstance(value, str) else value for value in values]
    (found,) = decode(build_msg("/x", values).dgram)
    assert found == Message("/x", tuple(values))


def test_answers_use_only_types_that_every_receiver_knows() -> None:
    packet = encode("/x", [True, False, 4294967295, -1, 0.5, "t"])
    assert b",iisifs\0" in packet
    assert decode(packet)[0].arguments == (1, 0, "4294967295", -1, 0.5, "t")


def test_floats_beyond_single_precision_and_lone_surrogates_do_not_raise() -> None:
    assert decode(encode("/x", [1e300, -1e300, "\ud800"]))[0].arguments == (
        float("inf"),
        float("-inf"),
        "?",
    )


@pytest.mark.parametrize("name", REFUSED)
def test_killer_packets_are_refused(name: str) -> None:
    with pytest.raises(PacketError):
        decode(REFUSED[name])


@pytest.mark.parametrize("name", ACCEPTED)
def test_odd_but_lawful_packets_are_read(name: str) -> None:
    assert all(found.address.startswith("/") for found in decode(ACCEPTED[name]))


def test_bundles_are_flattened_in_order_and_time_tags_passed_over() -> None:
    inner = bundle(2**63, message("/b", "i", number(2)), message("/c"))
    packet = bundle(1, message("/a", "i", number(1)), inner)
    assert decode(packet) == [Message("/a", (1,)), Message("/b", (2,)), Message("/c", ())]


def test_depth_is_bounded_exactly() -> None:
    assert decode(nested(MAX_DEPTH)) == [Message("/deep", (1,))]
    with pytest.raises(PacketError, match="deep"):
        decode(nested(MAX_DEPTH + 1))


def test_every_type_is_read_to_its_last_bit() -> None:
    values: list[tuple[str, bytes, Any]] = [
        ("i", number(-(2**31)), -(2**31)),
        ("f", struct.pack(">f", 0.1), struct.unpack(">f", struct.pack(">f", 0.1))[0]),
        ("h", struct.pack(">q", -(2**63)), -(2**63)),
        ("d", struct.pack(">d", 0.1), 0.1),
        ("t", struct.pack(">Q", 2**64 - 1), 2**64 - 1),
        *(("s", text(plain), plain) for plain in ("", "abc", "abcd", "Grüße 鼓 🥁")),
        ("S", text("symbol"), "symbol"),
        *(("b", number(n) + bytes(range(n)) + bytes(-n % 4), bytes(range(n))) for n in range(6)),
        ("c", number(0x1F941), "🥁"),
        ("r", b"rgba", b"rgba"),
        ("m", b"\0\x90<d", b"\0\x90<d"),
        ("T", b"", True),
        ("F", b"", False),
        ("N", b"", None),
        ("I", b"", True),
    ]
    # Between two numbers, since a wrong length shifts what follows.
    for tag, data, value in values:
        packet = message("/x", f"i{tag}i", number(1), data, number(2))
        assert decode(packet) == [Message("/x", (1, value, 2))]
    tags, datas, expected = zip(*values, strict=True)
    assert decode(message("/x", "".join(tags), *datas)) == [Message("/x", expected)]


def steps(packet: bytes) -> int:
    """Lines of Python that reading the packet takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        decode(packet)
    finally:
        sys.settrace(before)
    return count


def test_a_long_text_or_blob_takes_no_more_steps_than_a_short_one() -> None:
    short = message("/x", "sb", text("a"), number(4), bytes(4))
    long = message("/x", "sb", text("a" * 40_000), number(20_000), bytes(20_000))
    assert steps(long) == steps(short)


def test_no_mutated_packet_raises_anything_but_its_own_error_or_takes_long() -> None:
    began, slowest, good = time.perf_counter(), 0.0, 0
    for packet in mutated(FUZZ, seed=20261124):
        before = time.thread_time()
        try:
            for found in decode(packet):
                assert found.address.startswith("/")
            good += 1
        except PacketError:
            pass
        slowest = max(slowest, time.thread_time() - before)
    spent = time.perf_counter() - began
    print(f"{FUZZ} packets, {good} read, {spent:.1f} s, slowest {slowest * 1e3:.2f} ms")
    assert 0 < good < FUZZ
