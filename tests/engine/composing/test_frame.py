"""Laws of frames: the bars fit into the seconds, at a tempo of the style where none is asked for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composing.frame import LONGEST_TAIL, Frame, frame_of
from engine.composing.styles import styles
from engine.composing.wish import Wish

STYLES = st.sampled_from(list(styles().values()))
SECONDS = st.floats(0.5, 600.0)


def framed(wish: Wish, style: str, sheet: int = 0) -> Frame:
    return frame_of(wish, styles()[style], sheet, np.random.default_rng(wish.seed))


@given(SECONDS, STYLES, st.integers(0, 99))
def test_a_free_tempo_is_whole_in_the_style_s_range_and_leaves_a_short_tail(
    seconds, style, seed
) -> None:  # pyright: ignore
    frame = framed(Wish(seed=seed, seconds=seconds), style.name)
    assert style.tempo[0] <= frame.tempo <= style.tempo[1]
    assert frame.tempo == round(frame.tempo)
    left = (frame.end - frame.bars * style.beats_per_bar) * 60 / frame.tempo
    if seconds > 20:
        assert left + 1e-6 >= 0
    if frame.bars > 2:
        assert left <= style.beats_per_bar * 60 / frame.tempo


@given(st.floats(20.0, 600.0), STYLES, st.integers(0, 99))
def test_long_takes_hardly_ever_have_a_tail_that_has_to_be_filled(seconds, style, seed) -> None:  # pyright: ignore
    frame = framed(Wish(seed=seed, seconds=seconds), style.name)
    left = (frame.end - frame.bars * style.beats_per_bar) * 60 / frame.tempo
    assert left < LONGEST_TAIL + 2.0


@given(st.floats(4.0, 600.0), STYLES, st.booleans())
def test_a_loop_with_a_free_tempo_is_whole_bars(seconds, style, loop) -> None:  # pyright: ignore
    frame = framed(Wish(seed=1, seconds=seconds, loop=loop, exact=not loop), style.name)
    assert frame.end == pytest.approx(seconds * frame.tempo / 60)
    if style.tempo[0] / 1.25 <= frame.tempo <= style.tempo[1] * 1.25 and seconds > 30:
        assert frame.bars * style.beats_per_bar == pytest.approx(frame.end)


def test_an_asked_tempo_is_kept_and_a_loop_that_is_no_whole_bars_at_it_is_cut() -> None:
    frame = framed(Wish(seed=1, seconds=5.0, tempo=120.0, loop=True), "house")
    assert (frame.tempo, frame.bars, frame.end) == (120.0, 3, 10.0)
    frame = framed(Wish(seed=1, seconds=16.0, tempo=120.0, exact=True), "house")
    assert (frame.bars, frame.end) == (8, 32.0)


def test_given_chords_come_round_to_their_first_where_a_bar_of_it_rings() -> None:
    wish = Wish(seed=1, seconds=30.0, tempo=70.0)
    assert framed(wish, "ballad").bars == 8
    assert framed(wish, "ballad", sheet=4).bars == 9
    for seed in range(20):
        assert framed(Wish(seed=seed, seconds=30.0), "pop", sheet=4).bars % 4 in (0, 1)


def test_a_form_comes_out_whole_where_a_tempo_of_the_style_allows_it() -> None:
    wish = Wish(seed=1, seconds=40.0, form="intro 2, verse 8, chorus 8")
    for seed in range(20):
        assert framed(dataclasses.replace(wish, seed=seed), "pop").bars == 18
