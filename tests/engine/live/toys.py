"""Streams over tiny models of every registered build, and sounds to push into them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.latent_diffusion import LatentDiffusion
from engine.live.pace import paced
from engine.live.stream import Stream
from engine.live_settings import LiveSettings, Metre, Pace
from engine.registry import (
    AdaptiveDiTConfig,
    DiTConfig,
    ModelSpec,
    OobleckConfig,
    SameConfig,
    SpectralConfig,
)
from engine.sound.audio import Samples
from tests.engine.tiny_model import TINY

RATE = 44_100


@dataclass(frozen=True)
class WordsOf:
    """A text encoder without meaning, of any shape: each word has its own random vector."""

    width: int
    max_tokens: int

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        features = torch.zeros(len(texts), self.max_tokens, self.width)
        mask = torch.zeros(len(texts), self.max_tokens, dtype=torch.bool)
        for row, text in enumerate(texts):
            for place, word in enumerate(text.split()[: self.max_tokens]):
                generator = torch.Generator().manual_seed(zlib.crc32(word.encode()))
                features[row, place] = torch.randn(self.width, generator=generator)
                mask[row, place] = True
        return features, mask

    def reach(self, text: str) -> int:
        return len(text)


def toy(spec: ModelSpec) -> LatentDiffusion:
    """A model of the same build with a hundredth of the width, random and equal at every call."""
    spec = shrunk(spec)
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(torch.Generator().manual_seed(0).get_state())
        text = spec.conditioning.text
        model = LatentDiffusion(spec, WordsOf(text.width, text.max_tokens))
        if isinstance(spec.autoencoder, SpectralConfig):
            # Its magnitudes are exponentials of what comes out.
            for parameter in model.autoencoder.parameters():
                quiet = 0.3 * parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.02
                torch.nn.init.normal_(parameter, std=quiet)
        for parameter in model.dit.parameters():
            # Training starts from silent branches; here each must be heard.
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.1)
    return model.eval().requires_grad_(False)


def shrunk(spec: ModelSpec) -> ModelSpec:
    """Its configuration at toy width."""
    autoencoder, dit = spec.autoencoder, spec.dit
    if isinstance(autoencoder, OobleckConfig):
        autoencoder = replace(autoencoder, channels=2, multiples=(1, 1, 1, 1, 1), latent_channels=8)
    elif isinstance(autoencoder, SameConfig):
        autoencoder = replace(autoencoder, width=64, depth=2, sine_layers=0)
    else:
        autoencoder = TINY.autoencoder
    if isinstance(dit, AdaptiveDiTConfig):
        dit = replace(dit, width=64, depth=1)
    elif isinstance(dit, DiTConfig):
        channels = autoencoder.latent_channels
        dit = replace(dit, latent_channels=channels, width=64, depth=1, heads=2, cross_width=32)
    text = replace(spec.conditioning.text, width=dit.cross_width, max_tokens=8)
    conditioning = replace(spec.conditioning, text=text)
    return replace(spec, autoencoder=autoencoder, dit=dit, conditioning=conditioning)


def stream_of(
    model: LatentDiffusion,
    *,
    frames: float = 8,
    look_ahead: int | None = None,
    metre: Metre | None = None,
    **settings: Any,
) -> Stream:
    """A stream with hops of so many latent frames."""
    asked = LiveSettings(**({"prompt": "funk drums", "steps": 2, "steer": False} | settings))
    pace = pace_of(model, frames, look_ahead)
    return Stream(model, asked, pace, metre)


def pace_of(model: LatentDiffusion, frames: float, look_ahead: int | None = None) -> Pace:
    """The pace of such hops, with another look-ahead if one is given."""
    pace = paced(frames, model.spec, model.autoencoder.alignment, 2)
    if look_ahead is None:
        return pace
    more = (look_ahead - pace.look_ahead) * model.autoencoder.downsampling_ratio
    return replace(pace, look_ahead=look_ahead, latency=pace.latency + more)


def pushed(stream: Stream, sound: Samples, pieces: Iterable[int] = ()) -> Samples:
    """All that comes out of a stream for a sound [2, N], cut into pieces of these lengths, and the rest at once."""
    out: list[Samples] = []
    start = 0
    for length in pieces:
        out.append(stream.push(sound[:, start : start + length]))
        start += length
    out.append(stream.push(sound[:, start:]))
    return np.concatenate(out, axis=1)


def strokes(seconds: float, level: float = -6.0, seed: int = 0) -> Samples:
    """[2, N]: four strokes of noise a second, with digital silence before the next; peaks at `level` dBFS."""
    count = round(seconds * RATE)
    noise = np.random.default_rng(seed).uniform(-1, 1, (2, count))
    phase = np.arange(count) * 4 / RATE % 1
    shape = np.where(phase < 0.7, np.exp(-phase * 10), 0)
    return (noise * shape * 10 ** (level / 20)).astype(np.float32)


def hiss(seconds: float, level: float) -> Samples:
    """[2, N] of white noise at `level` dB RMS."""
    count = round(seconds * RATE)
    noise = np.random.default_rng(1).standard_normal((2, count))
    return (noise * 10 ** (level / 20)).astype(np.float32)


def decibels(sound: Samples) -> float:
    """RMS, dB of full scale."""
    return float(20 * np.log10(max(np.sqrt(np.square(sound, dtype=np.float64).mean()), 1e-9)))
