"""A whole session around a fake engine, and an OSC client with a socket of its own."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.delivery.carrier import Carrier
from bridge.delivery.companion import Companions
from bridge.delivery.daws import Daws
from bridge.events import Event, Hub
from bridge.jobs.making import Works
from bridge.jobs.queue import JobQueue
from bridge.osc.packet import Message, decode, encode
from bridge.osc.server import OscOptions, OscServer
from bridge.session import Session
from bridge.takes.library import Library
from engine.updates import Generates
from tests.bridge.fake_engine import FakeEngine
from tests.bridge.parts import session_of
from tests.bridge.real_parts import PATIENCE


@contextmanager
def session_in(
    folder: Path,
    carrier: Carrier | None = None,
    *daws: str,
    engine: Generates | None = None,
) -> Iterator[tuple[Session, Hub]]:
    """A session with queue, library and transport, without any device; DAWs are spoken with over the carrier."""
    hub = Hub()
    library = Library(folder / "takes", hub.publish, folder / "data")
    carriers = dict.fromkeys(daws or ("reaper", "ardour"), carrier) if carrier else {}
    beside = Daws(hub.publish, folder / "data", library.folder, Companions(carriers))
    works = Works(engine or FakeEngine(), library, hub.publish, deliver=beside.deliveries.owe)
    queue = JobQueue(works)
    session = session_of(hub, queue, library, folder)
    session.daws = beside
    queue.start()
    try:
        yield session, hub
    finally:
        session.close()


@contextmanager
def osc_server(
    folder: Path, carrier: Carrier | None = None, **options: Any
) -> Iterator[tuple[OscServer, Session]]:
    """A server on free ports; it reads files of `folder`, and DAWs are spoken with over the carrier."""
    given: dict[str, Any] = {"port": 0, "query_port": None, "folders": (folder,)}
    with session_in(folder, carrier) as (session, hub):
        server = OscServer(session, hub.publish, OscOptions(**given | options))
        server.start()
        try:
            yield server, session
        finally:
            server.close()


class Peer:
    """A UDP client that remembers all it was sent."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((host, 0))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024**2)
        self._to = (host, port)
        self.port: int = self._sock.getsockname()[1]
        self.heard: list[Message] = []

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def raw(self, packet: bytes) -> None:
        self._sock.sendto(packet, self._to)

    def send(self, address: str, *arguments: int | float | str | bool) -> None:
        self.raw(encode(f"/longtake/{address}", arguments))

    def wait(
        self, address: str, *, where: int | None = None, is_: object = None
    ) -> tuple[Any, ...]:
        """The next message at an address (whose argument `where` is `is_`); fails after PATIENCE."""
        until = time.monotonic() + PATIENCE
        while (left := until - time.monotonic()) > 0:
            self._sock.settimeout(left)
            try:
                packet = self._sock.recv(65_536)
            except TimeoutError:
                break
            for message in decode(packet):
                self.heard.append(message)
                if message.address != f"/longtake/{address}":
                    continue
                if where is None or message.arguments[where] == is_:
                    return message.arguments
        raise AssertionError(f"no {address} came; heard {self.heard[-20:]}")

    def quiet(self, seconds: float = 0.15) -> list[Message]:
        """All that comes in a while."""
        until, came = time.monotonic() + seconds, []
        while (left := until - time.monotonic()) > 0:
            self._sock.settimeout(left)
            try:
                came += decode(self._sock.recv(65_536))
            except TimeoutError:
                break
        self.heard += came
        return came

    def ask(
        self, address: str, *arguments: int | float | str | bool, answer: str = ""
    ) -> tuple[Any, ...]:
        self.send(address, *arguments)
        return self.wait(answer or address)

    def ping(self) -> float:
        """Seconds a ping takes; fails when none is answered."""
        before = time.perf_counter()
        self.ask("ping", answer="pong")
        return time.perf_counter() - before

    def at(self, address: str) -> list[tuple[Any, ...]]:
        return [m.arguments for m in self.heard if m.address == f"/longtake/{address}"]


def wait_for(events: list[Event], kind: type, **having: Any) -> Any:
    """The first event of a kind with such attributes; fails after PATIENCE."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for event in list(events):
            if isinstance(event, kind) and all(getattr(event, k) == v for k, v in having.items()):
                return event
        time.sleep(0.005)
    raise AssertionError(f"no {kind.__name__} {having} in {events[-20:]}")
