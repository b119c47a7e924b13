"""A take being written: its blocks stream into a hidden file, are measured on the way, and end as a take or as nothing.

What its disk does not take stays in memory and goes elsewhere.

Knows the library only as the shelf that takes go to.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from bridge.errors import BridgeError
from bridge.state import JobKind, Take
from bridge.takes import sidecar
from bridge.takes.measure import Measuring
from bridge.takes.naming import title
from engine.errors import AudioError, DiskError
from engine.sound.take_facts import asked_key
from engine.sound.takes import TakeWriter
from engine.sound.targets import Place
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Remark

SUBTYPE = "float"
"""Sample type of the files: at the model's rate, what is heard while it is decoded is what is stored."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a take before its first sample; `number` is its place in a batch of several, else 0."""

    kind: JobKind
    spec: GenerationSpec
    sample_rate: int
    channels: int
    job_id: str
    number: int = 0
    created: float = field(default_factory=time.time)


class Shelf(Protocol):
    """Where finished takes go."""

    folder: Path
    refuge: Path
    rate: int
    """Sample rate of the files of takes, Hz; 0 is that of the sound."""

    def enter(self, take: Take) -> None:
        """Adds a take whose sound is whole, and writes its sidecar."""
        ...

    def show(self, take: Take) -> None:
        """Adds a take whose files are whole."""
        ...

    def tell_of_refuge(self, take: Take, problem: str) -> None:
        """Says that a take stands elsewhere than was asked for."""
        ...

    def abandon(self, name: str) -> None:
        """Releases its name."""
        ...


class PendingTake:
    """A take being written: blocks go in, and `finish` or `discard` ends it."""

    def __init__(self, library: Shelf, name: str, draft: Draft) -> None:
        """Opens a hidden file beside the final one; the name is released however it ends."""
        self._library = library
        self._name = name
        self._draft = draft
        self._measuring = Measuring(draft.sample_rate)
        path = library.folder / f"{name}.wav"
        try:
            place = Place(path, SUBTYPE, refuges=(library.refuge,), rate=library.rate or None)
            self._writer = TakeWriter(place, draft.spec, draft.sample_rate)
        except AudioError as error:
            raise BridgeError("io", str(error)) from error

    def write(self, block: AudioBlock) -> None:
        """Takes the next block; a disk that does not is no error before `finish`.

        Raises:
            BridgeError: `io` if it is not finite, or is not the next one.
        """
        try:
            self._writer.add(block)
        except AudioError as error:
            raise BridgeError("io", str(error)) from error
        self._measuring.add(block.samples)

    def finish(self, sheet: LeadSheet | None = None, remarks: Sequence[Remark] = ()) -> Take:
        """The take, whole under its final name, measured and listed; its sidecar says what it plays, and all remarks.

        Raises:
            BridgeError: `engine` if it is not as long as it was asked to be, `io` for another file of its name.
            DiskError: if no disk takes it; it is still in memory, and `finish` may be called again.
        """
        draft, spec, frames = self._draft, self._draft.spec, self._writer.frames
        due = spec.frames(draft.sample_rate)
        if frames != due:
            raise BridgeError("engine", f"The engine gave {frames} frames where {due} were asked.")
        tempo = spec.tempo
        if sheet is not None:
            self._writer.note(sheet)
            tempo = tempo or sheet.tempo
        for remark in remarks:
            self._writer.note(remark)
        measured = self._measuring.result(tempo)
        take = Take(
            id=self._name,
            path=self._writer.path,
            name=title(spec.prompt),
            kind=draft.kind,
            seconds=frames / draft.sample_rate,
            sample_rate=self._library.rate or draft.sample_rate,
            channels=draft.channels,
            created=draft.created,
            job_id=draft.job_id,
            tempo_asked=tempo,
            tempo_measured=measured.tempo,
            key=asked_key(spec) or measured.key,
            key_measured=measured.key,
            seed=spec.seed,
            model=spec.model,
            prompt=spec.prompt,
            loop=spec.loop,
            spec=spec.to_dict(),
            lead_sheet=sheet.about if sheet else "",
        )
        try:
            self._writer.close(**sidecar.facts(take))
        except DiskError:
            raise
        except AudioError as error:
            raise BridgeError("io", str(error)) from error
        if self._writer.path != take.path:
            take = replace(take, path=self._writer.path, id=self._writer.path.stem)
            self._library.tell_of_refuge(take, str(self._writer.problem))
        self._library.show(take)
        self._library.abandon(self._name)
        return take

    def discard(self) -> None:
        """Leaves nothing behind; after `finish` it does nothing."""
        self._writer.abort()
        self._library.abandon(self._name)
