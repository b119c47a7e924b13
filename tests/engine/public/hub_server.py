"""A hub on this machine: as much of its protocol as huggingface_hub needs, from folders, with faults on request."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.web import answering

REVISION = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """Repositories as folders.

    Attributes:
        repositories: owner/name -> folder.
        token: what a request must carry; None serves everyone.
        gated: repositories whose licence the account has not accepted.
        cut: file name -> after how many bytes the next answer breaks off, once.
        slow: file name -> bytes a second.
        damaged: file names whose first byte is wrong on the way.
        ranges: the byte ranges that were asked for.
    """

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.token: str | None = None
        self.gated: set[str] = set()
        self.cut: dict[str, int] = {}
        self.slow: dict[str, int] = {}
        self.damaged: set[str] = set()
        self.ranges: list[tuple[str, str]] = []
        self.endpoint = ""

    @contextmanager
    def serving(self) -> Iterator[FakeHub]:
        """Answers on a free port for as long as the block runs."""
        with answering(self.answer, "HTTP/1.1") as self.endpoint:
            yield self

    def answer(self, request: BaseHTTPRequestHandler, body: bool) -> None:
        path = request.path.split("?")[0]
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/.+)?", path) or re.fullmatch(
            r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path
        )
        if found is None or found[1] not in self.repositories:
            return _send(request, 404, b"", {"X-Error-Code": "RepoNotFound"})
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _send(request, 401, b"", {"X-Error-Code": "GatedRepo"})
        is_file = path.startswith(f"/{found[1]}")
        if found[1] in self.gated and is_file:
            return _send(request, 403, b"", {"X-Error-Code": "GatedRepo"})
        folder = self.repositories[found[1]]
        if not is_file:
            return _send(request, 200, json.dumps(_facts(found[1], folder)).encode(), {})
        return self._file(request, folder / found[2], body)

    def _file(self, request: BaseHTTPRequestHandler, path: Path, body: bool) -> None:
        content = path.read_bytes()
        if path.name in self.damaged:
            content = bytes([content[0] ^ 1]) + content[1:]
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        headers = {
            "ETag": f'"{checksum}"',
            "X-Repo-Commit": REVISION,
            "X-Linked-Size": str(len(content)),
            "X-Linked-Etag": f'"{checksum}"',
            "Accept-Ranges": "bytes",
        }
        wanted = request.headers.get("Range")
        status = 200
        if wanted and body:
            self.ranges.append((path.name, wanted))
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(content):
                headers["Content-Range"] = f"bytes */{len(content)}"
                return _send(request, 416, b"", headers)
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            content, status = content[start:], 206
        if not body:
            return _send(request, status, b"", headers, len(content))
        pace = self.slow.get(path.name)
        if pace:
            return _send_slowly(request, status, content, headers, pace)
        stop = self.cut.pop(path.name, None)
        if stop is None:
            return _send(request, status, content, headers)
        _send(request, status, content[:stop], headers, len(content))
        request.close_connection = True
        return None


def _facts(repository: str, folder: Path) -> dict[str, Any]:
    siblings: list[dict[str, Any]] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            fact: dict[str, Any] = {
                "rfilename": path.relative_to(folder).as_posix(),
                "size": len(content),
                "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
            }
            if path.suffix == ".safetensors":
                checksum = hashlib.sha256(content).hexdigest()
                fact["lfs"] = {"sha256": checksum, "size": len(content), "pointerSize": 134}
            siblings.append(fact)
    return {"id": repository, "modelId": repository, "sha": REVISION, "siblings": siblings}


def _send(
    request: BaseHTTPRequestHandler,
    status: int,
    content: bytes,
    headers: dict[str, str],
    length: int | None = None,
) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content) if length is None else length))
    request.end_headers()
    request.wfile.write(content)


def _send_slowly(
    request: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str], pace: int
) -> None:
    _send(request, status, b"", headers, len(content))
    with suppress(OSError):  # Whoever asked has gone.
        for start in range(0, len(content), pace // 20):
            request.wfile.write(content[start : start + pace // 20])
            time.sleep(0.05)
    request.close_connection = True
