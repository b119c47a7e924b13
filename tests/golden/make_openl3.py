"""Makes openl3.safetensors: what openl3 0.4.2 embeds of a short sound, with weights made from names.

Needs TensorFlow with tf_keras, kapre 0.4.1 and resampy 0.2.2, and openl3's source on the path, as the
package fetches weights when it is installed. Run from this folder: `TF_USE_LEGACY_KERAS=1 python make_openl3.py`. The
script only calls the packages and contains none of their code.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import openl3
import resampy
import torch
from judges import RATE, heard, judge_weight
from openl3.models import _construct_mel256_audio_network, load_audio_embedding_model_from_path
from safetensors.torch import save_file
from values import thinned

SECONDS = 0.9
PARTS = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "kernel": "weight",
    "bias": "bias",
}
"""Keras' names of a layer's weights, without their ending, and torch's."""


def made_up(network: Any) -> None:
    """Gives a Keras network weights by their place among the layers of ours: a ReLU and a pool count, too."""
    place = -1
    for layer in network.layers:
        kind = type(layer).__name__
        place += kind in ("BatchNormalization", "Conv2D", "Activation", "MaxPooling2D")
        if not layer.weights:
            continue
        found = []
        for weight in layer.weights:
            part = weight.name.split("/")[-1].removesuffix(":0")
            shape = tuple(weight.shape)
            ours = (shape[3], shape[2], shape[0], shape[1]) if part == "kernel" else shape
            tensor = judge_weight(f"layers.{place}.{PARTS[part]}", ours)
            # Keras has bands, frames, before, after.
            found.append((tensor.permute(2, 3, 1, 0) if part == "kernel" else tensor).numpy())
        layer.set_weights(found)


def main(kept: Path | None) -> None:
    """Writes the golden file, and Keras' own file of the weights where it is asked for."""
    network = _construct_mel256_audio_network()
    made_up(network)
    with tempfile.TemporaryDirectory() as folder:
        path = kept or Path(folder) / "made_up.h5"
        network.save_weights(str(path))
        model = load_audio_embedding_model_from_path(str(path), "mel256", 512)
    # At 48 kHz, as below it the uppermost bands are rounding of the Fourier transform, which no other has.
    sides = list(heard(SECONDS, 48_000))
    rows, _ = openl3.get_audio_embedding(
        sides, [48_000, 48_000], model=model, hop_size=0.5, batch_size=4, verbose=False
    )
    upward = resampy.resample(heard(SECONDS)[0], RATE, 48_000, filter="kaiser_best")
    save_file(
        {
            "rows": torch.from_numpy(np.concatenate(rows, axis=1)),
            "upward": thinned(torch.from_numpy(upward)),
        },
        "openl3.safetensors",
        metadata={"seconds": str(SECONDS), "shapes": "{}"},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
