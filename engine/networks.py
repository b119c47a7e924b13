"""A configuration becomes a network with fresh weights: autoencoder, transformer and text encoder of every model.

Knows nothing of weights and of how the three are joined (latent_diffusion.py).
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
    """The autoencoder of a configuration: the paper's (autoencoder.py), the embedded model's own, or SAME's."""
    if isinstance(config, SpectralConfig):
        return SpectralAutoencoder(config)
    if isinstance(config, SameConfig):
        return SameAutoencoder(config)
    return OobleckAutoencoder(config)


def build_dit(config: DiTConfig | AdaptiveDiTConfig, global_width: int) -> DiT | AdaptiveDiT:
    """The transformer of a configuration: the paper's (dit.py) or that of Stable Audio 3 (public/dit.py)."""
    if isinstance(config, AdaptiveDiTConfig):
        return AdaptiveDiT(config, global_width)
    return DiT(config, global_width)


def open_text_encoder(config: TextConfig, folder: Path) -> TextEncoder:
    """The frozen text encoder of a model whose weights lie in `folder`.

    Raises:
        CheckpointError: if its own files are missing, damaged or of another network.
    """
    if config.encoder == "minilm":
        return MiniLM(config)
    # The library behind the others takes seconds to import, which the embedded model does not wait for.
    if config.encoder == "clap":
        from engine.clap import ClapText

        return ClapText(config, folder / "clap")
    from engine.stable_audio.t5 import T5Text

    return T5Text(config, folder)
