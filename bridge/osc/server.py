"""The OSC server: one thread that takes packets in, has them carried out, and sends answers and events.

Starts in milliseconds and waits for nothing but packets: calls to the session return at once, and what comes of them
arrives as events, which other threads put into a queue here. So clients and subscriptions need no lock. Senders take
turns, and what they get done in one is bounded, so that no flood makes it deaf to the others.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from bridge import events
from bridge.events import Event, OscTraffic, Publish
from bridge.osc.access import Access, OscOptions
from bridge.osc.actions import Actions
from bridge.osc.announcer import Announcer
from bridge.osc.binding import PortInUse, is_open, is_ours
from bridge.osc.clients import ANSWER, Client, Clients, Plain, Target, World
from bridge.osc.command import ROOT
from bridge.osc.dispatch import Dispatcher
from bridge.osc.echoes import Echoes
from bridge.osc.inbox import Inbox, Item
from bridge.osc.packet import Message, PacketError, decode
from bridge.osc.query import OscQuery
from bridge.osc.schema import COMMANDS
from bridge.osc.sockets import Sockets
from bridge.osc.told import EVENTS
from bridge.rare_log import RareLog
from bridge.session import Session

TICK = 0.05
SLICE = 0.002
"""Seconds of work before the sockets are looked at again, and in one sender's turn."""
MAX_EVENTS = 1000
"""Events to be told, above which no more requests are taken."""
CLOSE_WITHIN = 5.0
TRAFFIC_PER_SECOND = 50
"""Messages a second that the monitor shows; a flood must not fill it."""

_ANSWERS = {
    told.split()[0] for told in (*EVENTS, *(c.answer for c in COMMANDS.values() if c.answer))
}
NEVER_ANSWERED = frozenset(_ANSWERS - set(COMMANDS))
"""What only the bridge sends: whoever sends it back is not answered, or two would answer each other for ever."""

__all__ = ["OscOptions", "OscServer", "PortInUse"]
_log = logging.getLogger(__name__)


