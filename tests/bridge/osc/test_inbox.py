"""Laws of the inbox: senders take turns, memory is bounded, and whoever comes next finds room."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from bridge.osc.clients import Target
from bridge.osc.inbox import MAX_BYTES, OVERHEAD, Inbox
from bridge.osc.packet import Message


def sender(port: int) -> Target:
    return ("udp", "127.0.0.1", port)


def always(_: Target) -> bool:
    return True


def all_of(inbox: Inbox) -> list[tuple[int, bytes]]:
    taken: list[tuple[int, bytes]] = []
    while found := inbox.take(always):
        assert isinstance(found[1], bytes)
        taken.append((found[0][2], found[1]))
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
    inbox.put(sender(1), b"first")
    inbox.put(sender(1), b"second")
    assert inbox.take(always) == (sender(1), b"first")
    left = deque([Message("/a", ()), Message("/b", ())])
    inbox.put_back(sender(1), left)
    assert inbox.take(always) == (sender(1), left)
    assert inbox.take(always) == (sender(1), b"second")
    inbox.put_back(sender(1), left)
    assert inbox.size > 0
    assert inbox.take(always) == (sender(1), left)
    assert inbox.size == 0


def fill(inbox: Inbox, port: int, packet: bytes) -> int:
    count = 0
    while inbox.put(sender(port), packet):
        count += 1
    return count * (len(packet) + OVERHEAD)


def test_floods_share_the_memory_and_leave_room() -> None:
    packet = bytes(60_000)
    inbox = Inbox(lambda _: False)
    assert abs(fill(inbox, 1, packet) / MAX_BYTES - 1 / 2) < 0.01
    for port in range(2, 30):
        fill(inbox, port, packet)
        assert inbox.size < MAX_BYTES
        assert inbox.put(sender(1000 + port), b"/longtake/ping\0\0,\0\0\0")
    inbox.discard(sender(1))
    assert fill(inbox, 99, packet) > 0
    for port in range(1, 1100):
        inbox.discard(sender(port))
    assert inbox.size == 0 and not inbox


def test_many_empty_packets_are_bounded_too() -> None:
    inbox = Inbox(lambda _: False)
    assert fill(inbox, 1, b"") <= MAX_BYTES
