"""Every take: an audio file and its sidecar JSON, indexed in SQLite. Survives a crash, a restart, a lost index.

Knows nothing of jobs or devices. The files are the truth: a take exists when its WAV stands under its final name,
whole; what was rated, renamed or measured stands in the sidecar beside it. The index only makes it quick to find; it
lies in our own data folder, one for each folder of takes, so that this one may lie on a network or be read-only.
Two Longtakes may share a folder: names never meet, files are whole or not there, and a change is made upon what the
files say; what the other one made is seen when the folder is read again.

A file that cannot be read is left out and named, whatever is wrong with it. What the disk of the takes does not take
goes to `refuge`, a folder beside the index, and is listed like any other take.

A change or a deletion is seen and told at once; its files follow (`changes.py`). A crash before a sidecar is written
loses that change and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from bridge.errors import BridgeError
from bridge.events import Notice, Publish, TakeAdded, TakeChanged, TakeRemoved
from bridge.places import REFUGE
from bridge.state import Search, Take, TakeChange
from bridge.takes import bin, sidecar
from bridge.takes.changes import UNWRITTEN, Changes
from bridge.takes.index import Index, move
from bridge.takes.listing import LeftOut, index_path, listed, sentence
from bridge.takes.measure import Measuring
from bridge.takes.naming import Naming, take_name
from bridge.takes.pending import SUBTYPE, Draft, PendingTake
from engine.composing.score import Score
from engine.disks import why
from engine.errors import AudioError, DiskError
from engine.sound.audio import AudioWriter
from engine.sound.take_facts import asked_key
from engine.sound.targets import unwritten

OLD_INDEX = ".longtake-index.sqlite3"
"""Where the index was once, among the takes."""
AT_ONCE = 200
"""Takes that `reconcile` enters before it lets others use the index."""
_log = logging.getLogger(__name__)


class Library:
    """The takes of one folder; any thread may call it."""

    def __init__(self, folder: Path, publish: Publish, data: Path) -> None:
        """Opens (or makes) the folder; call `reconcile` once, from any thread, to match index and files.

        Args:
            folder: of the takes.
            publish: who is told.
            data: a folder of our own, where the index lies, and what the takes' disk does not take.

        Raises:
            BridgeError: `io` if the folder cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.folder = folder.resolve()
        except (OSError, RuntimeError) as error:
            raise BridgeError(
                "io", f"The folder of takes {folder} cannot be used: {why(folder, error)}."
            ) from error
        self.refuge = data.resolve() / REFUGE
        self.rate = 0  # Hz of the files of takes that are made; 0 is the model's own.
        self._publish = publish
        index = index_path(self.folder, data)
        move(self.folder / OLD_INDEX, index)
        self._index = Index(index, lambda: self.changes.do(self._after_trouble))
        self._told = False
        # Held for each change of the index and its event, never while a file is written.
        self._lock = threading.Lock()
        self._writing: set[str] = set()
        self.changes = Changes(self._index, publish, self._lock)

    def reconcile(self) -> int:
        """Makes the index say what the files say; gives how many takes were added or dropped.

        Half files of a run that died are removed. Unreadable files are named, logged and left alone.

        Raises:
            OSError: if the folder cannot be read at all.
        """
        self._tell_of_index()
        self.changes.pass_on(lambda: [path for f in self._folders() for path in bin.left(f)])
        with self._lock:
            writing = self._writing | self.changes.owed()  # Whoever writes these enters them.
        known = self._index.stamps()
        found, left_out = listed(self._folders())
        stamps = {take_id: sidecar.stamp(path) for take_id, path in found.items()}
        changed = [
            name for name in sorted(found.keys() - writing) if known.get(name) != stamps[name]
        ]
        gone = [take_id for take_id in known if take_id not in found]
        read: list[tuple[Take, int]] = []
        for name in changed:
            try:
                read.append((sidecar.read(found[name]), stamps[name]))
            except Exception as error:
                problem = str(error) if isinstance(error, AudioError) else repr(error)
                left_out.append(LeftOut(found[name], problem))
        if left_out:
            self._publish(Notice("warning", "not_audio", sentence(left_out)))
        count = sum(
            self._take_over(read[start : start + AT_ONCE], known)
            for start in range(0, len(read), AT_ONCE)
        )
        return count + self._let_go(gone)

    def _folders(self) -> list[Path]:
        """Where takes lie; the refuge is made when it is needed."""
        return [self.folder, *([self.refuge] if self.refuge.is_dir() else [])]

    def _take_over(self, read: list[tuple[Take, int]], known: dict[str, int]) -> int:
        """Enters takes as their files have them, except those changed since `known`; gives how many."""
        with self._lock:
            now = self._index.stamps()
            busy = self._writing | self.changes.owed()
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
            gone = [take_id for take_id in gone if take_id not in self.changes.owed()]
            self._index.drop(gone)
            for take_id in gone:
                self._publish(TakeRemoved(take_id))
        return len(gone)

    def _after_trouble(self) -> None:
        """The index goes on in memory: says so, and reads the files again if it is empty now."""
        self._tell_of_index()
        if self._index.emptied:
            try:
                self.reconcile()
            except (BridgeError, OSError):
                _log.exception("The takes could not be read again")

    def _tell_of_index(self) -> None:
        if self._index.problem and not self._told:
            self._told = True
            self._publish(Notice("warning", "io", self._index.problem))

    def begin(self, draft: Draft) -> PendingTake:
        """Opens a file for a take; its name is settled, but nothing stands under it until `finish`."""
        spec = draft.spec
        job = f"{draft.job_id}-{draft.number}" if draft.number else draft.job_id
        name = take_name(
            Naming(draft.created, spec.prompt, job, spec.tempo, asked_key(spec), spec.seed)
        )
        name = self.reserve(name)
        try:
            return PendingTake(self, name, draft)
        except BaseException:
            self.abandon(name)
            raise

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
        name = self.reserve(take_name(naming))
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
            take = self._written(take, samples, score)
        except AudioError as error:
            raise BridgeError("io", str(error)) from error
        finally:
            self.abandon(name)
        return take

    def _written(self, take: Take, samples: NDArray[np.float32], score: Score | None) -> Take:
        """Writes a take and shows it, in the refuge if its disk fails; where it is now."""
        try:
            with AudioWriter(take.path, take.sample_rate, subtype=SUBTYPE) as writer:
                writer.about = sidecar.about(take)
                writer.write(samples)
            sidecar.write(take, score)
        except (DiskError, OSError) as error:
            if take.path.parent == self.refuge:
                raise unwritten(take.path, error) from error
            with suppress(OSError):
                take.path.unlink(missing_ok=True)
                self.refuge.mkdir(parents=True, exist_ok=True)
            take = self._written(replace(take, path=self.refuge / take.path.name), samples, score)
            self.tell_of_refuge(take, str(error))
            return take
        self.show(take)
        return take

    def tell_of_refuge(self, take: Take, problem: str) -> None:
        """Says that a take stands elsewhere than was asked for."""
        self._publish(
            Notice("warning", "io", f"{problem} The take was kept in {take.path.parent} instead.")
        )

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
            BridgeError: `bad_args` if there is no such take, `out_of_range` for the stars, `io` if its files
                are gone.
        """
        if not 0 <= change.get("rating", 0) <= 5:
            raise BridgeError(
                "out_of_range", f"A rating is 0 to 5 stars; it is {change.get('rating')}."
            )
        if "name" in change and not change["name"].strip():
            raise BridgeError("bad_args", "A take needs a name.")
        if "name" in change:
            change["name"] = sidecar.plain(change["name"])
        with self._lock:
            self.changes.check(self.get(take_id))
            take = replace(self.get(take_id), **cast(dict[str, Any], change))
            self._index.put([(take, UNWRITTEN)])
            self.changes.change(take, change)
            self._publish(TakeChanged(take))
        return take

    def delete(self, take_id: str) -> None:
        """Moves a take's files to the bin; `restore` gives them back until `close` passes them on to the system's.

        Raises:
            BridgeError: `bad_args` if there is no such take, `io` if its folder or its file is gone.
        """
        with self._lock:
            take = self.get(take_id)
            self.changes.check(take)
            self._index.drop([take_id])
            self.changes.bin(take)
            self._publish(TakeRemoved(take_id))

    def restore(self, take_id: str) -> Take:
        """Gives a take back that was deleted since the library was opened.

        Raises:
            BridgeError: `bad_args` if it was not deleted, is there again or nowhere; `io` if its folder is gone.
        """
        with self._lock:
            take = self.changes.give_back(take_id)
            if take is None:
                raise BridgeError("bad_args", f"The take {take_id!r} is not in the bin any more.")
            self._index.put([(take, UNWRITTEN)])
            self._publish(TakeAdded(take, again=True))
        return take

    def close(self) -> None:
        """Writes what is not written yet, and closes the index."""
        self.changes.close()
        self._index.close()

    def enter(self, take: Take, score: Score | None = None) -> None:
        """Writes the sidecar of a take whose sound is whole, with its score if one is given, and shows it.

        A sidecar that cannot be written is told; the take is there all the same.
        """
        try:
            sidecar.write(take, score)
        except OSError as error:
            reason = why(take.path, error)
            self._publish(
                Notice(
                    "warning", "io", f"What is known of {take.name} could not be kept: {reason}."
                )
            )
        self.show(take)

    def show(self, take: Take) -> None:
        """Adds a take whose files are whole to the index, and announces it."""
        with self._lock:
            self._index.put([(take, sidecar.stamp(take.path))])
            self._publish(TakeAdded(take))

    def abandon(self, name: str) -> None:
        """Releases the name of a pending take."""
        with self._lock:
            self._writing.discard(name)

    def reserve(self, name: str) -> str:
        """The name, numbered if it is taken; reserved for the caller until `abandon`."""
        with self._lock:
            unique, number = name, 2
            while unique in self._writing or self._stands(unique):
                unique, number = f"{name}-{number}", number + 1
            self._writing.add(unique)
            return unique

    def _stands(self, name: str) -> bool:
        paths = [folder / f"{name}.wav" for folder in (self.folder, self.refuge)]
        return any(path.exists() or bin.place(path).exists() for path in paths)
