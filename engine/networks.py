"""Builds networks from configurations: the autoencoder, transformer and text encoder of every model.

Knows nothing of weights or of how the three are joined (latent_diffusion.py).
"""

from __future__ import annotations

from pathlib import Path

from engine.autoencoder import Autoencoder, OobleckAutoencoder
from engine.conditioning import TextEncoder
from engine.dit import DiT
from engine.registry import (
    AdaptiveDiTConfig,
    AutoencoderConfig,
    DiTConfig,
    SameConfig,
    SpectralConfig,
    TextConfig,
)
from engine.spectral_autoencoder import SpectralAutoencoder
from engine.stable_audio.dit import AdaptiveDiT
from engine.stable_audio.same import SameAutoencoder
from engine.text import MiniLM


def build_autoencoder(config: AutoencoderConfig) -> Autoencoder:
    """The autoencoder of a configuration: the paper's, the embedded model's, or SAME."""
    if isinstance(config, SpectralConfig):
        return SpectralAutoencoder(config)
    if isinstance(config, SameConfig):
        return SameAutoencoder(config)
    return OobleckAutoencoder(config)


def build_dit(config: DiTConfig | AdaptiveDiTConfig, global_width: int) -> DiT | AdaptiveDiT:
    """The transformer of a configuration: the paper's (dit.py) or Stable Audio 3's (stable_audio/dit.py)."""
    if isinstance(config, AdaptiveDiTConfig):
        return AdaptiveDiT(config, global_width)
    return DiT(config, global_width)


def open_text_encoder(config: TextConfig, folder: Path) -> TextEncoder:
    """The frozen text encoder of a model with its weights in `folder`.

    Raises:
        CheckpointError: if the encoder's files are missing, damaged or of another network.
    """
    if config.encoder == "minilm":
        return MiniLM(config)
    # The others import transformers, which takes seconds; the embedded model need not wait for that.
    if config.encoder == "clap":
        from engine.clap import ClapText

        return ClapText(config, folder / "clap")
    from engine.stable_audio.t5 import T5Text

    return T5Text(config, folder)
