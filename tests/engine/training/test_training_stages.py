"""The stages on their smoke recipe: losses fall, a resumed run equals an unbroken one, what is exported generates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.conditioning import Prompt, metre_grid
from engine.latent_diffusion import LatentDiffusion
from engine.samplers.objectives import V_OBJECTIVE
from engine.training import cli
from engine.training.dataset import items
from engine.training.export import export_autoencoder, export_dit, trained_autoencoder
from engine.training.latents import encode_material, read_items, read_statistics
from engine.training.loop import Budget, train
from engine.training.recipes import RECIPES, SMOKE, Phase, Window
from engine.training.train_autoencoder import AutoencoderStage
from engine.training.train_dit import DiTStage, Windows, as_a_piece, start_of_crop, times


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
    losses = [stage.step(index) for index in range(26)]
    assert np.mean([x["stft"] for x in losses[18:24]]) < 0.8 * np.mean(
        [x["stft"] for x in losses[:4]]
    )
    assert "discriminators" not in losses[23]
    assert set(losses[25]) == {"stft", "own", "kl", "discriminators", "adversarial", "features"}


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


def test_latents_on_disk_are_the_encoders_and_their_scale_is_one(
    encoded: Path, material: Path
) -> None:
    statistics = read_statistics(encoded)
    train_side = read_items(encoded, held_out=False)
    assert len(train_side) == 2
    assert len(read_items(encoded, held_out=True)) == 1
    frames = -(-44100 * 4 // 2048)
    assert all(item.latents.shape == (64, frames) for item in train_side)
    assert statistics.mean.shape == statistics.std.shape == statistics.silence.shape == (64,)
    every = np.concatenate(
        [i.latents for side in (False, True) for i in read_items(encoded, held_out=side)], 1
    )
    assert np.abs(every.mean(1)).max() < 0.05
    # One scale for all channels, and it counts the bottleneck's own noise too: the means alone spread a little less.
    assert 0.9 < np.sqrt(np.square(every.astype(np.float32)).mean()) < 1


def test_crops_carry_their_place_and_silence_follows_the_end(encoded: Path) -> None:
    windows = Windows(read_items(encoded, held_out=False), encoded, SMOKE.model.latent_rate)
    clean, asked = windows.batch(128, 6, np.random.default_rng(0))
    assert clean.shape == (6, 64, 128)
    frames = -(-44100 * 4 // 2048)
    assert torch.allclose(
        clean[0, :, frames:], torch.from_numpy(windows.silence)[:, None].expand(-1, 128 - frames)
    )
    assert all(p.seconds_start == 0 and p.seconds_total == 4.0 and p.tempo == 120 for p in asked)
    starts = {p.seconds_start for p in windows.batch(32, 40, np.random.default_rng(0))[1]}
    assert 0.0 in starts
    assert len(starts) > 10


def test_the_transformer_learns_and_its_export_is_a_model(
    encoded: Path, tmp_path: Path, words: Any
) -> None:
    stage = DiTStage(SMOKE, encoded, words)
    # One window's losses: the other, mostly silence, is easier.
    losses = [loss for index in range(150) if (loss := stage.step(index).get("loss_64"))]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])
    train(DiTStage(SMOKE, encoded, words), tmp_path / "dit", Budget(steps=2))
    out = tmp_path / "weights"
    export_autoencoder(SMOKE.model, tmp_path / "ae", out)
    export_dit(SMOKE.model, tmp_path / "dit", encoded, words, out)
    model = LatentDiffusion.from_folder(SMOKE.model, out)
    assert np.allclose(model.latent_scale.std.numpy(), read_statistics(encoded).std)


@pytest.mark.parametrize("log_snr", [None, (-1.8, 1.4)])
def test_times_fall_and_follow_their_distribution(log_snr: tuple[float, float] | None) -> None:
    drawn = times(4000, log_snr, V_OBJECTIVE, torch.Generator().manual_seed(0))
    assert (drawn.diff() < 0).all()
    assert 0 < drawn.min() < drawn.max() < 1
    share = (torch.arange(4000) + 0.5) / 4000
    if log_snr is None:
        torch.testing.assert_close(1 - drawn, share.double(), atol=1 / 4000, rtol=0)
        return
    mean, scale = log_snr
    ratio = torch.log(V_OBJECTIVE.alpha(drawn) / V_OBJECTIVE.sigma(drawn))
    torch.testing.assert_close(
        torch.sigmoid((ratio - mean) / scale), share.double(), atol=1 / 4000, rtol=0
    )


@pytest.mark.parametrize(("total", "frames"), [(1000, 100), (100, 100), (40, 100)])
def test_crops_hold_the_beginning_the_end_and_everything_between(total: int, frames: int) -> None:
    rng = np.random.default_rng(0)
    starts = np.array([start_of_crop(total, frames, rng) for _ in range(2000)])
    assert starts.min() == 0
    assert starts.max() < total
    past_the_end = (starts + frames > max(total, frames)).mean()
    at_the_end = (starts + frames == total).mean()
    if total > frames:
        assert 0.2 < (starts == 0).mean() < 0.3
        assert 0.05 < past_the_end < 0.1
        assert 0.05 < at_the_end < 0.1
        assert len(set(starts)) > 500


def test_an_excerpt_told_as_a_piece_keeps_its_grid() -> None:
    asked = Prompt(text="", seconds_start=41.3, seconds_total=70.0, tempo=97.0, beats_per_bar=3)
    own = as_a_piece(asked, 12.0)
    assert -4 * 3 * 60 / 97 <= own.seconds_start <= 0
    assert own.seconds_total == 12.0
    torch.testing.assert_close(metre_grid([asked], 256, 21.5), metre_grid([own], 256, 21.5))


def test_phases_draw_their_own_windows() -> None:
    phases = (
        Phase(from_step=0, windows=(Window(frames=8, batch=4),)),
        Phase(
            from_step=10, windows=(Window(frames=8, batch=4), Window(frames=64, batch=1, share=3.0))
        ),
    )
    recipe = replace(SMOKE.dit, phases=phases)
    rng = np.random.default_rng(0)
    assert {recipe.window(9, rng) for _ in range(20)} == {(8, 4)}
    drawn = [recipe.window(10, rng) for _ in range(400)]
    assert 0.65 < drawn.count((64, 1)) / 400 < 0.85


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
