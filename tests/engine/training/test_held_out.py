"""Held-out losses are of the same crops and noise whoever measures, one for each length and level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from engine.training.held_out import LEVELS, HeldOut
from engine.training.recipes import EMBEDDED, SMOKE
from tests.engine.training.pieces import SILENCE, pieces_of

CPU = torch.device("cpu")


def test_every_length_is_measured_at_every_level_on_the_same_crops() -> None:
    one, other = (HeldOut(SMOKE, pieces_of(3.0, 9.0), SILENCE) for _ in range(2))
    found = dict(one.batches(CPU))
    assert list(found) == [
        f"{told}_{frames}_at_{level:g}"
        for frames in (64, 128)
        for told in ("held_out", "alone")
        for level in LEVELS
    ]
    for name, batch in other.batches(CPU):
        assert torch.equal(batch.latents, found[name].latents)
        assert torch.equal(batch.noise, found[name].noise)
        assert batch.asked.texts == found[name].asked.texts
        assert np.allclose(batch.times, float(name.rpartition("_")[2]))
        assert not batch.no_text.any()


def test_the_crops_of_the_embedded_model_do_not_depend_on_the_batches_of_a_run() -> None:
    large = replace(EMBEDDED, dit=EMBEDDED.dit.multiplied(8))
    found = dict(HeldOut(large, pieces_of(5.0), SILENCE).batches(CPU))
    sizes = {batch.latents.shape[-1]: len(batch.latents) for batch in found.values()}
    assert sizes == {256: 24, 768: 8, 2048: 3, 6144: 1}
