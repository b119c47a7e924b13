"""The real bridge in a process of its own with a fake engine: `python -m tests.bridge.served PORT`.

Beside it, what a test needs to talk to it over OSC and to look into its folder.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from bridge.osc.packet import decode, encode

ROOT = Path(__file__).parents[2]
ENGINE = "tests.bridge.fake_engine:FakeEngine"


class Served:
    """A bridge over the folder `home`, and a socket that talks to it."""

    def __init__(self, home: Path, *flags: str, sound: bool = False) -> None:
        self.home = home
        self.port = free_port()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", self.port))
        self.began = time.monotonic()
        if not sound:
            flags = ("--no-audio", "--no-midi", *flags)
        environment = os.environ | {"LONGTAKE_HOME": str(home), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bridge.served", str(self.port), *flags],
            env=environment,
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )

    def send(self, address: str, *arguments: Any) -> None:
        self.socket.send(encode(address, arguments))

    def receive(self, seconds: float) -> tuple[str, list[Any]] | None:
        """The next message, or None when none comes."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            [message] = decode(self.socket.recv(65_536))
        except OSError:
            return None
        return message.address, list(message.arguments)

    def until(self, address: str, seconds: float = 120.0) -> list[Any]:
        """The arguments of the next message to `address`; others are passed over."""
        for found, arguments in self.messages(seconds):
            if found == address:
                return arguments
        raise AssertionError(f"no {address} came")

    def messages(self, seconds: float) -> Iterator[tuple[str, list[Any]]]:
        """Messages as they come, for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if message := self.receive(left):
                yield message

    def ready(self) -> float:
        """Waits for the first answer; gives the seconds since the start."""
        while self.process.poll() is None and time.monotonic() - self.began < 120.0:
            self.send("/longtake/ping")
            if self.receive(0.02):
                return time.monotonic() - self.began
        raise AssertionError("it does not answer")

    def takes(self) -> list[Path]:
        return sorted((self.home / "takes").glob("*.wav"))

    def children(self) -> list[int]:
        """Process ids of its children."""
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def close(self) -> None:
        self.socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


if __name__ == "__main__":
    from bridge.serve import main

    # A shell that starts tests in the background has them ignore SIGINT, which this process would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(["--port", sys.argv[1], *sys.argv[2:]], ENGINE))
