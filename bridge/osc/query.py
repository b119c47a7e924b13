"""OSCQuery: the tree of addresses as JSON over HTTP, on this machine only, so that tools can build their controls.

Knows the table and a way to read values. One request at a time, each with a short timeout.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from bridge.osc.clients import Plain
from bridge.osc.docs import tree
from bridge.osc.schema import Command

ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "RANGE", "VALUE", "DESCRIPTION")
_LOCAL = ("127.0.0.1", "localhost")
_log = logging.getLogger(__name__)


class OscQuery:
    """The HTTP server, or nothing when its port is None or taken (a warning says so)."""

    def __init__(
        self, value: Callable[[Command], tuple[Plain, ...]], osc_port: int, port: int | None
    ) -> None:
        """Binds to 127.0.0.1."""
        self._server: HTTPServer | None = None
        self._thread: threading.Thread | None = None
        if port is None:
            return
        try:
            self._server = HTTPServer(("127.0.0.1", port), _answers(value, osc_port))
        except OSError as error:
            _log.warning("OSCQuery is off: port %d cannot be used (%s).", port, error.strerror)

    @property
    def port(self) -> int | None:
        """Where it listens."""
        return self._server.server_port if self._server else None

    def start(self) -> None:
        """Begins to answer in a thread of its own."""
        if self._server:
            self._thread = threading.Thread(
                target=self._server.serve_forever, args=(0.1,), name="oscquery", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Ends it."""
        if self._server:
            if self._thread:
                self._server.shutdown()
            self._server.server_close()


def host_info(osc_port: int) -> dict[str, Any]:
    """What `?HOST_INFO` answers."""
    return {
        "NAME": "Longtake",
        "OSC_IP": "127.0.0.1",
        "OSC_PORT": osc_port,
        "OSC_TRANSPORT": "UDP",
        "EXTENSIONS": {"ACCESS": True, "VALUE": True, "RANGE": True, "DESCRIPTION": True},
    }


def _answers(
    value: Callable[[Command], tuple[Plain, ...]], osc_port: int
) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        timeout = 2

        def do_GET(self) -> None:
            # A web page may point a host name of its own at this machine; only this machine's own names are answered.
            if self.headers.get("Host", "").rsplit(":", 1)[0] not in _LOCAL:
                return self._send(403, {})
            address = urlsplit(self.path)
            if address.query == "HOST_INFO":
                return self._send(200, host_info(osc_port))
            node = _node(tree(lambda command: _plain(value(command))), unquote(address.path))
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
