"""Latents to train on, by number: a folder that is complete, or one that grows while the training reads it.

Which of them a step may draw from is a `Span`, and the `Ledger` says which span that is for every step. So a run's
weights follow from its seed and its ledger alone, whenever the pieces were finished and however often the run was cut
off. Knows nothing of how pieces are drawn.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import AudioError
from engine.training.material.latent_items import Files, Pieces, numbered
from engine.training.material.latents import open_pieces


@dataclass(frozen=True, slots=True)
class Span:
    """The pieces from number `first` on, so many."""

    first: int = 0
    count: int = 0

    @property
    def end(self) -> int:
        """The number after the last."""
        return self.first + self.count


@dataclass(slots=True)
class Ledger:
    """From which step on a training draws from which pieces; part of its checkpoint.

    An entry is noted before its step is done, and stays once it is.
    """

    entries: list[tuple[int, Span]] = field(default_factory=list)

    def at(self, step: int) -> Span:
        """What a step draws from; nothing before the first entry."""
        place = bisect_right(self.entries, step, key=lambda entry: entry[0])
        return self.entries[place - 1][1] if place else Span()

    def note(self, step: int, span: Span) -> None:
        """Has steps from this one on draw from a span; what was noted for them before was never drawn from."""
        self.entries = [entry for entry in self.entries if entry[0] < step]
        if self.at(step) != span:
            self.entries.append((step, span))

    def state_dict(self) -> dict[str, Any]:
        """As numbers."""
        return {"entries": [[step, span.first, span.count] for step, span in self.entries]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From `state_dict`."""
        self.entries = [(step, Span(first, count)) for step, first, count in state["entries"]]


def one_side(folder: Path, *, held_out: bool) -> Pieces:
    """The pieces of a folder on one side of the split, in a stable order."""
    return open_pieces(folder).side(held_out=held_out)


class Shelf:
    """A complete folder of shards or files: every piece that is not held out, in a stable order.

    Raises:
        AudioError: if there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pieces = one_side(folder, held_out=False)
        if not len(self.pieces):
            raise AudioError(f"No latents in {folder}; make them with 'train latents'.")

    def grown(self, span: Span, step: int = 0) -> Span:
        """The span with what has been added since, or what a step draws from: here always all of it."""
        return Span(0, len(self.pieces))

    def items(self, span: Span) -> Pieces:
        """The pieces of a span, each read when it is asked for."""
        return self.pieces[span.first : span.end]


class GrowingShelf(Shelf):
    """A folder into which numbered pieces are written, in any order, while others read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[int, int] = {}
        """Number of a piece -> where it is among the files that were looked at."""
        self.pieces: Files = Files([])

    def path(self, number: int) -> Path:
        """The file of a piece."""
        return numbered(self.folder, number)

    def grown(self, span: Span, step: int = 0) -> Span:
        """The span with the pieces that follow it without a gap; a new one after it if its own are not here."""
        if span.count and not self.path(span.end - 1).exists():
            span = Span(span.end)
        end = span.end
        while self.path(end).exists():
            end += 1
        return Span(span.first, end - span.first)

    def items(self, span: Span) -> Pieces:
        """The pieces of a span; each file is looked at once."""
        numbers = range(span.first, span.end)
        for number in numbers:
            if number not in self.known:
                self.known[number] = len(self.pieces)
                self.pieces.add(self.path(number))
        return self.pieces.some(np.array([self.known[number] for number in numbers], np.int64))
