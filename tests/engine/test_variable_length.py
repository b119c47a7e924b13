from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SpecError
from engine.registry import MODELS, SAMPLE_RATE, SKETCH, STABLE_AUDIO_2, ModelSpec
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
    assert window.padded_frames == window.latent_frames
    assert window.seconds_total == seconds


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
    assert window.padded_frames == 6144


# What stable_audio_3 counts: the frames that its padding mask leaves valid, and those of its noise.
# In the four lengths after 30 s, the last sample is the first of a latent frame, or is rounded away.
SMALL, MEDIUM = (MODELS[f"stable-audio-3-{size}"] for size in ("small-music", "medium"))
COUNTED = [
    (SMALL, 0.5, 70, 70),
    (SMALL, 2.9, 96, 96),
    (SMALL, 2.97, 96, 98),
    (SMALL, 5.4321, 123, 124),
    (SMALL, 10.0, 172, 174),
    (SMALL, 30.0, 387, 388),
    (SMALL, 9.287981859410431, 164, 166),
    (SMALL, 9.287990929705217, 164, 166),
    (SMALL, 9.287995464852607, 164, 166),
    (SMALL, 9.380875283446711, 165, 166),
    (SMALL, 113.5, 1287, 1288),
    (SMALL, 114.0, 1292, 1292),
    (SMALL, 120.0, 1292, 1292),
    (MEDIUM, 120.0, 1356, 1358),
    (MEDIUM, 374.2, 4093, 4094),
    (MEDIUM, 380.0, 4096, 4096),
]


@pytest.mark.parametrize(("model", "seconds", "frames", "padded"), COUNTED)
def test_stable_audio_3_gets_the_window_of_its_public_code(
    model: ModelSpec, seconds: float, frames: int, padded: int
) -> None:
    window = window_for(replace(asked(), seconds_total=seconds), model)
    assert (window.latent_frames, window.padded_frames) == (frames, padded)
    assert window.samples == round(seconds * SAMPLE_RATE)
    assert window.seconds_total == seconds


@given(model=st.sampled_from((SMALL, MEDIUM)), share=st.floats(0.005, 1), loop=st.booleans())
def test_every_window_holds_its_take(model: ModelSpec, share: float, loop: bool) -> None:
    seconds = share * (model.max_seconds - 0.25)
    window = window_for(replace(asked(loop=loop), seconds_total=seconds), model)
    ratio = model.autoencoder.downsampling_ratio
    assert (window.samples + window.surplus) <= window.decoded_frames * ratio
    assert window.decoded_frames <= window.latent_frames <= window.padded_frames
    assert window.padded_frames - window.latent_frames <= 2
    assert window.padded_frames % 2 == 0


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
