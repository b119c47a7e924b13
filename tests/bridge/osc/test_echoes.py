"""Laws of echoes: what comes back without end is not heard, all else is."""

from __future__ import annotations

import pytest

from bridge.osc.echoes import MAX_TARGETS, RECENT, TURNS, Echoes

HUB, OTHER = ("udp", "127.0.0.1", 9000), ("udp", "127.0.0.1", 9001)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("seconds", [0.0001, 0.01, 0.3])
def test_a_loop_ends_and_other_messages_are_heard(seconds: float) -> None:
    clock = Clock()
    echoes = Echoes(clock)
    turns = 0
    echoes.tell(HUB, "/x", (1,))
    while echoes.hear(HUB, "/x", (1,)):
        echoes.tell(HUB, "/x", (1,))
        clock.now += seconds
        turns += 1
        assert turns <= TURNS
    assert turns == TURNS
    assert echoes.hear(HUB, "/x", (2,)) and echoes.hear(HUB, "/y", (1,))
    assert echoes.hear(OTHER, "/x", (1,))


def test_a_value_set_again_and_again_is_heard_every_while() -> None:
    clock = Clock()
    echoes = Echoes(clock)
    gap, longest = 0.0, 0.0
    for _ in range(1000):
        heard = echoes.hear(HUB, "/x", (1.0,))
        if heard:
            echoes.tell(HUB, "/x", (1.0,))
        gap = 0.0 if heard else gap + 0.02
        longest = max(longest, gap)
        clock.now += 0.02
    assert longest <= RECENT + 0.05


def test_what_was_told_long_ago_is_no_echo() -> None:
    clock = Clock()
    echoes = Echoes(clock)
    echoes.tell(HUB, "/x", (1,))
    clock.now += RECENT + 0.01
    assert all(echoes.hear(HUB, "/x", (1,)) for _ in range(3 * TURNS))


def test_it_remembers_so_much() -> None:
    echoes = Echoes(Clock())
    for port in range(3 * MAX_TARGETS):
        for number in range(3):
            echoes.tell(("udp", "127.0.0.1", port), "/x", (number, "text", 0.5, True))
    assert echoes.hear(("udp", "127.0.0.1", 1), "/x", (1, "text", 0.5, True))
