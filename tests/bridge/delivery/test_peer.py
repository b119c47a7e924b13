"""One connection of the desk: what waits to go out, and what may still be taken back."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bridge.delivery.messages import Message
from bridge.delivery.peer import Gone, Peer


@pytest.fixture
def ends() -> Iterator[tuple[Peer, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with ours, theirs:
        yield Peer(ours, 0.0), theirs


def place(name: str) -> Message:
    return {"kind": "place", "id": name, "path": "/" + "x" * 200_000}


def test_what_has_begun_to_go_out_is_not_taken_back(ends: tuple[Peer, socket.socket]) -> None:
    peer, other = ends
    assert peer.put(place("d1"), 0.0) and peer.put(place("d2"), 0.0)
    assert peer.never_sent() == {"d1", "d2"}
    peer.flush()
    assert peer.waiting, "the socket does not take all of the first"
    assert peer.never_sent() == {"d2"}
    assert not peer.withdraw("d1") and peer.withdraw("d2") and not peer.withdraw("d2")
    came = b""
    while peer.waiting:
        came += other.recv(65_536)
        peer.flush()
    other.setblocking(False)
    while chunk := _rest(other):
        came += chunk
    assert came.count(b"\n") == 1 and b'"d1"' in came, "and what has begun comes whole"


def _rest(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65_536)
    except BlockingIOError:
        return b""


def test_a_peer_is_there_while_it_speaks_or_places(ends: tuple[Peer, socket.socket]) -> None:
    peer, other = ends
    assert peer.there(2.9) and not peer.there(3.1)
    other.sendall(b"half")
    assert peer.lines(5.0) == [] and not peer.there(5.1), "half a line is no sign of life"
    other.sendall(b" a line\n")
    assert peer.lines(6.0) == [b"half a line"] and peer.there(8.9)
    peer.put(place("d1"), 8.0)
    assert peer.there(90.0) and not peer.there(200.0)
    peer.answered("d1")
    assert not peer.there(90.0)


def test_an_end_and_a_flood_are_gone(ends: tuple[Peer, socket.socket]) -> None:
    peer, other = ends
    other.sendall(b"\n" * 390)
    assert len(peer.lines(1.0)) == 390
    other.sendall(b"\n" * 390)
    assert len(peer.lines(3.0)) == 390, "in two seconds it may send as many again"
    other.sendall(b"\n" * 390)
    with pytest.raises(Gone, match="a second"):
        peer.lines(3.1)
    other.close()
    with pytest.raises(Gone, match="ended"):
        peer.lines(9.0)
