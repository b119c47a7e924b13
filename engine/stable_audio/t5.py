"""The frozen text encoders of the public models: T5-base (Stable Audio Open) and T5Gemma's encoder (Stable Audio 3).

Both are classes of the transformers library, read from a local folder, never from the network. On a GPU they compute
in the public code's number format (`text_place`). Features are zero at padding, which Stable Audio 3 replaces by a
trained vector (conditioning.py); neither model masks it. Knows nothing of music or of the transformer that reads the
features.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import CheckpointError, choices
from engine.registry import TextConfig

FOLDERS = {"t5": ("text_encoder", "t5-base"), "t5gemma": ("t5gemma-b-b-ul2",)}
"""Possible subfolders of the encoder in a model's folder; the first that exists is used."""
log = logging.getLogger(__name__)


def text_place(
    device: torch.device, precision: str, official: torch.dtype
) -> tuple[torch.device, torch.dtype]:
    """Where a public model's text encoder runs, and in which number format.

    On a GPU that is the official one, unless float32 was asked for; elsewhere, and then, it is float32 on the CPU.

    Args:
        device: of the transformer.
        precision: one of precision.NAMES, as it was asked for.
        official: the format in which the public code runs this encoder.
    """
    if device.type == "cuda" and precision != "float32":
        return device, official
    return torch.device("cpu"), torch.float32


class T5Text:
    """A frozen text encoder, a `TextEncoder` (conditioning.py); on the CPU and in float32 at first.

    Args:
        config: which of the two, and how many tokens a prompt may have.
        folder: of the model it belongs to.

    Attributes:
        official: the number format of the public code: float16 for T5, the published weights' own for T5Gemma.

    Raises:
        CheckpointError: if files are missing, damaged or of another network.
    """

    def __init__(self, config: TextConfig, folder: Path) -> None:
        own = encoder_folder(config, folder)
        self.width = config.width
        self.max_tokens = config.max_tokens
        self.tokenizer = _tokenizer(own)
        self.network = _network(config, own)
        words = self.network.get_input_embeddings()
        if words.embedding_dim != config.width:
            raise CheckpointError(
                f"{own} has text features of width {words.embedding_dim}; this model needs {config.width}."
            )
        self.device, self.dtype = torch.device("cpu"), torch.float32
        published = _shrunk(words)
        self._widened = words.register_forward_hook(lambda _module, _inputs, x: x.float())
        self.official = torch.float16 if config.encoder == "t5" else published

    def on(self, device: torch.device, dtype: torch.dtype) -> T5Text:
        """Has it run on a device in a number format, in which its weights stay."""
        if dtype != self.dtype:
            self._widened.remove()
            # Not `network.to`: the frequencies of T5Gemma's positions are no weights, and stay in float32.
            for weight in self.network.parameters():
                weight.data = weight.data.to(dtype)
        self.network.to(device)
        self.device, self.dtype = device, dtype
        return self

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Features [B, L, E] float32, zero at padding, and the mask [B, L], True at tokens; L is max_tokens."""
        tokens = self.tokenizer(
            list(texts),
            truncation=True,
            max_length=self.max_tokens,
            padding="max_length",
            return_tensors="pt",
        )
        ids, mask = (tokens[name].to(self.device) for name in ("input_ids", "attention_mask"))
        mask = mask.bool()
        with torch.inference_mode(), torch.autocast(self.device.type, enabled=False):
            features = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
        # A copy made outside of inference mode, so that training can use it.
        return torch.where(mask[..., None], features.float(), 0.0), mask

    def reach(self, text: str) -> int:
        """How many characters of a text, from its beginning, are read."""
        kept = self.tokenizer(text, truncation=True, max_length=self.max_tokens)["input_ids"]
        whole = self.tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
        if len(kept) == len(whole["input_ids"]):
            return len(text)
        said = zip(whole["offset_mapping"], whole["special_tokens_mask"], strict=True)
        ends = [end for (_, end), special in said if not special]
        special = sum(whole["special_tokens_mask"])
        return max(ends[: len(kept) - special], default=0)


def encoder_folder(config: TextConfig, folder: Path) -> Path:
    """The folder of a model's text encoder.

    Raises:
        CheckpointError: if there is none; names where it should be.
    """
    for name in FOLDERS[config.encoder]:
        if (folder / name / "config.json").is_file():
            return folder / name
    places = choices(str(folder / name) for name in FOLDERS[config.encoder])
    raise CheckpointError(f"The text encoder is missing; its files belong in {places}.")


def check_encoder(config: TextConfig, folder: Path) -> None:
    """Checks, without loading it, that a model has a whole text encoder.

    Raises:
        CheckpointError: if files are missing; names them.
    """
    own = encoder_folder(config, folder)
    if not any(own.glob("*.safetensors")):
        raise CheckpointError(f"The text encoder in {own} has no model.safetensors.")
    place = _tokenizer_folder(own)
    if not any((*place.glob("tokenizer*"), *place.glob("spiece.model"))):
        raise CheckpointError(
            f"The text encoder in {own} has no tokenizer, such as tokenizer.json."
        )


def _tokenizer_folder(folder: Path) -> Path:
    beside = folder.parent / "tokenizer"
    return beside if not any(folder.glob("tokenizer*")) and beside.is_dir() else folder


def _tokenizer(folder: Path) -> Any:
    # Takes seconds to import, and only public models need it.
    from transformers import AutoTokenizer

    place = _tokenizer_folder(folder)
    try:
        return AutoTokenizer.from_pretrained(place, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{place} has no readable tokenizer ({_first(error)}).") from error


def _network(config: TextConfig, folder: Path) -> Any:
    from transformers import AutoConfig, T5EncoderModel, T5GemmaEncoderModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    kind: Any = T5EncoderModel if config.encoder == "t5" else T5GemmaEncoderModel
    try:
        shape = AutoConfig.from_pretrained(folder, local_files_only=True)
        # The file also contains a decoder, which is not needed.
        shape.is_encoder_decoder = False
        network, report = kind.from_pretrained(
            folder,
            config=shape,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:
        raise CheckpointError(
            f"{folder} has no readable text encoder ({_first(error)})."
        ) from error
    # The library initialises missing weights at random.
    missing = sorted(report["missing_keys"])
    if missing:
        raise CheckpointError(
            f"{folder} lacks {len(missing)} weights of the text encoder, first {missing[0]}."
        )
    log.info("text encoder %s", folder)
    return network.eval().requires_grad_(False)


def _shrunk(words: Any) -> torch.dtype:
    """Stores the token embeddings in bfloat16 if they were published so: without loss, and they are most of T5Gemma.

    Returns:
        The format in which they were published: bfloat16 or float32.
    """
    small = words.weight.detach().bfloat16()
    if torch.equal(small.float(), words.weight):
        words.weight.data = small
    return words.weight.dtype


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
