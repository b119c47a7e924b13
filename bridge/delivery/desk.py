"""The carrier over a socket of this machine: companions come to the desk, show a token, and speak lines of JSON.

Where the desk stands is told by a file that only its user may read, `desk.json`: port, token, protocol, pid. A
companion reads it again whenever it has lost us, since both change with each start. Its first line is a `hello` with
the token beside its fields; whoever shows none within `HELLO_WITHIN` s is shown out without a word. After that it says
something at least every `GONE_AFTER` / 2 s; a `state` without fields is a sign of life and nothing else. One thread
serves all. Knows messages; nothing of DAWs or deliveries.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridge.delivery.carrier import Hears
from bridge.delivery.messages import FROM_DAW, PROTOCOL, Message, Wrong, checked, from_json
from bridge.delivery.peer import BUSY, Gone, Peer
from bridge.delivery.targets import TARGETS
from engine import __version__
from engine.disks import why
from engine.whole_files import whole

FILE = "desk.json"
HELLO_WITHIN = 2.0
MOST_PEERS = 8
_LOOK = 5.0
"""Seconds between two looks at who has been silent for too long and whether the file is there, while nothing comes."""
_log = logging.getLogger(__name__)


class Desk:
    """The carrier of every DAW whose companion has sockets."""

    def __init__(
        self, folder: Path, daws: frozenset[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Opens nothing before `start`.

        Args:
            folder: where `desk.json` lies; made when it is missing.
            daws: the targets that may say hello.
            clock: gives seconds.
        """
        self._file = folder / FILE
        self._daws = daws
        self._clock = clock
        self._token = secrets.token_urlsafe(32)
        self._hears: Hears = lambda daw, message: None
        self._lock = threading.Lock()
        self._peers: set[Peer] = set()
        self._at: dict[str, Peer] = {}
        self._never_sent: set[str] = set()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        for sock in (self._wake, self._woken):
            sock.setblocking(False)
        self._closing = False
        self._port = 0
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)

    def start(self, hears: Hears) -> None:
        """Begins to listen; where that fails, the reason is logged and no companion is ever there."""
        self._hears = hears
        try:
            listening = _listen()
            self._port = listening.getsockname()[1]
            self._write()
        except OSError as error:
            _log.error("DAWs cannot connect to Longtake: %s", why(self._file, error))
            return
        self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()

    def connected(self, daw: str) -> bool:
        """Whether a companion is there now; one that is placing something may be silent meanwhile."""
        with self._lock:
            peer = self._at.get(daw)
            return peer is not None and peer.there(self._clock())

    def send(self, daw: str, message: Message) -> bool:
        """Gives a message to a companion; False if none is there, or it does not read."""
        with self._lock:
            peer, now = self._at.get(daw), self._clock()
            given = peer is not None and peer.there(now) and peer.put(message, now)
        self._awake()
        return given

    def withdraw(self, daw: str, delivery_id: str) -> bool:
        """Takes a `place` back of which nothing has been sent."""
        with self._lock:
            peer = self._at.get(daw)
            if peer is not None and peer.withdraw(delivery_id):
                return True
            lost = delivery_id in self._never_sent
            self._never_sent.discard(delivery_id)
            return lost

    def close(self) -> None:
        """Says bye to all and ends."""
        self._closing = True
        if self._thread.is_alive():
            self._awake()
            self._thread.join(timeout=5.0)
            self._file.unlink(missing_ok=True)
        self._selector.close()
        for sock in (self._wake, self._woken):
            sock.close()

    # --- the thread ---

    def _run(self) -> None:
        while not self._closing:
            for key, _ in self._selector.select(self._patience()):
                if isinstance(key.data, Peer):
                    self._serve(key.data)
                elif key.fileobj is self._woken:
                    with suppress(OSError):
                        self._woken.recv(4096)
                else:
                    self._accept(key.fileobj)
            self._write_out()
            self._show_out()
            self._be_found()
        with self._lock:
            for peer in self._at.values():
                peer.put({"kind": "bye"}, self._clock())
        self._write_out()
        for key in list(self._selector.get_map().values()):
            if key.fileobj is not self._woken and isinstance(key.fileobj, socket.socket):
                key.fileobj.close()

    def _patience(self) -> float:
        with self._lock:
            return HELLO_WITHIN / 4 if any(not peer.daw for peer in self._peers) else _LOOK

    def _accept(self, listening: Any) -> None:
        try:
            sock, _ = listening.accept()
        except OSError:
            return
        if len(self._peers) >= MOST_PEERS:
            sock.close()
            return
        sock.setblocking(False)
        peer = Peer(sock, self._clock())
        with self._lock:
            self._peers.add(peer)
        self._selector.register(sock, selectors.EVENT_READ, peer)

    def _serve(self, peer: Peer) -> None:
        """Reads what a peer has sent."""
        try:
            with self._lock:
                lines = peer.lines(self._clock())
            for line in lines:
                if peer.daw:
                    self._take(peer, line)
                else:
                    self._admit(peer, line)
        except Gone as reason:
            self._drop(peer, str(reason))
        except Exception:
            _log.exception("A line from %s met an error", peer.daw or "an unknown program")
            self._drop(peer, "it met an error")

    def _admit(self, peer: Peer, line: bytes) -> None:
        """Looks at the first line of a peer: who it is, and whether it may stay."""
        try:
            raw = from_json(line)
            token = str(raw.pop("token", "")).encode(errors="replace")
            right = hmac.compare_digest(token, self._token.encode())
            hello = checked(raw, FROM_DAW)
        except Wrong as error:
            raise Gone(str(error)) from error
        if not right or hello["kind"] != "hello":
            raise Gone("it has not the token")
        daw, instance = str(hello.get("daw", "")), str(hello.get("instance", ""))
        before = self._at.get(daw)
        if daw not in self._daws:
            raise self._refused(peer, "This program is not known to Longtake.")
        title = TARGETS[daw].title
        if hello.get("protocol") != PROTOCOL:
            raise self._refused(
                peer, f"The script in {title} is of another Longtake: install it again."
            )
        if before is not None:
            if before.instance != instance and before.there(self._clock()):
                raise self._refused(peer, f"Another {title} is connected to Longtake already.")
            self._drop(before, "another has come", bye=before.instance != instance)
        with self._lock:
            peer.daw, peer.instance = daw, instance
            self._at[daw] = peer
            welcome: Message = {"kind": "welcome", "protocol": PROTOCOL, "version": __version__}
            peer.put(welcome, self._clock())
        self._tell(daw, hello)

    def _take(self, peer: Peer, line: bytes) -> None:
        """Hands on what a companion says."""
        try:
            message = checked(from_json(line), FROM_DAW)
        except Wrong as error:
            self._say(peer, f"A message is not understood: {error}.")
            return
        if message["kind"] == "bye":
            raise Gone("it said bye")
        if message["kind"] == "answer":
            with self._lock:
                peer.answered(str(message.get("id", "")))
        if message["kind"] != "hello" and message != {"kind": "state"}:
            self._tell(peer.daw, message)

    def _refused(self, peer: Peer, text: str) -> Gone:
        self._say(peer, text)
        with suppress(Gone):
            peer.flush()
        return Gone(text)

    def _say(self, peer: Peer, text: str) -> None:
        with self._lock:
            peer.put(
                {"kind": "error", "req": "", "code": "bad_message", "text": text}, self._clock()
            )

    def _tell(self, daw: str, message: Message) -> None:
        try:
            self._hears(daw, message)
        except Exception:
            _log.exception("A message from %s met an error", daw)

    def _write_out(self) -> None:
        """Sends what waits; a socket that takes no more is looked at again when it does."""
        for peer in list(self._peers):
            try:
                with self._lock:
                    peer.flush()
                    more = peer.waiting
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if more else 0)
                if self._selector.get_key(peer.sock).events != events:
                    self._selector.modify(peer.sock, events, peer)
            except Gone as reason:
                self._drop(peer, str(reason))

    def _show_out(self) -> None:
        """Ends with those that said no hello, and with those that fell silent."""
        now = self._clock()
        for peer in list(self._peers):
            if not peer.daw and now - peer.since > HELLO_WITHIN:
                self._drop(peer, "it said no hello")
            elif peer.daw and peer.silent(now) > BUSY:
                self._drop(peer, "it fell silent")

    def _be_found(self) -> None:
        """Writes the file again if somebody cleared its folder away."""
        if not self._file.exists():
            with suppress(OSError):
                self._write()

    def _drop(self, peer: Peer, reason: str, bye: bool = True) -> None:
        with self._lock:
            if peer not in self._peers:
                return
            self._peers.discard(peer)
            self._never_sent |= peer.never_sent()
            known = self._at.get(peer.daw) is peer
            if known:
                del self._at[peer.daw]
        self._selector.unregister(peer.sock)
        peer.sock.close()
        _log.info("A connection of %s ends: %s", peer.daw or "an unknown program", reason)
        if known and bye:
            self._tell(peer.daw, {"kind": "bye"})

    def _awake(self) -> None:
        with suppress(OSError):
            self._wake.send(b".")

    def _write(self) -> None:
        """Writes the file that companions look for; nobody else may read it, at no moment."""
        told = {"protocol": PROTOCOL, "port": self._port, "token": self._token, "pid": os.getpid()}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.unlink(missing_ok=True)
        with whole(self._file) as part:
            only_ours = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(only_ours, "w", encoding="utf-8") as file:
                json.dump(told, file)


def _listen() -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # On Windows, another program could otherwise listen on the same port.
    exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
    if exclusive is not None:
        listening.setsockopt(socket.SOL_SOCKET, exclusive, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(MOST_PEERS)
    listening.setblocking(False)
    return listening
