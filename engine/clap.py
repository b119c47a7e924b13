"""CLAP (§2.4): an HTSAT audio tower with fusion and a text tower, trained contrastively.

`Clap` is the paper's, with RoBERTa. It uses the transformers library's classes and folder layout, so that LAION's
public checkpoints load unchanged; the diffusion transformer reads the next-to-last hidden layer of the text tower. The
CLAP of the embedded model, with MiniLM as text tower, is in locked_clap.py; training is in training/train_clap.py.
Knows nothing of diffusion.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import (
    ClapAudioConfig,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ClapTextConfig,
    ClapTextModel,
)

from engine.checkpoints import load_strictly, read_tensors, renamed, save_weights
from engine.errors import AudioError, CheckpointError
from engine.registry import TextConfig
from engine.text import padded, reach, read_tokenizer, zero_padded
from engine.whole_files import write_whole

SAMPLE_RATE = 48_000
MAX_TOKENS = 77
PAD = 1
"""RoBERTa's padding token; positions are counted from it."""

DERIVED = ("position_ids", "token_type_ids", "relative_position_index")
"""Buffers that follow from the configuration; only some files contain them."""

FUSION: dict[str, Any] = {"enable_fusion": True, "fusion_type": "aff_2d"}
QUIET: dict[str, Any] = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
"""No dropout: prompts and crops vary enough, and dropout would use the global generator."""

TEXT_TOWER = (
    ("text_model.", ""),
    ("text_projection.", None),
    ("audio_model.", None),
    ("audio_projection.", None),
    ("logit_scale", None),
)
"""Renames for loading the text tower alone; the rest is dropped."""


def paper_config() -> ClapConfig:
    """The paper's CLAP: HTSAT-base with fusion, and RoBERTa-base, which is the 125M of Table 1."""
    audio = {"patch_embeds_hidden_size": 128, "hidden_size": 1024, "depths": [2, 2, 12, 2]}
    return ClapConfig(
        audio_config=ClapAudioConfig(**FUSION, **QUIET, **audio),
        text_config=ClapTextConfig(**QUIET),
        projection_dim=512,
    )


class Towers(nn.Module, ABC):
    """The interface of every CLAP: matching texts and sounds get similar unit vectors."""

    listener: ClapFeatureExtractor
    """The settings of the spectrogram."""

    @abstractmethod
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """[B, P], each of unit length."""

    @abstractmethod
    def embed_spectra(self, spectra: Tensor, longer: Tensor) -> Tensor:
        """[B, P], each of unit length, from the results of `fused`: [B, 4, frames, mels] and [B] bool."""

    @abstractmethod
    def keep_temperature(self, scale: Tensor) -> None:
        """Stores the temperature that the loss has learned, as log(1 / temperature)."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Writes a folder with settings and weights in half precision."""


class Clap(Towers):
    """The paper's CLAP, both towers with their projections."""

    def __init__(
        self, config: ClapConfig, tokenizer: Tokenizer, listener: ClapFeatureExtractor | None = None
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.listener = listener or ClapFeatureExtractor()
        self.model = ClapModel(config)

    @classmethod
    def from_folder(cls, folder: Path) -> Clap:
        """Loads a CLAP in the folder layout of transformers: LAION's public ones or our own.

        Raises:
            CheckpointError: naming the file and the tensors that are missing, damaged or of another network.
        """
        listener = ClapFeatureExtractor(**read_json(folder / "preprocessor_config.json"))
        tokenizer = read_tokenizer(folder / "tokenizer.json", MAX_TOKENS)
        clap = cls(_read_config(folder), tokenizer, listener)
        path = folder / "model.safetensors"
        load_strictly(clap.model, with_tables(read_tensors(path), clap.model), str(path))
        return clap.eval()

    def save(self, folder: Path) -> None:
        """Writes the folder that `from_folder` reads, weights in half precision."""
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.model, folder / "model.safetensors")
        write_whole(folder / "config.json", self.model.config.to_json_string(use_diff=False))
        write_whole(folder / "preprocessor_config.json", self.listener.to_json_string())
        write_whole(folder / "tokenizer.json", self.tokenizer.to_str())

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """[B, P], each of unit length."""
        device = self.model.logit_scale_t.device
        tokens, mask = padded(self.tokenizer, texts, PAD)
        found: Any = self.model.get_text_features(
            input_ids=tokens.to(device), attention_mask=mask.to(device)
        )
        return found.pooler_output

    def embed_spectra(self, spectra: Tensor, longer: Tensor) -> Tensor:
        """[B, P], each of unit length, from the results of `fused`: [B, 4, frames, mels] and [B] bool."""
        device = self.model.logit_scale_t.device
        found: Any = self.model.get_audio_features(
            input_features=spectra.to(device), is_longer=longer.to(device)[:, None]
        )
        return found.pooler_output

    def keep_temperature(self, scale: Tensor) -> None:
        """Stores the temperature that the loss has learned, for both directions."""
        with torch.no_grad():
            self.model.logit_scale_a.copy_(scale)
            self.model.logit_scale_t.copy_(scale)

    def initialize(self, generator: torch.Generator) -> None:
        """Initialises all weights reproducibly: the library's distributions, but not the global generator."""
        model = self.model
        for tower in (model.text_model, model.audio_model):
            draw(tower, tower.config, generator)
        for projection in (model.text_projection, model.audio_projection):
            draw(projection, model.config, generator)


