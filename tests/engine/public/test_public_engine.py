"""The engine with tiny models of the public families, end to end: text, recordings, kept spans, LoRA, lengths."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from engine import latent_diffusion
from engine.conditioning import Conditioning
from engine.creative import SOUND_EDGE
from engine.engine import Engine, load_model
from engine.errors import SpecError
from engine.latent_diffusion import LatentDiffusion
from engine.registry import MODELS, SAMPLE_RATE, ModelSpec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Step, Update
from engine.variable_length import window_for
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, TINY_SMALL, write_public

TINY = {spec.name: spec for spec in (TINY_MEDIUM, TINY_SMALL, TINY_OPEN)}


class Loading:
    """Loads tiny models in the large ones' place, from folders as the hub's, and remembers the last."""

    def __init__(self, folder: Path) -> None:
        self.folders = {name: write_public(spec, folder) for name, spec in TINY.items()}
        self.loads = 0
        self.last: LatentDiffusion | None = None

    def __call__(self, spec: ModelSpec) -> LatentDiffusion:
        self.loads += 1
        self.last = load_model(TINY[spec.name], self.folders[spec.name])
        return self.last


@pytest.fixture(scope="module")
def loading(tmp_path_factory: pytest.TempPathFactory) -> Loading:
    return Loading(tmp_path_factory.mktemp("public"))


def take(loading: Loading, model: str, **wanted: object) -> np.ndarray:
    settings = {"prompt": "warm tape", "seconds_total": 2.0, "seed": 1, "model": model} | wanted
    spec = GenerationSpec.from_dict({"steps": 3} | settings)
    engine = Engine("cpu", load=loading)
    blocks = [u.samples for u in engine.generate(spec) if isinstance(u, AudioBlock)]
    return np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("model", TINY)
def test_a_take_from_text(model: str, loading: Loading) -> None:
    sound = take(loading, model)
    assert sound.shape == (2, 2 * SAMPLE_RATE)
    assert np.isfinite(sound).all()
    assert 1e-4 < np.abs(sound).max() <= 1
    np.testing.assert_array_equal(sound, take(loading, model))
    assert not np.array_equal(sound, take(loading, model, seed=2))
    assert not np.array_equal(sound, take(loading, model, prompt="house drums"))


def test_guidance_and_a_negative_prompt_are_heard(loading: Loading) -> None:
    plain = take(loading, TINY_MEDIUM.name, cfg_scale=1.0)
    guided = take(loading, TINY_MEDIUM.name, cfg_scale=7.0)
    avoided = take(loading, TINY_MEDIUM.name, cfg_scale=7.0, negative_prompt="drums")
    assert not np.array_equal(plain, guided)
    assert not np.array_equal(guided, avoided)


@pytest.fixture
def hum(tmp_path: Path) -> str:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    path = tmp_path / "hum.wav"
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 220 * np.stack([time, time])).T, SAMPLE_RATE)
    return str(path)


@pytest.mark.parametrize("model", TINY)
def test_several_kept_spans_return_sample_for_sample(
    model: str, loading: Loading, hum: str
) -> None:
    sound = take(loading, model, init_audio=hum, keep=[[0.0, 0.6], [1.4, 2.0]])
    recording, _ = soundfile.read(hum, dtype="float32", always_2d=True)
    edge = round(SOUND_EDGE * SAMPLE_RATE) + 1
    first, last = round(0.6 * SAMPLE_RATE) - edge, round(1.4 * SAMPLE_RATE) + edge
    np.testing.assert_array_equal(sound[:, :first], recording.T[:, :first])
    np.testing.assert_array_equal(sound[:, last:], recording.T[:, last:])
    middle = slice(first + 2 * edge, last - 2 * edge)
    assert np.abs(sound[:, middle] - recording.T[:, middle]).max() > 1e-3


def test_stable_audio_3_keeps_by_its_own_conditioning(
    loading: Loading, hum: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[torch.Tensor | None] = []
    network = LatentDiffusion.network

    def listening(
        self: LatentDiffusion, x: torch.Tensor, t: torch.Tensor, conditioning: Conditioning
    ) -> torch.Tensor:
        told.append(conditioning.kept)
        return network(self, x, t, conditioning)

    monkeypatch.setattr(LatentDiffusion, "network", listening)
    take(loading, TINY_MEDIUM.name, init_audio=hum, keep=[[0.0, 0.5]])
    assert told[0] is not None
    mask = told[0][0, 0]
    # A frame is kept if its first sample is: ceil(0.5 s * 10.77 Hz).
    assert mask.tolist() == [1.0] * 6 + [0.0] * (len(mask) - 6)
    told.clear()
    take(loading, TINY_MEDIUM.name)
    assert told[0] is None


@pytest.mark.parametrize("schedule", ["monotone", "reference"])
def test_audio_to_audio(schedule: str, loading: Loading, hum: str) -> None:
    settings = {"init_audio": hum, "schedule": schedule}
    near = take(loading, TINY_MEDIUM.name, init_noise_level=0.3, **settings)
    far = take(loading, TINY_MEDIUM.name, init_noise_level=0.9, **settings)
    assert not np.array_equal(near, far)


def test_lora_is_heard_and_loads_once(loading: Loading, tmp_path: Path) -> None:
    name = "model.transformer.project_out.parametrizations.weight.0"
    tensors = {f"{name}.lora_A": 0.1 * torch.ones(2, 64), f"{name}.lora_B": torch.ones(256, 2)}
    path = tmp_path / "own.safetensors"
    header = json.dumps({"rank": 2, "alpha": 2, "adapter_type": "lora"})
    save_file(tensors, path, metadata={"lora_config": header})
    plain = take(loading, TINY_MEDIUM.name)
    assert not np.array_equal(plain, take(loading, TINY_MEDIUM.name, lora=str(path)))
    np.testing.assert_array_equal(plain, take(loading, TINY_MEDIUM.name, lora=f"{path}:0"))
    engine, before = Engine("cpu", load=loading), loading.loads
    spec = GenerationSpec(
        prompt="warm", model=TINY_MEDIUM.name, seconds_total=1.0, steps=1, lora=str(path)
    )
    for _ in range(2):
        assert list(engine.generate(spec))
    assert loading.loads == before + 1


@pytest.mark.real_parts("g++", str(latent_diffusion.HEADERS))
@pytest.mark.parametrize(
    ("backend", "apart"),
    # The graph alone, run by the network's own operations, and the machine's code, which sums in another order.
    [("eager", 1e-5), ("inductor", 1e-4)],
)
def test_compiling_is_told_once_and_changes_nothing(
    loading: Loading, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, backend: str, apart: float
) -> None:
    monkeypatch.setattr(latent_diffusion, "BACKEND", backend)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch.compiler.reset()
    engine = Engine("cpu", precision="float32", compiled=True, load=loading)
    plain = Engine("cpu", precision="float32", load=loading)
    stages: list[str] = []
    for seconds in (1.0, 2.0):
        spec = GenerationSpec(
            prompt="warm", model=TINY_MEDIUM.name, seconds_total=seconds, steps=1, seed=1
        )
        made, expected = list(engine.generate(spec)), list(plain.generate(spec))
        stages += [update.stage for update in made if isinstance(update, Step)]
        for one, other in zip(sound(made), sound(expected), strict=True):
            np.testing.assert_allclose(one, other, atol=apart)
    assert stages[:4] == ["loading", "loading", "compiling", "diffuse"]
    assert stages.count("compiling") == 1
    assert any(tmp_path.rglob("*.so")) == (backend == "inductor")
    monkeypatch.setattr("shutil.which", lambda name: None)
    engine.unload()
    with pytest.raises(SpecError, match=r"needs a C\+\+ compiler"):
        list(engine.load(TINY_MEDIUM.name))


def sound(updates: list[Update]) -> list[np.ndarray]:
    return [update.samples for update in updates if isinstance(update, AudioBlock)]


@pytest.mark.parametrize(
    ("model", "seconds", "frames"),
    [
        # The valid length of the official code: all of the take and 64 frames, no more than the window.
        ("stable-audio-3-medium", 30.0, 323 + 64),
        ("stable-audio-3-medium", 285.0, 3133),
        ("stable-audio-3-small-music", 120.0, 1292),
        ("stable-audio-open-1.0", 10.0, 1024),
        ("stable-audio-open-small", 5.0, 256),
    ],
)
def test_windows_are_as_long_as_the_official_code_makes_them(
    model: str, seconds: float, frames: int
) -> None:
    spec = GenerationSpec(prompt="warm", model=model, seconds_total=seconds)
    window = window_for(spec.resolved(MODELS[model]), MODELS[model])
    assert window.latent_frames == frames
