from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.chunking import decode_chunked, encode_chunked
from engine.errors import LongtakeError, ShapeError
from engine.held_model import load_model
from engine.latent_diffusion import LatentDiffusion
from engine.live.denoising import Denoising, Window
from engine.live_settings import LiveSettings
from engine.registry import MODELS, SKETCH
from engine.sound.audio import Samples
from engine.sound.limiter import CEILING
from tests.engine.live.toys import RATE, decibels, hiss, pushed, stream_of, strokes, toy

RATIO = 2048
TOY = toy(SKETCH)
BEAT = strokes(4)
FULL = 44
"""Latent frames of the window: 2 s, in whole tokens of the toy."""
WHOLE = pushed(stream_of(TOY, frames=5.5, strength=0.7), BEAT)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 60_000), max_size=8))
def test_the_output_does_not_depend_on_how_the_input_is_cut(pieces: list[int]):
    stream = stream_of(TOY, frames=5.5, strength=0.7)
    np.testing.assert_array_equal(pushed(stream, BEAT, pieces), WHOLE)


def test_a_push_gives_whole_hops_and_none_later_than_stated():
    stream = stream_of(TOY, frames=5.5, strength=0.7)
    taken = given_ = 0
    for start in range(0, BEAT.shape[1], 441):
        taken += 441
        given_ += stream.push(BEAT[:, start : start + 441]).shape[1]
        assert given_ % RATIO == 0
        assert given_ > taken - 441 - stream.pace.latency