class ClapText:
    """CLAP's frozen text tower as the paper's text encoder, a `TextEncoder` (conditioning.py) on the CPU.

    Args:
        config: how many tokens a prompt may have.
        folder: a CLAP in the layout of transformers; only the text tower's weights are loaded.

    Raises:
        CheckpointError: naming the file and the tensors that are missing, damaged or of another network.
    """

    def __init__(self, config: TextConfig, folder: Path) -> None:
        self.max_tokens = config.max_tokens
        self.encoded_padding = config.encoded_padding
        self.tokenizer = read_tokenizer(folder / "tokenizer.json", config.max_tokens)
        self.network = ClapTextModel(cast(ClapTextConfig, _read_config(folder).text_config))
        path = folder / "model.safetensors"
        tensors = renamed(read_tensors(path), TEXT_TOWER)
        load_strictly(self.network, with_tables(tensors, self.network), str(path))
        self.network.eval().requires_grad_(False)
        if self.width != config.width:
            raise CheckpointError(
                f"{path} has text features of width {self.width}; this model needs {config.width}."
            )

    @property
    def width(self) -> int:
        """E of the features."""
        return self.network.config.hidden_size

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Features [B, L, E] float32 and the mask [B, L], True at tokens; L is max_tokens.

        At padding they are zero, or with `encoded_padding` what the tower makes of its padding token, which attends to
        the text. The features of a text do not depend on the other texts in the batch.
        """
        tokens, mask = padded(self.tokenizer, texts, PAD)
        if self.encoded_padding:
            missing = (0, self.max_tokens - mask.shape[1])
            tokens, mask = F.pad(tokens, missing, value=PAD), F.pad(mask, missing)
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            found = self.network(input_ids=tokens, attention_mask=mask, output_hidden_states=True)
        features = found.hidden_states[-2]
        if self.encoded_padding:
            return features, mask
        return zero_padded(features, mask, self.max_tokens)

    def reach(self, text: str) -> int:
        """How many characters of a text, from its beginning, are read."""
        return reach(self.tokenizer, text)


def window_frames(listener: ClapFeatureExtractor) -> int:
    """Number of spectrogram frames in CLAP's window."""
    return int(listener.nb_max_samples) // listener.hop_length + 1


def mel_spectrogram(listener: ClapFeatureExtractor, waveform: NDArray[np.float32]) -> Tensor:
    """The spectrogram of the whole sound in dB, [frames, mels] float32; sounds shorter than the window are repeated.

    Raises:
        AudioError: if the waveform is empty or not mono.
    """
    if waveform.ndim != 1 or not waveform.size:
        raise AudioError(f"CLAP takes mono audio [N] at 48 kHz; it got {list(waveform.shape)}.")
    window = int(listener.nb_max_samples)
    if len(waveform) < window:
        repeated = np.tile(waveform, window // len(waveform))
        waveform = np.pad(repeated, (0, window - len(repeated)))
    size = listener.fft_window_size
    transform = torch.stft(
        torch.from_numpy(np.ascontiguousarray(waveform, np.float32)),
        size,
        listener.hop_length,
        window=torch.hann_window(size),
        return_complex=True,
    )
    filters = torch.from_numpy(listener.mel_filters).float()
    return 10 * (transform.abs().square().T @ filters).clamp(min=1e-10).log10()


def fused(whole: Tensor, frames: int, rng: np.random.Generator) -> tuple[Tensor, bool]:
    """CLAP's view of a spectrogram [F, mels] in a window of so many frames.

    A short one is repeated; a long one is shown as a whole, resized, and as a random crop from each of its thirds.

    Returns:
        Four spectrograms in dB, [4, frames, mels] float32, and whether the sound was longer than the window.
    """
    spare = len(whole) - frames
    if spare <= 0:
        return whole.expand(4, -1, -1), False
    small = F.interpolate(whole[None, None], size=(frames, whole.shape[1]), mode="bilinear")
    # A sound barely longer than the window may have fewer than three starts; the remaining crops start at 0.
    thirds = np.array_split(np.arange(spare + 1), 3)
    starts = [int(rng.choice(third)) if third.size else 0 for third in thirds]
    crops = [whole[start : start + frames] for start in starts]
    return torch.stack([small[0, 0], *crops]), True


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON settings file.

    Raises:
        CheckpointError: naming the file.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is missing or damaged: {error}.") from error


def _read_config(folder: Path) -> ClapConfig:
    values = read_json(folder / "config.json")
    if values.get("model_type") != "clap":
        raise CheckpointError(
            f"{folder / 'config.json'} is not of a CLAP in the layout of transformers."
        )
    return ClapConfig.from_dict(values)


def with_tables(tensors: Mapping[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The file's tensors, with the `DERIVED` buffers taken from the network instead."""
    own = network.state_dict().items()
    tables = {name: tensor for name, tensor in own if name.endswith(DERIVED)}
    return {name: x for name, x in tensors.items() if not name.endswith(DERIVED)} | tables


def draw(network: nn.Module, config: Any, generator: torch.Generator) -> None:
    """Initialises a network's weights; `config` is the part of the library's configuration with its width and depth."""
    std = (2 * config.num_hidden_layers * config.hidden_size) ** -0.5
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Embedding):
                module.weight.normal_(0.0, 0.02, generator=generator)
            elif isinstance(module, (nn.Linear, nn.Conv2d)):
                module.weight.normal_(0.0, std, generator=generator)
