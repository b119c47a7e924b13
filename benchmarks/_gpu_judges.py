"""The published judges of `longtake bench gpu`: how long each hears a long take, and what that takes of the card.

Weights are random: these are as fast. Knows nothing of tables or of the time that is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import ClapAudioConfig, ClapConfig, ClapTextConfig

from benchmarks._part import Part
from engine.clap import FUSION, Clap
from engine.evaluation.published import fusion_clap, passt
from engine.evaluation.published.openl3 import OpenL3
from engine.evaluation.published.passt import PaSST
from engine.evaluation.published.sounds import mono_at, stereo_at_band
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Audio
from engine.text import minilm_folder, read_tokenizer

SECONDS, SMOKE_SECONDS = 285.0, 3.0
NAMES = ("openl3", "passt", "clap")


def judges(part: Part, name: str) -> None:
    """A long take before one of `NAMES`, from samples in memory to what is kept of them."""
    part.tried("judges", name, lambda: _judged(part, name))


def _judged(part: Part, name: str) -> dict[str, Any]:
    seconds = SMOKE_SECONDS if part.smoke else SECONDS
    noise = np.random.default_rng(0).standard_normal((2, round(seconds * SAMPLE_RATE)))
    audio = Audio((0.1 * noise).astype(np.float32), SAMPLE_RATE)
    hear = _HEARING[name](part, audio)
    hear()  # Loads and chooses kernels.
    part.forget_peak()
    spent = part.timed(hear, repeat=1 if part.smoke else 3, warm=0)
    return {
        "seconds": seconds,
        "heard_s": spent,
        "times_real_time": seconds / spent,
        "peak_gb": part.peak_gb(),
    }


def _openl3(part: Part, audio: Audio) -> Callable[[], Any]:
    network = OpenL3((2, 2, 4, 8) if part.smoke else (64, 128, 256, 512)).eval().to(part.device)
    return lambda: torch.cat(list(network.embedded(stereo_at_band(audio))))


def _passt(part: Part, audio: Audio) -> Callable[[], Any]:
    network = PaSST(depth=1 if part.smoke else 12).eval().to(part.device)
    return lambda: network.tags(mono_at(audio, passt.RATE))


def _clap(part: Part, audio: Audio) -> Callable[[], Any]:
    # The text tower is not used: any tokenizer and one layer do.
    tokenizer = read_tokenizer(minilm_folder() / "tokenizer.json", 77)
    text = ClapTextConfig(num_hidden_layers=1)
    config = ClapConfig(audio_config=ClapAudioConfig(**FUSION), text_config=text)
    network = Clap(config, tokenizer, fusion_clap.listener()).eval().to(part.device)
    return lambda: fusion_clap.sound_embedded(
        network, mono_at(audio, fusion_clap.RATE), "a long take"
    )


_HEARING = {"openl3": _openl3, "passt": _passt, "clap": _clap}
