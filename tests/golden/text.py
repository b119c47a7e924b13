"""A tiny tokenizer and text encoder in a folder as a checkpoint's: the official code and ours read the same prompts."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    PreTrainedTokenizerFast,
    T5GemmaConfig,
    T5GemmaEncoderModel,
    T5GemmaModuleConfig,
)

if __package__:
    from tests.golden.values import weight
else:
    from values import weight

WORDS = ["<pad>", "</s>", "<unk>", "warm", "tape", "house", "drums"]


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
    model = T5GemmaEncoderModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weight(f"text.{name}", tuple(parameter.shape)))
    model.save_pretrained(folder / "t5gemma-b-b-ul2")
    save_tokenizer(folder / "t5gemma-b-b-ul2")
    return folder
