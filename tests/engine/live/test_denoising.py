from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from engine.conditioning import Conditioning, Prompt
from engine.latent_diffusion import LatentDiffusion
from engine.live.denoising import Denoising, Window
from engine.live_settings import LiveSettings
from engine.registry import MODELS, SKETCH, AdaptiveDiTConfig
from engine.samplers.noise import PlacedNoise
from tests.engine.live.toys import toy

FRAMES, HELD = 24, 16


def window(model: LatentDiffusion, first: int = 0, seed: int = 0) -> Window:
    generator = torch.Generator().manual_seed(seed)
    known = torch.randn(1, model.spec.autoencoder.latent_channels, FRAMES, generator=generator)
    weights = torch.zeros(FRAMES)
    weights[:HELD] = 1
    return Window(known, HELD, weights, first)


def made(
    model: LatentDiffusion, given: Window, strength: float = 0.8, **settings: Any
) -> torch.Tensor:
    asked = model.conditioner([Prompt(text="funk", seconds_total=30)], FRAMES)
    denoising = Denoising(model, LiveSettings(steps=2, **settings))
    return denoising.made(given, (asked, asked.unconditional()), strength)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_held_stays_and_the_rest_is_made(name: str):
    model = toy(MODELS[name])
    given = window(model)
    found = made(model, given)
    torch.testing.assert_close(found[..., :HELD], given.known[..., :HELD])
    assert (found - given.known)[..., HELD:].abs().mean() > 0.05


def test_at_strength_0_everything_stays_to_the_bit():
    model = toy(SKETCH)
    given = window(model)
    torch.testing.assert_close(made(model, given, 0.0), given.known, rtol=0, atol=0)


@pytest.mark.parametrize("name", [n for n, s in MODELS.items() if s.weights == "public"])
def test_models_that_were_trained_to_inpaint_are_told_what_is_kept(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    model = toy(MODELS[name])
    given, told = window(model), list[Conditioning]()
    network = model.network

    def remembered(x: torch.Tensor, t: torch.Tensor, asked: Conditioning) -> torch.Tensor:
        told.append(asked)
        return network(x, t, asked)

    monkeypatch.setattr(model, "network", remembered)
    made(model, given)
    for asked in told:
        if isinstance(model.spec.dit, AdaptiveDiTConfig):
            assert asked.kept is not None
            assert asked.kept[:, 0].unique().tolist() == [0, 1]
            torch.testing.assert_close(asked.kept[:1, 1:, :HELD], given.known[..., :HELD])
            assert not asked.kept[..., HELD:].any()
        else:
            assert asked.kept is None


def test_noise_belongs_to_places_and_not_to_windows():
    shape = (1, 8, 200)
    whole = PlacedNoise(7, 0).start(shape)
    part = PlacedNoise(7, 90).start((1, 8, 60))
    torch.testing.assert_close(part, whole[..., 90:150])
    step = PlacedNoise(7, -30).step(2, torch.zeros(shape))
    torch.testing.assert_close(PlacedNoise(7, 10).step(2, torch.zeros(1, 8, 9)), step[..., 40:49])
    assert (PlacedNoise(7, -30).step(3, torch.zeros(shape)) - step).abs().mean() > 0.5
    assert (PlacedNoise(8, 0).start(shape) - whole).abs().mean() > 0.5
    assert whole.std().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("other", [{"seed": 1}, {"cfg_scale": 2.0}])
def test_another_seed_or_guidance_is_as_if_it_had_begun_with_it(other: dict[str, Any]):
    model = toy(SKETCH)
    given, settings = window(model), LiveSettings(steps=2)
    asked = model.conditioner([Prompt(text="funk", seconds_total=30)], FRAMES)
    denoising = Denoising(model, settings)
    assert not denoising.change(settings)
    assert denoising.change(replace(settings, **other))
    found = denoising.made(given, (asked, asked.unconditional()), 0.8)
    torch.testing.assert_close(found, made(model, given, **other), rtol=0, atol=0)
    assert (found - made(model, given)).abs().max() > 0.001
