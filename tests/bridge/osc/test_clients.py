"""Laws of clients: whose place is kept, how long a subscription lasts, and how much one may ask for."""

from __future__ import annotations

import socket

import pytest

from bridge.errors import BridgeError
from bridge.osc.binding import is_open, is_ours
from bridge.osc.clients import (
    AT_ONCE,
    COMPLAINTS,
    LIFETIME,
    MAX_CLIENTS,
    MAX_PLACES,
    SHARE,
    SWEEP,
    Clients,
    Target,
    World,
)
from bridge.osc.packet import decode

OWN = 9440


def udp(port: int) -> Target:
    return ("udp", "127.0.0.1", port)


class Around:
    """A world in which ports are open or not, and time passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.open: set[Target] = set()
        self.sent: list[tuple[Target, str]] = []
        world = World(
            transmit=lambda target, packet: self.sent.append((target, decode(packet)[0].address)),
            traffic=lambda *_: None,
            clock=lambda: self.now,
            reachable=lambda target: target in self.open,
            own=lambda host, port: port == OWN,
            goes_round=lambda *_: False,
        )
        self.clients = Clients(world)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.clients.tick()

    def told(self, topic: str = "jobs") -> list[int]:
        """The ports that an event goes to."""
        self.sent.clear()
        self.clients.tell(topic, "/longtake/x", ())
        return sorted(port for (_, _, port), _ in self.sent)


@pytest.fixture
def around() -> Around:
    return Around()


def test_a_subscription_goes_on_while_its_port_is_open(around: Around) -> None:
    around.open = {udp(1)}
    for port in (1, 2):
        client = around.clients.at(udp(port))
        assert around.clients.subscribe(client, ["jobs"]) == LIFETIME
    assert around.told() == [1, 2] and around.told("params") == []
    for _ in range(5):
        around.pass_by(LIFETIME + SWEEP)
        assert around.told() == [1]
    around.open = set()
    around.pass_by(LIFETIME + SWEEP)
    assert around.told() == [] and not around.clients.anybody()


def test_renewing_is_enough_where_nobody_can_look(around: Around) -> None:
    client = around.clients.at(("udp", "192.168.1.20", 1))
    for _ in range(5):
        around.clients.subscribe(client, ["jobs"])
        around.pass_by(LIFETIME - SWEEP)
        assert around.told() == [1]
    around.pass_by(3 * SWEEP)
    assert around.told() == []


def test_what_a_one_shot_sender_subscribed_to_lives_on_at_its_host_s_port(around: Around) -> None:
    around.open = {udp(9000)}
    around.clients.name(around.clients.at(udp(1)), "127.0.0.1", 9000)
    for port in range(2, 50):
        around.clients.subscribe(around.clients.at(udp(port)), ["jobs"])
        around.pass_by(LIFETIME / 2)
    around.pass_by(LIFETIME + SWEEP)
    assert around.told() == [9000]
    assert len(around.clients.subscribers()) == 1


def test_strangers_drive_out_only_strangers(around: Around) -> None:
    clients = around.clients
    subscriber, named = clients.at(udp(1)), clients.at(udp(2))
    clients.subscribe(subscriber, ["jobs"])
    clients.name(named, "127.0.0.1", 9000)
    stranger = clients.at(udp(3))
    for port in range(10, 10 + 2 * MAX_CLIENTS):
        clients.at(udp(port))
    assert clients.at(udp(1)) is subscriber and clients.at(udp(2)) is named
    assert clients.at(udp(3)) is not stranger
    assert 1 in around.told()


def test_who_asked_is_told_though_it_was_forgotten(around: Around) -> None:
    asker = around.clients.at(udp(1))
    around.clients.forget(udp(1))
    around.clients.tell("jobs", "/longtake/done", (), also=asker)
    assert around.sent == [(udp(1), "/longtake/done")]


def test_places_are_for_those_that_listen(around: Around) -> None:
    clients = around.clients
    for port in range(MAX_PLACES):
        around.open.add(udp(port))
        clients.name(clients.at(udp(port)), "127.0.0.1", 9000 + port)
    for port in range(1000, 1000 + MAX_PLACES):
        around.open.add(udp(port))
        clients.subscribe(clients.at(udp(port)), ["jobs"])  # Each takes one's that merely named.
    around.pass_by(2 * SWEEP)
    with pytest.raises(BridgeError, match="subscribed") as refused:
        clients.subscribe(clients.at(udp(1)), ["jobs"])
    assert refused.value.code == "busy"
    around.open.remove(udp(1000))
    around.pass_by(2 * SWEEP)
    clients.subscribe(clients.at(udp(1)), ["jobs"])
    assert len(around.told()) >= MAX_PLACES
    clients.subscribe(clients.at(udp(1)), [])
    clients.subscribe(clients.at(udp(2)), ["jobs"])


def test_our_own_port_cannot_be_named(around: Around) -> None:
    with pytest.raises(BridgeError, match="own port"):
        around.clients.name(around.clients.at(udp(1)), "127.0.0.1", OWN)
    around.clients.answer(around.clients.at(udp(2)), "/longtake/pong", ())
    assert around.sent == [(udp(2), "/longtake/pong")]


def test_a_place_that_is_cut_is_told_nothing_more(around: Around) -> None:
    client = around.clients.at(udp(1))
    around.clients.name(client, "127.0.0.1", 9450)
    around.clients.subscribe(client, ["jobs"])
    around.clients.cut(udp(9450))
    assert around.told() == []
    around.clients.answer(around.clients.at(udp(2)), "/longtake/pong", ())
    assert [target for target, _ in around.sent] == [udp(2)]


def test_beyond_its_share_a_client_waits(around: Around) -> None:
    clients, client = around.clients, around.clients.at(udp(1))
    asked = 0
    for _ in range(5):
        while clients.may_ask(udp(1)):
            clients.count(client)
            asked += 1
        around.now += 1.0
    assert AT_ONCE <= asked <= AT_ONCE + 5 * SHARE
    assert clients.may_ask(udp(1)) and clients.may_ask(udp(2))


def test_long_answers_count_for_more(around: Around) -> None:
    clients, client = around.clients, around.clients.at(udp(1))
    answers = 0
    while clients.may_ask(udp(1)):
        clients.answer(client, "/longtake/param/prompt", ["x" * 60_000])
        answers += 1
    assert answers * 60_000 < AT_ONCE * 600


def test_errors_about_nothing_of_ours_are_few_and_all_others_come(around: Around) -> None:
    client = around.clients.at(udp(1))
    for _ in range(500):
        around.clients.error(client, ("", "unknown_address", "There is none.", "/x"))
    assert len(around.sent) == COMPLAINTS
    for _ in range(500):
        around.clients.error(client, ("r", "queue_full", "Wait.", "/longtake/generate"))
    assert len(around.sent) == COMPLAINTS + 500


@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0"])
def test_a_port_is_open_while_a_program_has_it(bound: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((bound, 0))
        port = sock.getsockname()[1]
        assert is_open("127.0.0.1", port)
    assert not is_open("127.0.0.1", port)


def test_our_addresses_are_told_from_others() -> None:
    assert is_ours("127.0.0.1")
    for other in ("192.0.2.1", "203.0.113.9", "nowhere", ""):
        assert not is_ours(other) and not is_open(other, 9)
