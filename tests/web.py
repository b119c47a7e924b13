"""A web server on this machine whose answers are a test's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def answering(
    answer: Callable[[BaseHTTPRequestHandler, bool], object], protocol: str = "HTTP/1.0"
) -> Iterator[str]:
    """The address at which `answer` is called with each request and whether it wants the body, on a free port."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = protocol

        def do_HEAD(self) -> None:
            answer(self, False)

        def do_GET(self) -> None:
            answer(self, True)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
