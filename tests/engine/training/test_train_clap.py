import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from engine.clap import MAX_TOKENS, Clap, ClapText
from engine.errors import AudioError
from engine.locked_clap import LockedClap, open_clap
from engine.registry import TextConfig
from engine.training import cli
from engine.training.loop import Budget
from engine.training.material.dataset import Item, items
from engine.training.material.spectra import Spectra
from engine.training.optim import LearningRate
from engine.training.train_clap import (
    SPECIAL_TOKENS,
    ClapRecipe,
    ClapStage,
    Pieces,
    coloured,
    from_scratch,
    train_clap,
    train_tokenizer,
)
from tests.engine.test_clap import TEXTS, tiny_config
from tests.engine.test_locked_clap import tiny_audio
from tests.engine.tiny_model import Words

RECIPE = ClapRecipe(
    batch=3,
    windows=(1.0,),
    vocabulary=300,
    learning_rate=LearningRate(base=2e-3, ramp=0.0, gamma=1e9),
    ema_decay=0.5,
)
Stages = Callable[..., ClapStage]
STYLES = ("house", "jazz", "ambient", "rock")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Four pieces that differ in style and in pitch."""
    folder = tmp_path_factory.mktemp("material")
    for index, style in enumerate(STYLES):
        seconds = np.arange(2 * 44_100) / 44_100
        tone = 0.3 * np.sin(2 * np.pi * 110 * 4**index * seconds)
        soundfile.write(str(folder / f"{style}.wav"), np.stack([tone, tone], axis=1), 44_100)
        facts = {"style": style, "tempo": 100 + index, "seconds": 2.0, "instruments": [style]}
        (folder / f"{style}.json").write_text(json.dumps(facts))
    return list(items([folder], held_out=False))


@pytest.fixture(scope="module")
def spectra(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spectra")


@pytest.fixture
def stage(material: list[Item], spectra: Path) -> Stages:
    """Makes a stage of the paper's kind from a seed, the last piece held out."""

    def made(seed: int = 0, recipe: ClapRecipe = RECIPE) -> ClapStage:
        clap = from_scratch(material, recipe, seed, tiny_config(300))
        pieces = Pieces(material[:3], material[3:], Spectra(clap.listener, spectra))
        return ClapStage(recipe, clap, pieces, seed=seed)

    return made


def test_any_text_can_be_written_and_read_back_with_roberta_s_special_tokens():
    tokenizer = train_tokenizer(TEXTS, 320)
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == [0, 1, 2, 3, 4]
    for text in (*TEXTS, "Ünheard 音楽 | 🎹"):
        ids = tokenizer.encode(text).ids
        assert (ids[0], ids[-1]) == (0, 2)
        assert tokenizer.decode(ids) == text
    assert len(tokenizer.encode(TEXTS[1]).ids) < len(TEXTS[1]) + 2


def test_colour_is_a_gain_and_a_slope():
    spectra = torch.zeros(3, 4, 5, 8)
    nothing = np.zeros(3, np.float32)
    assert torch.equal(coloured(spectra, nothing, nothing), spectra)
    gain, tilt = np.random.default_rng(0).uniform(-6, 6, (2, 3)).astype(np.float32)
    changed = coloured(spectra, gain, tilt)
    steps = changed.diff(dim=-1)
    torch.testing.assert_close(steps, steps[..., :1].expand_as(steps), atol=1e-5, rtol=0)
    assert (changed[0] != changed[1]).any()
    assert changed.abs().max() <= 12.0


