"""Who is on the other side: where answers go, who gets events, and how much a client may ask for.

Runs in the server's only thread, so it needs no lock. Knows nothing of commands or of the session. A client is a source
address. Senders that cannot read their own port name another with `reply_to`; one that has named none is answered at
its own port and also at the one that another program on its host has named (oscsend and Max send each message from a
new port).

The place of a client that subscribed or named a port is kept; of the others, the one that was silent for longest is
forgotten first. So no number of senders drives out a subscriber. A client has a share of each second: what goes beyond
it waits for its turn and is still answered (see `may_ask`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bridge.allowance import Allowance
from bridge.errors import BridgeError
from bridge.osc.access import is_loopback
from bridge.osc.packet import encode

LIFETIME = 60.0
"""Seconds after which a subscription that was not renewed ends, unless its port is still open."""
SWEEP = 1.0
SHARE = 4000.0
"""Messages and answers a second that a client may cause; an answer counts once more for every ANSWER bytes."""
AT_ONCE = 2000.0
ANSWER = 512
COMPLAINTS = 20.0
"""Messages a second to no address of ours that a client is told of."""
MAX_CLIENTS = 1024
MAX_PLACES = 128

Plain = int | float | str | bool
Target = tuple[str, str, int]
"""How to reach somebody: `udp` or `tcp`, host, port."""
Transmit = Callable[[Target, bytes], None]
Traffic = Callable[[Target, str, tuple[Plain, ...]], None]


@dataclass(slots=True, eq=False)
class Client:
    """One sender.

    Attributes:
        source: where its packets come from.
        share: what it may still cause now; below 0 it waits.
        complaints: how many more messages to no address it is told of now.
        named: where it wants its answers, or None.
        topics: what it subscribed to.
        until: when that ends or is seen to go on (monotonic seconds).
        messages: how many it has sent.
    """

    source: Target
    share: Allowance = field(default_factory=lambda: Allowance(AT_ONCE, SHARE))
    complaints: Allowance = field(default_factory=lambda: Allowance(COMPLAINTS, COMPLAINTS))
    named: Target | None = None
    topics: frozenset[str] = frozenset()
    until: float = 0.0
    messages: int = 0

    @property
    def host(self) -> str:
        """The machine it runs on."""
        return self.source[1]

    @property
    def place(self) -> Target:
        """Where it listens."""
        return self.named or self.source


@dataclass(frozen=True, slots=True)
class World:
    """What clients need to know of the world beyond them.

    Attributes:
        transmit: sends a packet.
        traffic: is told what went out.
        clock: monotonic seconds.
        reachable: whether somebody is known to listen at a target.
        own: whether a host and port are the bridge's own.
        goes_round: whether a target sends an event back without end.
    """

    transmit: Transmit
    traffic: Traffic
    clock: Callable[[], float]
    reachable: Callable[[Target], bool]
    own: Callable[[str, int], bool]
    goes_round: Callable[[Target, str, tuple[Plain, ...]], bool]


class Clients:
    """All known clients."""

    def __init__(self, world: World, lifetime: float = LIFETIME) -> None:
        """Subscriptions last `lifetime` seconds at least."""
        self._world = world
        self._lifetime = lifetime
        self._passing: OrderedDict[Target, Client] = OrderedDict()
        self._kept: OrderedDict[Target, Client] = OrderedDict()
        self._default: dict[str, Target] = {}
        self._swept = 0.0

    def at(self, source: Target) -> Client:
        """The client behind a source address."""
        known = self._kept if source in self._kept else self._passing
        if source not in known:
            known[source] = Client(source, Allowance(AT_ONCE, SHARE, self._world.clock()))
            if len(known) > MAX_CLIENTS:
                known.popitem(last=False)
        known.move_to_end(source)
        return known[source]

    def keeps(self, source: Target) -> bool:
        """Whether the place of whoever sends from there is kept."""
        return source in self._kept

    def subscribers(self) -> list[Target]:
        """From where those send that wait for events."""
        return [client.source for client in self._kept.values() if client.topics]

    def forget(self, source: Target) -> None:
        """Drops a client whose connection was closed."""
        self._kept.pop(source, None)
        self._passing.pop(source, None)

    # --- what it may ask for ---

    def may_ask(self, source: Target) -> bool:
        """Whether it is not beyond its share; what it sends then waits, and is lost only when it sends without end."""
        client = self._kept.get(source) or self._passing.get(source)
        return client is None or client.share.left > 0 or client.share.fill(self._world.clock()) > 0

    def count(self, client: Client, size: int = 0) -> None:
        """Counts one message or answer of so many bytes."""
        client.share.left -= 1 + size // ANSWER

    # --- where it listens, and to what ---

    def name(self, client: Client, host: str, port: int) -> None:
        """Sets where a client's answers go; port 0 undoes that.

        Raises:
            BridgeError: `bad_args` when the address is not on the client's own machine, or the bridge's own; `busy`
                when no place is left.
        """
        if port == 0:
            client.named = None
            self._default.pop(client.host, None)
            self._release(client)
            return
        if host == "localhost" and is_loopback(client.host):
            host = client.host
        if host != client.host:
            raise BridgeError(
                "bad_args", f"Answers to {client.host} go to {client.host}, not to {host[:60]!r}."
            )
        if self._world.own(host, port):
            raise BridgeError(
                "bad_args", f"{port} is Longtake's own port; name the one your program listens on."
            )
        self._keep(client)
        client.named = ("udp", host, port)
        self._default[client.host] = client.named
        while len(self._default) > MAX_CLIENTS:
            self._default.pop(next(iter(self._default)))

    def subscribe(self, client: Client, topics: Iterable[str]) -> float:
        """Subscribes a client to topics; returns for how many seconds (no topics end it).

        Raises:
            BridgeError: `busy` when no place is left.
        """
        wanted = frozenset(topics)
        if not wanted:
            client.topics = wanted
            self._release(client)
            return 0.0
        self._keep(client)
        client.topics = wanted
        client.until = self._world.clock() + self._lifetime
        return self._lifetime

    def cut(self, place: Target) -> None:
        """Sends nothing more to a place until it is named anew: it sends our errors back, and is no client's.

        Two bridges that were named to each other would otherwise go on for ever.
        """
        for client in [one for one in self._kept.values() if one.place == place]:
            client.named, client.topics = None, frozenset()
            self._release(client)
        for host in [host for host, default in self._default.items() if default == place]:
            del self._default[host]

    def tick(self) -> None:
        """Ends the subscriptions of those that are gone; to be called often."""
        now = self._world.clock()
        if now - self._swept < SWEEP:
            return
        self._swept = now
        for client in [c for c in self._kept.values() if c.topics and c.until <= now]:
            self._renew(client)

    def _renew(self, client: Client) -> None:
        """Lets a subscription go on where somebody still listens: at its own place, or where its host is answered."""
        until = self._world.clock() + self._lifetime
        if self._world.reachable(client.place):
            client.until = until
            return
        topics, client.topics = client.topics, frozenset()
        self._release(client)
        default = self._default.get(client.host)
        if default and not client.named and self._world.reachable(default):
            heir = self.at(default)
            self._keep(heir)
            heir.topics, heir.until = heir.topics | topics, until

    def _keep(self, client: Client) -> None:
        if client.source in self._kept:
            return
        if len(self._kept) >= MAX_PLACES:
            self._make_room()
        self._passing.pop(client.source, None)
        self._kept[client.source] = client

    def _make_room(self) -> None:
        """Gives up the place of one that merely named a port, the longest silent first."""
        checked = self._world.clock() + self._lifetime - SWEEP
        for client in [c for c in self._kept.values() if c.topics and c.until < checked]:
            self._renew(client)
        if len(self._kept) < MAX_PLACES:
            return
        idle = next((client for client in self._kept.values() if not client.topics), None)
        if idle is None:
            raise BridgeError(
                "busy", f"{MAX_PLACES} clients are subscribed; end one of them first."
            )
        self._passing[idle.source] = self._kept.pop(idle.source)

    def _release(self, client: Client) -> None:
        if not client.named and not client.topics and self._kept.pop(client.source, None):
            self._passing[client.source] = client

    # --- what it is told ---

    def answer(self, client: Client, address: str, arguments: Iterable[Plain]) -> None:
        """Sends one message to one client."""
        targets = self.targets(client)
        self.count(client, len(targets) * self._send(targets, address, arguments))

    def error(self, client: Client, arguments: tuple[Plain, ...]) -> None:
        """Sends an error (request, code, sentence, detail); of those about unknown addresses only a few a second."""
        if arguments[1] == "unknown_address" and not client.complaints.take(self._world.clock()):
            return
        self.answer(client, "/longtake/error", arguments)

    def addresses(self, client: Client) -> frozenset[str]:
        """By which a client is known again as the one that asked for something: its own, and the one it named.

        A port that is heard for the first time goes by the address its host has named: it may be oscsend's or Max's.
        """
        named = client.named
        if named is None and client.messages <= 1 and client.source[0] == "udp":
            named = self._default.get(client.host)
        return frozenset(" ".join(map(str, place)) for place in (client.source, named) if place)

    def tell(
        self, topic: str, address: str, arguments: Iterable[Plain], also: Client | None = None
    ) -> None:
        """Sends an event once to every address that subscribed to its topic, and to whoever asked for it."""
        targets = self.targets(also) if also else {}
        for client in self._kept.values():
            if topic in client.topics:
                targets.update(self.targets(client))
        values = tuple(arguments)
        goes_round = self._world.goes_round
        self._send([t for t in targets if not goes_round(t, address, values)], address, values)

    def wants(self, topic: str) -> bool:
        """Whether anybody has subscribed to a topic."""
        return any(topic in client.topics for client in self._kept.values())

    def anybody(self) -> bool:
        """Whether anybody is subscribed."""
        return bool(self.subscribers())

    def targets(self, client: Client) -> dict[Target, None]:
        """Where answers to it go: its own place, and what its host has named if it has not."""
        targets = {client.place: None}
        default = self._default.get(client.host)
        if default and not client.named and client.source[0] == "udp":
            targets[default] = None
        return targets

    def _send(self, targets: Iterable[Target], address: str, arguments: Iterable[Plain]) -> int:
        """Sends a message to each; returns its length."""
        values = tuple(arguments)
        packet = encode(address, values)
        for target in targets:
            self._world.transmit(target, packet)
            self._world.traffic(target, address, values)
        return len(packet)
