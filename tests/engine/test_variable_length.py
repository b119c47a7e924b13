from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SpecError
from engine.registry import MODELS, SAMPLE_RATE, SKETCH, STABLE_AUDIO_2
from engine.spec import GenerationSpec
from engine.variable_length import FRAME_MULTIPLE, LOOP_SURROUNDINGS, window_for


def asked(**settings: object) -> GenerationSpec:
    return GenerationSpec.from_dict({"prompt": "piano", **settings}).resolved(SKETCH)


@given(seconds=st.floats(0.5, SKETCH.max_seconds))
def test_the_take_fits_and_is_no_longer_than_asked(seconds: float) -> None:
    window = window_for(asked(seconds_total=seconds), SKETCH)
    ratio = SKETCH.autoencoder.downsampling_ratio
    assert window.samples == round(seconds * SAMPLE_RATE)
    assert (window.decoded_frames - 1) * ratio < window.samples <= window.decoded_frames * ratio
    assert window.decoded_frames <= window.latent_frames <= SKETCH.latent_frames
    assert window.latent_frames % FRAME_MULTIPLE == 0
    assert window.seconds_start == 0
    assert window.seconds_total == pytest.approx(seconds, abs=1 / SAMPLE_RATE)


def test_frames_are_whole_tokens_of_every_model() -> None:
    for spec in MODELS.values():
        assert spec.latent_frames % getattr(spec.dit, "frames_per_token", 1) == 0
        assert FRAME_MULTIPLE % getattr(spec.dit, "frames_per_token", 1) == 0


def test_a_short_take_costs_little_more_than_itself() -> None:
    window = window_for(asked(seconds_total=30), SKETCH)
    assert window.decoded_frames == 646
    assert window.latent_frames == 672


def test_the_papers_model_fills_its_window_and_the_tail_is_trimmed() -> None:
    window = window_for(asked(seconds_total=30), STABLE_AUDIO_2)
    assert (window.latent_frames, window.decoded_frames) == (6144, 646)


def test_the_longest_take_is_the_window() -> None:
    window = window_for(asked(seconds_total=SKETCH.max_seconds), SKETCH)
    assert window.latent_frames == window.decoded_frames == 6144
    assert window.samples == 6144 * 2048


def test_a_loop_is_a_passage_on_whole_bars_with_a_little_more() -> None:
    window = window_for(asked(bars=4, tempo=124, loop=True), SKETCH)
    bar = 4 * 60 / 124
    assert window.samples == round(4 * bar * SAMPLE_RATE)
    assert window.surplus == round(0.25 * SAMPLE_RATE)
    assert window.decoded_frames == math.ceil((window.samples + window.surplus) / 2048)
    assert (window.seconds_start / bar) == pytest.approx(round(window.seconds_start / bar))
    assert window.seconds_start == pytest.approx(LOOP_SURROUNDINGS, abs=0.51 * bar)
    assert window.seconds_total == pytest.approx(
        window.seconds_start + 4 * bar + LOOP_SURROUNDINGS, abs=1e-4
    )


def test_a_loop_without_tempo_still_has_surroundings() -> None:
    assert window_for(asked(seconds_total=8, loop=True), SKETCH).seconds_start == LOOP_SURROUNDINGS


def test_a_very_short_loop_is_not_all_crossfade() -> None:
    small = replace(asked(seconds_total=0.5, loop=True), seconds_total=0.4)
    assert window_for(small, SKETCH).surplus == round(0.2 * SAMPLE_RATE)


def test_a_loop_as_long_as_the_window_is_refused() -> None:
    with pytest.raises(SpecError, match=r"longest loop is 285\.0 s"):
        window_for(asked(seconds_total=SKETCH.max_seconds, loop=True), SKETCH)
