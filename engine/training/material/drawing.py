"""Drawing pieces by chance: which of them a batch holds, and a generator for each, so that ranks share a batch.

Everything follows from one generator; what a rank does not read, it need not draw. Knows nothing of what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

WHOLE = slice(None)
"""The part of a batch that is all of it."""


class Chances:
    """Numbers drawn with replacement in proportion to their weights, in logarithmic time."""

    def __init__(self, weights: ArrayLike) -> None:
        """Sums the weights [n] up once."""
        sums = np.cumsum(np.asarray(weights, np.float64))
        self._sums = sums / sums[-1]

    def drawn(self, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """So many numbers, [size]: those that `rng.choice` gives with these chances."""
        return self._sums.searchsorted(rng.random(size), side="right")

    def each(
        self, size: int, rng: np.random.Generator, part: slice = WHOLE
    ) -> Iterator[tuple[int, np.random.Generator]]:
        """Number and generator of each of a part of a batch of so many."""
        chosen = self.drawn(size, rng)
        seeds = rng.integers(2**62, size=size)
        for number, seed in zip(chosen[part], seeds[part], strict=True):
            yield int(number), np.random.default_rng(int(seed))
