"""Laws of diffusing takes together: each comes out as it would alone, whatever is its own, and all share each step."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from engine.diffusion import diffused, levels_of
from engine.errors import LongtakeError
from engine.held_model import HeldModel, load_model
from engine.latent_diffusion import LatentDiffusion
from engine.preparation import Prepared, prepared
from engine.registry import MODELS, SAMPLE_RATE, ModelSpec
from engine.spec import SAMPLERS, GenerationSpec
from engine.updates import Step
from tests.engine.public.public_models import TINY_MEDIUM, TINY_OPEN, TINY_SMALL, write_public
from tests.engine.tiny_model import tiny_model

APART = 2e-4
"""Largest difference of a take's latents in a batch and alone, in standard deviations; measured: 1e-5 to 5e-5."""
SMALL = MODELS["stable-audio-open-small"]
TINY_OPEN_SMALL = replace(
    SMALL,
    autoencoder=TINY_OPEN.autoencoder,
    dit=replace(SMALL.dit, latent_channels=8, width=128, depth=2, heads=2, cross_width=64),
    conditioning=replace(SMALL.conditioning, text=TINY_OPEN.conditioning.text),
)
PUBLIC = {spec.name: spec for spec in (TINY_MEDIUM, TINY_SMALL, TINY_OPEN_SMALL, TINY_OPEN)}
NAMES = ("sketch", TINY_MEDIUM.name, TINY_SMALL.name, TINY_OPEN_SMALL.name)
SOLVED = [(model, sampler) for model in NAMES for sampler in SAMPLERS]
SOLVED += [(TINY_OPEN.name, "dpmpp-3m-sde")]
T = TypeVar("T")


def result(work: Generator[Any, None, T]) -> T:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[[ModelSpec], LatentDiffusion]:
    folders = {
        name: write_public(spec, tmp_path_factory.mktemp("public")) for name, spec in PUBLIC.items()
    }

    def loaded(spec: ModelSpec) -> LatentDiffusion:
        if spec.name in PUBLIC:
            return load_model(PUBLIC[spec.name], folders[spec.name])
        return tiny_model(spec)

    return loaded


