"""What a step sees: the same for any number of ranks, and distributed as each family was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.errors import SpecError
from engine.registry import MODELS, ModelSpec
from engine.training.finetuning.families import Asking, recipe_for, sight_of
from engine.training.finetuning.masks import kept_frames, length_shifted, truncated_logit_normal
from engine.training.finetuning.seen import Seen
from engine.training.group import Group
from tests.engine.public.public_models import TINY_SMALL
from tests.engine.tiny_model import TINY
from tests.engine.training.finetuning.little import FAMILIES, OPEN, pieces_for

CPU = torch.device("cpu")


def seen(spec: ModelSpec, group: Group, step: int = 3, times: int = 4) -> Sequence[Seen]:
    recipe = recipe_for(spec, Asking(lora=True, times=times))
    return sight_of(spec, pieces_for(spec, 3.0, 20.0, 90.0), recipe, group, 1).at(step)


def tensors(seen: Seen) -> list[Tensor]:
    batch = seen.batch
    found = [batch.latents, batch.noise, batch.times, batch.no_text, batch.asked.numbers]
    found += [part for part in (batch.asked.grid, seen.kept) if part is not None]
    return [row for part in found for row in part]


@pytest.mark.parametrize("spec", FAMILIES, ids=lambda spec: spec.name)
def test_ranks_share_what_one_sees(spec: ModelSpec) -> None:
    alone = seen(spec, Group(0, 1, CPU))
    parts = [seen(spec, Group(rank, 2, CPU)) for rank in range(2)]
    if len(alone) == len(parts[0]):  # Fixed lengths: each rank has its rows of every batch.
        for whole, *shares in zip(alone, *parts, strict=True):
            texts = tuple(text for share in shares for text in share.batch.asked.texts)
            assert texts == whole.batch.asked.texts
            together = torch.cat([share.batch.latents for share in shares])
            assert torch.equal(together, whole.batch.latents)
            assert torch.equal(torch.cat([s.batch.times for s in shares]), whole.batch.times)
    else:  # A length each: each rank has its crops.
        for whole, share in zip(alone, [*parts[0], *parts[1]], strict=True):
            assert all(map(torch.equal, tensors(whole), tensors(share)))
    for one in (alone, *parts):
        assert sum(part.share for part in one) == pytest.approx(1)


@pytest.mark.parametrize("spec", FAMILIES, ids=lambda spec: spec.name)
def test_a_step_follows_from_its_number(spec: ModelSpec) -> None:
    first, again, other = (seen(spec, Group.alone(), step) for step in (3, 3, 4))
    for one, two in zip(first, again, strict=True):
        assert all(map(torch.equal, tensors(one), tensors(two)))
    assert not torch.equal(first[0].batch.times, other[0].batch.times)


def test_stable_audio_3_sees_music_to_its_end_and_some_silence() -> None:
    crops = [one for step in range(60) for one in seen(TINY_SMALL, Group.alone(), step)]
    rate = TINY_SMALL.latent_rate
    for crop in crops:
        assert crop.kept is not None and crop.kept.shape[-1] == crop.batch.latents.shape[-1]
        assert crop.batch.latents.shape[-1] <= TINY_SMALL.latent_frames
    short = [c.batch.latents.shape[-1] for c in crops if c.batch.asked.numbers[0, 0] == 3.0]
    assert min(short) >= int(3 * rate) and max(short) > int(6 * rate)
    assert 4 < np.mean(short) / rate < 12  # 3 s and 4 s of silence, of these few.


def test_stable_audio_open_sees_its_whole_window() -> None:
    (one,) = seen(OPEN, Group.alone())
    assert one.batch.latents.shape == (4, 8, OPEN.latent_frames) and one.kept is None


def test_only_rectified_flow_is_shifted_by_length() -> None:
    # Stratified times fall by one stratum each; shifted ones lie nearer to noise.
    plain = seen(OPEN, Group.alone(), times=64)[0].batch.times
    flow = seen(replace(OPEN, objective="rectified-flow"), Group.alone(), times=64)[0].batch.times
    assert torch.allclose(flow, length_shifted(plain, OPEN.latent_frames))
    assert abs(float(plain.mean()) - 0.5) < 0.01 and float(flow.mean()) > 0.55


def test_times_and_spans_are_distributed_as_in_the_official_trainer() -> None:
    rng = np.random.default_rng(0)
    times = 1 - np.array([truncated_logit_normal(rng) for _ in range(20_000)])
    # Of 400 000 times of stable_audio_3's own function.
    theirs = [0.1745, 0.3644, 0.5394, 0.7137, 0.8988]
    assert np.quantile(times, [0.05, 0.25, 0.5, 0.75, 0.95]) == pytest.approx(theirs, abs=0.01)
    kept = np.array([kept_frames(200, rng).mean() for _ in range(10_000)])
    # Likewise of 20 000 masks: shares of what is kept, of crops without any, and what the others keep.
    assert kept.mean() == pytest.approx(0.107, abs=0.01)
    assert (kept == 0).mean() == pytest.approx(0.802, abs=0.012)
    assert kept[kept > 0].mean() == pytest.approx(0.542, abs=0.02)


@pytest.mark.parametrize(
    ("time", "frames", "shifted"),
    [(0.1, 100, 0.154828), (0.5, 1292, 0.662703), (0.9, 4096, 0.966014), (0.5, 9999, 0.759511)],
)
def test_times_shift_as_in_the_official_code(time: float, frames: int, shifted: float) -> None:
    assert length_shifted(time, frames) == pytest.approx(shifted, abs=1e-5)


def test_what_cannot_be_asked_for() -> None:
    wrong = (
        (TINY, Asking(lora=True, times=0), "--batch is 0"),
        (TINY, Asking(lora=True, rate=3.0), "--rate is 3"),
        (TINY, Asking(lora=True, seconds=0.1), "crops of 1 to 285 s"),
        (MODELS["stable-audio-open-1.0"], Asking(lora=True, seconds=10.0), "whole window of 47"),
    )
    for spec, asking, words in wrong:
        with pytest.raises(SpecError, match=words):
            recipe_for(spec, asking)
    with pytest.raises(SpecError, match="give --batch 8"):
        seen(OPEN, Group(0, 8, CPU), times=1)


def test_optimiser_numbers_are_those_of_the_references() -> None:
    spec = MODELS["stable-audio-3-medium-base"]
    lora, whole = (recipe_for(spec, Asking(lora=lora)) for lora in (True, False))
    assert (lora.betas, lora.weight_decay) == ((0.9, 0.95), 0.01)
    assert [lora.learning_rate.at(step) for step in (0, 10_000)] == pytest.approx([1e-4, 1e-4])
    assert (whole.betas, whole.weight_decay, whole.ema_decay) == ((0.9, 0.999), 1e-3, 0.9999)
    assert whole.learning_rate.at(2000) == pytest.approx(5e-5, rel=2e-3)
