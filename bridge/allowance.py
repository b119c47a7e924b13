"""An allowance: so much at once, and so much a second after that. Knows nothing of what is counted, and no clock."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Allowance:
    """What may still be done now; times are in seconds of any clock.

    Attributes:
        most: at once, and what there is at first.
        rate: a second.
        at: when it was last filled up; needed from the start if it may be overdrawn before it is filled.
        left: may fall below 0, and is then filled up from there.
    """

    most: float
    rate: float
    at: float = 0.0
    left: float = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.most

    def fill(self, now: float) -> float:
        """Adds what has come since, and gives what there is."""
        self.left = min(self.left + (now - self.at) * self.rate, self.most)
        self.at = now
        return self.left

    def take(self, now: float) -> bool:
        """Takes one, if there is one."""
        if self.fill(now) < 1:
            return False
        self.left -= 1
        return True
