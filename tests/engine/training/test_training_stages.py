"""The stages on their smoke recipe: losses fall, a resumed run equals an unbroken one, what is exported generates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from engine.checkpoints import save_weights
from engine.latent_diffusion import LatentDiffusion
from engine.training import cli
from engine.training.export import export, trained_autoencoder
from engine.training.loop import Budget, Stopping, train
from engine.training.material.dataset import items
from engine.training.material.latents import encode_material, read_statistics
from engine.training.material.shelf import Shelf, Span, one_side
from engine.training.recipes import RECIPES, SMOKE, Phase, Window
from engine.training.slot import cooled
from engine.training.train_autoencoder import AutoencoderStage
from engine.training.train_dit import DiTStage, Material


def equal(a: Any, b: Any) -> bool:
    """Whether two states hold the same numbers."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


@pytest.fixture
def encoded(material: Path, tmp_path: Path) -> Path:
    """Latents of the material by an autoencoder of two steps."""
    train(
        AutoencoderStage(SMOKE, items([material], held_out=False)), tmp_path / "ae", Budget(steps=2)
    )
    autoencoder = trained_autoencoder(SMOKE.model, tmp_path / "ae")
    everything = [i for side in (False, True) for i in items([material], held_out=side)]
    encode_material(autoencoder, everything, tmp_path / "latents")
    return tmp_path / "latents"


def test_the_autoencoder_learns_and_then_meets_its_judges(material: Path) -> None:
    recipe = replace(SMOKE, autoencoder=replace(SMOKE.autoencoder, adversarial_from=24))
    stage = AutoencoderStage(recipe, items([material], held_out=False))
    stage.step(0)  # Begins with the principal components.
    first, *_, last = (stage.step(2) for _ in range(20))  # The same crops, noise and resolution.
    assert last["stft"] < first["stft"]
    assert last["own"] < 0.97 * first["own"]
    assert "discriminators" not in stage.step(23)
    assert set(stage.step(24)) == {*first, "discriminators", "adversarial", "features"}


def test_a_resumed_run_equals_an_unbroken_one(material: Path, tmp_path: Path) -> None:
    train_items = items([material], held_out=False)
    whole = AutoencoderStage(SMOKE, train_items)
    train(whole, tmp_path / "whole", Budget(steps=6))
    train(AutoencoderStage(SMOKE, train_items), tmp_path / "parts", Budget(steps=3))
    resumed = AutoencoderStage(SMOKE, train_items)
    train(resumed, tmp_path / "parts", Budget(steps=6))
    assert equal(whole.state_dict(), resumed.state_dict())


def test_a_frozen_encoder_stays_while_the_decoder_learns(material: Path) -> None:
    stage = AutoencoderStage(SMOKE, items([material], held_out=False), freeze_encoder=True)
    stage.step(0)  # Begins with the material's principal components.
    before = {n: p.clone() for n, p in stage.autoencoder.named_parameters()}
    stage.step(1)
    for name, parameter in stage.autoencoder.named_parameters():
        assert torch.equal(parameter, before[name]) == name.startswith("encoder."), name


def test_latents_on_disk_are_the_encoders_and_their_scale_is_one(encoded: Path) -> None:
    found = read_statistics(encoded)
    train_side, other = (one_side(encoded, held_out=side) for side in (False, True))
    assert (len(train_side), len(other)) == (2, 1)
    frames = -(-44100 * 4 // 2048)
    assert all(item.latents.values.shape == (64, frames) for item in train_side)
    assert found.mean.shape == found.std.shape == found.silence.shape == (64,)
    every = np.concatenate([item.latents.restored() for item in [*train_side, *other]], 1)
    scaled = (every - found.mean[:, None]) / found.std[:, None]
    assert np.abs(scaled.mean(1)).max() < 0.05
    # One scale for all channels, and it counts the bottleneck's own noise too: the means alone spread a little less.
    assert 0.9 < np.sqrt(np.square(scaled).mean()) < 1


def made(encoded: Path, words: Any, seed: int = 0) -> DiTStage:
    """A transformer at its beginning."""
    held_out = one_side(encoded, held_out=True)
    material = Material(
        shelf=Shelf(encoded), held_out=held_out, statistics=read_statistics(encoded)
    )
    return DiTStage(SMOKE, material, words, seed=seed)


def test_the_transformer_learns_and_its_export_is_a_model(
    encoded: Path, tmp_path: Path, words: Any
) -> None:
    stage = made(encoded, words)
    # One window's losses: the other, mostly silence, is easier.
    steps = [stage.step(index) for index in range(150)]
    losses = [float(step["loss_64"]) for step in steps if "loss_64" in step]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])
    train(made(encoded, words), tmp_path / "dit", Budget(steps=2))
    out = tmp_path / "weights"
    for run in ("ae", "dit"):
        export(SMOKE.model, tmp_path / run, lambda: words, out)
    model = LatentDiffusion.from_folder(SMOKE.model, out)
    assert np.allclose(model.latent_scale.std.numpy(), read_statistics(encoded).std)


