"""LAION's CLAP with fusion, `630k-audioset-fusion-best`: how well a text fits a sound of any length (§4.1).

The networks are those of clap.py; here is what LAION does with a waveform before. The official crops of long sounds are
drawn without a seed; ours depend on the caption's name alone. Knows nothing of scores.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import ClapFeatureExtractor

from engine.clap import SAMPLE_RATE, Towers, fused, mel_spectrogram, window_frames
from engine.evaluation.published.sounds import Mono

RATE = SAMPLE_RATE
FULL_SCALE = 32767.0
BATCH = 64
"""Texts at a time."""


def listener() -> ClapFeatureExtractor:
    """LAION's spectrogram: 64 bands from 50 Hz to 14 kHz, a hundred frames a second, windows of ten."""
    return ClapFeatureExtractor(
        feature_size=64,
        sampling_rate=RATE,
        hop_length=480,
        max_length_s=10,
        fft_window_size=1024,
        frequency_min=50,
        frequency_max=14_000,
    )


@torch.inference_mode()
def texts_embedded(clap: Towers, texts: Sequence[str]) -> Tensor:
    """[B, 512] of unit length, on the CPU."""
    parts = [texts[first : first + BATCH] for first in range(0, len(texts), BATCH)]
    return torch.cat([clap.embed_texts(part).float().cpu() for part in parts])


@torch.inference_mode()
def sound_embedded(clap: Towers, mono: Mono, name: str) -> Tensor:
    """[512] of unit length of [N] at 48 kHz, on the CPU; `name` decides the crops of a long one."""
    whole = mel_spectrogram(clap.listener, quantised(mono))
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    shown, longer = fused(whole, window_frames(clap.listener), rng)
    return clap.embed_spectra(shown[None], torch.tensor([longer]))[0].float().cpu()


def quantised(mono: Mono) -> NDArray[np.float32]:
    """To 16 bits and back, cut towards zero."""
    return (np.clip(mono, -1, 1) * FULL_SCALE).astype(np.int16).astype(np.float32) / np.float32(
        FULL_SCALE
    )