@pytest.mark.parametrize("name", MODELS)
def test_every_model_streams_at_its_own_alignment(name: str):
    model = toy(MODELS[name])
    ratio, alignment = model.autoencoder.downsampling_ratio, model.autoencoder.alignment
    frames = 3 if ratio > RATIO else 6
    sound = strokes(6)
    made = pushed(stream_of(model, frames=frames), sound, [ratio // 3] * 20)
    np.testing.assert_array_equal(made, pushed(stream_of(model, frames=frames), sound))
    assert made.shape[1] % (alignment * ratio) == 0
    assert made.shape[1] > sound.shape[1] - stream_of(model, frames=frames).pace.latency
    assert np.isfinite(made).all() and made.any()


@pytest.mark.parametrize("name", MODELS)
def test_strength_0_is_the_round_trip(name: str):
    model = toy(MODELS[name])
    halo = model.autoencoder.halo + -model.autoencoder.halo % model.autoencoder.alignment
    sound = 0.3 * strokes(8)
    stream = stream_of(model, frames=halo + 2, look_ahead=2 * halo + 2, strength=0.0)
    out = pushed(stream, sound)
    through = round_trip(model, sound)[:, : out.shape[1]]
    # A stream fades in.
    difference = np.abs(out - through)[:, 512:].max()
    assert difference < 2e-4 * np.abs(through).max()


def test_strength_0_with_a_short_look_ahead_is_near_the_round_trip():
    out = pushed(stream_of(TOY, frames=6, strength=0.0), BEAT)
    through = round_trip(TOY, BEAT)[:, : out.shape[1]]
    assert decibels(out) == pytest.approx(decibels(through), abs=1)


def test_the_same_seed_and_input_give_the_same_and_others_do_not():
    again = pushed(stream_of(TOY, frames=5.5, strength=0.7), BEAT)
    np.testing.assert_array_equal(again, WHOLE)
    for other in (
        pushed(stream_of(TOY, frames=5.5, strength=0.7, seed=1), BEAT),
        pushed(stream_of(TOY, frames=5.5, strength=0.7), strokes(4, seed=5)),
        pushed(stream_of(TOY, frames=5.5, strength=0.7, prompt="strings"), BEAT),
        pushed(stream_of(TOY, frames=5.5, strength=0.7, prompt_b="strings", blend=0.5), BEAT),
    ):
        assert np.abs(other - WHOLE).max() > 0.01


def test_what_comes_later_changes_nothing_of_what_was_given():
    sound, end = strokes(6), 4 * RATE
    short = pushed(stream_of(TOY), sound[:, :end])
    other = sound.copy()
    other[:, end:] = strokes(2, seed=9)
    np.testing.assert_array_equal(pushed(stream_of(TOY), other)[:, : short.shape[1]], short)


Windows = list[tuple[Window, torch.Tensor]]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    """The windows that are made, and what becomes of them."""
    found: Windows = []
    made = Denoising.made

    def remembered(self: Denoising, window: Window, *asked: Any) -> torch.Tensor:
        latents = made(self, window, *asked)
        found.append((window, latents))
        return latents

    monkeypatch.setattr(Denoising, "made", remembered)
    return found


def test_what_begins_after_silence_goes_on_from_nothing(windows: Windows):
    pause = np.zeros((2, 3 * RATE), np.float32)
    pushed(stream_of(TOY, frames=6), np.concatenate([BEAT, pause, BEAT], axis=1))
    held = [window.held for window, _ in windows]
    again = held.index(0, 1)
    # As much as the window has besides a hop of 6 and 3 ahead.
    assert again > 8 and held[again + 1 :] == [
        min(6 * k, FULL - 9) for k in range(1, len(held) - again)
    ]
    assert windows[again][0].first * RATIO > 6.6 * RATE


def test_what_was_played_is_held(windows: Windows):
    pushed(stream_of(TOY, frames=6), BEAT)
    assert len(windows) > 8
    for (before, found), (window, _) in pairwise(windows):
        assert window.weights.tolist() == [1.0] * window.held + [0.0] * 9
        assert window.held == min(before.held + 6, FULL - 9)
        forgotten = before.held + 6 - window.held
        assert window.first == before.first + forgotten
        torch.testing.assert_close(
            window.known[..., : window.held], found[..., forgotten : before.held + 6]
        )


def changed(before: LiveSettings, after: LiveSettings, at: int) -> tuple[Samples, int]:
    """The output of a stream whose settings change before the input's sample `at`, and how much there was by then."""
    stream = stream_of(TOY, frames=6, prompt=before.prompt, strength=before.strength)
    first = stream.push(BEAT[:, :at])
    stream.change(after)
    return np.concatenate([first, stream.push(BEAT[:, at:])], axis=1), first.shape[1]


def test_a_changed_prompt_is_heard_within_a_hop_and_nothing_before():
    base = LiveSettings(prompt="funk drums", steps=2, steer=False)
    plain, _ = changed(base, base, 2 * RATE)
    other, then = changed(base, replace(base, prompt="slow strings"), 2 * RATE)
    np.testing.assert_array_equal(other[:, :then], plain[:, :then])
    hop = slice(then, then + 6 * RATIO)
    assert decibels(other[:, hop] - plain[:, hop]) > decibels(plain[:, hop]) - 20


def test_what_would_have_followed_fades_into_a_changed_prompt(windows: Windows):
    base = LiveSettings(prompt="funk drums", steps=2, steer=False)
    changed(base, replace(base, prompt="slow strings"), 3 * RATE)
    [at] = [k for k, (window, _) in enumerate(windows) if window.weights[window.held :].any()]
    (before, found), (window, _) = windows[at - 1 : at + 1]
    follows = found[..., before.held + 6 :]
    ahead = slice(window.held, window.held + 3)
    torch.testing.assert_close(window.known[..., ahead], follows)
    assert window.weights[window.held :].tolist() == [0.75, 0.5, 0.25] + [0.0] * 6


@pytest.mark.parametrize(
    "after",
    [
        {"prompt": "slow strings"},
        {"strength": 0.0},
        {"strength": 1.0},
        {"prompt_b": "x", "blend": 1.0},
    ],
)
def test_no_seam_clicks(after: dict[str, object]):
    base = LiveSettings(prompt="funk drums", steps=2, steer=False)
    out, _ = changed(base, replace(base, **after), 2 * RATE)  # pyright: ignore[reportArgumentType]
    steps = np.abs(np.diff(out, axis=1)).max(axis=0)
    seams = np.arange(6 * RATIO, out.shape[1] - 512, 6 * RATIO)
    at_seams = max(steps[seam - 2 : seam + 514].max() for seam in seams)
    assert at_seams <= 1.5 * np.quantile(steps, 0.9999)


def test_silence_in_silence_out_and_back():
    sound = np.concatenate([strokes(3), np.zeros((2, 4 * RATE), np.float32), strokes(3)], axis=1)
    out = pushed(stream_of(TOY, frames=6), sound)
    assert decibels(out[:, : 3 * RATE]) > -40
    assert not out[:, round(3.7 * RATE) : round(6.9 * RATE)].any()
    assert decibels(out[:, 7 * RATE : 9 * RATE]) > -40


def test_a_rooms_noise_is_silence():
    sound = np.concatenate([hiss(2, -58), strokes(3) + hiss(3, -58), hiss(4, -58)], axis=1)
    out = pushed(stream_of(TOY, frames=6), sound)
    assert not out[:, : round(1.9 * RATE)].any()
    assert decibels(out[:, 2 * RATE : 5 * RATE]) > -40
    assert not out[:, round(5.9 * RATE) :].any()


@pytest.mark.parametrize("level", [-40.0, -3.0])
def test_quiet_in_quiet_out(level: float):
    sound = strokes(9, level)
    out = pushed(stream_of(load_model(SKETCH), frames=24, strength=0.8), sound)
    heard = slice(4 * RATE, 8 * RATE)
    assert abs(decibels(out[:, heard]) - decibels(sound[:, heard])) < 4
    assert np.abs(out).max() <= CEILING


def test_in_a_hurry_only_the_last_hop_is_made():
    model, calls = toy(SKETCH), 0
    network = model.network

    def counted(*args: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return network(*args)  # pyright: ignore[reportArgumentType]

    model.network = counted  # pyright: ignore[reportAttributeAccessIssue]
    stream = stream_of(model, frames=6)
    first = stream.push(BEAT[:, :RATE])
    assert (first.shape[1] // (6 * RATIO), calls) == (3, 6)
    late = stream.push(BEAT[:, RATE:], hurry=True)
    hops = late.shape[1] // (6 * RATIO)
    assert hops > 5 and calls == 8
    assert not late[:, 512 : (hops - 1) * 6 * RATIO].any()
    assert decibels(late[:, (hops - 1) * 6 * RATIO :]) > -60
    # As much comes out as without it, and what follows is made.
    assert first.shape[1] + late.shape[1] == pushed(stream_of(TOY, frames=6), BEAT).shape[1]


def test_it_goes_on_for_longer_than_any_take():
    model = toy(MODELS["stable-audio-open-small"])
    sound = strokes(2 * model.spec.max_seconds)
    out = pushed(stream_of(model, frames=24), sound)
    assert out.shape[1] > sound.shape[1] - 40 * RATIO
    last = out[:, -4 * RATE :]
    assert np.isfinite(last).all() and decibels(last) > -60


def test_memory_does_not_grow():
    stream = stream_of(TOY, frames=24, steps=1, steer=True)
    sound = strokes(6)
    for _ in range(2):
        stream.push(sound)
    tracemalloc.start()
    try:
        stream.push(sound)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(3):
            stream.push(sound)
        assert tracemalloc.get_traced_memory()[0] < before + 50_000
    finally:
        tracemalloc.stop()
    held = [value for value in vars(stream).values() if isinstance(value, torch.Tensor)]
    assert all(tensor.untyped_storage().nbytes() < 64 * 4 * 200 for tensor in held)


def test_what_is_not_finite_is_silence_and_what_is_no_stereo_is_an_error():
    sound = BEAT.copy()
    sound[:, 1000:1100] = np.nan
    assert np.isfinite(pushed(stream_of(TOY), sound)).all()
    with pytest.raises(ShapeError):
        stream_of(TOY).push(BEAT[:1])


def test_damaged_weights_are_a_sentence():
    model = toy(SKETCH)
    model.latent_scale.std.fill_(float("nan"))
    with pytest.raises(LongtakeError, match="finite"):
        pushed(stream_of(model), BEAT)


def round_trip(model: LatentDiffusion, sound: Samples) -> Samples:
    with torch.inference_mode():
        latents, _ = encode_chunked(model.autoencoder, torch.from_numpy(sound)[None])
        parts = list(decode_chunked(model.autoencoder, latents))
    return torch.cat(parts, dim=-1)[0].numpy()
