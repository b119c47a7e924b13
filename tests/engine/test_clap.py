import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import (
    ClapAudioConfig,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ClapTextConfig,
    RobertaConfig,
    RobertaModel,
)

from engine.clap import (
    DERIVED,
    MAX_TOKENS,
    PAD,
    SAMPLE_RATE,
    Clap,
    ClapText,
    Towers,
    fused,
    mel_spectrogram,
    paper_config,
    window_frames,
)
from engine.errors import AudioError, CheckpointError
from engine.registry import STABLE_AUDIO_2, DiTConfig, TextConfig
from engine.training.train_clap import train_tokenizer

TEXTS = [
    "Genre: House | BPM: 124",
    "slow piano",
    "Drums, Bass, Guitar, uplifting and rather long in words",
]
CONFIG = TextConfig(encoder="clap", max_tokens=MAX_TOKENS, width=32)


def picture(
    listener: ClapFeatureExtractor, wave: np.ndarray, rng: np.random.Generator
) -> tuple[torch.Tensor, bool]:
    return fused(mel_spectrogram(listener, wave), window_frames(listener), rng)


def embedded(clap: Towers, waves: list[np.ndarray], seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    spectra, longer = zip(*(picture(clap.listener, wave, rng) for wave in waves), strict=True)
    return clap.embed_spectra(torch.stack(spectra), torch.tensor(longer))


def tiny_config(vocabulary: int) -> ClapConfig:
    audio = ClapAudioConfig(
        patch_embeds_hidden_size=8,
        hidden_size=64,
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 2, 2, 4],
        enable_fusion=True,
        hidden_dropout_prob=0.0,
    )
    text = ClapTextConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return ClapConfig(text_config=text, audio_config=audio, projection_dim=16)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS, 300)


@pytest.fixture(scope="module")
def clap(tokenizer: Tokenizer) -> Clap:
    clap = Clap(tiny_config(tokenizer.get_vocab_size()), tokenizer)
    clap.initialize(torch.Generator().manual_seed(1))
    return clap.eval()


@pytest.fixture(scope="module")
def saved(clap: Clap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clap")
    clap.save(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    for path in saved.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def sound(seconds: float) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(int(seconds * SAMPLE_RATE)).astype(np.float32)


def test_text_tower_of_the_paper_has_125_million_parameters():
    with torch.device("meta"):
        model = ClapModel(paper_config())
    count = sum(p.numel() for p in model.text_model.parameters())
    assert count == 124_645_632
    assert model.audio_model.config.enable_fusion
    assert model.text_model.config.hidden_size == 768


def test_text_features_are_the_next_to_last_hidden_layer(clap: Clap, saved: Path):
    text = ClapText(CONFIG, saved)
    features, mask = text.encode(TEXTS)
    assert features.shape == (3, 77, 32)
    assert features.dtype == torch.float32
    tower = text.network
    for index, phrase in enumerate(TEXTS):
        ids = torch.tensor([clap.tokenizer.encode(phrase).ids])
        hidden = tower.embeddings(input_ids=ids)
        for layer in list(tower.encoder.layer)[:-1]:
            hidden = layer(hidden)
        count = ids.shape[1]
        assert mask[index].sum() == count
        torch.testing.assert_close(
            features[index, :count], hidden[0].detach(), atol=1e-5, rtol=1e-4
        )
        assert (features[index, count:] == 0).all()


def test_features_do_not_depend_on_the_batch(saved: Path):
    text = ClapText(CONFIG, saved)
    together, masks = text.encode(TEXTS)
    for index, phrase in enumerate(TEXTS):
        alone, mask = text.encode([phrase])
        assert torch.equal(mask[0], masks[index])
        torch.testing.assert_close(alone[0], together[index], atol=1e-5, rtol=1e-4)


def test_the_papers_model_gets_the_tower_s_own_states_for_padding(clap: Clap, saved: Path):
    """As stable-audio-tools gets them: LAION's package pads to 77 tokens and keeps every hidden state."""
    text = STABLE_AUDIO_2.conditioning.text
    assert text.encoded_padding
    assert isinstance(STABLE_AUDIO_2.dit, DiTConfig) and not STABLE_AUDIO_2.dit.mask_cross
    features, mask = ClapText(replace(text, width=32), saved).encode(TEXTS)
    config: Any = tiny_config(clap.tokenizer.get_vocab_size()).text_config
    shape = RobertaConfig(**config.to_dict())
    tower = RobertaModel(shape, add_pooling_layer=False).eval()
    own = load_file(saved / "model.safetensors").items()
    state = {name.removeprefix("text_model."): x.float() for name, x in own}
    missing, _ = tower.load_state_dict(state, strict=False)
    assert not [name for name in missing if not name.endswith(DERIVED)]
    rows = [clap.tokenizer.encode(phrase).ids for phrase in TEXTS]
    ids = torch.tensor([row + [PAD] * (77 - len(row)) for row in rows])
    with torch.no_grad():
        found = tower(input_ids=ids, attention_mask=ids.ne(PAD).long(), output_hidden_states=True)
    torch.testing.assert_close(features, found.hidden_states[-2], atol=1e-5, rtol=1e-4)
    assert torch.equal(mask, ids.ne(PAD))
    pads = [feature[~there] for feature, there in zip(features, mask, strict=True)]
    # All pads of a text are alike, but they know the text.
    assert all((pad - pad[0]).abs().max() < 1e-5 < pad.std() for pad in pads)
    assert (pads[0][0] - pads[1][0]).abs().max() > 1e-3
    alone, _ = ClapText(replace(text, width=32), saved).encode(TEXTS[:1])
    torch.testing.assert_close(alone[0], features[0], atol=1e-5, rtol=1e-4)


def test_long_prompts_are_cut(saved: Path):
    features, mask = ClapText(CONFIG, saved).encode(["drums and bass " * 100])
    assert features.shape == (1, 77, 32)
    assert mask.all()


def test_what_was_saved_is_what_is_loaded(clap: Clap, saved: Path):
    again = Clap.from_folder(saved)
    with torch.no_grad():
        torch.testing.assert_close(
            again.embed_texts(TEXTS), clap.embed_texts(TEXTS), atol=2e-3, rtol=0
        )
        waves = [sound(1.0), sound(11.0)]
        ours = embedded(clap, waves, seed=5)
        theirs = embedded(again, waves, seed=5)
    assert ours.shape == (2, 16)
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)
    torch.testing.assert_close(ours.norm(dim=1), torch.ones(2))


def test_the_folder_is_in_the_layout_of_the_library(clap: Clap, saved: Path):
    model: Any = ClapModel.from_pretrained(saved, local_files_only=True).float().eval()
    ids = torch.tensor([clap.tokenizer.encode(TEXTS[1]).ids])
    with torch.no_grad():
        theirs = model.get_text_features(input_ids=ids).pooler_output
        ours = Clap.from_folder(saved).embed_texts([TEXTS[1]])
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_a_file_without_derived_tables_loads(folder: Path):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    derived = [name for name in tensors if name.endswith(("position_ids", "token_type_ids"))]
    assert derived
    save_file({name: x for name, x in tensors.items() if name not in derived}, path)
    Clap.from_folder(folder)


def test_a_truncated_file_is_named(folder: Path):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    for load in (Clap.from_folder, lambda where: ClapText(CONFIG, where)):
        with pytest.raises(CheckpointError, match=r"model\.safetensors"):
            load(folder)


@pytest.mark.parametrize("change", ["missing", "unknown", "shape"])
def test_a_tampered_file_is_named_with_its_keys(folder: Path, change: str):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = "text_model.encoder.layer.0.output.dense.weight"
    if change == "missing":
        del tensors[name]
    elif change == "unknown":
        tensors["text_model.extra"] = torch.zeros(1)
        name = "extra"
    else:
        tensors[name] = tensors[name][:, :-1].contiguous()
    save_file(tensors, path)
    with pytest.raises(CheckpointError, match=name):
        Clap.from_folder(folder)
    with pytest.raises(CheckpointError, match=name.removeprefix("text_model.")):
        ClapText(CONFIG, folder)


def test_a_folder_of_another_kind_is_named(folder: Path):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "bert"}))
    with pytest.raises(CheckpointError, match=r"config\.json"):
        Clap.from_folder(folder)
    path.write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        ClapText(CONFIG, folder)


