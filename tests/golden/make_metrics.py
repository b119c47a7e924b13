"""Makes metrics.safetensors: FD, KL and CLAP score of two tiny sets, as stable-audio-metrics computes them.

What networks hear is made from names here, so that none is run: sets of embeddings, probabilities and vectors. Needs
scipy, torch, librosa, pyloudnorm and the metrics' own source on the path; run from this folder: `python
make_metrics.py`. The script only calls the packages and contains none of their code.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import numpy as np
import soundfile
import torch
from judges import embeddings, probabilities, vectors
from safetensors.torch import save_file

# What the metrics import to hear with.
for unheard in (
    "openl3",
    "hear21passt",
    "hear21passt.base",
    "laion_clap",
    "clap_module",
    "clap_module.factory",
):
    sys.modules[unheard] = MagicMock()

from src import clap_score, openl3_fd, passt_kld  # noqa: E402

NAMES = ["one", "two", "three"]
LOST = "lost"
"""A caption without a sound, which the official KL leaves out in silence."""


def distance(name: str) -> float:
    """FD of two sets."""
    one, two = embeddings(name)
    statistics = openl3_fd.calculate_embd_statistics
    return float(
        openl3_fd.calculate_frechet_distance(*statistics(list(one)), *statistics(list(two)))
    )


def kl() -> float:
    """KL over captions, one of which has no take."""

    def heard(_model: Any, path: str, collect: str) -> torch.Tensor:
        name, role = Path(path).stem, Path(path).parent.name
        if name == LOST and role == "made":
            raise FileNotFoundError(path)
        return probabilities(name, role)

    with (
        patch.object(passt_kld, "return_probabilities", heard),
        tempfile.TemporaryDirectory() as folder,
    ):
        os.chdir(folder)
        Path("made").mkdir()
        Path("reference").mkdir()
        return float(passt_kld.passt_kld([*NAMES, LOST], "made", ref_path="reference"))


def clap() -> float:
    """CLAP score of three captions."""
    model = MagicMock()
    model.get_text_embedding = lambda texts, use_tensor: torch.stack(
        [vectors(t, "text") for t in texts]
    )
    waiting = iter(NAMES)
    model.get_audio_embedding_from_data = lambda x, use_tensor: vectors(next(waiting), "sound")[
        None
    ]
    clap_score.laion_clap.CLAP_Module = lambda **_: model
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("load/clap_score").mkdir(parents=True)
        Path("load/clap_score/630k-audioset-fusion-best.pt").touch()
        for name in NAMES:
            soundfile.write(f"{name}.wav", np.ones(100) * 0.1, 48_000)
        return float(clap_score.clap_score({name: name for name in NAMES}, folder))


if __name__ == "__main__":
    here = Path.cwd()
    numbers = {"fd": distance("many"), "fd singular": distance("few"), "kl": kl(), "clap": clap()}
    os.chdir(here)
    save_file(
        {name: torch.tensor(number, dtype=torch.float64) for name, number in numbers.items()},
        "metrics.safetensors",
        metadata={"shapes": "{}"},
    )
