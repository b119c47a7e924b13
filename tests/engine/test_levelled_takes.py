"""Takes from recordings as loud as these, and on their side, with the embedded weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.engine import Engine
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.metering import decibels, loudness
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Remark

SECONDS = 3
STEPS = 8
"""Of diffusion: enough to be heard at its level, a third of what a take usually has."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


def strokes() -> Samples:
    """Dry strokes with digital silence between them, at -20 LUFS."""
    samples = np.zeros((2, SECONDS * SAMPLE_RATE), np.float32)
    burst = np.exp(-np.arange(4_000) / 800) * np.random.default_rng(0).standard_normal(4_000)
    for start in range(0, samples.shape[1], SAMPLE_RATE // 2):
        samples[:, start : start + 4_000] = burst
    return at(samples, -20)


def bell() -> Samples:
    """One high stroke and nothing else, at -20 LUFS: little of it comes back from the latents by itself."""
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE - 0.5
    partials = sum(np.sin(2 * np.pi * hertz * time) for hertz in (2093, 5274, 9001))
    return at(np.repeat((partials * np.exp(-6 * time) * (time > 0))[None], 2, 0), -20)


def at(samples: Samples, level: float) -> Samples:
    gain = 10 ** ((level - loudness(samples.astype(np.float32), SAMPLE_RATE)) / 20)
    return (gain * samples).astype(np.float32)


def take(engine: Engine, samples: Samples, folder: Path, **settings: object) -> Samples:
    path = folder / "recording.wav"
    soundfile.write(path, samples.T, SAMPLE_RATE, "FLOAT")
    values = {"prompt": "Instruments: Drums | BPM: 120", "seed": 7, "steps": STEPS}
    values["init_audio"] = str(path)
    updates = list(engine.generate(GenerationSpec.from_dict(values | settings)))
    assert not any(isinstance(update, Remark) for update in updates)
    blocks = [update.samples for update in updates if isinstance(update, AudioBlock)]
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("strength", [0.0, 0.5, 0.9, 1.0])
def test_quiet_in_is_quiet_out(engine: Engine, tmp_path: Path, strength: float) -> None:
    loud, quiet = (
        take(engine, at(strokes(), level), tmp_path, init_noise_level=strength)
        for level in (-26, -56)
    )
    levels = [loudness(sound, SAMPLE_RATE) for sound in (loud, quiet)]
    assert levels[0] == pytest.approx(-26, abs=3)
    assert levels[0] - levels[1] == pytest.approx(30, abs=1)


@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_a_sparse_recording_is_not_swallowed(
    engine: Engine, tmp_path: Path, strength: float
) -> None:
    sound = take(engine, bell(), tmp_path, init_noise_level=strength)
    assert loudness(sound, SAMPLE_RATE) == pytest.approx(-20, abs=6)


@pytest.mark.parametrize("level", [-34, -20])
def test_what_goes_on_is_as_loud_as_what_it_continues(
    engine: Engine, tmp_path: Path, level: float
) -> None:
    recording = at(strokes(), level)
    sound = take(engine, recording, tmp_path, keep=[[0, SECONDS]], seconds_total=2 * SECONDS + 1)
    after = sound[:, (SECONDS + 1) * SAMPLE_RATE :]
    assert loudness(after, SAMPLE_RATE) == pytest.approx(level, abs=8)


def test_what_is_on_the_left_stays_there(engine: Engine, tmp_path: Path) -> None:
    recording = strokes()
    recording[1] = 0
    heard: list[float] = []
    for settings in ({"init_noise_level": 0.1}, {"init_noise_level": 0.7}):
        left, right = take(engine, recording, tmp_path, **settings)
        heard.append(decibels(float(left.std())) - decibels(float(right.std())))
    assert heard[0] > 18 and 2 < heard[1] < 8
    sound = take(engine, recording, tmp_path, keep=[[0, SECONDS]], seconds_total=SECONDS + 2.0)
    assert not sound[1].any() and sound[0, (SECONDS + 1) * SAMPLE_RATE :].any()
