"""The server under attack, over real sockets: nothing that comes may hurt it, open it, or keep it from others."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import pytest

from bridge.osc.framing import wrap_slip
from bridge.osc.packet import PacketError, decode, encode
from bridge.osc.server import OscServer
from bridge.session import Session
from tests.bridge.osc.malformed import ACCEPTED, REFUSED, mutated
from tests.bridge.real_parts import PATIENCE
from tests.bridge.rig import Peer, osc_server

SOCKET_FUZZ = int(os.environ.get("LONGTAKE_SOCKET_FUZZ", "200000"))
FUZZ_PORTS = 40
"""From so many clients, since each has its share of a second."""


@pytest.fixture
def peer(served: tuple[OscServer, Session]) -> Iterator[Peer]:
    with Peer(served[0].port) as client:
        yield client


def connect(server: OscServer) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.settimeout(PATIENCE)
    return sock


def asked(sock: socket.socket, address: str, answer: str) -> bool:
    """Whether a SLIP connection gets an answer; False when it is closed instead."""
    heard = b""
    with suppress(ConnectionError):
        sock.sendall(wrap_slip(encode(f"/longtake/{address}")))
        while f"/longtake/{answer}\0".encode() not in heard:
            data = sock.recv(65_536)
            if not data:
                return False
            heard += data
        return True
    return False


def is_closed(sock: socket.socket) -> bool:
    """Whether the other end closes it; fails after PATIENCE."""
    with suppress(ConnectionError):
        while sock.recv(65_536):
            pass
    return True


@pytest.mark.parametrize("name", [*REFUSED, *ACCEPTED])
def test_after_any_packet_the_ping_is_answered(peer: Peer, name: str) -> None:
    packet = (REFUSED | ACCEPTED)[name]
    if len(packet) <= 65_507:
        peer.raw(packet)
    peer.ping()


def test_mutated_packets_hurt_nothing_and_fill_no_log(
    peer: Peer, served: tuple[OscServer, Session], caplog: pytest.LogCaptureFixture
) -> None:
    server, bad, slowest, began = served[0], 0, 0.0, time.monotonic()
    with caplog.at_level(logging.WARNING), ExitStack() as stack:
        others = [stack.enter_context(Peer(server.port)) for _ in range(FUZZ_PORTS)]
        for number, packet in enumerate(mutated(SOCKET_FUZZ, seed=4), 1):
            others[number % FUZZ_PORTS].raw(packet)
            bad += is_refused(packet)
            if number % 100 == 0:
                wait_until(partial(has_refused, server, bad - 200))
            if number % 500 == 0:
                slowest = max(slowest, peer.ping())
        wait_until(partial(has_refused, server, bad))
    spent = time.monotonic() - began
    lines = len(caplog.records)
    print(f"{SOCKET_FUZZ} packets in {spent:.1f} s, {server.refused} refused, ", end="")
    print(f"{lines} log lines, slowest ping {slowest * 1e3:.0f} ms")
    assert server.refused == bad > SOCKET_FUZZ / 2
    assert lines <= 20 * (spent + 1)
    assert not [record for record in caplog.records if record.exc_info]


def is_refused(packet: bytes) -> bool:
    try:
        decode(packet)
    except PacketError:
        return True
    return False


def has_refused(server: OscServer, count: int) -> bool:
    return server.refused >= count


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.001)


# --- web pages and other protocols ---

SET = encode("/longtake/transport/tempo", [99.0])
BODY = wrap_slip(SET)
HTTP = b"POST / HTTP/1.1\r\nHost: 127.0.0.1:9440\r\nContent-Length: 64\r\n\r\n"


SPOILED = {
    "a page's request": HTTP + BODY,
    "its body begins a frame": HTTP + b"\xc0" + BODY,
    "its body has a size": HTTP + len(SET).to_bytes(4, "big") + SET,
    "within a frame": b"\xc0" + HTTP + BODY,
    "a frame": wrap_slip(HTTP) + BODY,
    "no text's end": wrap_slip(b"/bad\0\0\0") + BODY,
    "after a good one": wrap_slip(encode("/longtake/ping")) + wrap_slip(b"/x\0\0,?\0\0") + BODY,
    "sized": (8).to_bytes(4, "big") + b"/x\0\0,?\0\0" + len(SET).to_bytes(4, "big") + SET,
}


@pytest.mark.parametrize("what", SPOILED)
@pytest.mark.parametrize("cut", [1, 10_000])
def test_a_connection_ends_with_its_first_bad_packet(
    peer: Peer, served: tuple[OscServer, Session], what: str, cut: int
) -> None:
    sent = SPOILED[what]
    with connect(served[0]) as sock, suppress(ConnectionError):
        for at in range(0, len(sent), cut):
            sock.sendall(sent[at : at + cut])
        assert is_closed(sock)
    peer.ping()
    assert served[1].transport.state().tempo != 99.0


def test_endless_tcp_packets_are_cut_off(served: tuple[OscServer, Session], peer: Peer) -> None:
    for hostile in (b"\x00\xff\xff\xff", b"/" * 400_000):
        with connect(served[0]) as sock, suppress(ConnectionError):
            sock.sendall(hostile)
            assert sock.recv(10) == b""
        peer.ping()


# --- echoes ---


def test_the_bridge_is_never_named_to_itself(tmp_path: Path) -> None:
    with osc_server(tmp_path, query_port=0) as (server, _), Peer(server.port) as peer:
        for port in (server.port, server.query_port or 0):
            for host in ("127.0.0.1", "localhost"):
                peer.send("reply_to", host, port)
                assert peer.wait("error")[1] == "bad_args"
        peer.ping()


def test_answers_that_come_back_are_not_answered(peer: Peer) -> None:
    for address in ("pong", "ack", "done", "error", "progress", "subscribed", "bye", "status"):
        peer.send(address, "x", 1)
    peer.send("ping")
    assert [message.address for message in peer.quiet(0.3)] == ["/longtake/pong"]


def test_two_bridges_named_to_each_other_fall_silent(tmp_path: Path) -> None:
    with (
        osc_server(tmp_path / "a") as (one, session),
        osc_server(tmp_path / "b") as (other, _),
        Peer(one.port) as here,
        Peer(other.port) as there,
    ):
        for peer, port in ((here, other.port), (there, one.port)):
            peer.send("reply_to", "127.0.0.1", port)
            peer.send("subscribe")
            peer.send("ping")
            peer.send("help")
            peer.send("param/seed", port)
        heard: list[object] = []
        ask = session.subscribe(heard.append)
        with Peer(one.port) as watcher:
            watcher.ping()
            # What one says to the other would show as traffic: none does while nobody else speaks.
            before = time.monotonic()
            while time.monotonic() - before < PATIENCE:
                heard.clear()
                time.sleep(0.3)
                if not heard:
                    break
        ask()
        assert heard == []


@pytest.mark.parametrize("sends_from_another_port", [False, True])
def test_values_do_not_go_round_with_a_program_that_sends_everything_back(
    sends_from_another_port: bool, peer: Peer, served: tuple[OscServer, Session]
) -> None:
    with Peer(served[0].port) as hub, Peer(served[0].port) as other:
        back = other if sends_from_another_port else hub
        if sends_from_another_port:  # As in Pd, where one box listens and another one sends.
            other.send("reply_to", "127.0.0.1", hub.port)
            hub.wait("reply_to")
        hub.ask("subscribe", "params", answer="subscribed")
        for number in range(20):
            peer.send("param/seed", number)
        last = 0.0
        began = time.monotonic()
        while last >= 0 and time.monotonic() - began < PATIENCE:
            last = -1.0
            for message in hub.quiet(0.2):
                back.raw(encode(message.address, message.arguments))  # type: ignore[arg-type]
                last = time.monotonic()
        assert last < 0
        # Who sets the same value twice is answered twice.
        for _ in range(3):
            assert hub.ask("param/steps", 8) == (8,)


def test_a_subscriber_that_goes_to_and_fro_is_always_obeyed(
    served: tuple[OscServer, Session],
) -> None:
    with Peer(served[0].port) as gate:
        gate.ask("subscribe", "params", answer="subscribed")
        for number in range(700):
            gate.send("param/steps", 1 + number % 3)
            gate.ping()
            assert served[1].parameters.get("steps") == 1 + number % 3


# --- places ---


def test_strangers_drive_out_neither_a_subscriber_nor_who_waits_for_a_job(
    peer: Peer, served: tuple[OscServer, Session]
) -> None:
    with Peer(served[0].port) as subscriber, Peer(served[0].port) as named:
        subscriber.ask("subscribe", "transport", answer="subscribed")
        peer.send("reply_to", "127.0.0.1", named.port)
        named.wait("reply_to")
        peer.send("generate", "r1", "pause 0.01", "duration", 1.0)
        named.wait("ack")
        for _ in range(60):
            with ExitStack() as stack:
                strangers = [stack.enter_context(Peer(served[0].port)) for _ in range(40)]
                for stranger in strangers:
                    stranger.send("param/steps")
                strangers[-1].ping()
        named.wait("done")
        peer.send("transport/tempo", 101.0)
        assert subscriber.wait("transport/tempo") == (101.0,)


def test_idle_connections_lock_nobody_out(served: tuple[OscServer, Session]) -> None:
    server = served[0]
    with ExitStack() as stack:
        waiting = stack.enter_context(connect(server))
        assert asked(waiting, "subscribe", "subscribed")
        silent = [stack.enter_context(connect(server)) for _ in range(60)]
        for _ in range(100):  # More than there are places.
            assert asked(stack.enter_context(connect(server)), "ping", "pong")
        assert is_closed(silent[0])
        assert asked(waiting, "ping", "pong")


@pytest.mark.parametrize("part", [b"/longtake", b"\0\0", b"\0\0\0\x10/lo"])
def test_a_packet_that_is_begun_and_not_ended_ends_the_connection(
    part: bytes, served: tuple[OscServer, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.osc.connections.NEWCOMER_FOR", 0.2)
    monkeypatch.setattr("bridge.osc.sockets.SWEEP", 0.1)
    with connect(served[0]) as silent, connect(served[0]) as slow, connect(served[0]) as used:
        slow.sendall(part)
        assert asked(used, "ping", "pong")
        assert is_closed(slow)
        assert asked(used, "ping", "pong")
        assert asked(silent, "ping", "pong")  # The first press may come long after the connection.


def test_what_a_connection_sent_before_it_closed_is_done(
    peer: Peer, served: tuple[OscServer, Session]
) -> None:
    with connect(served[0]) as sock:
        sock.sendall(wrap_slip(encode("/longtake/transport/tempo", [97.0])))
    peer.ask("subscribe", "transport", answer="subscribed")
    peer.ping()
    wait_until(lambda: served[1].transport.state().tempo == 97.0)


# --- shares ---


def test_every_request_of_a_burst_gets_ack_or_error(peer: Peer) -> None:
    for number in range(200):
        peer.send("generate", f"r{number}", "pause 0.05", "steps", 400)
    heard: set[str] = set()
    until = time.monotonic() + PATIENCE
    while len(heard) < 200 and time.monotonic() < until:
        for message in peer.quiet(0.1):
            if message.address in ("/longtake/ack", "/longtake/error"):
                heard.add(str(message.arguments[0]))
    assert heard == {f"r{number}" for number in range(200)}
    peer.send("cancel", "*")


def test_a_bundle_of_help_is_answered_bit_by_bit_and_others_at_once(
    peer: Peer, served: tuple[OscServer, Session]
) -> None:
    from bridge.osc.clients import AT_ONCE, SHARE
    from bridge.osc.schema import COMMANDS
    from tests.bridge.osc.malformed import bundle

    with Peer(served[0].port) as greedy:
        began = time.monotonic()
        greedy.raw(bundle(1, *[encode("/longtake/help")] * 1000))
        greedy.wait("help")
        for _ in range(10):
            peer.ping()
        lines = [m for m in greedy.quiet(0.5) if m.address == "/longtake/help"]
        bound = AT_ONCE + SHARE * (time.monotonic() - began) + len(COMMANDS)
        assert 0 < len(lines) < bound
        assert len(peer.at("pong")) == 10


def test_a_large_answer_counts_for_more(peer: Peer, served: tuple[OscServer, Session]) -> None:
    from bridge.osc.clients import ANSWER, AT_ONCE, SHARE

    served[1].parameters.set("prompt", "x" * 2000)
    size = len(encode("/longtake/param/prompt", ["x" * 2000]))
    began = time.monotonic()
    for _ in range(2000):
        peer.send("param/prompt")
    came = len(peer.quiet(0.5))
    assert came < (AT_ONCE + SHARE * (time.monotonic() - began)) / (2 + size // ANSWER) + 1


def test_tcp_clients_that_do_not_read_are_closed(
    peer: Peer, served: tuple[OscServer, Session]
) -> None:
    served[1].parameters.set("prompt", "x" * 2000)
    with connect(served[0]) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = wrap_slip(encode("/longtake/param/prompt")) * 100
        until = time.monotonic() + PATIENCE
        with pytest.raises(ConnectionError):
            while time.monotonic() < until:
                deaf.sendall(request)
                peer.ping()
