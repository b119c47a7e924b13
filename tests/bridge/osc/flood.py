"""A hostile sender in a process of its own: `python -m tests.bridge.osc.flood PORT KIND` sends until it is ended."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.osc.packet import encode
from tests.bridge.osc.malformed import bundle
from tests.bridge.served import ROOT

PORTS = 400
HELP = bundle(1, *[encode("/longtake/help")] * 1000)
PACKETS: dict[str, list[bytes]] = {
    "big": [encode("/longtake/param/prompt", ["x" * 60_000])],
    "malformed": [b"/" * 60_000, bytes(60_000)],
    "help": [HELP],
    "sets": [encode("/longtake/param/seed", [number]) for number in range(100)],
    "pings": [encode("/longtake/ping")],
    "unknown": [encode("/live/track/meter", [0.5])],
}


def flood(port: int, kind: str, ports: int) -> None:
    """From so many ports in turn, as fast as it goes."""
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(ports)]
    chance = random.Random(4)
    while True:
        for sock in socks:
            sock.sendto(chance.choice(PACKETS[kind]), ("127.0.0.1", port))


@contextmanager
def flooded(port: int, kind: str, ports: int = 1) -> Iterator[None]:
    """Such a process, from when it has begun to when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bridge.osc.flood", str(port), kind, str(ports)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout and process.stdout.readline() == b"begun\n"
    try:
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    print("begun", flush=True)
    flood(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
