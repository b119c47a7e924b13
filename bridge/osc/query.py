"""OSCQuery: the tree of addresses as JSON over HTTP, on this machine only, so that tools can build their controls.

Knows the table and a way to read values. Each request has a thread of its own and a few seconds; when too many wait,
the oldest gives way, so that a slow one keeps nobody from asking. Web pages get nothing: neither under a host name
that somebody pointed at this machine, nor from a page of another origin.
"""

from __future__ import annotations

import json
import logging
import math
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from bridge.osc.clients import Plain
from bridge.osc.command import Command
from bridge.osc.docs import tree

ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "RANGE", "VALUE", "DESCRIPTION")
MAX_REQUESTS = 16
REQUEST_FOR = 5.0
"""Seconds in which a request must have come and its answer been read."""
_LOCAL = ("127.0.0.1", "localhost")
_log = logging.getLogger(__name__)


class OscQuery:
    """The HTTP server, or nothing when its port is None or taken (a warning says so)."""

    def __init__(
        self, value: Callable[[Command], tuple[Plain, ...]], osc_port: int, port: int | None
    ) -> None:
        """Binds to 127.0.0.1."""
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        if port is None:
            return
        try:
            self._server = _Server(("127.0.0.1", port), _answers(value, osc_port))
        except OSError as error:
            _log.warning("OSCQuery is off: port %d cannot be used (%s).", port, error.strerror)

    @property
    def port(self) -> int | None:
        """Where it listens."""
        return self._server.server_port if self._server else None

    def start(self) -> None:
        """Begins to answer in threads of its own."""
        if self._server:
            self._thread = threading.Thread(
                target=self._server.serve_forever, args=(0.1,), name="oscquery", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Ends it, and every request with it."""
        if self._server:
            if self._thread:
                self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Threads for a bounded number of requests, each for a bounded time."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._began: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._began[request] = time.monotonic()
            oldest = list(self._began)[:-MAX_REQUESTS]
        self._end(oldest)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._began.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        since = time.monotonic() - REQUEST_FOR
        with self._lock:
            late = [request for request, began in self._began.items() if began < since]
        self._end(late)

    def server_close(self) -> None:
        super().server_close()
        with self._lock:
            requests = list(self._began)
        self._end(requests)

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("A request to OSCQuery broke off", exc_info=True)

    def _end(self, requests: list[socket.socket]) -> None:
        """Wakes the threads that read or write these, which then close them."""
        for request in requests:
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


def host_info(osc_port: int) -> dict[str, Any]:
    """What `?HOST_INFO` answers."""
    return {
        "NAME": "Longtake",
        "OSC_IP": "127.0.0.1",
        "OSC_PORT": osc_port,
        "OSC_TRANSPORT": "UDP",
        "EXTENSIONS": {"ACCESS": True, "VALUE": True, "RANGE": True, "DESCRIPTION": True},
    }


def is_asked_of_us(hosts: list[str], target: str, origin: str | None, port: int) -> bool:
    """Whether a request names this machine and our port, and comes from no web page of somebody else's.

    Attributes:
        hosts: its `Host` headers; there must be one.
        target: what it asks for; if that is a whole address, it counts as well.
        origin: the page it comes from, if a browser sent it.
        port: of the server; it may be left out.
    """
    ours = {f"{name}{end}" for name in _LOCAL for end in ("", f":{port}")}
    try:
        named = [*hosts, *filter(None, (urlsplit(target).netloc, urlsplit(origin or "").netloc))]
    except ValueError:
        return False
    foreign_page = origin is not None and "://" not in origin  # As "null", of a file or a sandbox.
    return len(hosts) == 1 and not foreign_page and all(name.lower() in ours for name in named)


def _answers(
    value: Callable[[Command], tuple[Plain, ...]], osc_port: int
) -> type[BaseHTTPRequestHandler]:
    one_at_a_time = threading.Lock()

    class Answers(BaseHTTPRequestHandler):
        timeout = 2
        server_version, sys_version = "Longtake", ""

        def do_GET(self) -> None:
            hosts: list[str] = self.headers.get_all("Host") or []
            port = self.connection.getsockname()[1]
            if not is_asked_of_us(hosts, self.path, self.headers.get("Origin"), port):
                return self._send(403, {})
            address = urlsplit(self.path)
            if address.query == "HOST_INFO":
                return self._send(200, host_info(osc_port))
            with one_at_a_time:  # So that no number of requests takes the processor from OSC.
                root = tree(lambda command: _plain(value(command)))
            node = _node(root, unquote(address.path))
            if node is None or (address.query and address.query not in ATTRIBUTES):
                return self._send(404, {})
            if address.query:
                if address.query not in node:
                    return self._send(204, None)
                node = {address.query: node[address.query]}
            return self._send(200, node)

        def _send(self, status: int, body: dict[str, Any] | None) -> None:
            data = b"" if body is None else json.dumps(body, allow_nan=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            _log.debug(format, *args)

    return Answers


def _node(root: dict[str, Any], path: str) -> dict[str, Any] | None:
    node: Any = root
    for part in filter(None, path.split("/")):
        node = cast(dict[str, Any], node.get("CONTENTS", {})).get(part)
        if node is None:
            return None
    return node


def _plain(values: tuple[Plain, ...]) -> list[Plain | None]:
    return [None if isinstance(v, float) and not math.isfinite(v) else v for v in values]
