"""A small server for a listening test: hands out `page/`, and keeps what listeners answer as a JSON file per session.

It knows a table of files, made when it starts, and no paths: nothing else can be asked for. Reached by an address or by
a name it was told, so that no page of another site can ask in a browser's name. Knows nothing of what answers mean.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from engine.errors import DiskError, LongtakeError, SpecError
from engine.evaluation.listening_test.design import ANSWERS, ListeningTest, checked
from engine.whole_files import write_whole

LARGEST = 1 << 20
"""Bytes of the largest body that is read."""
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
}
"""Suffix -> type; what has another is not handed out."""
HEADERS = {
    # Noise, icons and downloads are made in the page.
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_PART = 1 << 18
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
log = logging.getLogger(__name__)


class PageServer(ThreadingHTTPServer):
    """Serves one test.

    Args:
        folder: of the test, with `test.json` and `page/`.
        address: host and port to listen at; port 0 is any free one.
        names: under which it may be reached beside any address and `localhost`.

    Raises:
        SpecError: if there is no test, or the address is not free.
        DiskError: if there can be no folder for answers.
    """

    daemon_threads = True

    def __init__(
        self, folder: Path, address: tuple[str, int] = ("127.0.0.1", 0), names: Sequence[str] = ()
    ) -> None:
        self.test = ListeningTest.load(folder)
        self.answers = folder / ANSWERS
        try:
            self.answers.mkdir(exist_ok=True)
        except OSError as error:
            raise DiskError(
                f"The folder {self.answers} cannot be made: {error.strerror}."
            ) from error
        page = folder / "page"
        self.files = {
            "/" + quote(path.relative_to(page).as_posix()): path
            for path in sorted(page.rglob("*"))
            if path.suffix in TYPES and path.is_file() and not path.is_symlink()
        }
        if "/index.html" not in self.files:
            raise SpecError(f"There is no page/index.html in {folder}; write the test again.")
        self.files["/"] = self.files["/index.html"]
        self.names = {name.casefold() for name in names}
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, Answering)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error).rstrip(".")
            raise SpecError(
                f"{address[0]}:{address[1]} cannot be listened at: {why}. Choose another --port or --host."
            ) from error

    @property
    def url(self) -> str:
        """Where the page is, on this machine."""
        host, port = self.server_address[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))
        return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"

    def known(self, host: str) -> bool:
        """Whether a request's `Host` is an address or one of our names.

        A page of another site whose name was made to point here (DNS rebinding) would send its own name.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name.casefold() in {*self.names, "localhost"}:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def ours(self, origin: str, host: str) -> bool:
        """Whether an `Origin` is that of our page: what was asked for, or one of our names.

        A web server with encryption before us has our name, and may hand on another `Host`.
        """
        try:
            page = urlsplit(origin)
        except ValueError:
            return False
        known = page.netloc == host or (page.hostname or "").casefold() in self.names
        return known and page.scheme in ("http", "https")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says what went wrong; nothing of listeners who hung up."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Answering(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: PageServer  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = 60
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Longtake", ""

    def do_GET(self) -> None:
        """Hands out a file, or the part of it that is asked for: players seek."""
        self._file(body=True)

    def do_HEAD(self) -> None:
        """The same without its body."""
        self._file(body=False)

    def do_POST(self) -> None:
        """Keeps the answers of a session; those that came earlier from the same one are replaced."""
        if not self._known():
            return
        if self.path != "/answers":
            return self._said(HTTPStatus.NOT_FOUND, "Answers are sent to /answers.")
        origin = self.headers.get("Origin")
        if origin is not None and not self.server.ours(origin, self.headers.get("Host", "")):
            return self._said(HTTPStatus.FORBIDDEN, "Answers come from the test's own page.")
        if self.headers.get_content_type() != "application/json":
            return self._said(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Answers are sent as JSON.")
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,9}", length):
            return self._said(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing.")
        if int(length) > LARGEST:
            return self._said(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Answers have {LARGEST} bytes at the most."
            )
        self._keep(self.rfile.read(int(length)))

    def _keep(self, body: bytes) -> None:
        try:
            found = checked(json.loads(body), self.server.test)
            name = f"{found['session']}.json"
            text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
            write_whole(self.server.answers / name, text)
        except LongtakeError as error:
            return self._said(HTTPStatus.BAD_REQUEST, str(error))
        except (ValueError, RecursionError):
            return self._said(HTTPStatus.BAD_REQUEST, "These answers are no JSON in UTF-8.")
        except OSError as error:
            log.error("answers could not be written: %s", error)
            return self._said(HTTPStatus.INSUFFICIENT_STORAGE, "The answers could not be kept.")
        log.info("answers of session %s", found["session"][:8])
        self._said(HTTPStatus.CREATED, "Kept.")

    def _file(self, body: bool) -> None:
        if not self._known():
            return
        path = None
        try:
            path = self.server.files.get(urlsplit(self.path).path)
            file = path.open("rb") if path else None
        except (OSError, ValueError):
            file = None
        if path is None or file is None:
            return self._said(HTTPStatus.NOT_FOUND, "There is no such file.")
        with file:
            size = path.stat().st_size
            span = _span(self.headers.get("Range"), size)
            if span is None:
                more = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
                return self._begin(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, more)
            first, last = span
            more = {
                "Content-Type": TYPES[path.suffix],
                "Content-Length": str(last + 1 - first),
                "Accept-Ranges": "bytes",
            }
            part = "Range" in self.headers
            if part:
                more["Content-Range"] = f"bytes {first}-{last}/{size}"
            self._begin(HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK, more)
            if body:
                self._send(file, first, last + 1 - first)

    def _send(self, file: BinaryIO, first: int, count: int) -> None:
        file.seek(first)
        try:
            while count > 0 and (part := file.read(min(count, _PART))):
                self.wfile.write(part)
                count -= len(part)
        except (ConnectionError, TimeoutError):
            # Players hang up when they have enough.
            self.close_connection = True

    def _known(self) -> bool:
        if self.server.known(self.headers.get("Host", "")):
            return True
        self._said(
            HTTPStatus.MISDIRECTED_REQUEST, "This name is not known here; start with --name NAME."
        )
        return False

    def _said(self, status: HTTPStatus, text: str) -> None:
        body = text.encode()
        # What of a body was not read is no further request.
        self.close_connection = True
        more = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        self._begin(status, more | {"Connection": "close"})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: HTTPStatus, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: they would say who heard what."""


def _span(asked: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of a range in a file; all of it for none or a form we do not know, None beyond its end."""
    match = _RANGE.fullmatch(asked or "")
    if match is None or not any(match.groups()):
        return 0, size - 1
    first, last = match.groups()
    if not first:
        return (max(size - int(last), 0), size - 1) if int(last) else None
    end = min(int(last) if last else size - 1, size - 1)
    return (int(first), end) if int(first) <= end else None
