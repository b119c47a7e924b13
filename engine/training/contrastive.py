"""The contrastive loss of CLAP (§2.4): matches each text with its sound in the batch, and each sound with its text.

Knows nothing of how texts and sounds become vectors.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.training.material.drawing import WHOLE

MAX_SCALE = math.log(100.0)
CHOICES = 10
"""Number of prompts among which a sound must find its own."""


class ContrastiveLoss(nn.Module):
    """Symmetric InfoNCE with a learned temperature.

    Similarities are divided by the temperature, which starts at 0.07 and is bounded below by 0.01: otherwise the loss
    of a perfectly matched batch could always be lowered by the temperature alone.
    """

    def __init__(self, temperature: float = 0.07) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(-math.log(temperature)))
        """Logarithm of 1 / temperature."""

    def forward(self, texts: Tensor, sounds: Tensor, mine: slice = WHOLE) -> Tensor:
        """The loss of one's own texts and sounds among those of all ranks, the mean over one's own.

        Args:
            texts: unit vectors [B, P] of the whole batch.
            sounds: unit vectors [B, P]; equal indices belong together.
            mine: which of them are this rank's; another rank has the others' losses.
        """
        scale = self.scale.clamp(max=MAX_SCALE).exp()
        pairs = torch.arange(len(texts), device=texts.device)[mine]
        of_texts = F.cross_entropy(scale * texts[mine] @ sounds.T, pairs)
        return (of_texts + F.cross_entropy(scale * sounds[mine] @ texts.T, pairs)) / 2


def retrieval(texts: Tensor, sounds: Tensor) -> Tensor:
    """How often a text's nearest sound is its own, for unit vectors [B, P] and [B, P]; chance is 1 / B."""
    nearest = (texts @ sounds.T).argmax(dim=1)
    return (nearest == torch.arange(len(texts), device=texts.device)).float().mean()


def retrieval_among(sounds: Tensor, texts: Tensor, choices: int, rng: np.random.Generator) -> float:
    """How often a sound's nearest text among several is its own; chance is 1 / choices.

    Args:
        sounds: unit vectors [B, P].
        texts: unit vectors [B, P]; equal indices belong together.
        choices: number of candidate texts, including the right one; all texts if there are fewer.
        rng: picks the other candidates.
    """
    alike = (sounds @ texts.T).cpu().numpy()
    right = 0
    for own in range(len(alike)):
        others = np.delete(np.arange(len(alike)), own)
        offered = rng.choice(others, min(choices - 1, len(others)), replace=False)
        right += bool((alike[own, own] > alike[own, offered]).all())
    return right / len(alike)
