"""The sockets of the OSC server: UDP and TCP on one port number, read and written without blocking.

Knows packets as bytes and nothing of what they mean. Runs in the server's only thread. Which connections may stay is
said in `connections.py`.
"""

from __future__ import annotations

import itertools
import logging
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from bridge.osc.access import Access
from bridge.osc.binding import bind
from bridge.osc.clients import Target
from bridge.osc.connections import Connection, Connections
from bridge.osc.framing import FramingError
from bridge.osc.packet import MAX_PACKET
from bridge.rare_log import RareLog

DATAGRAMS_AT_ONCE = 256
"""Datagrams read before time is looked at."""
MAX_UNSENT = 1024**2
SWEEP = 1.0

Put = Callable[[Target, bytes], bool]


class Sockets:
    """Hands packets to an inbox and transmits to targets."""

    def __init__(
        self, host: str, port: int, access: Access, put: Put, needed: Callable[[], set[Target]]
    ) -> None:
        """Binds both sockets; `put` keeps a packet if it can, `needed` are the peers that wait for something.

        Raises:
            PortInUse: naming the next free port.
            BridgeError: `bad_args` when the address is not one of this machine's.
        """
        self._access = access
        self._put = put
        self._udp, self._listener = bind(host, port)
        self.port: int = self._udp.getsockname()[1]
        self._log = RareLog(logging.getLogger(__name__))
        self._wake_in, self._wake_out = socket.socketpair()
        self._connections = Connections(access, needed)
        self._selector = selectors.DefaultSelector()
        self._swept = 0.0
        self.closed: deque[Target] = deque()
        self.spoiled: deque[Target] = deque()
        for sock in (self._udp, self._listener, self._wake_in, self._wake_out):
            sock.setblocking(False)
        for sock in (self._udp, self._listener, self._wake_in):
            self._selector.register(sock, selectors.EVENT_READ)

    def wake(self) -> None:
        """Ends a `receive` that waits; from any thread."""
        with suppress(OSError):
            self._wake_out.send(b"\0")

    def receive(self, timeout: float, reading: float) -> None:
        """Waits for something to happen and reads a part of what has arrived from each.

        Datagrams are read for some `reading` seconds: as long as others kept the server from it, since the system has
        little room for them and drops what comes then, whoever sends it.

        A peer whose connection sent what is no OSC is put into `spoiled`, one that is gone for any reason into
        `closed`.
        """
        newcomers = False
        for key, mask in self._selector.select(timeout):
            if key.fileobj is self._udp:
                self._drain(time.monotonic() + reading)
            elif key.fileobj is self._listener:
                newcomers = True
            elif key.fileobj is self._wake_in:
                with suppress(OSError):
                    self._wake_in.recv(4096)
            elif isinstance(key.data, Connection):
                if mask & selectors.EVENT_WRITE:
                    self._flush(key.data)
                if mask & selectors.EVENT_READ and key.data.sock.fileno() >= 0:
                    self._read(key.data)
        if newcomers:  # After the others have shown that they are in use.
            self._accept()
        now = time.monotonic()
        if now - self._swept >= SWEEP:
            self._swept = now
            self._drop_all(self._connections.overdue())

    def transmit(self, target: Target, packet: bytes) -> None:
        """Sends one packet; one that cannot be delivered is lost, as UDP packets are."""
        kind, host, port = target
        if kind == "udp":
            try:
                self._udp.sendto(packet, (host, port))
            except OSError as error:
                self._log.warn("An answer could not be sent:", os.strerror(error.errno or 0))
            return
        connection = self._connections.at(target)
        if connection:
            connection.unsent += connection.frames.wrap(packet)
            self._flush(connection)

    def connected(self, target: Target) -> bool:
        """Whether a TCP peer is still there."""
        return self._connections.at(target) is not None

    def approve(self, peer: Target) -> None:
        """A good packet came over this connection."""
        self._drop_all(self._connections.approve(peer))

    def end(self, peer: Target) -> None:
        """Closes a connection, if it is one."""
        connection = self._connections.at(peer)
        if connection:
            self._drop(connection)

    def close(self) -> None:
        """Closes everything."""
        self._drop_all(self._connections.all())
        for sock in (self._udp, self._listener, self._wake_in, self._wake_out):
            sock.close()
        self._selector.close()

    def _drain(self, until: float) -> None:
        for count in itertools.count(1):
            if count % DATAGRAMS_AT_ONCE == 0 and time.monotonic() > until:
                return
            try:
                packet, (host, port, *_) = self._udp.recvfrom(MAX_PACKET + 1)
            except BlockingIOError:
                return
            except OSError:  # Windows reports here that an earlier answer reached nobody.
                continue
            if not self._access.admits(host):
                self._log.warn("A packet from a host that is not allowed was dropped:", host)
            elif not self._put(("udp", host, port), packet):
                self._log.warn("Too many packets wait; one was dropped:", f"from {host}")

    def _accept(self) -> None:
        try:
            sock, (host, port, *_) = self._listener.accept()
        except OSError:
            return
        if not self._connections.room_for(host):
            self._log.warn("A connection was refused:", host)
            sock.close()
            return
        sock.setblocking(False)
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock, ("tcp", host, port))
        self._selector.register(sock, selectors.EVENT_READ, connection)
        self._drop_all(self._connections.add(connection))

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(MAX_PACKET)
            packets = connection.frames.feed(data)
        except BlockingIOError:
            return
        except (OSError, FramingError) as error:
            self._log.warn("A connection was closed:", str(error))
            if isinstance(error, FramingError):
                self.spoiled.append(connection.peer)
            return self._drop(connection)
        if not data:
            return self._drop(connection)
        for packet in packets:
            if not (self._access.admits(connection.peer[1]) and self._put(connection.peer, packet)):
                self._log.warn("Too many packets wait; a connection was closed.")
                return self._drop(connection)

    def _flush(self, connection: Connection) -> None:
        try:
            sent = connection.sock.send(connection.unsent) if connection.unsent else 0
            del connection.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            return self._drop(connection)
        if len(connection.unsent) > MAX_UNSENT:
            self._log.warn("A connection was closed: it does not read its answers.")
            return self._drop(connection)
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
        self._selector.modify(connection.sock, wanted, connection)

    def _drop_all(self, connections: list[Connection]) -> None:
        for connection in connections:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        if self._connections.remove(connection):
            self._selector.unregister(connection.sock)
            connection.sock.close()
            self.closed.append(connection.peer)
