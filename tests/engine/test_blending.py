from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.blending import blended
from engine.conditioning import Conditioning, Prompt
from engine.engine import Engine
from engine.errors import SpecError
from engine.evaluation.sounds import take as made
from engine.registry import MODELS, SKETCH
from engine.spec import GenerationSpec
from tests.engine.live.toys import toy
from tests.engine.tiny_model import tiny_model

TOYS = {name: toy(spec) for name, spec in MODELS.items()}
SHORT, LONG = "funk drums", "slow strings far away over the hills"


def asked(name: str, text: str) -> Conditioning:
    return TOYS[name].conditioner([Prompt(text=text, seconds_total=20)], 12)


def output(name: str, conditioning: Conditioning) -> torch.Tensor:
    """What the transformer makes of it."""
    model = TOYS[name]
    shape = (1, model.spec.autoencoder.latent_channels, 12)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return model.network(x, torch.tensor([0.6]), conditioning)


@pytest.mark.parametrize("name", MODELS)
def test_a_blend_goes_from_one_prompt_to_the_other_without_a_jump(name: str):
    first, second = asked(name, SHORT), asked(name, LONG)
    start, end = output(name, first), output(name, second)
    assert blended(first, second, 0, TOYS[name].spec) is first
    reached = blended(first, second, 1, TOYS[name].spec)
    torch.testing.assert_close(output(name, reached), end)
    way = (end - start).norm()
    assert way > 0
    shares = torch.linspace(0, 1, 21).tolist()
    places = [output(name, blended(first, second, share, TOYS[name].spec)) for share in shares]
    steps = [(b - a).norm() for a, b in itertools.pairwise(places)]
    assert max(steps) < 0.35 * way


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 0.99), st.sampled_from([(SHORT, LONG), (LONG, SHORT), ("", LONG)]))
def test_only_the_words_are_mixed(share: float, texts: tuple[str, str]):
    first, second = (asked("sketch", text) for text in texts)
    mixed = blended(first, second, share, SKETCH)
    count = first.text_tokens
    torch.testing.assert_close(mixed.cross[:, count:], first.cross[:, count:])
    assert mixed.global_ is first.global_ and mixed.grid is first.grid
    longest = max(c.cross_mask[:, :count].sum().item() for c in (first, second))
    assert mixed.cross_mask[:, :count].sum().item() == longest


def take(**settings: Any) -> np.ndarray:
    engine = Engine("cpu", load=lambda spec: tiny_model())
    spec = GenerationSpec(
        prompt=SHORT, seconds_total=1.0, steps=2, seed=1, score="none", **settings
    )
    return made(engine, spec).samples


def test_a_take_lies_between_its_prompts():
    plain = take()
    np.testing.assert_array_equal(take(prompt_b=LONG), plain)
    half, whole = take(prompt_b=LONG, blend=0.5), take(prompt_b=LONG, blend=1.0)
    assert np.abs(half - plain).max() > 1e-3 and np.abs(whole - half).max() > 1e-3


def test_a_blend_without_a_second_prompt_is_a_sentence():
    with pytest.raises(SpecError, match="blend needs prompt_b"):
        take(blend=0.5)


def test_the_second_prompt_is_told_tempo_and_key_like_the_first():
    spec = GenerationSpec(prompt="funk", prompt_b=" strings", tempo=90, key="A minor")
    resolved = spec.resolved(SKETCH)
    assert "90" in resolved.prompt_b and "A minor" in resolved.prompt_b
    assert resolved.prompt_b.startswith("strings")
    assert GenerationSpec(prompt="funk").resolved(SKETCH).prompt_b == ""
