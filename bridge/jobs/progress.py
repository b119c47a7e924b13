"""How far a job is, as one number that never falls, and how long it will still take.

Knows nothing of queues. The stages' shares are what rendering usually costs; the time left is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.state import JobStage
from engine.updates import AudioBlock, LeadSheet, Step, Update

SHARES: dict[JobStage, tuple[float, float]] = {
    "queued": (0.0, 0.0),
    "loading": (0.0, 0.04),
    "compiling": (0.04, 0.04),
    "encode": (0.04, 0.08),
    "diffuse": (0.08, 0.80),
    "decode": (0.80, 0.99),
    "write": (0.99, 1.0),
}


class Progress:
    """Progress over a batch of takes."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Starts the clock."""
        self._total = total
        self._clock = clock
        self._index = 0
        self._frames = 0
        self.stage: JobStage = "queued"
        self.fraction = 0.0
        self.lead_sheet = ""
        # From the first real step on: loading says nothing about how fast the work will go.
        self._began: tuple[float, float] | None = None
        self._moved = 0.0

    def begin_take(self, index: int, frames: int) -> None:
        """The next take of the batch, from 0, of so many audio frames."""
        self._index = index
        self.lead_sheet = ""
        self._frames = max(frames, 1)

    def update(self, update: Update) -> None:
        """A step or block is done, or it is known what is played; the same step again only says that it lasts."""
        if isinstance(update, AudioBlock):
            done = (update.start + update.samples.shape[-1]) / self._frames
            self._move("decode", done)
        elif isinstance(update, LeadSheet):
            self.lead_sheet = update.about
        elif isinstance(update, Step):
            if update.stage == "timing":  # Live alone does that.
                return
            self._move(update.stage, update.index / max(update.total, 1))

    def writing(self) -> None:
        """All is decoded; the file is being closed."""
        self._move("write", 0.0)

    def finished_take(self) -> None:
        """A take is whole."""
        self._move("write", 1.0)

    @property
    def eta_s(self) -> float | None:
        """Seconds left, or None while nothing is known; it falls while a step lasts, and each step corrects it."""
        if self._began is None:
            return None
        began, fraction = self._began
        gained = self.fraction - fraction
        if gained <= 0.0:
            return None
        left = (self._moved - began) * (1.0 - self.fraction) / gained
        return max(left - (self._clock() - self._moved), 0.0)

    def _move(self, stage: JobStage, done: float) -> None:
        low, high = SHARES[stage]
        within = low + (high - low) * min(max(done, 0.0), 1.0)
        self.stage = stage
        fraction = min((self._index + within) / self._total, 1.0)
        if fraction > self.fraction:
            self.fraction, self._moved = fraction, self._clock()
        if self._began is None and stage in ("diffuse", "decode"):
            self._began = self._clock(), self.fraction
