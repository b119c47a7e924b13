"""A server of a folder over HTTP, with ranges, that can be told to fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.web import answering


@dataclass
class Server:
    """What it serves, what it was asked for, and what it does wrong."""

    folder: Path
    address: str = ""
    fails: int = 0
    cuts: int = 0
    ranges: bool = True
    asked: list[str] = field(default_factory=list)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Serves a folder in a thread."""
    server = Server(folder)

    def answer(request: BaseHTTPRequestHandler, _: bool) -> None:
        server.asked.append(request.path)
        path = folder / request.path.strip("/")
        if server.fails > 0:
            server.fails -= 1
            request.send_error(503)
            return
        if not path.is_file():
            request.send_error(404)
            return
        content, told = path.read_bytes(), request.headers.get("Range", "")
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", told) if server.ranges else None
        if found:
            content = content[int(found[1]) : int(found[2]) + 1]
        request.send_response(206 if found else 200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if server.cuts > 0:
            server.cuts -= 1
            content = content[: len(content) // 2]
        request.wfile.write(content)

    with answering(answer) as server.address:
        yield server