def test_training_teaches_which_sound_is_meant(stage: Stages):
    trained = stage()
    losses = [float(trained.step(index)["loss"]) for index in range(12)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_a_stage_that_was_cut_off_goes_on_as_if_it_had_not_been(stage: Stages):
    whole, first, second = stage(), stage(), stage()
    for index in range(2):
        whole.step(index)
        first.step(index)
    second.load_state_dict(first.state_dict())
    expected, found = whole.step(2), second.step(2)
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(float(value), rel=1e-5)
    for name, tensor in whole.networks.state_dict().items():
        torch.testing.assert_close(second.networks.state_dict()[name], tensor)


def test_a_seed_decides_the_weights_and_the_batches(stage: Stages):
    same = [float(stage(seed=3).step(0)["loss"]) for _ in range(2)]
    assert same[0] == pytest.approx(same[1], rel=1e-6)
    assert float(stage(seed=4).step(0)["loss"]) != pytest.approx(same[0], rel=1e-6)


def test_held_out_pieces_are_measured_now_and_then(stage: Stages):
    trained = stage(recipe=replace(RECIPE, measure_every=2))
    first, second = (trained.step(index) for index in range(2))
    assert "held_out_retrieval" not in first
    assert second["held_out_retrieval"] == 1.0  # One piece alone cannot be confused.


def test_held_out_pieces_are_heard_in_parts_as_in_one(stage: Stages, material: list[Item]):
    found: list[list[torch.Tensor]] = []
    for batch in (2, 8):
        trained = stage(recipe=replace(RECIPE, batch=batch, windows=(0.5, 1.0)))
        trained.pieces = replace(trained.pieces, held_out=material)
        trained.networks.eval()
        rng = np.random.default_rng(0)
        with torch.no_grad(), trained.group.computing():
            found.append([each for _ in range(2) for each in trained._held_out_vectors(rng)])
    for parts, whole in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole, atol=1e-2, rtol=0)


def test_of_a_file_that_breaks_off_another_piece_takes_the_place(
    stage: Stages, material: list[Item], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    broken = replace(material[0], path=tmp_path / "broken.wav")
    broken.path.write_bytes(b"RIFF")
    gone = replace(material[0], path=tmp_path / "gone.wav")
    trained = stage()
    trained.pieces = replace(trained.pieces, material=[broken, gone, material[1]])
    assert trained._pairs(0).texts == 3 * trained._pairs(0).texts[:1] or len(caplog.messages) >= 2
    assert "broken.wav" in caplog.text and "Another piece takes its place" in caplog.text
    trained.pieces = replace(trained.pieces, material=[broken] * 3)
    with pytest.raises(AudioError, match="are the disks still there"):
        trained.step(0)


def test_what_was_trained_is_a_folder_that_the_text_encoder_opens(stage: Stages, tmp_path: Path):
    trained = stage()
    folder = train_clap(trained, tmp_path, Budget(steps=2))
    assert folder == tmp_path / "clap"
    assert (tmp_path / "checkpoint.pt").exists()
    text = ClapText(TextConfig(encoder="clap", max_tokens=MAX_TOKENS, width=32), folder)
    assert text.encode(["house"])[0].shape == (1, 77, 32)
    again = open_clap(folder)
    assert isinstance(again, Clap)
    assert again.model.logit_scale_t.item() != pytest.approx(np.log(1 / 0.07), abs=1e-7)
    with torch.no_grad():
        ours, theirs = (c.embed_texts(["house"]) for c in (trained.clap, again))
    torch.testing.assert_close(ours, theirs, atol=5e-3, rtol=0)
    assert train_clap(stage(), tmp_path, Budget(steps=2)) == folder


def test_towers_against_a_locked_text_tower_train_too(material: list[Item], tmp_path: Path):
    clap = LockedClap(tiny_audio(), Words())
    clap.initialize(torch.Generator().manual_seed(0))
    pieces = Pieces(material, [], Spectra(clap.listener, tmp_path / "spectra"))
    trained = ClapStage(replace(RECIPE, windows=(0.5,), prompts=2), clap, pieces)
    losses = [float(trained.step(index)["loss"]) for index in range(12)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    trained.averaged().save(tmp_path / "clap")
    again = LockedClap.from_folder(tmp_path / "clap", Words())
    assert again.scale.item() == pytest.approx(
        trained.networks["loss"].get_parameter("scale").item()
    )


def test_the_command_trains_the_embedded_model_s_towers(material: list[Item], tmp_path: Path):
    folder = str(material[0].path.parent)
    assert cli.main(["clap", "--data", folder, "--run", str(tmp_path), "--steps", "1"]) == 0
    clap = open_clap(tmp_path / "clap")
    assert isinstance(clap, LockedClap)
    assert clap.embed_texts(["house"]).shape == (1, 256)
    assert (tmp_path / "clap" / "model.safetensors").stat().st_size < 9_000_000
