"""Every take: an audio file and its sidecar JSON, indexed in SQLite. Survives a crash, a restart, a lost index.

Knows nothing of jobs or devices. The files are the truth: a take exists when its WAV stands under its final name,
whole; what was rated, renamed or measured stands in the sidecar beside it. The index only makes it quick to find.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

import numpy as np
from numpy.typing import NDArray
from send2trash import send2trash

from bridge import sidecar
from bridge.errors import BridgeError
from bridge.events import Publish, TakeAdded, TakeChanged, TakeRemoved
from bridge.index import Index
from bridge.measure import Measuring
from bridge.naming import Naming, take_name, title
from bridge.ports import Recording
from bridge.state import Search, Take, TakeKind
from bridge.take_file import TakeFile, remove_leftovers
from engine.spec import GenerationSpec

INDEX = ".longtake-index.sqlite3"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a take before its first sample; `number` is its place in a batch of several, else 0."""

    kind: TakeKind
    sample_rate: int
    channels: int
    spec: GenerationSpec | None = None
    job_id: str = ""
    number: int = 0
    name: str = ""
    tempo: float | None = None
    key: str = ""
    created: float = field(default_factory=time.time)


class Change(TypedDict, total=False):
    """What may change of a take once it is there."""

    name: str
    rating: int
    favourite: bool


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
        # Sidecars are read, changed and written under this lock, so that two changes never lose one.
        self._lock = threading.Lock()
        self._writing: set[str] = set()

    def reconcile(self) -> int:
        """Makes the index say what the files say; gives how many takes were added or dropped.

        Half files of a run that died are removed. Unreadable files are logged and left alone.
        """
        with self._lock:
            remove_leftovers(self.folder, self._writing)
        known = self._index.stamps()
        found = {
            path.stem: path for path in self.folder.glob("*.wav") if not path.name.startswith(".")
        }
        stamps = {take_id: sidecar.stamp(path) for take_id, path in found.items()}
        changed = [take_id for take_id in found if known.get(take_id) != stamps[take_id]]
        gone = [take_id for take_id in known if take_id not in found]
        read = [
            (take, stamps[take.id])
            for take in map(sidecar.read, map(found.__getitem__, changed))
            if take
        ]
        self._index.put(read)
        self._index.drop(gone)
        for take, _ in read:
            self._publish(TakeChanged(take) if take.id in known else TakeAdded(take))
        for take_id in gone:
            self._publish(TakeRemoved(take_id))
        return len(read) + len(gone)

    def begin(self, draft: Draft) -> PendingTake:
        """Opens a file for a take; its name is settled, but nothing stands under it until `finish`."""
        name = take_name(
            Naming(
                draft.created,
                draft.spec.prompt if draft.spec else draft.name,
                f"{draft.job_id}-{draft.number}" if draft.number else draft.job_id,
                draft.spec.tempo if draft.spec else draft.tempo,
                draft.spec.key if draft.spec else draft.key,
                draft.spec.seed if draft.spec else None,
            )
        )
        with self._lock:
            unique, number = name, 2
            while unique in self._writing or (self.folder / f"{unique}.wav").exists():
                unique, number = f"{name}-{number}", number + 1
            self._writing.add(unique)
        try:
            return PendingTake(self, unique, draft)
        except BaseException:
            self.abandon(unique)
            raise

    def add_recording(self, recording: Recording) -> Take:
        """Writes a capture as a take.

        Raises:
            BridgeError: `not_audio` if it is empty or not finite, `io` if it cannot be written.
        """
        samples = recording.samples
        if samples.ndim != 2 or samples.shape[1] == 0 or not np.isfinite(samples).all():
            raise BridgeError(
                "not_audio", "The recording has no sound in it; check the input device."
            )
        draft = Draft(
            "capture",
            recording.sample_rate,
            samples.shape[0],
            name=recording.name,
            tempo=recording.tempo,
            key=recording.key,
        )
        pending = self.begin(draft)
        try:
            pending.write(0, samples)
            return pending.finish()
        except BaseException:
            pending.discard()
            raise

    def search(self, search: Search) -> list[Take]:
        """Takes that match, newest first."""
        return self._index.search(search)

    def at(self, path: Path) -> Take | None:
        """The take whose file this is, if it is one of the library's."""
        take = self._index.take(path.stem)
        return take if take and take.path == path.resolve() else None

    def take(self, take_id: str) -> Take:
        """One take.

        Raises:
            BridgeError: `bad_args` if there is none of that id.
        """
        take = self._index.take(take_id)
        if take is None:
            raise BridgeError("bad_args", f"There is no take {take_id!r} in the library.")
        return take

    def change(self, take_id: str, **change: Unpack[Change]) -> Take:
        """Rates, marks or renames a take.

        Raises:
            BridgeError: `bad_args` if there is no such take, `out_of_range` for the stars, `io`.
        """
        if not 0 <= change.get("rating", 0) <= 5:
            raise BridgeError(
                "out_of_range", f"A rating is 0 to 5 stars; it is {change.get('rating')}."
            )
        if "name" in change and not change["name"].strip():
            raise BridgeError("bad_args", "A take needs a name.")
        with self._lock:
            take = replace(self.take(take_id), **cast(dict[str, Any], change))
            self._keep(take)
        self._publish(TakeChanged(take))
        return take

    def delete(self, take_id: str) -> None:
        """Moves a take's files to the system's bin.

        Raises:
            BridgeError: `bad_args` if there is no such take, `io` if the system has no bin for it.
        """
        take = self.take(take_id)
        with self._lock:
            for path in (take.path, sidecar.path_for(take.path)):
                if not path.exists():
                    continue
                try:
                    send2trash(path)
                except OSError as error:
                    raise BridgeError(
                        "io", f"{path.name} could not be moved to the bin: {error}."
                    ) from error
            self._index.drop([take_id])
        self._publish(TakeRemoved(take_id))

    def close(self) -> None:
        """Closes the index."""
        self._index.close()

    def _keep(self, take: Take) -> None:
        try:
            sidecar.write(take)
        except OSError as error:
            raise BridgeError(
                "io", f"{take.path.name} could not be written: {error.strerror}."
            ) from error
        self._index.put([(take, sidecar.stamp(take.path))])

    def abandon(self, name: str) -> None:
        """Gives the name of a pending take free again."""
        with self._lock:
            self._writing.discard(name)

    def enter(self, pending: PendingTake, take: Take) -> None:
        """The sidecar first, then the sound under its name: a take that is listed can always be made again."""
        with self._lock:
            try:
                sidecar.write(take)
                pending.file.finish()
                self._index.put([(take, sidecar.stamp(take.path))])
            except OSError as error:
                sidecar.path_for(take.path).unlink(missing_ok=True)
                raise BridgeError(
                    "io", f"{take.path.name} could not be written: {error.strerror}."
                ) from error
            finally:
                self._writing.discard(take.id)
        self._publish(TakeAdded(take))