def test_two_slots_of_the_transformer_equal_one_to_the_bit(
    encoded: Path, tmp_path: Path, words: Any
) -> None:
    whole = made(encoded, words)
    train(whole, tmp_path / "whole", Budget(steps=6))
    train(made(encoded, words), tmp_path / "parts", Budget(steps=2))
    resumed = made(encoded, words)
    train(resumed, tmp_path / "parts", Budget(steps=6))
    assert equal(whole.state_dict(), resumed.state_dict())
    assert whole.ledger.at(5) == Span(0, 2)


def test_a_branch_that_is_cooled_leaves_the_run_as_it_was(
    encoded: Path, tmp_path: Path, words: Any
) -> None:
    stage = made(encoded, words)
    train(stage, tmp_path / "run", Budget(steps=4))
    before = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    assert cooled(stage, 4, 5, tmp_path / "cooled", Stopping())
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == before
    rates = [group["lr"] for group in stage.update.optimizer.param_groups]
    uncooled = SMOKE.dit.learning_rate.at(8)
    assert all(0 < rate < 0.1 * uncooled for rate in rates)
    again = made(encoded, words)
    train(again, tmp_path / "run", Budget(steps=4))
    assert cooled(again, 4, 5, tmp_path / "cooled", Stopping())
    assert equal(stage.averaged(), again.averaged())


class Reading(TorchDispatchMode):
    """Notes operations for which a GPU would have to be waited for: those whose result the host reads."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket.__name__ in ("_local_scalar_dense", "nonzero", "masked_select"):
            self.read.append(str(func))
        return func(*args, **(kwargs or {}))


def test_nothing_in_a_step_waits_for_its_result(
    encoded: Path, words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = made(encoded, words)
    stage.step(0)
    batch = stage.batches[(1, stage.ledger.at(1))]
    for piece in batch:
        stage.conditioner.embedded(
            piece.asked
        )  # On a CPU, padding is looked for in texts that are new.
    monkeypatch.setattr(stage, "_batch", lambda index: batch)
    # On a GPU it is fused; here it counts its steps on the host.
    monkeypatch.setattr(stage.update.optimizer, "step", lambda: None)
    with Reading() as seen:
        loss = stage.step(1)["loss"]
        assert not seen.read
        float(loss)
        assert seen.read


def test_phases_have_their_own_windows_and_rare_ones_in_some_steps() -> None:
    short, long = Window(frames=8, batch=4), Window(frames=64, batch=1, share=0.25)
    phases = (Phase(from_step=0, windows=(short,)), Phase(from_step=10, windows=(short, long)))
    recipe = replace(SMOKE.dit, phases=phases)
    rng = np.random.default_rng(0)
    assert {recipe.windows(9, rng) for _ in range(20)} == {(short,)}
    drawn = [recipe.windows(10, rng) for _ in range(400)]
    assert set(drawn) == {(short,), (short, long)}
    assert 0.2 < drawn.count((short, long)) / 400 < 0.3


def test_every_frame_of_a_step_counts_the_same(encoded: Path, words: Any) -> None:
    stage = made(encoded, words)
    batches = stage._batch(0)
    assert len(batches) > 1
    losses = stage._learnt(batches)
    frames = [b.latents.shape[0] * b.latents.shape[2] for b in batches]
    own = [float(losses[f"loss_{b.latents.shape[2]}"]) for b in batches]
    assert float(losses["loss"]) == pytest.approx(np.average(own, weights=frames), rel=1e-5)


def test_a_run_may_begin_from_weights(encoded: Path, words: Any, tmp_path: Path) -> None:
    first, second = made(encoded, words), made(encoded, words, seed=1)
    save_weights(first.networks, tmp_path / "dit.safetensors")
    second.begin_from(tmp_path / "dit.safetensors")
    for name, tensor in second.networks.state_dict().items():
        torch.testing.assert_close(tensor, first.networks.state_dict()[name], atol=1e-3, rtol=1e-3)
    assert all(
        torch.equal(second.ema.weights[name], value)
        for name, value in second.networks.named_parameters()
    )


def test_the_command_makes_material_to_train_on(tmp_path: Path) -> None:
    assert cli.main(["corpus", "--out", str(tmp_path), "--first", "0"]) == 0
    # Of these only one is an instrument alone: seed 13, a short one.
    assert (
        cli.main(["corpus", "--out", str(tmp_path), "--seed", "12", "--first", "2", "--alone"]) == 0
    )
    assert [path.stem for path in tmp_path.glob("*.json")] == ["one-shot_000013"]
    with pytest.raises(SystemExit):
        cli.main(["recordings", "--help"])


def test_every_registered_recipe_is_of_a_model() -> None:
    assert set(RECIPES) == {"stable-audio-2", "sketch", "sketch-smoke"}
    for name, recipe in RECIPES.items():
        assert recipe.model.name == name
