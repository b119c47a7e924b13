"""Prompts of the paper's model, from words and seconds to the guided output, as the public code computes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.clap import ClapText
from engine.conditioning import Conditioner, Conditioning, Prompt
from engine.dit import DiT
from engine.public.renames import STABLE_AUDIO_OPEN, renamed
from engine.registry import STABLE_AUDIO_2, DiTConfig
from engine.samplers.guidance import Guidance, guided_denoiser
from engine.samplers.objectives import OBJECTIVES
from tests.golden.text import clap_folder
from tests.golden.values import difference, golden, thinned, values, weights

TENSORS, SHAPES = golden("clap")
FRAMES = 24
SECONDS = [(0.0, 30.5), (12.0, 95.0)]


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return renamed(weights(SHAPES["model"]), STABLE_AUDIO_OPEN, "clap")


@pytest.fixture(scope="module")
def conditioner(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Conditioner:
    folder: Path = clap_folder(tmp_path_factory.mktemp("clap"))
    conditioner = Conditioner(STABLE_AUDIO_2, ClapText(STABLE_AUDIO_2.conditioning.text, folder))
    conditioner.load_state_dict(
        {n.removeprefix("conditioner."): x for n, x in state.items() if n.startswith("cond")}
    )
    return conditioner.requires_grad_(False)


@pytest.fixture(scope="module")
def network(state: dict[str, Tensor]) -> DiT:
    own = STABLE_AUDIO_2.dit
    assert isinstance(own, DiTConfig)
    network = DiT(replace(own, latent_channels=16, width=768, depth=1, heads=12), 2 * 768)
    network.load_state_dict(
        {n.removeprefix("dit."): x for n, x in state.items() if n.startswith("dit.")}
    )
    return network.eval().requires_grad_(False)


def asked(conditioner: Conditioner, *texts: str) -> Conditioning:
    prompts = [
        Prompt(text=text, seconds_start=start, seconds_total=total)
        for text, (start, total) in zip(texts, SECONDS, strict=True)
    ]
    return conditioner(prompts, FRAMES)


def test_prompts_as_the_official_code(conditioner: Conditioner, network: DiT) -> None:
    told = asked(conditioner, "warm tape", "house drums warm tape")
    assert difference(told.cross, TENSORS["cross"]) < 1e-5
    output = network(values("x", (2, 16, FRAMES)), torch.tensor([0.6, 0.6]), told)
    assert difference(output, TENSORS["plain"]) < 1e-4


@pytest.mark.parametrize("name", ["guided", "negative"])
def test_guidance_as_the_official_code(conditioner: Conditioner, network: DiT, name: str) -> None:
    told = asked(conditioner, "warm tape", "house drums warm tape")
    negative = asked(conditioner, "drums", "tape tape") if name == "negative" else None
    objective = OBJECTIVES["v"]
    denoiser = guided_denoiser(
        network, objective, told, told.unconditional(negative), Guidance(scale=7.0)
    )
    x, t = values("x", (2, 16, FRAMES)), torch.tensor(0.6)
    expected = objective.denoised(thinned(x), t, TENSORS[name])
    assert difference(denoiser(x, t), expected) < 1e-4
