"""Recordings through a model's autoencoder and back, as in the paper's Table 5 (§4.3).

Knows nothing of takes or of the judges that hear them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.autoencoder import Autoencoder
from engine.chunking import decode_chunked, encode_chunked
from engine.errors import LongtakeError
from engine.evaluation.published.sounds import mono_at, read_published
from engine.evaluation.published.takes import found
from engine.evaluation.reconstruction import reconstruction
from engine.registry import SAMPLE_RATE

log = logging.getLogger(__name__)


def reconstructed(autoencoder: Autoencoder, names: Sequence[str], folder: Path) -> dict[str, Any]:
    """Mean STFT distance, mel distance and SI-SDR over the recordings of these names, and what cannot be judged."""
    measured: list[dict[str, float]] = []
    failed: dict[str, str] = {}
    for name in names:
        path = found(folder, name)
        if path is None:
            failed[name] = f"there is no audio file {name} in {folder.name}"
            continue
        try:
            measured.append(_compared(autoencoder, path))
        except LongtakeError as error:
            failed[name] = str(error).replace(f"{folder}/", "")
        log.info("reconstructed %s", path.name)
    means = {key: float(np.mean([one[key] for one in measured])) for key in (measured or [{}])[0]}
    rate = SAMPLE_RATE / autoencoder.downsampling_ratio
    latents = f"{rate:.3g} Hz, {autoencoder.latent_channels} channels"
    return {**means, "tracks": len(measured), "failed": failed, "latents": latents}


def _compared(autoencoder: Autoencoder, path: Path) -> dict[str, float]:
    audio = read_published(path)
    # Raises if nothing is left in mono, of which the mel distance is.
    mono_at(audio, audio.sample_rate)
    original = audio.resampled(SAMPLE_RATE).stereo().samples
    return asdict(reconstruction(original, again(autoencoder, original)))


@torch.inference_mode()
def again(autoencoder: Autoencoder, samples: np.ndarray) -> np.ndarray:
    """[2, N] through the autoencoder and back."""
    place = next(autoencoder.parameters()).device
    latents, _ = encode_chunked(autoencoder, torch.from_numpy(samples)[None].to(place))
    blocks = [block.float().cpu() for block in decode_chunked(autoencoder, latents)]
    return torch.cat(blocks, dim=2)[0, :, : samples.shape[1]].numpy()
