"""Alignment of takes and prompts in CLAP space (§4.1): score, score with other prompts, retrieval.

Knows nothing of how texts and sounds are embedded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from engine.evaluation.listening import Vectors
from engine.training.contrastive import CHOICES, retrieval_among

ROUNDS = 20
"""Random draws of other prompts, whose mean is reported."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Mean cosine of sounds with their own and with other prompts, and how often the own one is the nearest of ten."""

    score: float
    shuffled: float
    retrieval: float


def alignment(sounds: Vectors, texts: Vectors, rng: np.random.Generator) -> Alignment:
    """Compares unit vectors [B, P] and [B, P]; equal indices belong together."""
    alike = sounds @ texts.T
    own = float(np.diag(alike).mean())
    others = float((alike.sum() - np.diag(alike).sum()) / max(alike.size - len(alike), 1))
    pair = torch.from_numpy(sounds), torch.from_numpy(texts)
    found = float(np.mean([retrieval_among(*pair, CHOICES, rng) for _ in range(ROUNDS)]))
    return Alignment(own, others, found)


def full_prompt(facts: dict) -> str:
    """The facts of a piece as a detailed prompt: genre, up to three instruments, mood, tempo, key."""
    parts = {
        "Genre": list(facts.get("genres", ()))[:1],
        "Instruments": list(facts.get("instruments", ()))[:3],
        "Moods": list(facts.get("moods", ()))[:1],
        "BPM": [f"{facts['tempo']:g}"] if facts.get("tempo") else [],
        "Key": [facts["key"]] if facts.get("key") else [],
    }
    return " | ".join(f"{name}: {', '.join(values)}" for name, values in parts.items() if values)
