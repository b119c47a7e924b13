"""A program that comes to the desk over a real socket, and what the desk's owner heard."""

from __future__ import annotations

import json
import queue
import socket
from pathlib import Path
from typing import Any

from bridge.delivery.messages import Message

PATIENCE = 20.0
"""Seconds; only a broken desk lets anybody wait for so long."""


class Heard:
    """What a carrier hands on."""

    def __init__(self) -> None:
        self.queue: queue.Queue[tuple[str, Message]] = queue.Queue()

    def __call__(self, daw: str, message: Message) -> None:
        self.queue.put((daw, message))

    def next(self) -> Message:
        return self.queue.get(timeout=PATIENCE)[1]

    def until(self, kind: str) -> Message:
        """The next message of a kind; those before it are passed over."""
        while True:
            message = self.next()
            if message["kind"] == kind:
                return message


class Visitor:
    """One connection."""

    def __init__(self, folder: Path) -> None:
        self.told: dict[str, Any] = json.loads((folder / "desk.json").read_text())
        self.sock = socket.create_connection(("127.0.0.1", self.told["port"]), timeout=PATIENCE)
        self._file = self.sock.makefile("rb")

    def say(self, **fields: Any) -> None:
        self.write(json.dumps(fields).encode() + b"\n")

    def write(self, data: bytes) -> None:
        self.sock.sendall(data)

    def hello(self, **fields: Any) -> Visitor:
        usual = {"kind": "hello", "token": self.told["token"], "protocol": 1, "daw": "ableton"}
        self.say(**usual | {"instance": "one", "program": "Live 12.2"} | fields)
        return self

    def next(self) -> dict[str, Any]:
        return json.loads(self._file.readline())

    def ended(self) -> bool:
        """Whether the desk has closed the connection; waits for it, and nothing may come before."""
        try:
            return self._file.readline() == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self._file.close()
        self.sock.close()
