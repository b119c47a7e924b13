"""The law of messages: which sentence is to be seen now, and the last fifty of them.

The newest lies on top. Information goes after the time it takes to read, a warning after three times that, and what
lay below is seen again as long as it lasts. An error stays until it is put away, or a newer one comes. The same
sentence again counts up. Pure; knows nothing of Qt, and of time only what it is told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from bridge.events import Notice

KEPT = 50
GLANCE, LETTER = 5.0, 0.06
"""Seconds to notice a sentence, and to read a letter of it."""
PATIENCE = {"info": 1.0, "warning": 3.0, "error": math.inf}
"""How many times as long as it takes to read it, a message is shown."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence that was said.

    Attributes:
        level: info, warning or error.
        at: when it was said last, in seconds since the epoch, for people.
        since: the same on a clock that nobody sets, in seconds.
        times: how often.
    """

    level: str
    text: str
    at: float
    since: float
    times: int = 1

    @property
    def until(self) -> float:
        """When it goes by itself."""
        return self.since + PATIENCE[self.level] * (GLANCE + LETTER * len(self.text))

    def words(self) -> str:
        """The sentence with how often it was said: 'No sound. (3×)'."""
        return self.text if self.times == 1 else f"{self.text} ({self.times}×)"


class Messages:
    """What was said; oldest first."""

    def __init__(self) -> None:
        self.all: list[Message] = []
        self._away: set[str] = set()
        """Levels of which nothing is to be seen until something new is said."""

    def add(self, notice: Notice, at: float, now: float) -> Message:
        """Takes a sentence; one that is known counts up and is the newest."""
        text = " ".join(notice.text.split())
        message = Message(notice.level, text, at, now)
        for known in self.all:
            if (known.level, known.text) == (message.level, message.text):
                self.all.remove(known)
                message = replace(message, times=known.times + 1)
                break
        self.all = [*self.all, message][-KEPT:]
        self._away.discard(message.level)
        return message

    def seen(self, now: float) -> Message | None:
        """What is to be seen: of each level the last alone, of these the newest that has not gone."""
        lasting = {message.level: message for message in self.all}
        there = [
            message
            for level, message in lasting.items()
            if level not in self._away and now < message.until
        ]
        return max(there, key=lambda message: message.since, default=None)

    def put_away(self, now: float) -> None:
        """Takes away what is seen."""
        message = self.seen(now)
        if message is not None:
            self._away.add(message.level)

    def put_all_away(self) -> None:
        """Takes all away: somebody has read the list."""
        self._away |= set(PATIENCE)
