"""The bridge in a process of its own while other processes flood it: it answers others, its memory stays, it ends."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.bridge.osc.flood import flooded
from tests.bridge.real_parts import PATIENCE
from tests.bridge.served import Served

MEMORY = 150 * 1024**2
"""Bytes that a flood may add: what waits is bounded to 16 MiB, and read messages take a few times their packets'."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    bridge = Served(tmp_path / "home")
    bridge.ready()
    yield bridge
    bridge.close()


def answered(served: Served, tries: int = 200) -> int:
    """How many pings it takes until one is answered; the system drops some datagrams of a flood itself."""
    for count in range(1, tries):
        served.send("/longtake/ping")
        for address, _ in served.messages(PATIENCE / tries):
            if address == "/longtake/pong":
                return count
    raise AssertionError("no ping is answered")


@pytest.mark.parametrize(
    ("kind", "ports"), [("big", 1), ("big", 300), ("malformed", 1), ("help", 300), ("sets", 30)]
)
def test_pings_get_through_a_flood_and_memory_stays(served: Served, kind: str, ports: int) -> None:
    process = psutil.Process(served.process.pid)
    served.send("/longtake/subscribe", "jobs")
    served.until("/longtake/subscribed")
    before = process.memory_info().rss
    with flooded(served.port, kind, ports):
        until = time.monotonic() + 1.5
        needed = [answered(served)]
        while time.monotonic() < until:
            needed.append(answered(served))
            assert process.memory_info().rss - before < MEMORY
    grown = (process.memory_info().rss - before) / 1024**2
    print(f"{kind} from {ports}: {len(needed)} of {sum(needed)} pings answered, {grown:+.0f} MiB")
    answered(served)


@pytest.mark.skipif(sys.platform == "win32", reason="ends a process by a signal")
def test_sigterm_ends_it_under_floods_and_hanging_connections(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        query = free.getsockname()[1]
    settings = tmp_path / "home" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[osc]\nquery_port = {query}\n", encoding="utf-8")
    served = Served(tmp_path / "home")
    try:
        served.ready()
        served.send("/longtake/generate", "r1", "pause 0.05", "duration", 60.0)
        served.until("/longtake/progress")
        with ExitStack() as stack:
            for port in [served.port] * 80 + [query] * 40:
                sock = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                if port == query:
                    sock.sendall(b"GET / HTTP/1.1\r\n")
            stack.enter_context(flooded(served.port, "big", 20))
            stack.enter_context(flooded(served.port, "sets", 20))
            answered(served)
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(PATIENCE) == 0
    finally:
        served.close()
