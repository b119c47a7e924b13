"""Sounds as vectors, in two spaces: our own CLAP's, which heard the same material, and a tagger's, which did not.

Knows nothing of what they are compared for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.evaluation.listening import Listener, Vectors, averaged
from engine.evaluation.tagger import tags
from engine.sound.audio import Samples


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Of N sounds, each over its whole length."""

    windows: list[Vectors]
    """CLAP's vectors of each sound's windows, [W, P] of unit length."""
    tagged: Vectors
    """[N, 200], the tagger's last layer but one."""

    @property
    def clap(self) -> Vectors:
        """[N, P], of unit length."""
        return averaged(self.windows)


def embedded(listener: Listener, sounds: Iterable[Samples]) -> Embedded:
    """Listens to each sound [2, N] at 44.1 kHz once with both."""
    windows, tagged = [], []
    for samples in sounds:
        windows.append(listener.windows(samples))
        tagged.append(tags(samples)[1].mean(axis=0))
    return Embedded(windows, np.stack(tagged))
