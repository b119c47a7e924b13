"""Who is on the other side: where answers go, who gets events, and how many errors a client may cause.

Runs in the server's only thread, so it needs no lock. Knows nothing of commands or of the session. A client is a source
address. Senders that cannot read their own port name another with `reply_to`; one that has named none is answered at
its own port and also at the one that another program on its host has named (oscsend and Max send each message from a
new port).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bridge.errors import BridgeError
from bridge.osc.packet import encode

LIFETIME = 60.0
"""Seconds a subscription lasts unless it is renewed."""
ERRORS_PER_SECOND = 20
MAX_CLIENTS = 1024

Plain = int | float | str | bool
Target = tuple[str, str, int]
"""How to reach somebody: `udp` or `tcp`, host, port."""
Transmit = Callable[[Target, bytes], None]
Traffic = Callable[[Target, str, tuple[Plain, ...]], None]


@dataclass(slots=True)
class Client:
    """One sender.

    Attributes:
        source: where its packets come from.
        named: where it wants its answers, or None.
        topics: what it subscribed to, until `until` (monotonic seconds).
        budget: how many more errors it may be sent now; refills over time.
    """

    source: Target
    named: Target | None = None
    topics: frozenset[str] = frozenset()
    until: float = 0.0
    budget: float = ERRORS_PER_SECOND
    refilled: float = field(default=0.0)

    @property
    def host(self) -> str:
        """The machine it runs on."""
        return self.source[1]


class Clients:
    """All known clients; the one that was silent for longest is forgotten first."""

    def __init__(self, transmit: Transmit, clock: Callable[[], float], traffic: Traffic) -> None:
        """Sends through `transmit` and tells `traffic` what went out."""
        self._transmit = transmit
        self._clock = clock
        self._traffic = traffic
        self._known: OrderedDict[Target, Client] = OrderedDict()
        self._default: dict[str, Target] = {}

    def at(self, source: Target) -> Client:
        """The client behind a source address."""
        client = self._known.get(source)
        if client is None:
            client = self._known[source] = Client(source)
            while len(self._known) > MAX_CLIENTS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(source)
        return client

    def forget(self, source: Target) -> None:
        """Drops a client whose connection was closed."""
        self._known.pop(source, None)

    def name(self, client: Client, host: str, port: int) -> None:
        """Sets where a client's answers go; port 0 undoes that.

        Raises:
            BridgeError: `bad_args` when the address is not on the client's own machine.
        """
        if port == 0:
            client.named = None
            self._default.pop(client.host, None)
            return
        host = "127.0.0.1" if host == "localhost" else host
        if host != client.host:
            raise BridgeError(
                "bad_args", f"Answers to {client.host} go to {client.host}, not to {host[:60]!r}."
            )
        client.named = ("udp", host, port)
        self._default[host] = client.named
        while len(self._default) > MAX_CLIENTS:
            self._default.pop(next(iter(self._default)))

    def subscribe(self, client: Client, topics: Iterable[str]) -> float:
        """Subscribes a client to topics; returns for how many seconds (no topics end it)."""
        client.topics = frozenset(topics)
        client.until = self._clock() + LIFETIME if client.topics else 0.0
        return LIFETIME if client.topics else 0.0

    def answer(self, client: Client, address: str, arguments: Iterable[Plain]) -> None:
        """Sends one message to one client."""
        self._send(self._targets(client), address, arguments)

    def error(self, client: Client, arguments: Iterable[Plain]) -> None:
        """Sends an error, unless the client has used up this second's share."""
        now = self._clock()
        client.budget += (now - client.refilled) * ERRORS_PER_SECOND
        client.budget = min(client.budget, ERRORS_PER_SECOND)
        client.refilled = now
        if client.budget >= 1:
            client.budget -= 1
            self.answer(client, "/longtake/error", arguments)

    def tell(
        self, topic: str, address: str, arguments: Iterable[Plain], also: Client | None = None
    ) -> None:
        """Sends an event once to every address that subscribed to its topic, and to whoever asked for it."""
        now = self._clock()
        targets: dict[Target, None] = {}
        for client in self._known.values():
            if client is also or (client.until > now and topic in client.topics):
                targets.update(self._targets(client))
        self._send(targets, address, arguments)

    def anybody(self) -> bool:
        """Whether anybody's subscription is still valid."""
        now = self._clock()
        return any(client.until > now for client in self._known.values())

    def _targets(self, client: Client) -> dict[Target, None]:
        if client.named:
            return {client.named: None}
        targets: dict[Target, None] = {client.source: None}
        default = self._default.get(client.host)
        if default and client.source[0] == "udp":
            targets[default] = None
        return targets

    def _send(self, targets: Iterable[Target], address: str, arguments: Iterable[Plain]) -> None:
        values = tuple(arguments)
        packet = encode(address, values)
        for target in targets:
            self._transmit(target, packet)
            self._traffic(target, address, values)