class PendingTake:
    """A take being written: blocks go in, and `finish` or `discard` ends it."""

    def __init__(self, library: Library, name: str, draft: Draft) -> None:
        """Opens the hidden file beside the final one."""
        self._library = library
        self._name = name
        self._draft = draft
        self._ended = False
        self._measuring = Measuring(draft.sample_rate)
        self.path = library.folder / f"{name}.wav"
        self.file = TakeFile(self.path, draft.sample_rate, draft.channels)

    def write(self, start: int, samples: NDArray[np.float32]) -> None:
        """Writes the next block [C, N], which starts at frame `start` of the take.

        Raises:
            BridgeError: `engine` if the block is not the next one, `io` if it cannot be written.
        """
        if start != self.file.frames or samples.shape[0] != self._draft.channels:
            raise BridgeError(
                "engine",
                f"The engine gave frame {start} of {samples.shape[0]} channels where frame {self.file.frames} "
                f"of {self._draft.channels} was due.",
            )
        self.file.write(samples)
        self._measuring.add(samples)

    def finish(self) -> Take:
        """The take, whole under its final name, measured and in the library."""
        draft, spec = self._draft, self._draft.spec
        asked = spec.tempo if spec else draft.tempo
        key = spec.key if spec else draft.key
        measured = self._measuring.result(asked)
        take = Take(
            id=self._name,
            path=self.path,
            name=title(spec.prompt if spec else draft.name),
            kind=draft.kind,
            seconds=self.file.frames / draft.sample_rate,
            sample_rate=draft.sample_rate,
            channels=draft.channels,
            created=draft.created,
            job_id=draft.job_id,
            tempo_asked=asked,
            tempo_measured=measured.tempo,
            key=key or measured.key,
            key_measured=measured.key,
            seed=spec.seed if spec else None,
            model=spec.model if spec else "",
            prompt=spec.prompt if spec else "",
            loop=spec.loop if spec else False,
            spec=spec.to_dict() if spec else {},
        )
        self._library.enter(self, take)
        self._ended = True
        return take

    def discard(self) -> None:
        """Nothing of it stays; after `finish` it does nothing."""
        if not self._ended:
            self._ended = True
            self.file.discard()
            self._library.abandon(self._name)
