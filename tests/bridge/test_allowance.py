"""Laws of an allowance: so much at once, then so much a second, and never more than that."""

from __future__ import annotations

import pytest

from bridge.allowance import Allowance


def test_so_much_at_once_and_then_so_much_a_second() -> None:
    allowance = Allowance(3, 2.0, 10.0)
    assert [allowance.take(10.0) for _ in range(5)] == [True, True, True, False, False]
    assert not allowance.take(10.25)
    assert allowance.take(10.5) and not allowance.take(10.5)
    assert [allowance.take(99.0) for _ in range(4)] == [True, True, True, False]


def test_what_was_overdrawn_is_filled_up_from_there() -> None:
    allowance = Allowance(4.0, 2.0, 0.0)
    allowance.left -= 10.0
    assert allowance.fill(2.0) == pytest.approx(-2.0)
    assert not allowance.take(3.0)
    assert allowance.fill(100.0) == 4.0
