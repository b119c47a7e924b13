"""Laws of the lines: on every beat or every so-manieth bar, with room between them, numbered from 1."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gui.takes.ruling import STEPS, Ruling

LEAST = (14, 60)


@given(
    tempo=st.floats(30, 300),
    beats=st.integers(1, 12),
    start=st.floats(0, 200),
    width=st.floats(0.1, 300),
    a_second=st.floats(0.5, 2000),
)
def test_lines_lie_on_beats_and_have_room(
    tempo: float, beats: int, start: float, width: float, a_second: float
) -> None:
    ruling, beat = Ruling(tempo, beats), 60.0 / tempo
    lines = ruling.lines(start, start + width, a_second, LEAST)
    places = [place for place, _, _ in lines]
    assert all(start - 1e-6 <= place <= start + width + 1e-6 for place in places)
    gaps = [b - a for a, b in pairwise(places)]
    assert all(gap * a_second >= LEAST[0] - 1e-6 for gap in gaps)
    for place, strong, number in lines:
        index = round(place / beat)
        assert math.isclose(place, index * beat, abs_tol=1e-9)
        assert strong == (index % beats == 0)
        assert number == (str(index // beats + 1) if strong else "")


@given(start=st.floats(0, 500), width=st.floats(0.1, 300), a_second=st.floats(0.5, 2000))
def test_without_a_tempo_they_are_whole_steps_of_time(
    start: float, width: float, a_second: float
) -> None:
    lines = Ruling().lines(start, start + width, a_second, LEAST)
    step = next((step for step in STEPS if step * a_second >= LEAST[1]), STEPS[-1])
    for place, strong, number in lines:
        assert strong and number
        assert math.isclose(place / step, round(place / step), abs_tol=1e-6)


def test_a_bar_without_a_tempo_is_two_seconds() -> None:
    assert Ruling(120.0, 3).bar == 1.5
    assert Ruling().bar == 2.0
    assert Ruling().lines(0.0, 0.0, 100.0, LEAST) == []
