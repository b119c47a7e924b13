"""Whole takes as the official code makes them, from words to sound: text, guidance, recordings, kept spans."""

from __future__ import annotations

import dataclasses
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.torch import save_file
from torch import Tensor

from engine.creative import SOUND_EDGE
from engine.engine import Engine, load_model
from engine.latent_diffusion import LatentDiffusion
from engine.registry import SAMPLE_RATE, ModelSpec
from engine.samplers.schedules import flow_reference_start, schedule_times
from engine.spec import GenerationSpec
from engine.updates import AudioBlock
from tests.engine.public.public_models import TINY_MEDIUM, TINY_SMALL
from tests.golden.text import t5gemma_folder
from tests.golden.values import golden, quiet, values, weights

TENSORS, SHAPES = golden("takes")
SECONDS = 2.9
FRAMES = round(SECONDS * SAMPLE_RATE)
RECORDING = 0.1 * values("recording", (2, FRAMES)).numpy()
TINY = {"small": TINY_SMALL, "medium": TINY_MEDIUM}
EDGE = round(SOUND_EDGE * SAMPLE_RATE) + 1


class NoiseByName:
    """Noise in the order in which the official code drew it."""

    def __init__(self, seed: int, variation: float, variation_seed: int) -> None:
        self.drawn = count()

    def start(self, shape: tuple[int, ...], attempt: int) -> Tensor:
        return values("noise", shape)

    def step(self, index: int, like: Tensor) -> Tensor:
        return values(f"draw.{next(self.drawn)}", tuple(like.shape))


@pytest.fixture(scope="module", params=TINY)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint under the official names, with the weights that the golden takes were made with."""
    folder = tmp_path_factory.mktemp(kind)
    save_file(quiet(weights(SHAPES[kind])), folder / "model.safetensors")
    return t5gemma_folder(folder, 768)


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "recording.wav"
    soundfile.write(path, RECORDING.T, SAMPLE_RATE, subtype="FLOAT")
    return str(path)


def take(kind: str, folder: Path, patch: pytest.MonkeyPatch, **wanted: object) -> np.ndarray:
    patch.setattr("engine.engine.NoiseSource", NoiseByName)

    def load(spec: ModelSpec) -> LatentDiffusion:
        return load_model(dataclasses.replace(TINY[kind], name=spec.name), folder)

    spec = GenerationSpec.from_dict(
        {"model": TINY[kind].name, "seconds_total": SECONDS, "seed": 0, "steps": 4} | wanted
    )
    engine = Engine("cpu", precision="float32", load=load)
    blocks = [u.samples for u in engine.generate(spec) if isinstance(u, AudioBlock)]
    return np.concatenate(blocks, axis=1)


def assert_as_official(sound: np.ndarray, kind: str, case: str, part: slice = slice(None)) -> None:
    """Compares the golden samples, one of every 127, in a part of the take."""
    theirs = TENSORS[f"{kind}.{case}"].numpy()
    step = sound.size // 2000
    wanted, found = np.full(sound.size, np.nan), sound.ravel()
    wanted[::step] = theirs
    place = np.zeros(sound.shape, dtype=bool)
    place[:, part] = True
    compared = place.ravel() & np.isfinite(wanted)
    assert compared.sum() > 500
    assert theirs.std() > 0.02
    assert np.abs(found[compared] - wanted[compared]).max() < 1e-4


def test_from_words(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = take(kind, folder, monkeypatch, prompt="warm tape")
    assert sound.shape == (2, FRAMES)
    assert_as_official(sound, kind, "few steps")
    other = take(kind, folder, monkeypatch, prompt="house")
    assert np.abs(other - sound).max() > 1e-3


def test_guided_away_from_a_negative_prompt(
    kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"prompt": "warm tape", "steps": 5, "cfg_scale": 7.0, "sampler": "euler"}
    sound = take(kind, folder, monkeypatch, negative_prompt="house drums", **settings)
    assert_as_official(sound, kind, "guided")
    free = take(kind, folder, monkeypatch, **settings)
    assert np.abs(free - sound).max() > 1e-3


def test_from_a_recording(
    kind: str, folder: Path, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The official level is where its schedule begins; ours is the noise that the schedule reaches.
    peak = schedule_times("reference", "rectified-flow", 4, 0.4).max().item()
    assert flow_reference_start(peak, 4) == pytest.approx(0.4, abs=1e-3)
    sound = take(
        kind,
        folder,
        monkeypatch,
        prompt="house",
        init_audio=recording,
        init_noise_level=peak,
        schedule="reference",
    )
    assert_as_official(sound, kind, "audio")


def test_between_two_kept_spans(
    kind: str, folder: Path, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = [[0.0, 0.7], [1.9, SECONDS]]
    sound = take(
        kind,
        folder,
        monkeypatch,
        prompt="house",
        init_audio=recording,
        keep=spans,
        init_noise_level=1.0,
    )
    first, last = round(0.7 * SAMPLE_RATE), round(1.9 * SAMPLE_RATE)
    assert_as_official(sound, kind, "kept", slice(first, last))
    for part in (slice(0, first - EDGE), slice(last + EDGE, None)):
        np.testing.assert_array_equal(sound[:, part], RECORDING[:, part])
