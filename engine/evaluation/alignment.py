"""Does a take say what its prompt says (§4.1)? In CLAP space: score, score against shuffled prompts, retrieval.

Knows nothing of how texts and sounds became vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from engine.evaluation.listening import Vectors
from engine.training.contrastive import CHOICES, retrieval_among

ROUNDS = 20
"""Draws of the wrong prompts, whose mean is reported."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Cosines of sounds with their own prompts and with others', and how often the own one is the nearest of ten."""

    score: float
    shuffled: float
    retrieval: float


def alignment(sounds: Vectors, texts: Vectors, rng: np.random.Generator) -> Alignment:
    """Compares unit vectors [B, P] and [B, P], of which those of equal index belong together."""
    alike = sounds @ texts.T
    own = float(np.diag(alike).mean())
    others = float((alike.sum() - np.diag(alike).sum()) / max(alike.size - len(alike), 1))
    pair = torch.from_numpy(sounds), torch.from_numpy(texts)
    found = float(np.mean([retrieval_among(*pair, CHOICES, rng) for _ in range(ROUNDS)]))
    return Alignment(own, others, found)


def full_prompt(facts: dict) -> str:
    """The facts of a piece as a careful user would write them: genre, up to three instruments, mood, tempo."""
    parts = {
        "Genre": list(facts.get("genres", ()))[:1],
        "Instruments": list(facts.get("instruments", ()))[:3],
        "Moods": list(facts.get("moods", ()))[:1],
        "BPM": [f"{facts['tempo']:g}"] if facts.get("tempo") else [],
    }
    return " | ".join(f"{name}: {', '.join(values)}" for name, values in parts.items() if values)
