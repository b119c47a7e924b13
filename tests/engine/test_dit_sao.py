"""The paper's transformer and autoencoder with the weights of Stable Audio Open: the reference's numbers and sizes."""

import dataclasses

import pytest
import torch
from torch import Tensor

from engine.conditioning import Conditioning
from engine.dit import DiT
from engine.networks import build_autoencoder
from engine.public.renames import STABLE_AUDIO_OPEN, renamed, without_weight_norm
from engine.registry import MODELS, DiTConfig, OobleckConfig
from engine.samplers.guidance import Guidance, guided_denoiser
from engine.samplers.objectives import OBJECTIVES
from tests.golden.values import difference, golden, thinned, values, weights

TENSORS, SHAPES = golden("sao")
OPEN, SMALL = MODELS["stable-audio-open-1.0"], MODELS["stable-audio-open-small"]
SPECS = {"open": OPEN, "small": SMALL}


def reference(kind: str) -> DiT:
    """A small network of that kind with the weights the golden file was made with, loaded strictly."""
    own = SPECS[kind].dit
    assert isinstance(own, DiTConfig)
    config = dataclasses.replace(
        own,
        latent_channels=16,
        width=256,
        depth=2,
        heads=256 // (own.width // own.heads),
        cross_width=128,
    )
    model = DiT(config, 128 * len(SPECS[kind].conditioning.numbers)).eval().requires_grad_(False)
    state = renamed(weights(SHAPES[kind]), STABLE_AUDIO_OPEN, kind)
    model.load_state_dict({name.removeprefix("dit."): tensor for name, tensor in state.items()})
    return model


def conditioning(kind: str, cross: str = "cross") -> Conditioning:
    width = 128 * len(SPECS[kind].conditioning.numbers)
    return Conditioning(
        cross=values(cross, (2, 9, 128)),
        cross_mask=torch.ones(2, 9, dtype=torch.bool),
        global_=values("global", (2, width)),
        grid=None,
        text_tokens=9,
    )


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("frames", [5, 8])
def test_forward_as_the_official_code(kind: str, frames: int) -> None:
    x, t = values(f"x.{frames}", (2, 16, frames)), torch.tensor([0.9, 0.25])
    conditional = conditioning(kind)
    # These models attend to pads: the mask must change nothing.
    conditional.cross_mask[:, 5:] = False
    assert difference(reference(kind)(x, t, conditional), TENSORS[f"{kind}.{frames}"]) < 1e-4


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("name", ["guided", "negative"])
def test_guidance_as_the_official_code(kind: str, name: str) -> None:
    conditional = conditioning(kind)
    unconditional = conditional.unconditional(
        conditioning(kind, "negative") if name == "negative" else None
    )
    objective = OBJECTIVES[SPECS[kind].objective]
    denoiser = guided_denoiser(
        reference(kind), objective, conditional, unconditional, Guidance(scale=7.0)
    )
    x, t = values("x.8", (2, 16, 8)), torch.tensor(0.6)
    expected: Tensor = objective.denoised(thinned(x), t, TENSORS[f"{kind}.{name}"])
    assert difference(denoiser(x, t), expected) < 1e-4


def test_autoencoder_as_the_official_code() -> None:
    config = OobleckConfig(channels=8, multiples=(1, 2), strides=(2, 4), latent_channels=4)
    model = build_autoencoder(config).eval().requires_grad_(False)
    without_weight_norm(model)
    state = renamed(weights(SHAPES["oobleck"]), STABLE_AUDIO_OPEN, "oobleck")
    model.load_state_dict({n.removeprefix("autoencoder."): w for n, w in state.items()})
    moments = model.encoder(values("audio", (2, 2, 8 * 50)))
    assert difference(moments, TENSORS["oobleck.moments"]) < 1e-4
    for frames in (31, 40):
        audio = model.decode(values("latents", (2, 4, frames)))
        assert difference(audio, TENSORS[f"oobleck.decode.{frames}"]) < 1e-4


@pytest.mark.parametrize(("kind", "published"), [("open", 1_056_828_544), ("small", 340_879_488)])
def test_published_sizes(kind: str, published: int) -> None:
    spec = SPECS[kind]
    assert isinstance(spec.dit, DiTConfig)
    with torch.device("meta"):
        model = DiT(spec.dit, 768 * len(spec.conditioning.numbers))
    assert sum(parameter.numel() for parameter in model.parameters()) == published
