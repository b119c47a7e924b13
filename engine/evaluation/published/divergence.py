"""The Kullback-Leibler divergence of what is heard in a sound from what is heard in its reference (§4.1).

Knows nothing of what is heard, or by whom.
"""

from __future__ import annotations

from torch import Tensor

FLOOR = 1e-6
"""Added to the reference, and to it alone, as published."""


def divergence(made: Tensor, reference: Tensor) -> float:
    """Σ p (ln p - ln(q + 1e-6)) of probabilities [K]; what is not heard at all adds nothing."""
    p, q = made.double(), (reference.double() + FLOOR)
    return float((p.xlogy(p) - p * q.log()).sum())
