"""A tiny tokenizer and text encoder in a folder as a checkpoint's: the official code and ours read the same prompts."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor
from transformers import (
    ClapConfig,
    ClapTextConfig,
    ClapTextModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
    T5GemmaConfig,
    T5GemmaEncoderModel,
    T5GemmaModuleConfig,
)

if __package__:
    from tests.golden.values import values, weight
else:
    from values import values, weight

WORDS = ["<pad>", "</s>", "<unk>", "warm", "tape", "house", "drums"]
ROBERTA_WORDS = ["<s>", "<pad>", "</s>", "<unk>", "warm", "tape", "house", "drums"]
ROBERTA = {
    "vocab_size": len(ROBERTA_WORDS),
    "hidden_size": 768,
    "num_hidden_layers": 3,
    "num_attention_heads": 12,
    "intermediate_size": 64,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "pad_token_id": 1,
}


def save_tokenizer(folder: Path) -> None:
    """One token a word."""
    tokenizer = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)


def t5gemma_folder(folder: Path, width: int = 32) -> Path:
    """A T5Gemma encoder of two layers, its weights made from their names."""
    module = T5GemmaModuleConfig(
        vocab_size=len(WORDS),
        hidden_size=width,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=8,
    )
    config = T5GemmaConfig(
        encoder=module, decoder=module, is_encoder_decoder=False, vocab_size=len(WORDS)
    )
    _save(T5GemmaEncoderModel(config), folder / "t5gemma-b-b-ul2")
    save_tokenizer(folder / "t5gemma-b-b-ul2")
    return folder


def t5_folder(folder: Path, width: int = 32) -> Path:
    """A T5 encoder of two layers in `text_encoder`, its weights made from their names; its tokenizer in `tokenizer`."""
    config = T5Config(
        vocab_size=len(WORDS), d_model=width, d_kv=8, d_ff=64, num_layers=2, num_heads=4
    )
    _save(T5EncoderModel(config), folder / "text_encoder")
    save_tokenizer(folder / "tokenizer")
    return folder


def _save(model: PreTrainedModel, folder: Path) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weight(f"text.{name}", tuple(parameter.shape)))
    model.save_pretrained(folder)


def clap_folder(folder: Path) -> Path:
    """CLAP's text tower of three layers, its weights made from their names, in the layout of transformers."""
    words = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(ROBERTA_WORDS)}, unk_token="<unk>")
    )
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    words.save(str(folder / "tokenizer.json"))
    text = ClapTextConfig(**ROBERTA)  # pyright: ignore[reportArgumentType]
    config = ClapConfig(text_config=text)
    (folder / "config.json").write_text(config.to_json_string(use_diff=False))
    state = {
        f"text_model.{name}": weight(f"text.{name}", tuple(parameter.shape))
        for name, parameter in ClapTextModel(text).named_parameters()
    }
    save_file(state, folder / "model.safetensors")
    return folder


def clap_features(words: str, width: int, tokens: int = 6) -> tuple[Tensor, Tensor]:
    """In place of CLAP's: features [1, L, E] of a prompt, those of pads too, and the mask [1, L], True at tokens.

    As RoBERTa has it, there is a token before the words and one after.
    """
    features = values(f"clap.{words}", (1, tokens, width))
    return features, torch.arange(tokens)[None] < len(words.split()) + 2
