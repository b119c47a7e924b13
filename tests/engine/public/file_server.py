"""A web server on this machine that gives files, with ranges, and breaks off on request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.web import answering


class FileServer:
    """Answers with what stands in `files`.

    Attributes:
        files: path -> content.
        cut: path -> after how many bytes the next answer breaks off, once.
        ranges: the byte ranges that were asked for.
        knows_ranges: whether parts of a file can be had.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.ranges: list[str] = []
        self.knows_ranges = True
        self.address = ""

    @contextmanager
    def serving(self) -> Iterator[FileServer]:
        """Answers on a free port for as long as the block runs."""
        with answering(lambda request, _: self.answer(request)) as self.address:
            yield self

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        path = request.path.split("?")[0]
        content = self.files.get(path)
        if content is None:
            return request.send_error(404)
        wanted = request.headers.get("Range")
        status = 200
        if wanted and self.knows_ranges:
            self.ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(content):
                return request.send_error(416)
            content, status = content[start:], 206
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: self.cut.pop(path, len(content))])
        return None
