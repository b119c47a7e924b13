"""Every take: an audio file and its sidecar JSON, indexed in SQLite. Survives a crash, a restart, a lost index.

Knows nothing of jobs or devices. The files are the truth: a take exists when its WAV stands under its final name,
whole; what was rated, renamed or measured stands in the sidecar beside it. The index only makes it quick to find.
Two Longtakes may share a folder: names never meet, files are whole or not there, and both search one index; only
events stay within each.

A change or a deletion is seen and told at once; its files follow on a thread of the library's own, in order, and all
of them before `close` returns. If a file cannot be changed, a `Notice` says so, and what the files say is shown again.
A crash before a sidecar is written loses that change and nothing else.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray
from send2trash import send2trash

from bridge.errors import BridgeError
from bridge.events import Notice, Publish, TakeAdded, TakeChanged, TakeRemoved
from bridge.ports import Recording
from bridge.state import Search, Take, TakeChange
from bridge.takes import sidecar
from bridge.takes.index import Index
from bridge.takes.measure import Measuring
from bridge.takes.naming import Naming, take_name, title
from bridge.takes.pending import SUBTYPE, Draft, PendingTake
from engine.composing.score import Score
from engine.errors import AudioError
from engine.sound.audio import write_audio

INDEX = ".longtake-index.sqlite3"
AUDIO = (".flac", ".wav")
AT_ONCE = 200
"""Takes that `reconcile` enters before it lets others use the index."""
UNWRITTEN = 0
"""The stamp of a take whose sidecar lacks its last change; no file has this stamp."""
_LEFTOVER = re.compile(r"\..+\.(?:wav|flac|json)\.[0-9a-f]{8}\.tmp")
_ABANDONED = 600.0  # s; a younger file may belong to another Longtake that is writing it
_log = logging.getLogger(__name__)


class Library:
    """The takes of one folder; any thread may call it."""

    def __init__(self, folder: Path, publish: Publish) -> None:
        """Opens (or makes) the folder; call `reconcile` once, from any thread, to match index and files.

        Raises:
            BridgeError: `io` if the folder cannot be made or written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = Index(folder / INDEX)
        except OSError as error:
            raise BridgeError(
                "io", f"The folder of takes {folder} cannot be used: {error.strerror}."
            ) from error
        self.folder = folder.resolve()
        self._publish = publish
        # Held for each change of the index and its event, never while a file is written.
        self._lock = threading.Lock()
        self._writing: set[str] = set()
        self._owed: Counter[str] = Counter()
        """How many changes to each take's files are still to be made."""
        self._unwritten: dict[str, TakeChange] = {}
        """What they change in its sidecar, all together."""
        self._writer = ThreadPoolExecutor(1, "library")

    def reconcile(self) -> int:
        """Makes the index say what the files say; gives how many takes were added or dropped.

        Half files of a run that died are removed. Unreadable files are logged and left alone.
        """
        with self._lock:
            writing = self._writing | self._owed.keys()  # Whoever writes these enters them.
        known = self._index.stamps()
        found = self._files()
        stamps = {take_id: sidecar.stamp(path) for take_id, path in found.items()}
        changed = [name for name in found.keys() - writing if known.get(name) != stamps[name]]
        gone = [take_id for take_id in known if take_id not in found]
        read = [(take, stamps[take.id]) for name in changed if (take := sidecar.read(found[name]))]
        count = sum(
            self._take_over(read[start : start + AT_ONCE], known)
            for start in range(0, len(read), AT_ONCE)
        )
        return count + self._let_go(gone)

    def _take_over(self, read: list[tuple[Take, int]], known: dict[str, int]) -> int:
        """Enters takes as their files have them, except those changed since `known`; gives how many."""
        with self._lock:
            now = self._index.stamps()
            busy = self._writing | self._owed.keys()
            read = [
                (take, stamp)
                for take, stamp in read
                if take.id not in busy and now.get(take.id) == known.get(take.id)
            ]
            self._index.put(read)
            for take, _ in read:
                self._publish(TakeChanged(take) if take.id in known else TakeAdded(take))
        return len(read)

    def _let_go(self, gone: list[str]) -> int:
        """Forgets takes whose files are gone; gives how many."""
        with self._lock:
            gone = [take_id for take_id in gone if take_id not in self._owed]
            self._index.drop(gone)
            for take_id in gone:
                self._publish(TakeRemoved(take_id))
        return len(gone)

    def _files(self) -> dict[str, Path]:
        """The audio files by their ids; half-written files of a run that died are removed on the way."""
        found: dict[str, Path] = {}
        for path in sorted(self.folder.iterdir()):
            if _LEFTOVER.fullmatch(path.name):
                # Whoever writes it may be giving it its name at this moment.
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > _ABANDONED:
                        path.unlink()
            elif path.suffix.lower() in AUDIO and not path.name.startswith("."):
                found[path.stem] = path
        return found

    def begin(self, draft: Draft) -> PendingTake:
        """Opens a file for a take; its name is settled, but nothing stands under it until `finish`."""
        spec = draft.spec
        job = f"{draft.job_id}-{draft.number}" if draft.number else draft.job_id
        name = take_name(Naming(draft.created, spec.prompt, job, spec.tempo, spec.key, spec.seed))
        name = self._free(name)
        try:
            return PendingTake(self, name, draft)
        except BaseException:
            self.abandon(name)
            raise

    def add_recording(self, recording: Recording) -> Take:
        """Writes a capture as a take.

        Raises:
            BridgeError: `not_audio` if it is empty or not finite, `io` if it cannot be written.
        """
        samples, rate = recording.samples, recording.sample_rate
        if samples.ndim != 2 or samples.shape[1] == 0 or not np.isfinite(samples).all():
            raise BridgeError("not_audio", "The recording has no sound in it; check the input.")
        take = Take(
            id="",
            path=self.folder,
            name=title(recording.name),
            kind="capture",
            seconds=0.0,
            sample_rate=rate,
            channels=samples.shape[0],
            created=0.0,
            tempo_asked=recording.tempo,
            key=recording.key,
        )
        return self.add_made(take, samples, "capture")

    def add_made(
        self, about: Take, samples: NDArray[np.float32], job: str, score: Score | None = None
    ) -> Take:
        """Writes samples [C, N] that play `score` as a take like `about`, with a name, length and key of its own.

        Raises:
            BridgeError: `io` if it cannot be written.
        """
        created = time.time()
        text = about.prompt or about.name
        naming = Naming(created, text, job, about.tempo_asked, about.key, about.seed)
        name = self._free(take_name(naming))
        measuring = Measuring(about.sample_rate)
        measuring.add(samples)
        measured = measuring.result(about.tempo_asked)
        take = replace(
            about,
            id=name,
            path=self.folder / f"{name}.wav",
            seconds=samples.shape[1] / about.sample_rate,
            created=created,
            tempo_measured=measured.tempo,
            key=about.key or measured.key,
            key_measured=measured.key,
        )
        try:
            write_audio(take.path, samples, take.sample_rate, SUBTYPE)
            self.enter(take, score)
        except AudioError as error:
            raise BridgeError("io", str(error)) from error
        finally:
            self.abandon(name)
        return take

    def search(self, search: Search = Search()) -> list[Take]:  # noqa: B008 (frozen)
        """Takes that match, newest first."""
        return self._index.search(search)

    def at(self, path: Path) -> Take | None:
        """The take whose file this is, if it is one of the library's."""
        take = self._index.take(path.stem)
        return take if take and take.path == path.resolve() else None

    def get(self, take_id: str) -> Take:
        """One take.

        Raises:
            BridgeError: `bad_args` if there is none of that id.
        """
        take = self._index.take(take_id)
        if take is None:
            raise BridgeError("bad_args", f"There is no take {take_id!r} in the library.")
        return take

    def change(self, take_id: str, **change: Unpack[TakeChange]) -> Take:
        """Rates, marks or renames a take; its file keeps its name.

        Raises:
            BridgeError: `bad_args` if there is no such take, `out_of_range` for the stars.
        """
        if not 0 <= change.get("rating", 0) <= 5:
            raise BridgeError(
                "out_of_range", f"A rating is 0 to 5 stars; it is {change.get('rating')}."
            )
        if "name" in change and not change["name"].strip():
            raise BridgeError("bad_args", "A take needs a name.")
        with self._lock:
            take = replace(self.get(take_id), **cast(dict[str, Any], change))
            self._index.put([(take, UNWRITTEN)])
            self._unwritten[take_id] = {**self._unwritten.get(take_id, {}), **change}
            self._later(take, self._write)
            self._publish(TakeChanged(take))
        return take

    def delete(self, take_id: str) -> None:
        """Moves a take's files to the system's bin.

        Raises:
            BridgeError: `bad_args` if there is no such take.
        """
        with self._lock:
            take = self.get(take_id)
            self._index.drop([take_id])
            self._later(take, _bin)
            self._publish(TakeRemoved(take_id))

    def close(self) -> None:
        """Writes what is not written yet, and closes the index."""
        self._writer.shutdown()
        self._index.close()

    def enter(self, take: Take, score: Score | None = None) -> None:
        """Writes a take's sidecar, with its score if one is given, adds it to the index and announces it.

        Raises:
            BridgeError: `io`; the sound is there all the same and is found again by `reconcile`.
        """
        try:
            sidecar.write(take, score)
        except OSError as error:
            raise BridgeError(
                "io", f"{take.path.name} could not be written: {error.strerror}."
            ) from error
        with self._lock:
            self._index.put([(take, sidecar.stamp(take.path))])
            self._publish(TakeAdded(take))

    def abandon(self, name: str) -> None:
        """Releases the name of a pending take."""
        with self._lock:
            self._writing.discard(name)

    def _free(self, name: str) -> str:
        """The name, numbered if it is taken; reserved for the caller until `abandon`."""
        with self._lock:
            unique, number = name, 2
            while unique in self._writing or (self.folder / f"{unique}.wav").exists():
                unique, number = f"{name}-{number}", number + 1
            self._writing.add(unique)
            return unique

    # --- the library's own thread: files follow what was changed ---

    def _later(self, take: Take, do: Callable[[Take], None]) -> None:
        """Queues a change to a take's files; called under the lock, so that changes stay in order."""
        self._owed[take.id] += 1
        self._writer.submit(self._do, take, do)

    def _do(self, take: Take, do: Callable[[Take], None]) -> None:
        try:
            do(take)
        except Exception as error:
            _log.warning("The files of %s could not be changed", take.id, exc_info=True)
            self._put_right(take, f"{take.name} could not be changed on the disk: {error}.")
        finally:
            with self._lock:
                self._owed[take.id] -= 1
                if not self._owed[take.id]:
                    del self._owed[take.id]
                    self._unwritten.pop(take.id, None)

    def _write(self, take: Take) -> None:
        with self._lock:
            # On top of the newest state: another Longtake may have changed it, or gone back to what the files said.
            newest = self._index.take(take.id)
            take = replace(newest or take, **cast(dict[str, Any], self._unwritten[take.id]))
        sidecar.write(take)
        with self._lock:
            now = self._index.take(take.id)
            if now is None or self._owed[take.id] > 1:
                return
            if now == newest:
                self._index.put([(take, sidecar.stamp(take.path))])
                return
        self._write(take)

    def _put_right(self, take: Take, problem: str) -> None:
        """Goes back to what the files say, unless more is owed: that writes the newest state, or bins the files."""
        kept = sidecar.read(take.path) if take.path.exists() else None
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


def _bin(take: Take) -> None:
    for path in (take.path, sidecar.path_for(take.path), sidecar.notes_path(take.path)):
        if path.exists():
            send2trash(path)
