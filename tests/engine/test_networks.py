from pathlib import Path

import pytest

from engine.clap import Clap
from engine.dit import DiT
from engine.errors import CheckpointError
from engine.networks import build_dit, open_text_encoder
from engine.registry import SKETCH, AdaptiveDiTConfig, TextConfig
from engine.stable_audio.dit import AdaptiveDiT
from engine.text import MiniLM
from engine.training.train_clap import train_tokenizer
from tests.engine.test_clap import TEXTS, tiny_config
from tests.engine.test_latent_diffusion import TINY


def test_each_configuration_gets_its_transformer():
    adaptive = AdaptiveDiTConfig(width=128, depth=1, differential=False)
    assert isinstance(build_dit(adaptive, 768), AdaptiveDiT)
    assert isinstance(build_dit(TINY.dit, 768), DiT)


def test_a_model_that_hears_by_clap_has_it_in_its_folder(tmp_path: Path):
    tokenizer = train_tokenizer(TEXTS, 300)
    Clap(tiny_config(tokenizer.get_vocab_size()), tokenizer).save(tmp_path / "clap")
    encoder = open_text_encoder(TextConfig(encoder="clap", max_tokens=77, width=32), tmp_path)
    features, _ = encoder.encode(["slow piano"])
    assert features.shape == (1, 77, 32)
    assert isinstance(open_text_encoder(SKETCH.conditioning.text, tmp_path), MiniLM)


def test_a_model_without_its_text_encoder_says_where_it_belongs(tmp_path: Path):
    with pytest.raises(CheckpointError, match="clap"):
        open_text_encoder(TextConfig(encoder="clap", max_tokens=77, width=768), tmp_path)
    with pytest.raises(CheckpointError, match="text_encoder"):
        open_text_encoder(TextConfig(encoder="t5", max_tokens=64, width=768), tmp_path)
