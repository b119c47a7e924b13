"""A carrier of messages as files in a folder, for DAWs whose scripts have no sockets.

Its other side, `companions/spool.lua`, says what lies where. Messages to a DAW are numbered within a session, one for
each start, and our sign of life says how far the numbers go: a script that cannot list a folder finds them. No clock of
a file is read, since the folder may lie on another machine's disk: a sign of life is one that changes, and what lies
there at the start is old. Knows no DAW.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from bridge.closing import close_all
from bridge.delivery.carrier import GONE_AFTER, Hears
from bridge.delivery.messages import (
    FROM_DAW,
    LARGEST,
    PROTOCOL,
    Field,
    Message,
    Wrong,
    checked,
    from_lines,
    to_lines,
)
from bridge.rare_log import RareLog

POLL = 0.15
BEAT_EVERY = 1.0
"""Seconds between two looks into the folders, and between two signs of life."""
_MOST = 200
"""Messages that one look takes from a folder."""
_DAMAGED_AFTER = 3.0
"""Seconds after which a file that is not whole is taken to stay so."""
_log = logging.getLogger(__name__)


class Spool:
    """The folders of some DAWs, watched by one thread; the rest may be called from any."""

    def __init__(
        self, folders: Mapping[str, Path], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is made or read before `start`.

        Args:
            folders: the folder of each DAW; made, for this user only.
            clock: gives seconds.
        """
        self._boxes = {daw: Postbox(daw, folder, clock) for daw, folder in folders.items()}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._hears: Hears = lambda daw, message: None

    def start(self, hears: Hears) -> None:
        """Begins to listen; of what lies there already, only answers are heard."""
        self._hears = hears
        self._thread.start()

    def connected(self, daw: str) -> bool:
        """Whether a script said hello and lives."""
        return self._boxes[daw].connected

    def send(self, daw: str, message: Message) -> bool:
        """Puts a message down; False if no script is there, or the disk did not take it.

        Raises:
            Wrong: if it is larger than `LARGEST`.
        """
        return self._boxes[daw].send(message)

    def withdraw(self, daw: str, delivery_id: str) -> bool:
        """Takes a `place` back; True only if it still lay there."""
        return self._boxes[daw].withdraw(delivery_id)

    def close(self) -> None:
        """Ends; a script takes the sign of life that is gone as a bye."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)
        close_all(box.close for box in self._boxes.values())

    def _run(self) -> None:
        while not self._stopping.is_set():
            for daw, box in self._boxes.items():
                for message in box.look():
                    try:
                        self._hears(daw, message)
                    except Exception:
                        _log.exception("A message from %s met an error", daw)
            self._stopping.wait(POLL)


class Postbox:
    """The folder of one DAW: `look` is called by one thread, the rest by any."""

    def __init__(self, daw: str, root: Path, clock: Callable[[], float]) -> None:
        """Names the folder; `look` makes it."""
        self._daw = daw
        self._root = root
        self._clock = clock
        self._rare = RareLog(_log)
        self._lock = threading.Lock()
        self._session = f"{int(time.time()):010d}-{secrets.token_hex(4)}"
        self._sent = 0
        self._ticks = 0
        self._lying: dict[int, str] = {}
        """The number of each message that may still lie there -> the delivery it places, or nothing."""
        self._beaten = float("-inf")
        self._opened = False
        self._told = _Sign()
        self._hello: Message = {}
        """The last, for a script that fell silent and speaks again; empty after its bye."""
        self._greeted = False
        self._unfinished: dict[str, float] = {}

    @property
    def connected(self) -> bool:
        """Whether a script said hello and lives."""
        return self._greeted

    @property
    def _instance(self) -> object:
        """Who said hello; None if nobody has."""
        return self._hello.get("instance")

    def look(self) -> Iterator[Message]:
        """One look into the folder: what was said since the last, and a `bye` for a script that fell silent."""
        try:
            if not self._opened:
                yield from self._open()
            self._beat()
            yield from self._live()
            for path in self._paths():
                yield from self._take(path)
        except FileNotFoundError:
            self._opened = False  # Somebody cleared the folder away.
        except OSError as error:
            self._rare.warn(f"The folder {self._root} of messages cannot be used:", repr(error))

    def send(self, message: Message) -> bool:
        """As `Spool.send`."""
        text = to_lines(message).encode()
        if len(text) > LARGEST:
            raise Wrong(f"a {message['kind']} has {len(text)} bytes, and at most {LARGEST} go")
        with self._lock:
            if not self._greeted:
                return False
            number = self._sent + 1
            path = self._path(number)
            try:
                part = path.with_suffix(".tmp")
                part.write_bytes(text)
                part.replace(path)
                self._sent = number
                self._lying[number] = str(message.get("id", ""))
                self._write_sign()
            except OSError as error:
                self._rare.warn(f"{self._daw} could not be sent a message:", repr(error))
                return self._sent == number
        return True

    def withdraw(self, delivery_id: str) -> bool:
        """As `Spool.withdraw`."""
        with self._lock:
            found = [number for number, each in self._lying.items() if each == delivery_id]
            return bool(found) and self._withdrawn(self._path(found[-1]))

    def close(self) -> None:
        """Takes the sign of life away."""
        with self._lock:
            self._greeted = False
            self._sign.unlink(missing_ok=True)

    # --- our side of the folder ---

    @property
    def _sign(self) -> Path:
        return self._root / "longtake.alive"

    def _path(self, number: int) -> Path:
        return self._root / "to_daw" / f"{self._session}-{number:08d}.msg"

    def _open(self) -> Iterator[Message]:
        """Makes the folders and clears away what another session left; its answers are heard."""
        for folder in (self._root, *map(self._root.joinpath, ("to_daw", "from_daw", "taken"))):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(OSError):  # Some file systems have no modes.
                folder.chmod(0o700)
        for path in (self._root / "to_daw").iterdir():
            if not path.name.startswith(self._session):
                _removed(path)
        for path in sorted((self._root / "from_daw").iterdir()):
            message = None if path.suffix == ".tmp" else self._understood(_read(path))
            if message and message["kind"] == "answer":
                yield message
            _removed(path)
        self._opened = True

    def _beat(self) -> None:
        with self._lock:
            if self._clock() - self._beaten >= BEAT_EVERY:
                self._lying = {n: each for n, each in self._lying.items() if self._path(n).exists()}
                for folder in (
                    "to_daw",
                    "taken",
                ):  # Scripts can make no folder; one that is gone is made again.
                    (self._root / folder).stat()
                self._write_sign()
                self._beaten = self._clock()

    def _write_sign(self) -> None:
        self._ticks += 1
        fields: dict[str, Field] = {
            "session": self._session,
            "first": min(self._lying, default=self._sent + 1),
            "sent": self._sent,
            "tick": self._ticks,
        }
        # Over the old one: Windows renames onto no file that the script has open, and a half-written sign has no end.
        self._sign.write_bytes(to_lines(fields).encode())

    def _withdrawn(self, path: Path) -> bool:
        gone = path.with_suffix(".withdrawn")
        try:
            path.replace(gone)
        except OSError:
            return False
        _removed(gone)
        return True

    # --- the script's side ---

    def _live(self) -> Iterator[Message]:
        """Says hello or bye for a script whose sign of life began or ceased to change."""
        now = self._clock()
        self._told.look(self._root / "daw.alive", now)
        lives = now - self._told.changed <= GONE_AFTER
        if self._greeted and not lives:
            yield from self._bye()
        elif not self._greeted and lives and self._told.instance == self._instance:
            self._greeted = True
            yield self._hello

    def _bye(self) -> Iterator[Message]:
        if self._greeted:
            self._greeted = False
            yield {"kind": "bye"}

    def _paths(self) -> list[Path]:
        with os.scandir(self._root / "from_daw") as found:
            names = sorted(each.name for each in found if each.name.endswith(".msg"))
        return [self._root / "from_daw" / name for name in names[:_MOST]]

    def _take(self, path: Path) -> Iterator[Message]:
        """Reads a message, claims it, and gives it; what is not whole waits for a while."""
        text = _read(path)
        if text is None or (not text.endswith(b"\nend\n") and self._may_grow(path)):
            return
        message = self._understood(text)
        claimed = path.with_suffix(".taken" if message else ".damaged")
        try:
            path.replace(claimed)
        except OSError:
            return  # Another reader has it, or Windows keeps it for the script a moment longer.
        if message:
            yield from self._heard(message)
            _removed(claimed)

    def _heard(self, message: Message) -> Iterator[Message]:
        if message["kind"] == "bye":
            self._hello = {}
            yield from self._bye()
            return
        if message["kind"] == "hello":
            if message.get("daw") != self._daw or message.get("protocol") != PROTOCOL:
                self._rare.warn(f"The script in {self._daw} is another version's: install it anew.")
                return
            if self._instance != message.get("instance"):
                yield from self._bye()
            self._hello = message
            self._greeted = True
            self._told.changed = self._clock()
        yield message

    def _understood(self, text: bytes | None) -> Message | None:
        """The message of a text; None if it is none, which is logged."""
        if text is None:
            return None
        try:
            if len(text) > LARGEST:
                raise Wrong(f"it has more than {LARGEST} bytes")
            return checked(from_lines(text.decode()), FROM_DAW)
        except ValueError as error:
            self._rare.warn(f"A message from {self._daw} is not understood:", str(error))
            return None

    def _may_grow(self, path: Path) -> bool:
        since = self._unfinished.setdefault(path.name, self._clock())
        if self._clock() - since <= _DAMAGED_AFTER:
            return True
        del self._unfinished[path.name]
        return False


class _Sign:
    """A file that its owner changes while it lives."""

    def __init__(self) -> None:
        self.changed = float("-inf")
        self.instance = ""
        self._last: bytes | None = None

    def look(self, path: Path, now: float) -> None:
        """Looks whether it changed; a file that is not whole says nothing."""
        try:
            found = _read(path) or b""
            fields = from_lines(found.decode())
        except ValueError:
            return
        if found != self._last:
            if self._last is not None:
                self.changed = now
            self._last = found
            self.instance = fields.get("instance", "")


def _read(path: Path) -> bytes | None:
    """The bytes of a file, and no more than tell that it is too large; None if it cannot be read now."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return None


def _removed(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
