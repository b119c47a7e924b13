"""The OSC server: one thread that takes packets in, has them carried out, and sends answers and events.

Starts in milliseconds and waits for nothing but packets: calls to the session return at once, and what comes of them
arrives as events, which other threads put into a queue here. So clients and subscriptions need no lock.
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
from bridge.osc.clients import Clients, Plain, Target
from bridge.osc.dispatch import Dispatcher
from bridge.osc.packet import PacketError, decode
from bridge.osc.query import OscQuery
from bridge.osc.sockets import PortInUse, RareLog, Sockets
from bridge.session import Session

TICK = 0.05
AT_ONCE = 16
"""Packets handled before the socket is looked at again."""
TRAFFIC_PER_SECOND = 50
"""Messages a second that the monitor shows; a flood must not fill it."""

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
        self._sockets = Sockets(options.host, options.port, self._access)
        self.port = self._sockets.port
        self.refused = 0
        clock = time.monotonic
        self._clients = Clients(self._sockets.transmit, clock, self._sent)
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
            self._thread.join(timeout=5)
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
        while not self._stopping:
            self._sockets.receive(0.0 if self._sockets.waiting else TICK)
            self._guarded(self._turn)
        self._guarded(self._announcer.bye)

    def _turn(self) -> None:
        for _ in range(min(AT_ONCE, len(self._sockets.waiting))):
            self._take(*self._sockets.waiting.popleft())
        while self._sockets.closed:
            self._clients.forget(self._sockets.closed.popleft())
        while self._events:
            self._guarded(self._announcer.tell, self._events.popleft())
        self._announcer.tick()

    def _take(self, source: Target, packet: bytes) -> None:
        try:
            messages = decode(packet)
        except PacketError as error:
            self.refused += 1
            self._rare.warn(f"A packet was refused: {error};", f"from {source[1]}")
            return
        client = self._clients.at(source)
        for message in messages:
            self._show("in", source, message.address, message.arguments)
            self._dispatcher.handle(client, message)

    def _guarded(self, call: Callable[..., None], *arguments: Any) -> None:
        """The server outlives whatever one turn raises."""
        try:
            call(*arguments)
        except Exception:
            _log.exception("The OSC server met an error and goes on")

    def _sent(self, target: Target, address: str, values: tuple[Plain, ...]) -> None:
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
