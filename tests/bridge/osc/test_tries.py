"""Laws of trying: a few packets a second, and guesses ever further apart."""

from __future__ import annotations

import logging

import pytest

from bridge.osc.tries import LONGEST, MAX_HOSTS, PACKETS, SLIPS, Tries
from tests.bridge.parts import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tries(clock: Clock) -> Tries:
    return Tries(clock)


def test_a_host_sends_a_few_packets_a_second(tries: Tries, clock: Clock) -> None:
    sent = 0
    for _ in range(1000):
        sent += tries.may_send("10.0.0.5")
        clock.now += 0.01
    assert PACKETS * 10 <= sent <= PACKETS * 11 + 1
    assert tries.may_send("10.0.0.6")


def test_people_mistype_and_guessers_wait_ever_longer(tries: Tries, clock: Clock) -> None:
    waits = []
    for _ in range(SLIPS + 8):
        tries.tried("10.0.0.5", right=False)
        waits.append(tries.wait("10.0.0.5"))
        clock.now += waits[-1]
        assert tries.wait("10.0.0.5") == 0
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, LONGEST, LONGEST, LONGEST]
    assert tries.wait("10.0.0.6") == 0
    tries.tried("10.0.0.5", right=True)
    tries.tried("10.0.0.5", right=False)
    assert tries.wait("10.0.0.5") == 0


def test_wrong_ones_are_logged_rarely(tries: Tries, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            tries.tried("10.0.0.5", right=False)
    assert 1 <= len(caplog.records) <= 5
    assert "10.0.0.5" in caplog.text


def test_it_remembers_so_many_hosts(tries: Tries) -> None:
    for _ in range(SLIPS):
        tries.tried("first", right=False)
    for number in range(MAX_HOSTS):
        tries.tried(f"host {number}", right=False)
    assert tries.wait("first") == 0
