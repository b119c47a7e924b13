"""Laws of echoes: what comes back without end is not told there again, all else is."""

from __future__ import annotations

import pytest

from bridge.osc.echoes import MAX_TARGETS, PAUSE, RECENT, TURNS, Echoes
from tests.bridge.parts import Clock

HUB, OTHER = ("udp", "127.0.0.1", 9000), ("udp", "127.0.0.1", 9001)


@pytest.mark.parametrize("seconds", [0.0001, 0.01, 0.3])
def test_a_loop_ends_and_other_messages_are_told(seconds: float) -> None:
    clock = Clock()
    echoes = Echoes(clock)
    turns = 0
    while not echoes.goes_round(HUB, "/x", (1,)):
        echoes.tell(HUB, "/x", (1,))
        clock.now += seconds
        echoes.hear(HUB, "/x", (1,))
        turns += 1
        assert turns <= TURNS + 1
    assert turns == TURNS + 1
    for place, address, value in ((HUB, "/x", 2), (HUB, "/y", 1), (OTHER, "/x", 1)):
        assert not echoes.goes_round(place, address, (value,))


def test_who_sets_the_same_without_end_is_told_it_again_after_a_pause() -> None:
    clock = Clock()
    echoes = Echoes(clock)
    told = 0
    for _ in range(1000):  # No loop, since it goes on untold.
        echoes.hear(HUB, "/x", (1.0,))
        if not echoes.goes_round(HUB, "/x", (1.0,)):
            echoes.tell(HUB, "/x", (1.0,))
            told += 1
        clock.now += 0.6 * RECENT
    assert told == TURNS + 1
    clock.now += PAUSE
    assert not echoes.goes_round(HUB, "/x", (1.0,))


def test_what_was_told_long_ago_is_no_echo() -> None:
    clock = Clock()
    echoes = Echoes(clock)
    for _ in range(3 * TURNS):
        echoes.tell(HUB, "/x", (1,))
        clock.now += RECENT + 0.01
        echoes.hear(HUB, "/x", (1,))
        assert not echoes.goes_round(HUB, "/x", (1,))


def test_it_remembers_so_much() -> None:
    echoes = Echoes(Clock())
    for port in range(3 * MAX_TARGETS):
        for number in range(3):
            echoes.tell(("udp", "127.0.0.1", port), "/x", (number, "text", 0.5, True))
    for _ in range(2 * TURNS):
        echoes.hear(("udp", "127.0.0.1", 1), "/x", (1, "text", 0.5, True))
    assert not echoes.goes_round(("udp", "127.0.0.1", 1), "/x", (1, "text", 0.5, True))
