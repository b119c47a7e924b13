"""Laws of the inbox: senders take turns, memory is bounded, and whoever comes next finds room."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from bridge.osc.clients import Target
from bridge.osc.inbox import MAX_BYTES, OVERHEAD, SHORT, Inbox
from bridge.osc.packet import Message


def sender(port: int) -> Target:
    return ("udp", "127.0.0.1", port)


def always(_: Target) -> bool:
    return True


def all_of(inbox: Inbox) -> list[tuple[int, bytes]]:
    taken: list[tuple[int, bytes]] = []
    while found := inbox.take(always):
        assert isinstance(found[1].content, bytes)
        taken.append((found[0][2], found[1].content))
    return taken


@given(st.lists(st.tuples(st.integers(1, 5), st.binary(max_size=9)), max_size=60))
def test_each_sender_s_packets_come_in_order_and_all_memory_is_given_back(
    sent: list[tuple[int, bytes]],
) -> None:
    inbox = Inbox(lambda source: source[2] == 1)
    for port, packet in sent:
        assert inbox.put(sender(port), packet)
    taken = all_of(inbox)
    for port in range(1, 6):
        assert [one for one in taken if one[0] == port] == [one for one in sent if one[0] == port]
    assert inbox.size == 0 and not inbox


def test_senders_take_turns_however_much_each_has_sent() -> None:
    inbox = Inbox(lambda _: False)
    for number in range(1000):
        inbox.put(sender(1), bytes([number % 256]))
    for port in (2, 3):
        inbox.put(sender(port), b"x")
    assert [port for port, _ in all_of(inbox)[:4]] == [1, 2, 3, 1]


def test_one_whose_place_is_kept_waits_for_one_stranger_at_most() -> None:
    inbox = Inbox(lambda source: source[2] == 1)
    for port in range(2, 500):
        inbox.put(sender(port), b"x")
    for _ in range(3):
        inbox.put(sender(1), b"x")
        assert 1 in [found[0][2] for _ in range(2) if (found := inbox.take(always))]


def test_the_one_that_may_not_is_passed_over_and_loses_nothing() -> None:
    inbox = Inbox(lambda _: False)
    for port in (1, 1, 2):
        inbox.put(sender(port), b"x")
    found = inbox.take(lambda source: source[2] == 2)
    assert found and found[0] == sender(2)
    assert inbox.take(lambda source: source[2] == 2) is None
    assert [port for port, _ in all_of(inbox)] == [1, 1]


def test_what_is_left_of_a_packet_comes_before_the_sender_s_next() -> None:
    inbox = Inbox(lambda _: False)
    for packet in (b"first", b"second"):
        inbox.put(sender(1), packet)
    size = inbox.size
    left = deque([Message("/a", ()), Message("/b", ())])
    for expected in (b"first", left, b"second", left):
        found = inbox.take(always)
        assert found and found[0] == sender(1) and found[1].content == expected
        if expected is not left:
            inbox.put_back(sender(1), found[1], left)
            assert inbox.size == size
        else:
            size = inbox.size
    assert inbox.size == 0 and not inbox


def fill(inbox: Inbox, port: int, packet: bytes) -> int:
    count = 0
    while inbox.put(sender(port), packet):
        count += 1
    return count * (len(packet) + OVERHEAD)


def test_floods_share_the_memory_and_leave_room() -> None:
    packet = bytes(60_000)
    inbox = Inbox(lambda _: False)
    assert abs(fill(inbox, 1, packet) / MAX_BYTES - 1 / 3) < 0.01
    for port in range(2, 300):
        fill(inbox, port, packet)
        assert inbox.size < 1.1 * MAX_BYTES
        assert inbox.put(sender(1000 + port), b"/longtake/ping\0\0,\0\0\0")
    inbox.discard(sender(1))
    assert fill(inbox, 99, packet) > 0
    for port in range(1, 1300):
        inbox.discard(sender(port))
    assert inbox.size == 0 and not inbox


def test_newcomers_without_number_are_bounded_too() -> None:
    inbox = Inbox(lambda _: False)
    while inbox.put(sender(inbox.size), bytes(SHORT)):
        pass
    assert inbox.size < 2.1 * MAX_BYTES


def test_many_empty_packets_are_bounded_too() -> None:
    inbox = Inbox(lambda _: False)
    assert OVERHEAD * 3000 < fill(inbox, 1, b"") < MAX_BYTES / 2
