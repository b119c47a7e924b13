"""Laws of the TCP framings: any packets, cut anywhere, come out as they went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.osc.framing import Frames, FramingError, unwrap_slip, wrap_slip
from bridge.osc.packet import MAX_PACKET

packets = st.lists(
    st.binary(min_size=1, max_size=40).map(lambda rest: b"/" + rest), min_size=1, max_size=8
)


@given(packets, st.booleans(), st.lists(st.integers(1, 30), min_size=1))
def test_packets_survive_any_cutting(sent: list[bytes], sized: bool, cuts: list[int]) -> None:
    stream = b"".join(
        len(packet).to_bytes(4, "big") + packet if sized else wrap_slip(packet) for packet in sent
    )
    frames, found, place = Frames(), [], 0
    for turn in range(len(stream)):
        end = place + cuts[turn % len(cuts)]
        found += frames.feed(stream[place:end])
        place = end
    assert found == sent
    answer = frames.wrap(b"/answer")
    assert answer == (b"\0\0\0\x07/answer" if sized else wrap_slip(b"/answer"))


@given(st.binary(max_size=200))
def test_slip_gives_back_what_it_wrapped(packet: bytes) -> None:
    wrapped = wrap_slip(packet)
    assert wrapped.count(b"\xc0") == 2
    assert unwrap_slip(wrapped[1:-1]) == packet


@pytest.mark.parametrize("stream", [b"\x00\xff\xff\xff", b"\x00\x01\x00\x01/"])
def test_a_size_beyond_the_limit_ends_the_stream(stream: bytes) -> None:
    with pytest.raises(FramingError):
        Frames().feed(stream)


def test_a_slip_packet_without_end_is_cut_off_in_bounded_memory() -> None:
    frames = Frames()
    with pytest.raises(FramingError):
        for _ in range(8):
            frames.feed(b"/" * MAX_PACKET)


HTTP = b"POST / HTTP/1.1\r\nHost: 127.0.0.1:9440\r\nContent-Type: text/plain\r\n\r\n"
PANIC = wrap_slip(b"/longtake/panic\0,\0\0\0")


@pytest.mark.parametrize(
    "stream",
    [
        HTTP + PANIC,
        HTTP + b"\xc0" + PANIC,
        HTTP + b"\0\0\0\x14/longtake/panic\0,\0\0\0",
        b"\xc0" + HTTP + PANIC,
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",  # TLS.
        b"\0\x01\0\0\x21\x12\xa4\x42",  # STUN, which a browser sends for a call.
        b"\0\x03\0\x24\x21\x12\xa4\x42",
        b"\0\0\0\0",
        b"\xc0/x\0\0,\xdb\0\0\xc0",
        b"\xc0/x\0\0,\xdb\xc0",
        b"\xc0/x\0\0\xc0GET",
    ],
)
def test_what_is_no_osc_ends_the_stream_wherever_it_is_cut(stream: bytes) -> None:
    for piece in (1, 7, len(stream)):
        frames, found = Frames(), []
        with pytest.raises(FramingError):
            for at in range(0, len(stream), piece):
                found += frames.feed(stream[at : at + piece])
        assert b"/longtake/panic\0,\0\0\0" not in found


@given(st.binary(min_size=1, max_size=60))
def test_nothing_behind_a_foreign_first_byte_is_ever_read(stream: bytes) -> None:
    if stream[0] in b"\0\xc0/#":
        return
    with pytest.raises(FramingError):
        Frames().feed(stream + PANIC)
