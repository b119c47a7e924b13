"""The embedded model's CLAP (§2.4): a small HTSAT audio tower with fusion, and MiniLM as locked (frozen) text tower.

The text tower is the encoder that conditions the embedded model, with a trained projection on its next-to-last layer. A
locked tower needs far less training material, and words that appear in no caption keep their meaning. MiniLM comes with
its package, so that only the audio tower and the projections are stored. Knows nothing of training.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import ClapAudioConfig, ClapAudioModelWithProjection, ClapFeatureExtractor

from engine.checkpoints import load_strictly, read_tensors, save_weights
from engine.clap import FUSION, QUIET, Clap, Towers, draw, read_json, with_tables
from engine.conditioning import TextEncoder
from engine.errors import CheckpointError
from engine.model_files import seal
from engine.registry import SKETCH
from engine.text import MiniLM
from engine.whole_files import write_whole

MODEL_TYPE = "clap_audio_model"


def small_audio() -> ClapAudioConfig:
    """An HTSAT that trains on a CPU in half an hour: four times the paper's patch size, a tenth of its parameters."""
    return ClapAudioConfig(
        **FUSION,
        **QUIET,
        patch_size=8,
        patch_stride=[8, 8],
        window_size=4,
        patch_embeds_hidden_size=48,
        hidden_size=384,
        depths=[1, 1, 2, 1],
        num_attention_heads=[2, 4, 8, 16],
        projection_dim=256,
    )


def small_listener() -> ClapFeatureExtractor:
    """Spectrograms of 1024 frames, just over ten seconds: the tower's own width, so that nothing is resized."""
    length: Any = 10.235  # Annotated as int in the library, but any number works.
    return ClapFeatureExtractor(max_length_s=length)


class LockedClap(Towers):
    """An audio tower and projections beside a frozen text encoder.

    Args:
        config: shape of the audio tower.
        text: the encoder; the features of a text are averaged over its tokens and cached.
        listener: the settings of the spectrogram.
    """

    def __init__(
        self,
        config: ClapAudioConfig,
        text: TextEncoder | None = None,
        listener: ClapFeatureExtractor | None = None,
    ) -> None:
        super().__init__()
        self.text = text or MiniLM(SKETCH.conditioning.text)
        self.listener = listener or small_listener()
        self.audio = ClapAudioModelWithProjection(config)
        width = config.projection_dim
        self.words = nn.Sequential(
            nn.Linear(self.text.width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.scale = nn.Buffer(torch.tensor(0.0))
        self._read: dict[str, Tensor] = {}

    @classmethod
    def from_folder(cls, folder: Path, text: TextEncoder | None = None) -> LockedClap:
        """Loads what `save` wrote.

        Raises:
            CheckpointError: naming the file and the tensors that are missing, damaged or of another network.
        """
        listener = ClapFeatureExtractor(**read_json(folder / "preprocessor_config.json"))
        config = ClapAudioConfig.from_dict(read_json(folder / "config.json"))
        clap = cls(config, text, listener)
        path = folder / "model.safetensors"
        load_strictly(clap, with_tables(read_tensors(path), clap), str(path))
        return clap.eval()

    def save(self, folder: Path) -> None:
        """Writes the settings and, in half precision, audio tower and projections; then writes the checksums."""
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self, folder / "model.safetensors")
        write_whole(folder / "config.json", self.audio.config.to_json_string(use_diff=False))
        write_whole(folder / "preprocessor_config.json", self.listener.to_json_string())
        seal(folder)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """[B, P], each of unit length."""
        new = [text for text in dict.fromkeys(texts) if text not in self._read]
        if new:
            features, mask = self.text.encode(new)
            means = features.sum(dim=1) / mask.sum(dim=1, keepdim=True)
            self._read |= dict(zip(new, means, strict=True))
        read = torch.stack([self._read[text] for text in texts])
        return F.normalize(self.words(read.to(self.scale.device)).float(), dim=-1)

    def embed_spectra(self, spectra: Tensor, longer: Tensor) -> Tensor:
        """[B, P], each of unit length, from the results of `fused`: [B, 4, frames, mels] and [B] bool."""
        # The crops are only used if a sound is longer than the window.
        shown = spectra if longer.any() else spectra[:, :1]
        device = self.scale.device
        found = self.audio(input_features=shown.to(device), is_longer=longer.to(device)[:, None])
        return F.normalize(found.audio_embeds.float(), dim=-1)

    def keep_temperature(self, scale: Tensor) -> None:
        """Stores the temperature that the loss has learned."""
        self.scale.copy_(scale.detach())

    def initialize(self, generator: torch.Generator) -> None:
        """Initialises all trained weights reproducibly."""
        draw(self.audio, self.audio.config, generator)
        for layer in self.words:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight, generator=generator)
                nn.init.zeros_(layer.bias)


def open_clap(folder: Path) -> Towers:
    """Opens the CLAP in a folder: one of ours with MiniLM, or any in the layout of transformers.

    Raises:
        CheckpointError: naming what is missing, damaged or of another network.
    """
    kind = read_json(folder / "config.json").get("model_type")
    if kind == MODEL_TYPE:
        return LockedClap.from_folder(folder)
    if kind == "clap":
        return Clap.from_folder(folder)
    raise CheckpointError(f"{folder / 'config.json'} is not of a CLAP but of {kind!r}.")
