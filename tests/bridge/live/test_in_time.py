"""The transport's beat among the samples, and the moment at which a new prompt goes out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.live.memory import RATE, Board
from bridge.live.in_time import NEAR, Boundary, metre, moved
from bridge.state import QUANTIZES, TransportState
from bridge.transport import quantum
from engine.live_settings import Metre

PLAYING = TransportState(tempo=120.0, playing=True, signature=(3, 4), quantize="bar")


def at(time: float | None) -> TransportState:
    """A transport whose beat 0 is at second 10."""
    return replace(PLAYING, beat=((time or 0.0) - 10.0) * 2.0)


def test_the_beat_is_that_of_the_moment_at_which_the_sample_was_played() -> None:
    board = Board()
    assert metre(board, at, None) is None
    board.tell_plug(5 * RATE, 12.0)
    found = metre(board, at, None)
    assert found and found == Metre(120.0, 3.0, 4.0, 5 * RATE)
    assert found.beat_at(6 * RATE, RATE) == 6.0
    board.numbers[:] = 0.0  # A device that tells no time for a while.
    assert metre(board, at, found) is found
    assert metre(board, lambda time: replace(at(time), playing=False), found) is None


def test_the_beat_is_told_anew_when_it_is_another() -> None:
    before = Metre(120.0, 4.0, 4.0, RATE)
    assert not moved(before, Metre(120.0, 4.0, 6.0, 2 * RATE))
    assert not moved(before, Metre(120.0, 4.0, 6.0 + 1.9 * NEAR, 2 * RATE))
    assert moved(before, Metre(120.0, 4.0, 6.0 + 2.1 * NEAR, 2 * RATE))
    assert moved(before, replace(before, tempo=121.0)) and moved(None, before)
    assert moved(before, replace(before, beats_per_bar=3.0)) and not moved(None, None)


@given(st.floats(0, 100), st.floats(0, 3), st.sampled_from(QUANTIZES), st.floats(60, 200))
def test_what_goes_out_when_it_is_due_is_heard_on_the_grid(
    beat: float, early: float, quantize: str, tempo: float
) -> None:
    now = TransportState(tempo=tempo, playing=True, beat=beat, quantize=quantize)  # type: ignore[arg-type]
    step = quantum(now.quantize, now.signature)
    boundary = Boundary(now, early)
    turn = 0.01
    for _ in range(4000):
        if boundary.due(now, early):
            break
        now = replace(now, beat=now.beat + turn * tempo / 60)
    else:
        pytest.fail("it was never due")
    if step:
        heard = now.beat + early * tempo / 60
        assert heard % step < turn * tempo / 60 + 1e-6 or step - heard % step < 1e-4
        assert now.beat - beat <= step + 0.1


def test_one_that_went_back_or_stands_does_not_keep_it_waiting() -> None:
    late = replace(PLAYING, beat=298.5)
    boundary = Boundary(late, 0.0)
    assert not boundary.due(late, 0.0)
    again = replace(PLAYING, beat=1.0)
    assert not boundary.due(again, 0.0)
    assert boundary.due(replace(again, beat=3.0), 0.0)
    assert Boundary(late, 0.0).due(replace(late, playing=False), 0.0)
    assert Boundary(late, 0.0).due(replace(late, quantize="none"), 0.0)
