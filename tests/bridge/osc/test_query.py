"""OSCQuery over real sockets: what it tells, whom it answers, and that nobody keeps others from asking."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bridge.osc import query
from bridge.osc.query import MAX_REQUESTS, is_asked_of_us
from bridge.osc.server import OscServer
from bridge.session import Session
from tests.bridge.real_parts import PATIENCE
from tests.bridge.rig import osc_server


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[OscServer, Session]]:
    with osc_server(tmp_path, query_port=0) as both:
        yield both


def get(server: OscServer, path: str, **headers: str) -> dict[str, object]:
    address = f"http://127.0.0.1:{server.query_port}{path}"
    with urllib.request.urlopen(
        urllib.request.Request(address, headers=headers), timeout=PATIENCE
    ) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] is None
        return json.load(answer)


def test_it_tells_tree_values_and_host(asked: tuple[OscServer, Session]) -> None:
    server, session = asked
    session.parameters.set("steps", 12)
    assert get(server, "/?HOST_INFO")["OSC_PORT"] == server.port
    steps = get(server, "/longtake/param/steps")
    assert steps["TYPE"] == "i" and steps["VALUE"] == [12] and steps["ACCESS"] == 3
    assert steps["RANGE"] == [{"MIN": 1, "MAX": 500}]
    assert get(server, "/longtake/quantize?RANGE") == {
        "RANGE": [{"VALS": ["none", "beat", "bar", "2bar", "4bar"]}]
    }
    for path in ("/nothing", "/?NOTHING"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(server, path)


@pytest.mark.parametrize(
    ("hosts", "target", "origin", "right"),
    [
        (["127.0.0.1:9442"], "/", None, True),
        (["localhost:9442"], "/", None, True),
        (["LocalHost"], "/", None, True),
        (["127.0.0.1"], "/", None, True),
        (["127.0.0.1:9442"], "http://localhost:9442/longtake", None, True),
        (["127.0.0.1:9442"], "/", "http://localhost:9442", True),
        ([], "/", None, False),
        ([""], "/", None, False),
        (["evil.example:9442"], "/", None, False),
        (["evil.example"], "/", None, False),
        (["127.0.0.1.evil.example:9442"], "/", None, False),
        (["localhost:80"], "/", None, False),
        (["localhost@evil.example:9442"], "/", None, False),
        (["[::1]:9442"], "/", None, False),  # It does not listen there.
        (["::1"], "/", None, False),
        (["127.0.0.1:9442", "evil.example"], "/", None, False),
        (["127.0.0.1:9442"], "http://evil.example:9442/", None, False),
        (["127.0.0.1:9442"], "http://[", None, False),
        (["127.0.0.1:9442"], "/", "http://evil.example", False),
        (["127.0.0.1:9442"], "/", "http://localhost:8080", False),
        (["127.0.0.1:9442"], "/", "null", False),
    ],
)
def test_only_this_machine_s_own_names_are_answered(
    hosts: list[str], target: str, origin: str | None, right: bool
) -> None:
    assert is_asked_of_us(hosts, target, origin, 9442) is right


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: evil.example:%d\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://evil.example\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n",
        b"GET / HTTP/1.0\r\nX: %d\r\n\r\n",
    ],
)
def test_a_web_page_reads_nothing(asked: tuple[OscServer, Session], request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", asked[0].query_port)) as sock:
        sock.settimeout(PATIENCE)
        sock.sendall(request_ % (asked[0].query_port or 0))
        answer = b"".join(iter(lambda: sock.recv(65_536), b""))
    assert answer.split(b"\r\n")[0].split()[1] == b"403"
    assert answer.endswith(b"{}")


def test_slow_requests_keep_nobody_from_asking_and_end(
    asked: tuple[OscServer, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "REQUEST_FOR", 0.5)
    server = asked[0]
    slow = [
        socket.create_connection(("127.0.0.1", server.query_port)) for _ in range(3 * MAX_REQUESTS)
    ]
    for sock in slow:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: ")
        sock.settimeout(PATIENCE)
    assert get(server, "/?HOST_INFO")["NAME"] == "Longtake"
    # Each ends, though the last one goes on sending a byte at a time.
    began = time.monotonic()
    with pytest.raises((ConnectionError, BrokenPipeError)):
        while time.monotonic() - began < PATIENCE:
            slow[-1].sendall(b"x")
            time.sleep(0.02)
    for sock in slow[:-1]:
        with suppress(ConnectionError):
            assert sock.recv(1) == b""
        sock.close()
    slow[-1].close()


def test_it_closes_though_requests_hang(tmp_path: Path) -> None:
    with osc_server(tmp_path, query_port=0) as (server, _):
        sock = socket.create_connection(("127.0.0.1", server.query_port))
        sock.sendall(b"GET / HTTP/1.1\r\n")
        get(server, "/?HOST_INFO")
        server.close()
        sock.settimeout(PATIENCE)
        assert sock.recv(1) == b""
        sock.close()
