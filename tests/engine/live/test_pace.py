from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LongtakeError
from engine.live.pace import (
    Hops,
    asked_for,
    candidates,
    chosen,
    follows_beats,
    on_the_beat,
    p95,
    paced,
    timed,
    too_slow,
)
from engine.live_settings import LiveSettings, Metre
from engine.registry import MODELS, SKETCH

FRAME = 1 / SKETCH.latent_rate
TRIED = candidates(SKETCH, 1)


@given(st.floats(1, 60), st.sampled_from([1, 2]), st.integers(0, 100_000))
def test_hops_follow_each_other_aligned_and_never_drift(frames: float, alignment: int, k: int):
    hops = Hops(max(frames, alignment), alignment)
    start, stop = hops.boundary(k), hops.boundary(k + 1)
    assert hops.boundary(0) == 0
    assert 0 < stop - start <= hops.longest
    assert start % alignment == 0
    assert abs(start - k * hops.frames) <= alignment / 2 + 1e-6


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_hops_that_it_can_encode(name: str):
    spec = MODELS[name]
    alignment = 2 if "small" in name and "3" in name else 1
    for frames in candidates(spec, alignment):
        pace = paced(frames, spec, alignment, 8)
        assert frames % alignment == 0 and pace.look_ahead % alignment == 0
        assert pace.look_ahead >= 2
        assert pace.latency == (frames + pace.look_ahead) * spec.autoencoder.downsampling_ratio
        assert pace.seconds == pytest.approx(frames / spec.latent_rate)


def test_sketch_has_the_hops_that_were_measured():
    assert TRIED == (4, 6, 8, 10, 12, 24)
    assert [paced(frames, SKETCH, 1, 8).look_ahead for frames in TRIED] == [2, 3, 4, 4, 4, 4]


def test_the_shortest_safe_hop_is_taken_and_no_more_are_timed_than_that_takes():
    assert chosen({}, TRIED, FRAME) == 4
    assert chosen({4: [0.1] * 20}, TRIED, FRAME) == 4
    # 4 frames are 186 ms: .14 s are too much of these, and no less than 6 frames' 70 % of .279 s.
    assert chosen({4: [0.14] * 20}, TRIED, FRAME) == 6
    # What takes .3 s is not tried where that is too much already.
    assert chosen({4: [0.3] * 20}, TRIED, FRAME) == 10
    assert chosen({4: [0.3] * 20, 10: [0.32] * 20}, TRIED, FRAME) == 10
    assert chosen({4: [0.3] * 20, 10: [0.5] * 20, 24: [0.6] * 20}, TRIED, FRAME) == 24
    assert chosen({4: [2.0] * 20}, TRIED, FRAME) == 24
    assert chosen({4: [2.0] * 20, 24: [2.0] * 20}, TRIED, FRAME) is None


def test_single_slow_hops_count_by_the_95th_of_100():
    assert chosen({4: [0.1] * 39 + [5.0]}, TRIED, FRAME) == 4
    assert chosen({4: [0.1] * 17 + [5.0] * 3}, TRIED, FRAME) == 24
    assert p95([1.0] * 100) == 1.0


def test_a_hop_that_is_asked_for_is_taken_aligned_and_one_too_short_is_a_sentence():
    assert asked_for(300, SKETCH, 1) == 6
    small = MODELS["stable-audio-3-small-music"]
    assert asked_for(300, small, 2) == 4
    with pytest.raises(
        LongtakeError, match=r"small-music cannot be made in hops of 40 ms.* 186 ms"
    ):
        asked_for(40, small, 2)


@given(st.floats(30, 300), st.sampled_from(TRIED))
def test_hops_on_the_beat_are_parts_of_it_or_whole_beats_and_no_shorter_than_safe(
    tempo: float, safe: int
):
    beat = 60 / tempo * SKETCH.latent_rate
    frames = on_the_beat(safe, Metre(tempo), SKETCH, 1)
    assert frames >= safe - 1e-6
    parts = beat / frames
    whole = parts if parts >= 1 else 1 / parts
    assert whole == pytest.approx(round(whole))
    # No part of it that is nearer would have done.
    assert frames <= max(2 * safe, safe + beat)


def test_only_delays_in_beats_ask_for_hops_on_the_beat():
    beats = LiveSettings(delay="1/2")
    assert follows_beats(beats, Metre(120)) and not follows_beats(beats, None)
    assert not follows_beats(LiveSettings(), Metre(120))


def test_where_nothing_is_in_time_a_sentence_says_how_many_steps_would_do_or_which_model():
    pace = timed(paced(24, SKETCH, 1, 8), [1.6])
    # .2 s a step and .2 s beside: 70 % of 1.1 s leave time for 3.
    assert "Set steps to 3." in str(too_slow(SKETCH, pace, 0.2))
    assert "This machine is too slow for live" in str(too_slow(SKETCH, pace, 1.5))
    big = MODELS["stable-audio-3-medium"]
    assert "Use the model sketch." in str(too_slow(big, timed(paced(12, big, 1, 8), [9.0]), 5.0))
    assert pace.load == pytest.approx(1.6 / pace.seconds)
