"""Whether an engine process still works: what it owes, how long it has been still, and when that is too long.

A slow engine is not a hung one: a step of a large model may take minutes on a processor. So three signs are told
apart: beats of a thread of the child (the process runs at all), processor time (it computes), and progress (it gets
on); how long the last may take is learnt from the steps before. Knows nothing of processes, threads or clocks: it is
told what was asked, what was heard, and how much time went by while somebody waited.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

BEAT = 1.0
"""Seconds between two beats of the child."""
BUSY, LOADING = 12.0, 4.0
"""How many times as long an engine may work that uses the processor, and one that loads or compiles."""
STEPS, SHARE = 10.0, 0.2
"""Once there are steps to measure, the next may take so many times the longest, and never less than this share of the
patience; without a beat it may be silent for that share."""
STOPPING = 3.0
"""How many of its steps an engine may take to stop."""
_LOADS = ("starting", "loading", "compiling")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a bridge waits, s.

    Attributes:
        patience: for an engine that neither gets on nor computes; 0 waits for ever.
        grace: for an engine that was told to stop; one whose steps are long has up to six times that.
    """

    patience: float = 300.0
    grace: float = 10.0


class Vigil:
    """What one engine process owes; calls come one at a time."""

    def __init__(self, limits: Limits) -> None:
        """The process has just been started and owes its engine."""
        self._limits = limits
        self._owed: deque[int | str] = deque(["start"])
        self._stopped_to = -1
        self._begin("starting")
        self._unheard = 0.0

    @property
    def stopping(self) -> bool:
        """Whether it is busy with a run that nobody wants any more."""
        return bool(self._owed) and self._is_stopped(self._owed[0])

    def asked(self, work: int | str) -> None:
        """It was given work: a run by its number, or something else by a name."""
        if not self._owed:
            self._begin("")
        self._owed.append(work)

    def stopped(self, run: int) -> None:
        """The run, and all before it, is to be stopped."""
        if not self.stopping:
            self._since_stop = 0.0
        self._stopped_to = max(self._stopped_to, run)

    def heard(self, message: dict[str, Any]) -> None:
        """It said something."""
        self._unheard = 0.0
        said = message["say"]
        if said == "done":
            if self._owed:
                self._owed.popleft()
            self._begin("")
        elif said != "beat":
            self._advanced(message)

    def passed(self, seconds: float, *, worked: bool, wanted: bool) -> str:
        """Counts time.

        Args:
            seconds: that went by.
            worked: whether the process used the processor meanwhile.
            wanted: whether somebody waited for its run; a reader who is slow himself makes no engine late.

        Returns:
            Why it must be ended, as what follows "The engine process"; empty if it need not.
        """
        self._unheard += seconds
        if self._owed and (wanted or self.stopping or isinstance(self._owed[0], str)):
            self._waited += seconds
            self._still = 0.0 if worked else self._still + seconds
        if self.stopping:
            self._since_stop += seconds
            return self._overdue_stop()
        patience = self._limits.patience
        if not patience:
            return ""
        silence = patience * (1.0 if self._stage in _LOADS else SHARE)
        if self._unheard > silence:
            return f"gave no sign of life for {_length(self._unheard)}"
        return self._overdue(patience) if self._owed else ""

    def _overdue(self, patience: float) -> str:
        longest = patience * BUSY
        if self._pace is not None:
            limit = min(max(patience * SHARE, STEPS * self._pace), longest)
            late = self._waited > limit
        else:
            quiet = patience * (LOADING if self._stage in _LOADS else 1.0)
            late = self._waited > longest or self._still > quiet
        return f"made no progress for {_length(self._waited)}" if late else ""

    def _overdue_stop(self) -> str:
        grace = self._limits.grace
        long = 6 * grace
        if self._stage in _LOADS:
            # What is being loaded is of use to the next job.
            late = self._still > long
        else:
            pace = long if self._pace is None else STOPPING * self._pace
            late = self._since_stop > min(max(grace, pace), long)
        late = late or min(self._unheard, self._since_stop) > grace
        return f"did not stop within {_length(self._since_stop)}" if late else ""

    def _advanced(self, message: dict[str, Any]) -> None:
        stage, goes_on = _stage(message)
        longest = self._pace if self._pace is not None and stage == self._stage else 0.0
        self._pace = max(longest, self._waited) if goes_on else None
        self._stage = stage
        self._waited = self._still = 0.0

    def _begin(self, stage: str) -> None:
        self._stage = stage
        self._pace: float | None = None
        self._waited = self._still = self._since_stop = 0.0

    def _is_stopped(self, work: int | str) -> bool:
        return isinstance(work, int) and work <= self._stopped_to


def _stage(message: dict[str, Any]) -> tuple[str, bool]:
    """Which stage it is at, and whether more steps like this one are to come."""
    said = message["say"]
    if said == "step":
        stage = str(message["stage"])
        return stage, stage not in _LOADS and message["index"] < message["total"]
    if said == "model":
        return ("loading" if message["phase"] == "loading" else ""), False
    return said, said == "block"


def _length(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
