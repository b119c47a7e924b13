"""What is changed of takes, on its way into their files: on a thread of its own, in order, all before `close` returns.

A change is in the index already when it comes here. If a file cannot be changed, a `Notice` says so, and what the files
say is shown again. Knows nothing of how takes are made or searched.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from bridge.errors import BridgeError
from bridge.events import Notice, Publish, TakeAdded, TakeChanged, TakeRemoved
from bridge.state import Take, TakeChange
from bridge.takes import bin, sidecar
from bridge.takes.index import Index
from engine.disks import why
from engine.errors import AudioError
from engine.sound.targets import check_folder

UNWRITTEN = 0
"""The stamp of a take whose sidecar lacks its last change; no file has this stamp."""
_log = logging.getLogger(__name__)


class Changes:
    """The files follow; `later` and `owed` are called under the library's lock."""

    def __init__(self, index: Index, publish: Publish, lock: threading.Lock) -> None:
        """No thread runs before the first change.

        Args:
            index: shows what is changed.
            publish: who is told.
            lock: held for each change of the index and its event, never while a file is written.
        """
        self._index = index
        self._publish = publish
        self._lock = lock
        self._owed: Counter[str] = Counter()
        """How many changes to each take's files are still to be made."""
        self._unwritten: dict[str, TakeChange] = {}
        """What they change in its sidecar, all together."""
        self._binned: dict[str, Take] = {}
        """What was binned since the start and can come back."""
        self._writer = ThreadPoolExecutor(1, "library")
        self.let_go: Callable[[Take], None] = lambda take: None
        """Called before a take is binned: whoever plays it closes its file."""

    def owed(self) -> set[str]:
        """The takes whose files lack a change."""
        return set(self._owed)

    def check(self, take: Take) -> None:
        """Checks that a take's files can follow a change; one whose sound is gone is shown no longer.

        Called under the lock.

        Raises:
            BridgeError: `io` if the folder is gone, as its disk was unplugged, or the sound.
        """
        _check_folder(take)
        if take.id not in self._owed and not take.path.is_file():
            self._index.drop([take.id])
            self._publish(TakeRemoved(take.id))
            raise BridgeError("io", f"{take.name} is gone: there is no file {take.path} any more.")

    def change(self, take: Take, change: TakeChange) -> None:
        """Queues a change of a take's sidecar; called under the lock, so that changes stay in order."""
        self._unwritten[take.id] = {**self._unwritten.get(take.id, {}), **change}
        self._later(take, self._write)

    def bin(self, take: Take) -> None:
        """Queues that a take's files go to the bin; called under the lock."""
        self._binned[take.id] = take
        self._later(take, self._bin)

    def give_back(self, take_id: str) -> Take | None:
        """Queues that the files of a take come back that was binned since the start; that take, or None.

        Called under the lock.

        Raises:
            BridgeError: `bad_args` if somebody took them out of the bin, `io` if the folder is gone.
        """
        take = self._binned.get(take_id)
        if take is None:
            return None
        _check_folder(take)
        del self._binned[take_id]
        if take_id not in self._owed and not bin.holds(take.path):
            raise BridgeError("bad_args", f"{take.name} is no longer in the bin.")
        self._later(take, self._give_back)
        return take

    def pass_on(self, left: Callable[[], Iterable[Path]]) -> None:
        """Queues that what a run that died left in the bin goes to the system's."""
        self.do(lambda: self._pass_on(left(), tell=True))

    def do(self, task: Callable[[], None]) -> None:
        """Queues anything else, unless it is being closed."""
        with suppress(RuntimeError):
            self._writer.submit(task)

    def close(self) -> None:
        """Writes what is not written yet; what is in the bin goes to the system's."""
        self.do(lambda: self._pass_on([take.path for take in self._binned.values()]))
        self._writer.shutdown()

    def _later(self, take: Take, do: Callable[[Take], None]) -> None:
        """Counts what is queued, until it is done."""
        self._owed[take.id] += 1
        self._writer.submit(self._do, take, do)

    def _do(self, take: Take, do: Callable[[Take], None]) -> None:
        try:
            do(take)
        except Exception as error:
            _log.warning("The files of %s could not be changed", take.id, exc_info=True)
            self._put_right(
                take, f"{take.name} could not be changed on the disk: {why(take.path, error)}."
            )
        finally:
            with self._lock:
                self._owed[take.id] -= 1
                if not self._owed[take.id]:
                    del self._owed[take.id]
                    self._unwritten.pop(take.id, None)

    def _write(self, take: Take) -> None:
        with self._lock:
            change = cast(dict[str, Any], dict(self._unwritten[take.id]))
        if not take.path.is_file():
            raise bin.absent(take.path)
        # Upon what the files say: another Longtake may have changed them.
        if sidecar.path_for(take.path).exists():
            take = sidecar.read(take.path)
        take = replace(take, **change)
        sidecar.write(take)
        self._written(take)

    def _written(self, take: Take) -> None:
        """The files say what the index says, unless more is owed."""
        with self._lock:
            if self._owed[take.id] == 1 and self._index.take(take.id):
                self._index.put([(take, sidecar.stamp(take.path))])

    def _put_right(self, take: Take, problem: str) -> None:
        """Goes back to what the files say, unless more is owed: that writes the newest state, or bins the files."""
        kept = None
        with suppress(AudioError, OSError):
            kept = sidecar.read(take.path)
        with self._lock:
            if self._owed[take.id] > 1:
                return
            try:
                shown = self._index.take(take.id)
                if kept:
                    self._index.put([(kept, sidecar.stamp(kept.path))])
                    self._publish(TakeChanged(kept) if shown else TakeAdded(kept))
                elif shown:
                    self._index.drop([take.id])
                    self._publish(TakeRemoved(take.id))
            finally:
                self._publish(Notice("error", "io", problem))

    def _bin(self, take: Take) -> None:
        self.let_go(take)
        try:
            bin.put(take.path)
        except OSError:
            with self._lock:
                self._binned.pop(take.id, None)
            raise

    def _give_back(self, take: Take) -> None:
        bin.give_back(take.path)
        self._written(take)

    def _pass_on(self, paths: Iterable[Path], *, tell: bool = False) -> None:
        """Moves takes from our bin to the system's; what it does not take stays in ours."""
        refused: list[tuple[Path, Exception]] = []
        for path in paths:
            try:
                bin.pass_on(path)
            except Exception as error:
                _log.warning("%s stays in %s", path.name, bin.place(path), exc_info=True)
                refused.append((path, error))
        if refused and tell:
            path, error = refused[0]
            words = f"{path.name} was deleted, but the system's bin does not take it"
            others = f" (nor {len(refused) - 1} more)" if len(refused) > 1 else ""
            self._publish(
                Notice(
                    "warning",
                    "io",
                    f"{words}{others}: {why(path, error)}. What is left lies in {bin.place(path).parent}.",
                )
            )


def _check_folder(take: Take) -> None:
    try:
        check_folder(take.path)
    except AudioError as error:
        raise BridgeError("io", str(error)) from error