def test_a_text_tower_of_another_width_is_refused(saved: Path):
    with pytest.raises(CheckpointError, match="width 32; this model needs 768"):
        ClapText(TextConfig(encoder="clap", max_tokens=77, width=768), saved)


def test_weights_are_drawn_from_the_generator_alone(tokenizer: Tokenizer):
    config = tiny_config(tokenizer.get_vocab_size())
    pair = [Clap(config, tokenizer) for _ in range(2)]
    for clap in pair:
        clap.initialize(torch.Generator().manual_seed(7))
    one, two = (clap.state_dict() for clap in pair)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_short_sound_is_seen_as_the_library_sees_it():
    listener = ClapFeatureExtractor()
    mel, longer = picture(listener, sound(3.0), np.random.default_rng(0))
    theirs = listener(sound(3.0), sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_features"][
        0
    ]
    assert mel.shape == (4, 1001, 64)
    assert not longer
    torch.testing.assert_close(mel, theirs.float(), atol=1e-3, rtol=1e-4)


def test_a_long_sound_is_seen_whole_and_in_crops_of_its_thirds():
    listener = ClapFeatureExtractor()
    wave = sound(25.0)
    mel, longer = picture(listener, wave, np.random.default_rng(0))
    theirs = listener(wave, sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_features"][0]
    assert longer
    torch.testing.assert_close(mel[0], theirs[0].float(), atol=1e-3, rtol=1e-4)
    again, _ = picture(listener, wave, np.random.default_rng(0))
    other, _ = picture(listener, wave, np.random.default_rng(1))
    assert torch.equal(mel, again)
    assert not torch.equal(mel[1:], other[1:])


def test_a_sound_hardly_longer_than_the_window_has_crops_too():
    mel, longer = picture(ClapFeatureExtractor(), sound(10.011), np.random.default_rng(0))
    assert longer
    assert mel.shape == (4, 1001, 64)
    assert torch.isfinite(mel).all()


@pytest.mark.parametrize("wave", [np.zeros(0, np.float32), np.zeros((2, 9), np.float32)])
def test_what_is_no_mono_sound_is_refused(wave: np.ndarray):
    with pytest.raises(AudioError, match="mono"):
        picture(ClapFeatureExtractor(), wave, np.random.default_rng(0))
