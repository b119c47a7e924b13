import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from transformers import ClapConfig

from engine.clap import MAX_TOKENS, SAMPLE_RATE, Clap, ClapText
from engine.registry import TextConfig
from engine.training import cli
from engine.training.dataset import Item, items
from engine.training.loop import Budget
from engine.training.optim import LearningRate
from engine.training.train_clap import (
    SPECIAL_TOKENS,
    ClapRecipe,
    ClapStage,
    mono_crop,
    train_clap,
    train_tokenizer,
)
from tests.engine.test_clap import TEXTS, tiny_config

RECIPE = ClapRecipe(
    batch=3,
    seconds=1.0,
    vocabulary=300,
    learning_rate=LearningRate(base=2e-3, ramp=0.0, gamma=1e9),
    ema_decay=0.5,
)
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
    return items([folder], held_out=False)


def config(vocabulary: int = 300) -> ClapConfig:
    return tiny_config(vocabulary)


def stage(material: list[Item], seed: int = 0) -> ClapStage:
    return ClapStage(RECIPE, material, config=config(), seed=seed)


def test_any_text_can_be_written_and_read_back_with_roberta_s_special_tokens():
    tokenizer = train_tokenizer(TEXTS, 320)
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == [0, 1, 2, 3, 4]
    for text in (*TEXTS, "Ünheard 音楽 | 🎹"):
        ids = tokenizer.encode(text).ids
        assert (ids[0], ids[-1]) == (0, 2)
        assert tokenizer.decode(ids) == text
    assert len(tokenizer.encode(TEXTS[1]).ids) < len(TEXTS[1]) + 2


def test_crops_are_mono_at_48_khz_and_short_pieces_come_whole(material: list[Item]):
    rng = np.random.default_rng(0)
    crop = mono_crop(material[0], 1.0, rng)
    assert crop.shape == (SAMPLE_RATE,)
    assert crop.dtype == np.float32
    assert mono_crop(material[0], 30.0, rng).shape == (2 * SAMPLE_RATE,)


def test_training_teaches_which_sound_is_meant(material: list[Item]):
    trained = stage(material)
    losses = [trained.step(index)["loss"] for index in range(12)]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_a_stage_that_was_cut_off_goes_on_as_if_it_had_not_been(material: list[Item]):
    whole, first, second = stage(material), stage(material), stage(material)
    for index in range(2):
        whole.step(index)
        first.step(index)
    second.load_state_dict(first.state_dict())
    expected, found = whole.step(2), second.step(2)
    assert found == pytest.approx(expected, rel=1e-5)
    for name, tensor in whole.networks.state_dict().items():
        torch.testing.assert_close(second.networks.state_dict()[name], tensor)


def test_a_seed_decides_the_weights_and_the_batches(material: list[Item]):
    same = [stage(material, seed=3).step(0)["loss"] for _ in range(2)]
    assert same[0] == pytest.approx(same[1], rel=1e-6)
    assert stage(material, seed=4).step(0)["loss"] != pytest.approx(same[0], rel=1e-6)


def test_what_was_trained_is_a_folder_that_the_text_encoder_opens(
    material: list[Item], tmp_path: Path
):
    trained = stage(material)
    folder = train_clap(trained, tmp_path, Budget(steps=2))
    assert folder == tmp_path / "clap"
    assert (tmp_path / "checkpoint.pt").exists()
    text = ClapText(TextConfig(encoder="clap", max_tokens=MAX_TOKENS, width=32), folder)
    assert text.encode(["house"])[0].shape == (1, 77, 32)
    again = Clap.from_folder(folder)
    assert again.model.logit_scale_t.item() != pytest.approx(np.log(1 / 0.07), abs=1e-7)
    with torch.no_grad():
        ours, theirs = (c.embed_texts(["house"]) for c in (trained.clap, again))
    torch.testing.assert_close(ours, theirs, atol=5e-3, rtol=0)
    assert train_clap(stage(material), tmp_path, Budget(steps=2)) == folder


def test_the_command_trains_the_small_towers(material: list[Item], tmp_path: Path):
    folder = str(material[0].path.parent)
    assert cli.main(["clap", "--data", folder, "--run", str(tmp_path), "--steps", "1"]) == 0
    encoder = ClapText(TextConfig(encoder="clap", max_tokens=77, width=384), tmp_path / "clap")
    assert encoder.encode(["house"])[0].shape == (1, 77, 384)