class OscServer:
    """Listens from `start` to `close`; `refused` counts packets that were not OSC."""

    def __init__(self, session: Session, publish: Publish, options: OscOptions) -> None:
        """Binds the sockets.

        Raises:
            PortInUse: naming the next free port.
            BridgeError: `bad_args` when the options would open the bridge without allow-list and token.
        """
        self._session = session
        self._publish = publish
        self._access = Access(options)
        self._inbox = Inbox(lambda source: self._clients.keeps(source))
        self._sockets = Sockets(
            options.host, options.port, self._access, self._inbox.put, self._needed
        )
        self.port = self._sockets.port
        self.refused = 0
        clock = time.monotonic
        self._echoes = Echoes(clock)
        world = World(
            self._sockets.transmit,
            self._sent,
            clock,
            self._reachable,
            self._own,
            self._echoes.goes_round,
        )
        self._clients = Clients(world, options.subscription)
        self._actions = Actions(session, self._clients, self._access)
        self._announcer = Announcer(session, self._clients, self._actions, clock)
        self._dispatcher = Dispatcher(session, self._clients, self._actions, self._access)
        self._query = OscQuery(self._actions.value, self.port, options.query_port)
        self._events: deque[Event] = deque()
        self._rare = RareLog(_log)
        self._shown = (0, 0)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)
        if self._access.remote:
            _log.warning("OSC listens on %s: other machines may control Longtake.", options.host)

    @property
    def query_port(self) -> int | None:
        """Where OSCQuery answers, or None."""
        return self._query.port

    def start(self) -> None:
        """Begins to answer."""
        self._unsubscribe = self._session.subscribe(self._hear)
        self._query.start()
        self._thread.start()

    def close(self) -> None:
        """Says bye to subscribers and closes the sockets."""
        if self._thread.is_alive():
            self._unsubscribe()
            self._stopping = True
            self._sockets.wake()
            self._thread.join(timeout=CLOSE_WITHIN)
        self._query.close()
        self._sockets.close()

    def _hear(self, event: Event) -> None:
        """Takes an event from any thread."""
        if not isinstance(event, (OscTraffic, events.AudioReady)):
            self._events.append(event)
            if (
                len(self._events) == 1
            ):  # With more, it was woken for the first and has not come to them yet.
                self._sockets.wake()

    def _run(self) -> None:
        idle, busy = True, 0.0
        while not self._stopping:
            self._sockets.receive(TICK if idle else 0.0, busy)
            began = time.monotonic()
            idle = True  # Unless the turn gets as far as to say otherwise.
            try:
                idle = self._turn()
            except Exception:
                _log.exception("The OSC server met an error and goes on")
            busy = time.monotonic() - began
        self._guarded(self._announcer.bye)

    def _turn(self) -> bool:
        """Tells events and carries out requests for a moment; returns whether there is nothing more to do now."""
        while self._sockets.spoiled:
            self._inbox.discard(self._sockets.spoiled.popleft())
        while self._sockets.closed:
            self._clients.forget(self._sockets.closed.popleft())
        until = time.monotonic() + SLICE
        while self._events and time.monotonic() < until:
            self._guarded(self._announcer.tell, self._events.popleft())
        self._announcer.tick()
        self._clients.tick()
        until = time.monotonic() + SLICE
        while len(self._events) <= MAX_EVENTS and time.monotonic() < until:
            taken = self._inbox.take(self._clients.may_ask)
            if taken is None:
                return not self._events
            self._serve(*taken)
        return False

    def _serve(self, source: Target, item: Item) -> None:
        """A sender's turn: the messages of one packet, as many as it may and as fit; the rest waits for the next."""
        try:
            content = item.content
            messages = deque(decode(content)) if isinstance(content, bytes) else content
        except PacketError as error:
            self._refuse(source, item.size, error)
            return
        client = self._clients.at(source)
        until = time.monotonic() + SLICE
        while messages:
            self._carry_out(client, messages.popleft())
            if messages and (time.monotonic() > until or not self._clients.may_ask(source)):
                self._inbox.put_back(source, item, messages)
                break
        self._sockets.approve(source)

    def _carry_out(self, client: Client, message: Message) -> None:
        self._clients.count(client)
        self._show("in", client.source, message.address, message.arguments)
        if message.address == f"{ROOT}/error":
            self._clients.cut(client.source)
        elif message.address not in NEVER_ANSWERED:
            for place in self._clients.targets(client):
                self._echoes.hear(place, *message)
            self._dispatcher.handle(client, message)

    def _refuse(self, source: Target, size: int, error: PacketError) -> None:
        self.refused += 1
        self._rare.warn(f"A packet was refused: {error};", f"from {source[1]}")
        if size >= ANSWER:  # Short ones cost less than what counting is for.
            self._clients.count(self._clients.at(source), size)
        if source[0] == "tcp":  # Whatever else it sends is no better.
            self._sockets.end(source)
            self._inbox.discard(source)

    def _needed(self) -> set[Target]:
        """Who waits for something: for events, or for a job."""
        waiting = [job.id for job in self._session.jobs.all() if not job.finished]
        askers = [asker.source for job in waiting if (asker := self._actions.asker(job))]
        return {*askers, *self._clients.subscribers()}

    def _reachable(self, target: Target) -> bool:
        kind, host, port = target
        return is_open(host, port) if kind == "udp" else self._sockets.connected(target)

    def _own(self, host: str, port: int) -> bool:
        return port in (self.port, self.query_port) and is_ours(host)

    def _guarded(self, call: Callable[..., None], *arguments: Any) -> None:
        """The server outlives whatever one turn raises."""
        try:
            call(*arguments)
        except Exception:
            _log.exception("The OSC server met an error and goes on")

    def _sent(self, target: Target, address: str, values: tuple[Plain, ...]) -> None:
        if address in COMMANDS:
            self._echoes.tell(target, address, values)
        self._show("out", target, address, values)

    def _show(
        self, direction: Literal["in", "out"], peer: Target, address: str, values: tuple[Any, ...]
    ) -> None:
        second, shown = self._shown
        now = int(time.monotonic())
        shown = shown + 1 if now == second else 1
        self._shown = (now, shown)
        if shown <= TRAFFIC_PER_SECOND:
            where = f"{peer[0]} {peer[1]}:{peer[2]}"
            self._publish(OscTraffic(direction, where, address, values))
