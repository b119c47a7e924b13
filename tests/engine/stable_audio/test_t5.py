"""The public models' text encoders, with tiny ones of random weights in local folders."""

from pathlib import Path
from typing import cast

import pytest
import torch
from transformers import T5Config, T5EncoderModel

from engine.conditioning import Conditioner, LearnedPadding, Prompt
from engine.errors import CheckpointError
from engine.registry import MODELS, TextConfig
from engine.stable_audio.t5 import T5Text
from tests.golden.text import WORDS, save_tokenizer, t5gemma_folder
from tests.golden.values import difference, golden, weights


def t5_folder(folder: Path, width: int = 32) -> Path:
    config = T5Config(
        vocab_size=len(WORDS), d_model=width, d_kv=8, d_ff=64, num_layers=2, num_heads=4
    )
    T5EncoderModel(config).save_pretrained(folder / "text_encoder")
    save_tokenizer(folder / "tokenizer")
    return folder


MAKERS = {"t5": t5_folder, "t5gemma": t5gemma_folder}


@pytest.mark.parametrize("kind", MAKERS)
def test_features_are_zero_at_pads_and_know_no_other_prompt(kind: str, tmp_path: Path) -> None:
    config = TextConfig(encoder=kind, max_tokens=6, width=32)  # pyright: ignore[reportArgumentType]
    encoder = T5Text(config, MAKERS[kind](tmp_path))
    features, mask = encoder.encode(["warm tape", "house drums warm tape house drums warm"])
    assert features.shape == (2, 6, 32)
    assert features.dtype == torch.float32
    assert mask.sum(dim=1).tolist() == [3, 6]
    assert features[~mask].abs().max() == 0
    assert features[mask].abs().min(dim=-1).values.max() > 0
    alone, _ = encoder.encode(["warm tape"])
    assert torch.allclose(alone[0], features[0], atol=1e-5)


@pytest.mark.parametrize("kind", MAKERS)
def test_it_says_how_far_it_reads(kind: str, tmp_path: Path) -> None:
    config = TextConfig(encoder=kind, max_tokens=6, width=32)  # pyright: ignore[reportArgumentType]
    encoder = T5Text(config, MAKERS[kind](tmp_path))
    long = "house drums warm tape house drums warm"
    read = encoder.reach(long)
    assert 0 < read < len(long)
    for short in ("", "warm tape", long[:read]):
        assert encoder.reach(short) == len(short)
    assert torch.equal(encoder.encode([long])[0], encoder.encode([long[:read]])[0])


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    config = TextConfig(encoder="t5", max_tokens=6, width=32)
    with pytest.raises(CheckpointError, match="text_encoder"):
        T5Text(config, tmp_path)
    folder = t5_folder(tmp_path)
    with pytest.raises(CheckpointError, match="width 32; this model needs 768"):
        T5Text(TextConfig(encoder="t5", max_tokens=6, width=768), folder)
    (folder / "text_encoder" / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="no readable text encoder"):
        T5Text(config, folder)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    t5_folder(tmp_path)
    config = T5Config(vocab_size=len(WORDS), d_model=32, d_kv=8, d_ff=64, num_layers=3, num_heads=4)
    config.save_pretrained(tmp_path / "text_encoder")
    with pytest.raises(CheckpointError, match="lacks"):
        T5Text(TextConfig(encoder="t5", max_tokens=6, width=32), tmp_path)


class Words:
    """A text encoder whose features are all ones."""

    width, max_tokens = 768, 4

    def encode(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        mask = torch.tensor([[i < len(text.split()) for i in range(4)] for text in texts])
        return mask[..., None].float().expand(-1, -1, 768), mask

    def reach(self, text: str) -> int:
        return len(text)


def prompt(text: str) -> Prompt:
    return Prompt(text=text, seconds_total=30.5)


def test_stable_audio_3_fills_pads_with_its_vector_and_empties_those_of_a_negative_prompt() -> None:
    conditioner = Conditioner(MODELS["stable-audio-3-medium"], Words())  # pyright: ignore[reportArgumentType]
    vector = cast(LearnedPadding, conditioner.conditioners["prompt"]).padding_embedding
    conditional = conditioner([prompt("warm tape")], frames=3)
    assert conditional.cross.shape == (1, 5, 768)
    assert conditional.global_.shape == (1, 768)
    assert torch.equal(conditional.cross[0, 2:4], torch.stack([vector, vector]))
    assert torch.equal(conditional.cross[0, 4], conditional.global_[0])
    negative = conditional.without_text(conditioner([prompt("drums")], frames=3))
    assert negative.cross[0, 0].eq(1).all()
    assert negative.cross[0, 1:4].eq(0).all()
    assert torch.equal(negative.cross[0, 4], conditional.cross[0, 4])
    unconditional = conditional.without_text()
    # Their guidance moves away from nothing at all: the timing's token goes too, and only the global vector is left.
    assert unconditional.cross.eq(0).all()
    assert torch.equal(unconditional.global_, conditional.global_)


@pytest.mark.parametrize(
    ("file", "model", "number", "seconds"),
    [
        ("sa3", "stable-audio-3-medium", "seconds_total", [0.0, 30.5, 400.0]),
        ("sao", "stable-audio-open-1.0", "seconds_start", [0.0, 30.5, 600.0]),
    ],
)
def test_numbers_as_the_official_code(
    file: str, model: str, number: str, seconds: list[float]
) -> None:
    tensors, shapes = golden(file)
    conditioner = Conditioner(MODELS[model], Words())  # pyright: ignore[reportArgumentType]
    embedding = conditioner.conditioners[number]
    prefix = f"conditioner.conditioners.{number}."
    embedding.load_state_dict(
        {name.removeprefix(prefix): value for name, value in weights(shapes["numbers"]).items()}
    )
    with torch.inference_mode():
        assert difference(embedding(torch.tensor(seconds)), tensors["numbers"]) < 1e-4
