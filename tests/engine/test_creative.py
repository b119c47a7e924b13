from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from engine.creative import (
    LATENT_EDGE,
    SOUND_EDGE,
    Kept,
    kept,
    left_out,
    looped,
    pasted,
    recording,
)
from engine.errors import SpecError
from engine.registry import SAMPLE_RATE
from engine.samplers.noise import NoiseSource
from engine.samplers.objectives import V_OBJECTIVE, noised
from engine.samplers.schedules import schedule_times
from engine.samplers.solvers import SOLVERS
from engine.sound.audio import Samples
from engine.spec import GenerationSpec


def noise(frames: int, seed: int = 1) -> Samples:
    return (0.1 * np.random.default_rng(seed).standard_normal((2, frames))).astype(np.float32)


def keeping(*spans: tuple[float, float], seconds: float = 10.0, total: float = 10.0) -> Kept:
    spec = GenerationSpec(prompt="x", init_audio="x.wav", keep=spans)
    result = Kept.of(spec, noise(round(seconds * SAMPLE_RATE)), round(total * SAMPLE_RATE))
    assert result is not None
    return result


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (96_000, 1), (48_000, 6)])
def test_recordings_of_any_kind_become_stereo_at_the_models_rate(
    tmp_path: Path, rate: int, channels: int
) -> None:
    path = tmp_path / "hum.wav"
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    soundfile.write(path, np.repeat(0.3 * tone[:, None], channels, axis=1), rate)
    samples = recording(str(path), 100)
    assert samples.shape == (2, SAMPLE_RATE) and samples.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(samples[0]))
    assert spectrum.argmax() == 440


def test_weights_rise_inside_the_spans_and_not_outside() -> None:
    positions = np.array([0.0, 1.9, 2.0, 2.05, 2.1, 3.0, 3.9, 3.95, 4.0, 4.1, 9.9])
    expected = [0, 0, 0, 0.5, 1, 1, 1, 0.5, 0, 0, 0]
    np.testing.assert_allclose(keeping((2, 4)).weights(positions, 0.1), expected, atol=1e-9)


def test_no_edge_where_the_take_begins_or_ends() -> None:
    positions = np.array([0.0, 0.01, 5.0, 9.99, 10.0])
    np.testing.assert_array_equal(keeping((0, 10)).weights(positions, 0.1), np.ones(5))
    # The recording ends before the take: music goes on from here, so here is an edge.
    ends_early = keeping((0, 10), seconds=5.0).weights(positions, 0.1)
    np.testing.assert_array_equal(ends_early, [1, 1, 0, 0, 0])


def test_overlapping_spans_are_one_span() -> None:
    weights = keeping((1, 3), (2, 5)).weights(np.linspace(1.2, 4.8, 50), 0.1)
    np.testing.assert_array_equal(weights, np.ones(50))


def test_latent_weights_look_at_the_middle_of_frames() -> None:
    weights = keeping((2, 4)).latent_weights(latent_rate=20.0, frames=200)
    assert weights.shape == (200,)
    assert weights[39] == 0 and weights[80] == 0
    assert weights[40].item() == pytest.approx(0.025 / LATENT_EDGE)
    assert (weights[42:78] == 1).all()


def test_nothing_kept_is_no_kept_and_spans_after_the_end_are_refused() -> None:
    assert Kept.of(GenerationSpec(prompt="x", init_audio="x.wav"), noise(100), 100) is None
    assert Kept.of(GenerationSpec(prompt="x"), None, 100) is None
    spec = GenerationSpec(prompt="x", init_audio="x.wav", keep=((20.0, 30.0),))
    for seconds, take in ((1, 40), (40, 1)):  # After the recording, and after the take.
        with pytest.raises(SpecError, match=r"within the 1\.0 s of x\.wav"):
            Kept.of(spec, noise(seconds * SAMPLE_RATE), take * SAMPLE_RATE)


def test_the_kept_parts_of_a_recording_end_where_it_or_the_take_does() -> None:
    sound = noise(10 * SAMPLE_RATE)
    assert keeping((1, 2), (8, 20)).spans == [(1, 2), (8, 10)]
    assert keeping((1, 2), (3, 9), total=5.0).spans == [(1, 2), (3, 5)]
    joined = np.concatenate(
        [sound[:, SAMPLE_RATE : 2 * SAMPLE_RATE], sound[:, 8 * SAMPLE_RATE :]], 1
    )
    np.testing.assert_array_equal(keeping((1, 2), (8, 20)).parts(sound), joined)


