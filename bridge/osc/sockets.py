"""The sockets of the OSC server: UDP and TCP on one port number, read and written without blocking.

Knows packets as bytes and nothing of what they mean. Runs in the server's only thread.
"""

from __future__ import annotations

import errno
import logging
import os
import selectors
import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from bridge.errors import BridgeError
from bridge.osc.access import Access
from bridge.osc.clients import Target
from bridge.osc.framing import Frames, FramingError
from bridge.osc.packet import MAX_PACKET

RECEIVE_BUFFER = 4 * 1024**2
MAX_WAITING = 65_536
"""Packets received and not yet handled; more are dropped and counted."""
MAX_CONNECTIONS = 32
MAX_UNSENT = 1024**2
NEXT_PORTS = 20
_SO_RCVBUFFORCE = 33  # Linux: may exceed net.core.rmem_max, given the privilege.


class RareLog:
    """Logs at most one line of each kind a second, and how many it left out."""

    def __init__(self, log: logging.Logger) -> None:
        """Writes to `log`."""
        self._log = log
        self._last: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def warn(self, kind: str, detail: str = "") -> None:
        """One more of a kind; kinds come from a fixed set, details from anywhere."""
        now = time.monotonic()
        if now - self._last.get(kind, -1.0) < 1.0:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._last[kind] = now
        more = self._left_out.pop(kind, 0)
        self._log.warning(
            "%s%s%s", kind, f" {detail}" if detail else "", f" (and {more} more)" if more else ""
        )


class PortInUse(BridgeError):
    """The port is taken; `free` is the next one that is not."""

    def __init__(self, port: int, free: int) -> None:
        """Says which is taken and which is free."""
        offer = f"; {free} is free" if free else ""
        super().__init__("busy", f"Port {port} is in use by another program{offer} (osc.port).")
        self.free = free


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    peer: Target
    frames: Frames = field(default_factory=Frames)
    unsent: bytearray = field(default_factory=bytearray)


class Sockets:
    """Receives packets into `waiting` and transmits to targets."""

    def __init__(self, host: str, port: int, access: Access) -> None:
        """Binds both sockets.

        Raises:
            PortInUse: naming the next free port.
            BridgeError: `bad_args` when the address is not one of this machine's.
        """
        self._access = access
        self._udp, self._listener = _bind(host, port)
        self.port: int = self._udp.getsockname()[1]
        self._log = RareLog(logging.getLogger(__name__))
        self._wake_in, self._wake_out = socket.socketpair()
        self._connections: dict[Target, _Connection] = {}
        self._selector = selectors.DefaultSelector()
        self.waiting: deque[tuple[Target, bytes]] = deque()
        self.closed: deque[Target] = deque()
        for sock in (self._udp, self._listener, self._wake_in, self._wake_out):
            sock.setblocking(False)
        for sock in (self._udp, self._listener, self._wake_in):
            self._selector.register(sock, selectors.EVENT_READ)

    def wake(self) -> None:
        """Ends a `receive` that waits; from any thread."""
        with suppress(OSError):
            self._wake_out.send(b"\0")

    def receive(self, timeout: float) -> None:
        """Waits for something to happen and reads all that has arrived."""
        for key, mask in self._selector.select(timeout):
            if key.fileobj is self._udp:
                self.drain()
            elif key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wake_in:
                with suppress(OSError):
                    self._wake_in.recv(4096)
            elif isinstance(key.data, _Connection):
                if mask & selectors.EVENT_WRITE:
                    self._flush(key.data)
                if mask & selectors.EVENT_READ:
                    self._read(key.data)

    def drain(self) -> None:
        """Reads every datagram that has arrived, so that none is lost while others are handled."""
        for _ in range(MAX_WAITING):
            try:
                packet, (host, port, *_) = self._udp.recvfrom(MAX_PACKET + 1)
            except BlockingIOError:
                return
            except OSError:  # Windows reports here that an earlier answer reached nobody.
                continue
            if self._access.entry(host) == "out":
                self._log.warn("A packet from a host that is not allowed was dropped:", host)
            elif len(self.waiting) >= MAX_WAITING:
                self._log.warn("Too many packets wait; one was dropped.")
            else:
                self.waiting.append((("udp", host, port), packet))

    def transmit(self, target: Target, packet: bytes) -> None:
        """Sends one packet; one that cannot be delivered is lost, as UDP packets are."""
        kind, host, port = target
        if kind == "udp":
            try:
                self._udp.sendto(packet, (host, port))
            except OSError as error:
                self._log.warn("An answer could not be sent:", os.strerror(error.errno or 0))
            return
        connection = self._connections.get(target)
        if connection:
            connection.unsent += connection.frames.wrap(packet)
            self._flush(connection)

    def close(self) -> None:
        """Closes everything."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        for sock in (self._udp, self._listener, self._wake_in, self._wake_out):
            sock.close()
        self._selector.close()

    def _accept(self) -> None:
        try:
            sock, (host, port, *_) = self._listener.accept()
        except OSError:
            return
        if self._access.entry(host) == "out" or len(self._connections) >= MAX_CONNECTIONS:
            self._log.warn("A connection was refused:", host)
            sock.close()
            return
        sock.setblocking(False)
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(sock, ("tcp", host, port))
        self._connections[connection.peer] = connection
        self._selector.register(sock, selectors.EVENT_READ, connection)

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.sock.recv(MAX_PACKET)
            packets = connection.frames.feed(data)
        except BlockingIOError:
            return
        except (OSError, FramingError) as error:
            self._log.warn("A connection was closed:", str(error))
            return self._drop(connection)
        if not data:
            return self._drop(connection)
        if len(self.waiting) + len(packets) > MAX_WAITING:
            self._log.warn("Too many packets wait; a connection was closed.")
            return self._drop(connection)
        self.waiting.extend((connection.peer, packet) for packet in packets)

    def _flush(self, connection: _Connection) -> None:
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

    def _drop(self, connection: _Connection) -> None:
        if self._connections.pop(connection.peer, None):
            self._selector.unregister(connection.sock)
            connection.sock.close()
            self.closed.append(connection.peer)


def _bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    for _ in range(NEXT_PORTS if port == 0 else 1):
        try:
            return _bind_both(host, port)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise BridgeError(
                    "bad_args", f"{host} is no address that can be listened on: {error.strerror}."
                ) from error
    raise PortInUse(port, _next_free(host, port))


def _bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    tcp = socket.socket(family, socket.SOCK_STREAM)
    try:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if udp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < RECEIVE_BUFFER:
            with suppress(OSError):
                udp.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
        udp.bind((host, port))
        if os.name == "posix":
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((host, udp.getsockname()[1]))
        tcp.listen(MAX_CONNECTIONS)
    except OSError:
        udp.close()
        tcp.close()
        raise
    return udp, tcp


def _next_free(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + 1 + NEXT_PORTS, 65_536)):
        with suppress(OSError):
            for sock in _bind_both(host, candidate):
                sock.close()
            return candidate
    return 0