@pytest.fixture(scope="module")
def held(load: Callable[[ModelSpec], LatentDiffusion]) -> HeldModel:
    return HeldModel(torch.device("cpu"), "float32", compiled=False, load=load)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Three of them: as long as the takes, shorter and longer."""
    folder, rng = tmp_path_factory.mktemp("recordings"), np.random.default_rng(4)
    paths = [str(folder / f"{number}.wav") for number in range(3)]
    for path, seconds in zip(paths, (1.5, 0.6, 9.0), strict=True):
        noise = 0.5 * rng.standard_normal((round(seconds * SAMPLE_RATE), 2))
        soundfile.write(path, noise.astype(np.float32), SAMPLE_RATE, subtype="FLOAT")
    return paths


def asked(model: str, **settings: Any) -> GenerationSpec:
    given = {"prompt": "House | BPM: 120", "seconds_total": 1.5, "seed": 1, "steps": 4}
    return GenerationSpec.from_dict(given | {"model": model, "cfg_scale": 5.0} | settings)


def takes_of(held: HeldModel, *specs: GenerationSpec) -> list[Prepared]:
    with torch.inference_mode():
        return [result(prepared(held, spec)) for spec in specs]


def latents(takes: list[Prepared], attempt: int = 0) -> Tensor:
    with torch.inference_mode():
        return result(diffused(takes, attempt))


def assert_as_alone(takes: list[Prepared], attempt: int = 0) -> None:
    """Each item is that of its own take, and of no other."""
    together = latents(takes, attempt)
    alone = torch.cat([latents([take], attempt) for take in takes])
    assert apart(together, alone) < APART
    for step in range(1, len(takes)):
        others = alone.roll(step, dims=0)
        assert (
            min(apart(one[None], other[None]) for one, other in zip(alone, others, strict=True))
            > 10 * APART
        )


def apart(ours: Tensor, theirs: Tensor) -> float:
    """Largest difference of latents [B, D, T], in standard deviations of each item."""
    distance = (ours - theirs).abs().amax(dim=(1, 2)) / theirs.std(dim=(1, 2))
    return distance.max().item()


@pytest.mark.parametrize(("model", "sampler"), SOLVED)
def test_prompts_seeds_and_variations_are_each_takes_own(
    model: str, sampler: str, held: HeldModel
) -> None:
    takes = takes_of(
        held,
        asked(model, sampler=sampler),
        asked(model, sampler=sampler, prompt="slow piano | BPM: 80", negative_prompt="drums"),
        asked(model, sampler=sampler, seed=2, variation=0.4, variation_seed=8),
    )
    assert_as_alone(takes)
    assert_as_alone(takes, attempt=3)


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize("schedule", ["monotone", "reference"])
def test_recordings_are_each_takes_own(
    model: str, schedule: str, held: HeldModel, recordings: list[str]
) -> None:
    shared = {"schedule": schedule, "init_noise_level": 0.6, "sampler": "ping-pong"}
    assert_as_alone(
        takes_of(held, *(asked(model, init_audio=path, **shared) for path in recordings))
    )


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize("schedule", ["monotone", "reference"])
def test_parts_are_kept_in_those_takes_that_keep_some(
    model: str, schedule: str, held: HeldModel, recordings: list[str]
) -> None:
    first, second, third = recordings
    shared = {"schedule": schedule, "cfg_rescale": 0.7, "cfg_interval": [0.1, 1.0]}
    takes = takes_of(
        held,
        asked(model, **shared),
        asked(model, init_audio=first, keep=[[0.0, 0.5], [1.0, 1.5]], **shared),
        asked(model, init_audio=second, init_noise_level=1.0, seed=3, **shared),
        asked(model, init_audio=third, keep=[[0.5, 1.0]], negative_prompt="drums", **shared),
    )
    assert_as_alone(takes)
    known = takes[1].known
    assert known is not None
    if model not in (TINY_MEDIUM.name, TINY_SMALL.name):  # Those keep by their own conditioning.
        made = takes[1].model.latent_scale.scaled(latents(takes)[1:2])
        torch.testing.assert_close(made[..., :8], known[..., :8], atol=1e-4, rtol=1e-4)


def test_scores_are_each_takes_own(held: HeldModel) -> None:
    takes = takes_of(
        held,
        asked("sketch", chords="Am | F"),
        asked("sketch", score="none"),
        asked("sketch", form="verse 2", tempo=140.0, beats_per_bar=3),
        asked("sketch", score_seed=5),
    )
    assert_as_alone(takes)


def test_a_step_asks_the_network_once_for_all_and_guidance_doubles_that(held: HeldModel) -> None:
    specs = [asked("sketch", seed=seed, cfg_interval=[0.0, 0.9]) for seed in (1, 2, 3)]
    takes, calls = takes_of(held, *specs), list[int]()
    model = takes[0].model
    network = model.network

    def counted(x: Tensor, t: Tensor, conditioning: Any) -> Tensor:
        calls.append(len(x))
        return network(x, t, conditioning)

    model.network = counted
    try:
        with torch.inference_mode():
            steps = list(diffused(takes))
    finally:
        del model.network
    assert steps == [Step("diffuse", index, 4) for index in (1, 2, 3, 4)]
    assert calls == [3, 3, 6, 6], "the first two are noisier than where guidance acts"


def test_latents_that_are_not_finite_are_an_error(held: HeldModel) -> None:
    first, second = takes_of(held, asked("sketch"), asked("sketch", seed=2))
    broken = replace(second.conditional, global_=second.conditional.global_ * float("nan"))
    with pytest.raises(
        LongtakeError, match="sketch produced latents that are not finite at step 1"
    ):
        latents([first, replace(second, conditional=broken)])


@pytest.mark.parametrize("model", MODELS)
def test_from_noise_the_public_models_walk_their_codes_levels_under_both_names(model: str) -> None:
    ours, reference = (
        levels_of(asked(model, schedule=schedule).resolved(MODELS[model]), MODELS[model])
        for schedule in ("monotone", "reference")
    )
    assert len(ours) == 5 and ours[-1] == 0
    assert torch.equal(ours, reference) == (model != "sketch")


@pytest.mark.parametrize("model", MODELS)
def test_from_a_recording_monotone_falls_from_the_level_and_the_codes_own_is_another_name(
    model: str,
) -> None:
    spec = asked(model, init_audio="a.wav", init_noise_level=0.1).resolved(MODELS[model])
    ours = levels_of(spec, MODELS[model])
    assert ours[0] == 0.1 and (ours.diff() < 0).all()
    theirs = levels_of(replace(spec, schedule="reference"), MODELS[model])
    assert theirs[1] > theirs[0], "it rises where the recording is cleaner than its levels are"
    whole = replace(spec, init_noise_level=1.0)
    assert torch.equal(
        levels_of(whole, MODELS[model]), levels_of(replace(whole, init_audio=None), MODELS[model])
    )
    assert len(levels_of(replace(spec, init_noise_level=0.0), MODELS[model])) == 1
