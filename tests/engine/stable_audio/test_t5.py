"""The public models' text encoders, with tiny ones of random weights in local folders."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, T5Config, T5EncoderModel, T5GemmaEncoderModel

from engine.conditioning import Conditioner, LearnedPadding, Prompt
from engine.errors import CheckpointError
from engine.latent_diffusion import LatentDiffusion
from engine.precision import NAMES
from engine.registry import MODELS, SKETCH_SMOKE, TextConfig
from engine.stable_audio.t5 import T5Text, text_place
from tests.golden.text import WORDS, t5_folder, t5gemma_folder
from tests.golden.values import difference, golden, weights

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


def published(kind: str, folder: Path) -> Path:
    """A folder of that kind, in the number format in which the hub has its weights."""
    folder = MAKERS[kind](folder)
    if kind == "t5gemma":
        file = folder / "t5gemma-b-b-ul2" / "model.safetensors"
        save_file(
            {name: x.bfloat16() for name, x in load_file(file).items()}, file, {"format": "pt"}
        )
        settings = file.with_name("config.json")
        settings.write_text(settings.read_text().replace('"float32"', '"bfloat16"'))
    return folder


def as_the_public_code(kind: str, folder: Path) -> Any:
    """How stable-audio-tools and stable-audio-3 load the encoder: the latter leaves the format to the library."""
    if kind == "t5":
        return T5EncoderModel.from_pretrained(folder / "text_encoder").to(torch.float16)  # pyright: ignore[reportArgumentType]
    own = folder / "t5gemma-b-b-ul2"
    shape = AutoConfig.from_pretrained(own)
    shape.is_encoder_decoder = False
    return T5GemmaEncoderModel.from_pretrained(own, config=shape)


@pytest.mark.parametrize(
    ("kind", "official", "error"), [("t5", torch.float16, 2e-3), ("t5gemma", torch.bfloat16, 2e-2)]
)
def test_in_half_precision_it_computes_as_the_public_code(
    kind: str, official: torch.dtype, error: float, tmp_path: Path
) -> None:
    config = TextConfig(encoder=kind, max_tokens=6, width=32)  # pyright: ignore[reportArgumentType]
    folder = published(kind, tmp_path)
    encoder = T5Text(config, folder)
    assert encoder.official == official
    texts = ["warm tape", "house drums warm tape house drums warm"]
    exact, mask = encoder.encode(texts)
    features, _ = encoder.on(torch.device("cpu"), encoder.official).encode(texts)
    assert features.dtype == torch.float32
    assert 0 < (features - exact).std() < error * exact.std()
    ids = encoder.tokenizer(
        texts, truncation=True, max_length=6, padding="max_length", return_tensors="pt"
    )["input_ids"]
    with torch.no_grad():
        theirs = as_the_public_code(kind, folder)(input_ids=ids, attention_mask=mask)[0]
    assert theirs.dtype == official
    assert torch.equal(features, theirs * mask[..., None].float())
    again, _ = encoder.on(torch.device("cpu"), torch.float32).encode(texts)
    assert (again - exact).std() < error * exact.std()


def test_what_was_not_published_in_half_precision_keeps_its_own(tmp_path: Path) -> None:
    config = TextConfig(encoder="t5gemma", max_tokens=6, width=32)
    assert T5Text(config, t5gemma_folder(tmp_path)).official == torch.float32


@pytest.mark.parametrize("official", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("precision", NAMES)
@pytest.mark.parametrize("device", ["cuda", "cpu", "mps"])
def test_only_a_gpu_gets_the_public_code_s_format(
    device: str, precision: str, official: torch.dtype
) -> None:
    place = text_place(torch.device(device), precision, official)
    if device == "cuda" and precision != "float32":
        assert place == (torch.device("cuda"), official)
    else:
        assert place == (torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(("precision", "halved"), [("auto", True), ("float32", False)])
def test_a_model_that_goes_to_a_gpu_takes_its_text_encoder_along(
    kind: str, precision: str, halved: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[tuple[str, torch.device]] = []

    def to(module: nn.Module, device: torch.device) -> nn.Module:
        gone.append((type(module).__name__, device))
        return module

    monkeypatch.setattr(nn.Module, "to", to)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **_: False)
    text = TextConfig(encoder=kind, max_tokens=6, width=32)  # pyright: ignore[reportArgumentType]
    encoder = T5Text(text, published(kind, tmp_path))
    gone.clear()
    model = LatentDiffusion(SKETCH_SMOKE, encoder).placed(torch.device("cuda"), precision)
    network = type(encoder.network).__name__
    assert ("LatentDiffusion", torch.device("cuda")) in gone
    assert ((network, torch.device("cuda")) in gone) == halved
    formats = {weight.dtype for weight in encoder.network.parameters()}
    assert formats == {encoder.official} if halved else torch.float32 in formats
    assert model.precision == "float32"


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
    negative = conditional.unconditional(conditioner([prompt("drums")], frames=3))
    assert negative.cross[0, 0].eq(1).all()
    assert negative.cross[0, 1:4].eq(0).all()
    assert torch.equal(negative.cross[0, 4], conditional.cross[0, 4])
    unconditional = conditional.unconditional()
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
