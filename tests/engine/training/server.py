"""A server of a folder over HTTP, with ranges, that can be told to fail."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Server:
    """What it serves, what it was asked for, and what it does wrong."""

    folder: Path
    address: str = ""
    fails: int = 0
    ranges: bool = True
    asked: list[str] = field(default_factory=list)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Serves a folder in a thread."""
    server = Server(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            path = folder / self.path.strip("/")
            if server.fails > 0:
                server.fails -= 1
                self.send_error(503)
                return
            if not path.is_file():
                self.send_error(404)
                return
            content, told = path.read_bytes(), self.headers.get("Range", "")
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", told) if server.ranges else None
            if found:
                content = content[int(found[1]) : int(found[2]) + 1]
            self.send_response(206 if found else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
