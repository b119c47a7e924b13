"""Which instrument plays: a classifier on vectors in CLAP space, trained on stems that no model was trained on.

Multinomial logistic regression. How well it does on stems it has not seen is the ceiling for what it says of takes.
Knows nothing of sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from engine.evaluation.listening import Vectors

ASKED = (
    "Drums",
    "Piano",
    "Electric Piano",
    "Organ",
    "Acoustic Guitar",
    "Distorted Guitar",
    "Bass Guitar",
    "Synth Bass",
    "Strings",
    "Trumpet",
    "Saxophone",
    "Flute",
    "Synth Lead",
    "Synth Pad",
)
"""The instruments that prompts ask for; the classifier knows these and no others."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """A line through the vectors for each name."""

    names: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, vectors: Vectors) -> list[str]:
        """The likeliest name for each of [B, P]."""
        return [self.names[i] for i in (vectors @ self.weights.T + self.bias).argmax(axis=1)]


def trained(vectors: Vectors, labels: Sequence[str], decay: float = 1e-3) -> Classifier:
    """Fits vectors [N, P] to their labels; `decay` weighs the squared weights against the mean log loss."""
    names = tuple(sorted(set(labels)))
    x = torch.from_numpy(np.ascontiguousarray(vectors, np.float32))
    y = torch.tensor([names.index(label) for label in labels])
    weights = torch.zeros(len(names), x.shape[1], requires_grad=True)
    bias = torch.zeros(len(names), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weights.T + bias, y) + decay * weights.square().sum()
        value.backward()
        return value

    # Convex: the one best answer, whatever the start.
    with torch.inference_mode(False), torch.enable_grad():
        optimizer.step(loss)
    return Classifier(names, weights.detach().numpy(), bias.detach().numpy())


def accuracy(found: Sequence[str], asked: Sequence[str]) -> float:
    """The share of equal names."""
    return float(np.mean([one == other for one, other in zip(found, asked, strict=True)]))


def folds(vectors: Vectors, labels: Sequence[str], groups: Sequence[int], count: int = 4) -> float:
    """Accuracy on what a classifier was not trained on, each group (a stem) left out together."""
    place = np.array(groups) % count
    right = [
        accuracy(
            trained(
                vectors[place != fold], [n for n, p in zip(labels, place, strict=True) if p != fold]
            )(vectors[place == fold]),
            [name for name, p in zip(labels, place, strict=True) if p == fold],
        )
        for fold in range(count)
        if (place == fold).any() and (place != fold).any()
    ]
    return float(np.mean(right))
