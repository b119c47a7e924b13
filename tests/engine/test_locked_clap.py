import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ClapAudioConfig

from engine.clap import FUSION, QUIET, SAMPLE_RATE, window_frames
from engine.errors import CheckpointError
from engine.locked_clap import LockedClap, open_clap, small_audio
from tests.engine.test_clap import embedded
from tests.engine.tiny_model import Words

TEXTS = ["house drums", "slow piano", "house"]


def tiny_audio() -> ClapAudioConfig:
    return ClapAudioConfig(
        **FUSION,
        **QUIET,
        patch_size=8,
        patch_stride=[8, 8],
        window_size=4,
        patch_embeds_hidden_size=8,
        hidden_size=64,
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 2, 2, 4],
        projection_dim=16,
    )


class Counting(Words):
    """Counts what it is asked to read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts):
        self.read += texts
        return super().encode(texts)


@pytest.fixture(scope="module")
def clap() -> LockedClap:
    clap = LockedClap(tiny_audio(), Words())
    clap.initialize(torch.Generator().manual_seed(1))
    return clap.eval()


def sound(seconds: float) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(int(seconds * SAMPLE_RATE)).astype(np.float32)


def test_what_is_shipped_stays_small():
    with torch.device("meta"):
        clap = LockedClap(small_audio(), Words())
    assert 2 * sum(p.numel() for p in clap.parameters()) < 9_000_000
    assert clap.audio.config.enable_fusion


def test_a_window_is_as_wide_as_the_tower(clap: LockedClap):
    frames = window_frames(clap.listener)
    assert frames * 64 == clap.audio.config.spec_size**2


def test_vectors_are_of_unit_length_and_do_not_depend_on_the_batch(clap: LockedClap):
    with torch.no_grad():
        texts = clap.embed_texts(TEXTS)
        alone = clap.embed_texts(TEXTS[1:2])
        sounds = embedded(clap, [sound(1.0), sound(4.0)])
        one = embedded(clap, [sound(4.0)])
    torch.testing.assert_close(texts[1:2], alone)
    torch.testing.assert_close(sounds[1:], one, atol=1e-5, rtol=1e-4)
    for vectors in (texts, sounds):
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(vectors)))


def test_long_sounds_are_looked_at_whole_and_in_parts(clap: LockedClap):
    long = sound(25.0)
    with torch.no_grad():
        same = [embedded(clap, [long]) for _ in range(2)]
        mixed = embedded(clap, [long, sound(2.0)])
    assert torch.equal(same[0], same[1])
    torch.testing.assert_close(mixed[:1], same[0], atol=1e-5, rtol=1e-4)


def test_the_text_tower_reads_a_text_once_and_is_not_trained():
    words = Counting()
    clap = LockedClap(tiny_audio(), words)
    clap.embed_texts(TEXTS)
    clap.embed_texts([*TEXTS, TEXTS[0]])
    assert words.read == TEXTS
    assert not any("text" in name for name in clap.state_dict())


def test_a_text_is_the_mean_of_its_words(clap: LockedClap):
    features, _ = Words().encode(["house drums"])
    expected = clap.words(features[:, :2].mean(dim=1))
    torch.testing.assert_close(
        clap.embed_texts(["house drums"]), torch.nn.functional.normalize(expected, dim=-1)
    )


def test_what_was_saved_is_what_is_loaded(clap: LockedClap, tmp_path: Path):
    clap.keep_temperature(torch.tensor(3.0))
    clap.save(tmp_path)
    again = LockedClap.from_folder(tmp_path, Words())
    assert again.scale == 3.0
    with torch.no_grad():
        ours, theirs = (embedded(c, [sound(2.0)]) for c in (clap, again))
        torch.testing.assert_close(
            again.embed_texts(TEXTS), clap.embed_texts(TEXTS), atol=2e-3, rtol=0
        )
    torch.testing.assert_close(ours, theirs, atol=3e-3, rtol=0)


def test_a_folder_that_was_tampered_with_is_named(clap: LockedClap, tmp_path: Path):
    clap.save(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        LockedClap.from_folder(tmp_path, Words())


def test_a_folder_of_another_kind_is_refused(tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(CheckpointError, match="'bert'"):
        open_clap(tmp_path)
