"""A classifier of instruments: multinomial logistic regression on vectors of stems.

Knows nothing of audio, nor of whose voices the stems have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from engine.evaluation.listening import Vectors

SOLOISTS = (
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
"""The instruments in prompts, and the classes of the classifier."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """A linear classifier."""

    names: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, vectors: Vectors) -> list[str]:
        """The most likely name for each of [B, P]."""
        return [self.names[i] for i in (vectors @ self.weights.T + self.bias).argmax(axis=1)]


def trained(vectors: Vectors, labels: Sequence[str], decay: float = 1e-3) -> Classifier:
    """Fits a classifier to vectors [N, P] and labels; `decay` is the L2 regularisation."""
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

    # Convex: a unique optimum, whatever the start.
    with torch.inference_mode(False), torch.enable_grad():
        optimizer.step(loss)
    return Classifier(names, weights.detach().numpy(), bias.detach().numpy())


def accuracy(found: Sequence[str], expected: Sequence[str]) -> list[bool]:
    """Which names are correct."""
    return [one == other for one, other in zip(found, expected, strict=True)]
