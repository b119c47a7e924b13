"""A DAW for tests of what lies between takes and DAWs: a way that answers when and as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.delivery.carrier import Hears
from bridge.delivery.messages import FROM_DAW, TO_DAW, Message, checked
from bridge.delivery.way import NotThere
from bridge.delivery_state import Delivery


@dataclass
class StandIn:
    """A `Way`: `there` says whether it can be reached, `answer` what a delivery comes to (None: the answer is late)."""

    there: bool = True
    answer: Callable[[Delivery], str | None] = lambda delivery: f"placed {delivery.name}"
    taken: bool = True
    got: list[Delivery] = field(default_factory=list)

    def ready(self) -> bool:
        return self.there

    def detail(self) -> str:
        return "a stand-in"

    def deliver(self, delivery: Delivery) -> str | None:
        if not self.there:
            raise NotThere("gone")
        self.got.append(delivery)
        return self.answer(delivery)

    def withdraw(self, delivery: Delivery) -> bool:
        return not self.taken


class Loop:
    """A `Carrier` without a wire: what is sent is kept, and a test says what the DAW says."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.sent: list[tuple[str, Message]] = []
        self._came = threading.Condition()
        self._hears: Hears = lambda daw, message: None

    def start(self, hears: Hears) -> None:
        self._hears = hears

    def connected(self, daw: str) -> bool:
        return daw in self.there

    def send(self, daw: str, message: Message) -> bool:
        if daw not in self.there:
            return False
        with self._came:
            self.sent.append((daw, checked(message, TO_DAW)))
            self._came.notify_all()
        return True

    def withdraw(self, daw: str, delivery_id: str) -> bool:
        return False

    def close(self) -> None:
        """Nothing to end."""

    def says(self, daw: str, kind: str, **fields: str | int | float | bool) -> None:
        """The DAW says something."""
        self.there |= {daw}
        self._hears(daw, checked({"kind": kind} | fields, FROM_DAW))

    def wait(self, kind: str, seconds: float = 30.0) -> Message:
        """The next message of a kind that the DAW is told, taken out."""

        def found() -> Message | None:
            return next((m for _, m in self.sent if m["kind"] == kind), None)

        with self._came:
            assert self._came.wait_for(found, seconds), f"no {kind} came; {self.sent}"
            message = found()
            assert message is not None
            self.sent = [each for each in self.sent if each[1] is not message]
            return message
