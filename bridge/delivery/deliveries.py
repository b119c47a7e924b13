"""Every delivery: settled when asked for, owed until it is done, carried out by one thread, told as events.

A DAW that is closed gets what it is owed when it is back, in order, once. What was sent and not answered before the
DAW ended is `unsure`: it may lie there already, so only the musician sends it again. The audio stays where it lies in
the library. Knows targets by their `Way`; nothing of jobs, sockets or what a DAW asks for.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge.delivery.outgoing import delivery_of
from bridge.delivery.owed import Owed
from bridge.delivery.targets import TARGETS, target
from bridge.delivery.way import NotThere, Way
from bridge.delivery_state import Companion, CompanionState, Delivery, Placement
from bridge.errors import BridgeError
from bridge.events import CompanionChanged, DeliveryChanged, Notice, Publish
from bridge.state import Take
from engine.errors import LongtakeError

REMEMBERED = 200
PATIENCE = 90.0
"""Seconds for a DAW to answer: Live reads a long file before it does."""
AGAIN = 2.0
"""Seconds between two looks at whether a DAW is there, and two tries while it records."""
_log = logging.getLogger(__name__)


class Deliveries:
    """All deliveries; any thread may call it."""

    def __init__(
        self,
        publish: Publish,
        owed: Owed,
        ways: Mapping[str, Way],
        set_up: Callable[[str], bool] = lambda name: True,
    ) -> None:
        """Reads what is owed; nothing is delivered before `start`.

        Args:
            publish: who is told.
            owed: the file.
            ways: how each target of `TARGETS` that can be used takes deliveries.
            set_up: whether what a target needs inside its DAW is installed.
        """
        self._publish = publish
        self._owed = owed
        self._ways = ways
        self._set_up = set_up
        self._lock = threading.Condition()
        self._known: dict[str, Delivery] = {each.id: each for each in map(_read_again, owed.read())}
        self._since: dict[str, float] = {}
        self._sent_again: dict[str, str] = {}
        self._companions: dict[str, Companion] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def start(self) -> None:
        """Begins to deliver."""
        self._thread.start()

    def send(self, take: Take, placement: Placement) -> Delivery:
        """Owes a take to its target; it is on disk when this returns. The same wish, while it is open, is one delivery.

        Raises:
            BridgeError: `out_of_range` for an unknown target, `not_loaded` if this Longtake has no way to it.
        """
        self.check(placement.target)
        wish = take.id, placement.asked
        with self._lock:
            known = self._known.values()
            same = (d for d in known if d.open and (d.take_id, d.placement.asked) == wish)
            if found := next(same, None):
                return found
        return self.add(delivery_of(take, placement))

    def owe(self, take: Take, placement: Placement) -> None:
        """As `send`, for a take that a job has just made: what forbids it is told, and the take stays where it is."""
        try:
            self.send(take, placement)
        except LongtakeError as error:
            self._publish(Notice("warning", "", f"{take.name} was not delivered: {error}"))

    def add(self, delivery: Delivery) -> Delivery:
        """Owes a delivery under a new id, also of what is no take (the click of a test)."""
        self.check(delivery.placement.target)
        way = self._ways[delivery.placement.target]
        fresh = replace(
            delivery,
            id=f"d{secrets.token_hex(4)}",
            state="owed",
            text="" if way.ready() else way.detail(),
            created=time.time(),
        )
        with self._lock:
            self._known[fresh.id] = fresh
            self._forget_old()
            self._put(fresh.id)
            self._lock.notify()
        return fresh

    def check(self, name: str) -> None:
        """Whether there is a way to a target.

        Raises:
            BridgeError: as `send`.
        """
        known = target(name)
        if name not in self._ways:
            raise BridgeError("not_loaded", f"{known.title} is switched off in the settings.")

    def again(self, delivery_id: str) -> Delivery:
        """Sends something again that was refused, dropped or is unsure, as a new delivery; once while that is open.

        Raises:
            BridgeError: `bad_args` if there is none of that id, or it is still on its way.
        """
        delivery = self.get(delivery_id)
        if delivery.open:
            raise BridgeError("bad_args", f"{delivery.name} is on its way already.")
        newer = self._known.get(self._sent_again.get(delivery_id, ""))
        if newer and newer.open:
            return newer
        fresh = self.add(delivery)
        self._sent_again[delivery_id] = fresh.id
        return fresh

    def drop(self, delivery_id: str) -> None:
        """Delivers it no more; what a DAW has already is not taken from it.

        Raises:
            BridgeError: `bad_args` if there is none of that id.
        """
        self.get(delivery_id)
        with self._lock:
            if self._known[delivery_id].state == "owed":
                self._put(delivery_id, state="dropped", text="It is not wanted any more.")

    def get(self, delivery_id: str) -> Delivery:
        """A delivery by its id.

        Raises:
            BridgeError: `bad_args` if there is none.
        """
        with self._lock:
            found = self._known.get(delivery_id)
        if found is None:
            raise BridgeError("bad_args", f"There is no delivery {delivery_id[:40]!r}.")
        return found

    def all(self) -> tuple[Delivery, ...]:
        """The newest first."""
        with self._lock:
            return tuple(reversed(self._known.values()))

    def where(self, take_id: str) -> tuple[str, ...]:
        """The titles of the DAWs whose projects refer to a take's file."""
        named = {
            each.placement.target
            for each in self.all()
            if each.take_id == take_id and each.state in ("placed", "sent", "unsure")
        }
        copied = {"ardour", "folder", "dawproject"}
        return tuple(TARGETS[name].title for name in TARGETS if name in named - copied)

    def companions(self) -> tuple[Companion, ...]:
        """Every target, and whether it takes deliveries now."""
        return tuple(self._companion(name) for name in TARGETS)

    def look(self) -> None:
        """Something changed (a DAW came, went, answered, was set up): looks at once, from any thread."""
        with self._lock:
            self._lock.notify()

    def answered(
        self, delivery_id: str, *, ok: bool, code: str = "", text: str = "", by: str = ""
    ) -> None:
        """What is said of a delivery, as in `messages.FROM_DAW`; `by` names the DAW that says it.

        Of one that waits for no answer, or is another DAW's, it is not heard.
        """
        with self._lock:
            delivery = self._known.get(delivery_id)
            if delivery is None or by not in ("", delivery.placement.target):
                return
            if delivery.state not in ("sent", "unsure"):
                return
            if ok:
                self._put(delivery_id, state="placed", text=text)
            elif code == "recording" and delivery.state == "sent":
                self._owe_again(delivery_id, text)
            else:
                self._put(delivery_id, state="unsure" if code == "unsure" else "refused", text=text)
            self._lock.notify()

    def close(self) -> None:
        """Ends the thread; what is owed stays on disk, and what a DAW has not taken yet is owed again."""
        with self._lock:
            self._stopping = True
            self._lock.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)
        with self._lock:
            for delivery in list(self._known.values()):
                if delivery.state == "sent" and self._ways[delivery.placement.target].withdraw(
                    delivery
                ):
                    self._put(delivery.id, state="owed", text="")

    # --- the thread ---

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._stopping:
                    return
                due = self._due()
            try:
                self._tell_companions()
                for delivery in due:
                    self._deliver(delivery)
            except Exception:
                _log.exception("Deliveries met an error and go on")
            with self._lock:
                if not self._stopping and not (due and self._due()):
                    self._lock.wait(AGAIN)

    def _due(self) -> list[Delivery]:
        """The next delivery to each target that is there and has answered the one before; unanswered ones end here."""
        now = time.monotonic()
        due: dict[str, Delivery] = {}
        busy: set[str] = set()
        for delivery in list(self._known.values()):
            name = delivery.placement.target
            way = self._ways.get(name)
            if way is None or not delivery.open:
                continue
            if delivery.state == "sent":
                busy |= {name} if self._still_waits(delivery, way, now) else set()
            elif name not in due and way.ready():
                due[name] = delivery
                if now < self._since.get(delivery.id, 0.0):
                    busy.add(name)  # What was asked for later does not overtake it.
        return [delivery for name, delivery in due.items() if name not in busy]

    def _still_waits(self, delivery: Delivery, way: Way, now: float) -> bool:
        """Whether a delivery that was sent may still be answered; else it is owed again, or unsure."""
        if way.ready() and now < self._since.get(delivery.id, now) + PATIENCE:
            return True
        if way.withdraw(delivery):
            self._put(delivery.id, state="owed", text="")
        else:
            title = TARGETS[delivery.placement.target].title
            self._put(
                delivery.id,
                state="unsure",
                text=f"{title} ended before it answered. Look whether it lies there; if not, send it again.",
            )
        return False

    def _deliver(self, delivery: Delivery) -> None:
        with self._lock:
            if self._known[delivery.id].state != "owed":
                return
            if delivery.take_id and not delivery.path.is_file():
                self._put(
                    delivery.id,
                    state="refused",
                    text="Its file is gone: the take was deleted or moved.",
                )
                return
            self._since[delivery.id] = time.monotonic()
            self._put(delivery.id, state="sent", text="")
        try:
            text = self._ways[delivery.placement.target].deliver(delivery)
        except NotThere as reason:
            with self._lock:
                self._owe_again(delivery.id, str(reason))
        except LongtakeError as error:
            self.answered(delivery.id, ok=False, code="failed", text=str(error))
        except Exception as error:
            _log.exception("%s could not be delivered", delivery.name)
            self.answered(
                delivery.id, ok=False, code="failed", text=f"An error within Longtake: {error!r}."
            )
        else:
            if text is not None:
                self.answered(delivery.id, ok=True, text=text)

    def _tell_companions(self) -> None:
        for companion in self.companions():
            if self._companions.get(companion.target) != companion:
                self._companions[companion.target] = companion
                self._publish(CompanionChanged(companion))

    def _companion(self, name: str) -> Companion:
        known, way = TARGETS[name], self._ways.get(name)
        if way is None:
            return Companion(name, known.title, "absent", "It is switched off in the settings.")
        state: CompanionState = (
            "connected" if way.ready() else "waiting" if self._set_up(name) else "absent"
        )
        absent = f"Our script is not inside {known.title} yet."
        return Companion(name, known.title, state, absent if state == "absent" else way.detail())

    # --- under the lock ---

    def _owe_again(self, delivery_id: str, text: str) -> None:
        """It is tried again in a while."""
        self._since[delivery_id] = time.monotonic() + AGAIN
        self._put(delivery_id, state="owed", text=text)

    def _put(self, delivery_id: str, **change: Any) -> None:
        delivery = self._known[delivery_id] = replace(self._known[delivery_id], **change)
        self._owed.write(self._known.values())
        self._publish(DeliveryChanged(delivery))
        if delivery.state in ("refused", "unsure"):
            title = TARGETS[delivery.placement.target].title
            self._publish(
                Notice("warning", "", f"{delivery.name} was not placed in {title}: {delivery.text}")
            )

    def _forget_old(self) -> None:
        done = [each.id for each in self._known.values() if not each.open]
        for delivery_id in done[: max(0, len(self._known) - REMEMBERED)]:
            del self._known[delivery_id]
            self._since.pop(delivery_id, None)


def _read_again(delivery: Delivery) -> Delivery:
    """A delivery of the last run; what was sent then may have been placed."""
    if delivery.state != "sent":
        return delivery
    text = (
        "Longtake ended before the DAW answered. Look whether it lies there; if not, send it again."
    )
    return replace(delivery, state="unsure", text=text)