@pytest.mark.parametrize(
    ("keep", "take", "said"),
    [
        ((), 2.0, []),
        ((), 1.995, []),
        ((), 1.5, ["recording is 2.0 s long and the take 1.5 s; what the recording has after"]),
        (((0, 1), (1.2, 9)), 4.0, []),
        (
            ((0, 1), (2.5, 3)),
            4.0,
            ["From 2.5 to 3 s there is nothing to keep: the recording ends at 2.0"],
        ),
        (((0, 1), (1.6, 2)), 1.5, ["take 1.5 s", "From 1.6 to 2 s .* the take ends at 1.5 s"]),
    ],
)
def test_what_is_cut_is_said(
    tmp_path: Path, keep: tuple[tuple[float, float], ...], take: float, said: list[str]
) -> None:
    path = str(tmp_path / "x.wav")
    soundfile.write(path, np.zeros(2 * 48_000), 48_000)
    spec = GenerationSpec(prompt="x", init_audio=path, keep=keep)
    found = list(left_out(spec, round(take * SAMPLE_RATE)))
    assert len(found) == len(said)
    for sentence, words in zip(found, said, strict=True):
        assert re.search(words, sentence)
    assert not list(left_out(GenerationSpec(prompt="x"), 1))


def test_kept_sound_returns_sample_for_sample_outside_its_edges() -> None:
    parts = keeping((2, 4))
    made = noise(10 * SAMPLE_RATE, seed=2)
    done = np.concatenate(list(pasted(np.array_split(made, 7, axis=1), parts)), axis=1)
    inside = slice(int((2 + SOUND_EDGE) * SAMPLE_RATE) + 1, int((4 - SOUND_EDGE) * SAMPLE_RATE))
    np.testing.assert_array_equal(done[:, inside], parts.samples[:, inside])
    for outside in (slice(0, 2 * SAMPLE_RATE), slice(4 * SAMPLE_RATE, None)):
        np.testing.assert_array_equal(done[:, outside], made[:, outside])


def test_a_hot_recording_is_kept_below_the_ceiling() -> None:
    spec = GenerationSpec(prompt="x", init_audio="x.wav", keep=((0.0, 1.0),))
    parts = Kept.of(spec, 10 * noise(SAMPLE_RATE), SAMPLE_RATE)
    assert parts is not None
    assert np.abs(parts.samples).max() < 10 ** (-1 / 20)


@pytest.mark.parametrize("solver", SOLVERS)
def test_known_latents_stay_at_their_noise_level_and_come_out_clean(solver: str) -> None:
    known = torch.full((1, 64, 100), 2.0, dtype=torch.float64)
    weights = torch.cat([torch.ones(40), torch.linspace(1, 0, 20), torch.zeros(40)])
    denoiser = kept(lambda x, t: torch.full_like(x, -1.0), known, weights)
    times = schedule_times("logistic", "v", 12)
    x = NoiseSource(1).start((1, 64, 100)).double()
    steps = list(SOLVERS[solver](denoiser, x, times, V_OBJECTIVE, NoiseSource(1)))
    for step, t in zip(steps, times[1:].double(), strict=True):
        rest = step.x[..., :40] - V_OBJECTIVE.alpha(t) * 2
        assert rest.std().item() == pytest.approx(V_OBJECTIVE.sigma(t).item(), rel=0.05, abs=1e-6)
    assert (steps[-1].x[..., :40] == 2).all() and (steps[-1].x[..., 60:] == -1).all()


def test_a_deterministic_solver_carries_the_very_noise_it_started_with() -> None:
    known = torch.randn(1, 8, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    start = NoiseSource(3).start((1, 8, 50)).double()
    denoiser = kept(lambda x, t: x.sin(), known, torch.ones(50))
    times = schedule_times("logistic", "v", 9, 0.6)
    first = noised(V_OBJECTIVE, known, start, times[0].double())
    for step in SOLVERS["dpmpp-2m"](denoiser, first, times, V_OBJECTIVE, NoiseSource(3)):
        expected = noised(V_OBJECTIVE, known, start, times[step.index].double())
        torch.testing.assert_close(step.x, expected, atol=1e-6, rtol=0)


def test_a_loops_end_goes_on_in_its_beginning() -> None:
    time = np.arange(60_000) / SAMPLE_RATE
    song = np.stack([np.sin(2 * np.pi * 331 * time), np.cos(2 * np.pi * 331 * time)])
    song = (0.5 * song).astype(np.float32)
    take, surplus = song[:, :50_000], song[:, 50_000:51_000]
    loop = np.concatenate(list(looped(np.array_split(take, 9, axis=1), surplus)), axis=1)
    assert loop.shape == take.shape
    np.testing.assert_array_equal(loop[:, 0], surplus[:, 0])
    np.testing.assert_array_equal(loop[:, 1000:], take[:, 1000:])
    largest = np.abs(np.diff(song)).max()
    assert np.abs(loop[:, 0] - loop[:, -1]).max() <= 1.01 * largest
    assert np.abs(take[:, 0] - take[:, -1]).max() > 10 * largest


def test_a_loops_level_holds_through_the_fade() -> None:
    take, surplus = noise(20_000), noise(10_000, seed=2)
    (loop,) = looped([take], surplus)
    assert loop[:, 2000:8000].std() == pytest.approx(take.std(), rel=0.03)
