"""The records of models' files: whether a model is on this machine, what is being done about it, and the hub's account.

Knows nothing of processes or of the hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Storing = Literal[
    "installed", "absent", "paused", "asking", "downloading", "checking", "adding", "removing"
]
BUSY: tuple[Storing, ...] = ("asking", "downloading", "checking", "adding", "removing")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """The files of one model.

    Attributes:
        state: `paused` when a part of a download is here and none runs; `asking` while its size is asked for.
        done: bytes that are here.
        total: bytes of the whole download, or 0 while not known.
        accepted: whether its licence was accepted on this machine.
        problem: why the last errand failed, in a sentence; empty when it did not.
    """

    name: str
    state: Storing = "absent"
    done: int = 0
    total: int = 0
    accepted: bool = False
    problem: str = ""

    @property
    def busy(self) -> bool:
        """Whether something is being done about it."""
        return self.state in BUSY

    @property
    def fraction(self) -> float:
        """0..1 of the download."""
        if self.state == "installed":
            return 1.0
        return min(self.done / self.total, 1.0) if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Account:
    """The account on the hub: whether a token is stored, None while nobody knows; why storing failed."""

    stored: bool | None = None
    busy: bool = False
    problem: str = ""
