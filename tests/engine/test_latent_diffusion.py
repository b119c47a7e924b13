from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.checkpoints import save_weights
from engine.conditioning import Prompt
from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion, LatentScale
from engine.registry import (
    SKETCH,
    DiTConfig,
    ModelSpec,
    OobleckConfig,
)
from engine.text import MiniLM

assert isinstance(SKETCH.dit, DiTConfig)
TINY: ModelSpec = replace(
    SKETCH,
    autoencoder=OobleckConfig(channels=4, multiples=(1, 2), strides=(4, 8), latent_channels=8),
    dit=replace(SKETCH.dit, latent_channels=8, width=32, depth=1, heads=2),
)
FRAMES = 12


@pytest.fixture(scope="module")
def text() -> MiniLM:
    return MiniLM(TINY.conditioning.text)


@pytest.fixture
def model(text: MiniLM) -> LatentDiffusion:
    """A network all of whose weights matter."""
    model = LatentDiffusion(TINY, text)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.dit.parameters():
            parameter.normal_(0.0, 0.1, generator=generator)
        model.latent_scale.mean.normal_(generator=generator)
        model.latent_scale.std.uniform_(0.5, 2.0, generator=generator)
    return model


@pytest.fixture
def folder(model: LatentDiffusion, tmp_path: Path) -> Path:
    for name, part in model.parts().items():
        save_weights(part, tmp_path / f"{name}.safetensors")
    return tmp_path


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def ask(model: LatentDiffusion) -> torch.Tensor:
    """The output for one fixed input."""
    conditioning = model.conditioner(
        [Prompt(text="slow piano", seconds_total=9.0, tempo=99.0)], FRAMES
    )
    with torch.no_grad():
        return model.network(normal(1, 8, FRAMES), torch.tensor([0.4]), conditioning)


def test_scaling_brings_latents_to_unit_variance_and_back():
    scale = LatentScale(8)
    latents = 3.0 + normal(4, 8, 50) * torch.arange(1.0, 9.0)[:, None]
    scale.mean.copy_(latents.mean(dim=(0, 2)))
    scale.std.copy_(latents.std(dim=(0, 2)))
    scaled = scale.scaled(latents)
    torch.testing.assert_close(scaled.std(dim=(0, 2)), torch.ones(8))
    torch.testing.assert_close(scaled.mean(dim=(0, 2)), torch.zeros(8), atol=1e-5, rtol=0)
    torch.testing.assert_close(scale.unscaled(scaled), latents)


def test_a_new_scale_changes_nothing():
    latents = normal(2, 8, 5)
    assert torch.equal(LatentScale(8).scaled(latents), latents)


def test_the_network_s_output_is_float32_and_has_the_latents_shape(model: LatentDiffusion):
    output = ask(model)
    assert output.shape == (1, 8, FRAMES)
    assert output.dtype == torch.float32
    assert output.std() > 0


def test_quick_arithmetic_is_close_to_exact_arithmetic(model: LatentDiffusion):
    outputs = []
    for model.precision in ("float32", "bfloat16"):
        outputs.append(ask(model))
    exact, quick = outputs
    assert not torch.equal(exact, quick)
    assert (quick - exact).std() < 0.05 * exact.std()


def test_the_frozen_text_encoder_is_in_no_state_dict(model: LatentDiffusion):
    names = set(model.state_dict())
    tops = {name.split(".")[0] for name in names}
    assert tops == {"autoencoder", "latent_scale", "conditioner", "dit"}
    assert not [name for name in names if "layers.0.self_attn.in_proj" in name]


def test_the_parts_hold_each_weight_once(model: LatentDiffusion):
    saved = [x for part in model.parts().values() for x in part.state_dict().values()]
    assert {id_of(x) for x in saved} == {id_of(x) for x in model.state_dict().values()}
    assert len(saved) == len(model.state_dict())
    assert set(model.parts()) == {"autoencoder", "dit"}


def id_of(tensor: torch.Tensor) -> int:
    return tensor.data_ptr()


def test_what_was_saved_is_what_is_loaded(model: LatentDiffusion, folder: Path):
    again = LatentDiffusion.from_folder(TINY, folder)
    # Half precision on the disk.
    torch.testing.assert_close(ask(again), ask(model), atol=0.02, rtol=0.02)
    torch.testing.assert_close(again.latent_scale.mean, model.latent_scale.mean)
    audio = 0.1 * normal(1, 2, 640)
    with torch.no_grad():
        ours, theirs = (m.autoencoder.encode(audio) for m in (model, again))
    torch.testing.assert_close(ours, theirs, atol=0.02, rtol=0.02)
    assert not again.training
    assert not [p for p in again.parameters() if p.requires_grad]


def test_a_missing_or_foreign_file_is_named(folder: Path):
    (folder / "autoencoder.safetensors").replace(folder / "dit.safetensors")
    with pytest.raises(CheckpointError, match=r"autoencoder\.safetensors"):
        LatentDiffusion.from_folder(TINY, folder)
    content = (folder / "dit.safetensors").read_bytes()
    (folder / "autoencoder.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"dit\.safetensors"):
        LatentDiffusion.from_folder(TINY, folder)


def test_width_directions_are_orthonormal_and_span_the_scaled_gradients(text: MiniLM) -> None:
    model = LatentDiffusion(SKETCH, text)
    model.latent_scale.std.copy_(torch.linspace(0.5, 3.0, 64))
    directions = model.width_directions()
    assert directions is not None
    torch.testing.assert_close(directions @ directions.T, torch.eye(3), atol=1e-5, rtol=0)
    gradients = model.autoencoder.width_gradients()
    assert gradients is not None
    scaled = gradients * model.latent_scale.std
    torch.testing.assert_close(scaled @ directions.T @ directions, scaled, atol=1e-5, rtol=1e-4)
    assert LatentDiffusion(TINY, text).width_directions() is None
