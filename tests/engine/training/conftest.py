"""Material for the training tests: a folder of two short seeded pieces and a held-out one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

SECONDS = 4.0


@pytest.fixture
def material(tmp_path: Path) -> Path:
    folder = tmp_path / "material"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(3):
        time = np.arange(round(44100 * SECONDS)) / 44100
        tone = np.sin(2 * np.pi * 220 * (index + 1) * time)[:, None] * [0.3, 0.2]
        samples = tone + 0.01 * rng.standard_normal((len(time), 2))
        facts = {
            "genres": ["House"],
            "instruments": ["Bass"],
            "moods": [],
            "tempo": 120.0,
            "beats_per_bar": 4.0,
            "seconds": SECONDS,
            "held_out": index == 2,
        }
        soundfile.write(folder / f"piece_{index}.wav", samples, 44100, subtype="PCM_16")
        (folder / f"piece_{index}.json").write_text(json.dumps(facts))
    return folder


class Words:
    """A text encoder for tests: a text's features are drawn from its letters."""

    width, max_tokens = 384, 8

    def encode(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        features = [
            torch.randn(8, 384, generator=torch.Generator().manual_seed(sum(text.encode())))
            for text in texts
        ]
        return torch.stack(features), torch.ones(len(texts), 8, dtype=torch.bool)

    def reach(self, text: str) -> int:
        return len(text)


@pytest.fixture
def words() -> Words:
    return Words()
