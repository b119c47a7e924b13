"""A take on disk: the audio file, and beside it `<take>.json` with the settings that reproduce it.

The settings are also stored in the audio file (see `audio.TEXTS`), so that they survive
when it is moved alone. Knows nothing of torch or of how a take is made: `TakeWriter` consumes `AudioBlock`s.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import disks
from engine.errors import AudioError, DiskError
from engine.file_names import encodable
from engine.sound.audio import AudioWriter, read_texts
from engine.sound.formats import format_of
from engine.sound.reading import check_file
from engine.sound.take_facts import TakeFacts, tags
from engine.sound.targets import (
    Place,
    check_target,
    exists,
    is_there,
    unwritten,
)
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Remark
from engine.whole_files import read_text, write_whole


class TakeWriter:
    """Writes the blocks of a take and then its sidecar; the samples stay in memory until both are whole.

    So a disk that fails, full or unplugged, costs nothing: `close` writes the take into the first of its `refuges` that
    takes it, and may be called again where none does. As a context manager, it closes at the end of the block, and
    leaves no files behind on any exception.
    """

    def __init__(self, place: Place, spec: GenerationSpec, sample_rate: int) -> None:
        """Checks that the files can be written; see `AudioWriter`.

        Args:
            place: where they go; `self.path` is where the audio stands in the end.
            spec: the resolved spec, which reproduces the take.
            sample_rate: of the blocks, Hz.

        Raises:
            AudioError: if not; `DiskError` only where there are no refuges (`check_take` asks before any work).
        """
        self.path = place.path
        self.facts: dict[str, Any] = {}
        self.problem: AudioError | None = None
        """Why the take does not stand, or will not stand, where it was asked to."""
        self._place = place
        self._known = TakeFacts(place.path, spec, sample_rate)
        self._samples: list[NDArray[np.float32]] = []
        self._audio: AudioWriter | None = None
        try:
            self._audio = self._begun(self.path)
        except DiskError as error:
            if not place.refuges:
                raise
            self.problem = error

    @property
    def frames(self) -> int:
        """How long the take is so far."""
        return self._known.frames

    @property
    def sidecar(self) -> Path:
        """The file of the settings, beside the audio."""
        return sidecar_path(self.path)

    def add(self, block: AudioBlock) -> None:
        """Takes the next block; a disk that does not is no error yet.

        Raises:
            AudioError: if it is not finite, or does not continue the previous one.
        """
        self._known.add(block)
        self._samples.append(block.samples)
        if self._audio is not None:
            try:
                self._audio.write(block.samples)
            except DiskError as error:
                self._give_up(error)

    def note(self, said: LeadSheet | Remark) -> None:
        """Keeps what the take plays, or what was remarked about it, for its sidecar."""
        self._known.note(said)

    def close(self, **facts: Any) -> dict[str, Any]:
        """Finishes the audio file and the sidecar.

        Args:
            **facts: additional JSON values for the sidecar, such as `render_seconds`.

        Returns:
            The contents of the sidecar.

        Raises:
            AudioError: if there was no block, or no place takes the take (`DiskError` if its disk is the cause): then
                neither file is left, it is still in memory, and `close` may be called again.
        """
        self._known.check_heard()
        problems: list[AudioError] = []
        for folder in (None, *self._place.refuges):
            try:
                path = self._place.path if folder is None else _free(folder / self._place.path.name)
                self.facts = self._finished(path, facts)
            except AudioError as error:
                problems.append(error)
                self._give_up(error)
            else:
                self.path = path
                self._samples.clear()
                return self.facts
        raise problems[0]

    def abort(self) -> None:
        """Deletes the unfinished files; does nothing after `close`."""
        if self._audio is not None:
            self._audio.abort()
        self._samples.clear()

    def __enter__(self) -> TakeWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abort()
        elif not self.facts:
            self.close()

    def _begun(self, path: Path) -> AudioWriter:
        check_take(path, self._place.subtype, self._place.overwrite)
        audio = AudioWriter(
            path,
            self._known.sample_rate,
            subtype=self._place.subtype,
            overwrite=self._place.overwrite,
            texts=tags(self._known.spec),
        )
        audio.store_at(self._place.rate, loop=self._known.spec.loop)
        return audio

    def _finished(self, path: Path, facts: dict[str, Any]) -> dict[str, Any]:
        """Both files, whole under their names; gives the contents of the sidecar."""
        audio = self._audio = self._audio or self._written(path)
        audio.about = self._known.measured(self._known.about(facts))
        audio.frames = self._known.frames_at(audio.sample_rate)
        audio.close()
        facts = self._known.told(audio.path.name, audio.sample_rate, audio.subtype, facts)
        try:
            write_whole(sidecar_path(path), sidecar_text(facts))
        except OSError as error:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise unwritten(sidecar_path(path), error) from error
        return facts

    def _written(self, path: Path) -> AudioWriter:
        """Everything so far, in another place or anew in the same."""
        form = format_of(path)
        width = form.width(form.subtype(self._place.subtype))
        disks.need(path, round(sum(samples.size for samples in self._samples) * width))
        audio = self._begun(path)
        try:
            for samples in self._samples:
                audio.write(samples)
        except BaseException:
            audio.abort()
            raise
        return audio

    def _give_up(self, error: AudioError) -> None:
        if self._audio is not None:
            self._audio.abort()
        self.problem, self._audio = self.problem or error, None


def check_take(path: Path, subtype: str | None, overwrite: bool) -> None:
    """Checks that a take can be written, before any work is done for it; see `check_target`.

    Raises:
        AudioError: if not; where a take may be replaced, also if the `.json` beside it is somebody else's.
    """
    check_target(path, subtype, overwrite)
    beside = sidecar_path(path)
    if not is_there(beside):
        return
    if not overwrite:
        raise AudioError(exists(beside))
    owner = (_parsed(_text(beside)) or {}).get("file")
    if not isinstance(owner, str):
        raise AudioError(f"{beside} is no take's and would be replaced; choose another name.")
    if owner != path.name and is_there(path.with_name(owner)):
        raise AudioError(f"{beside} belongs to {owner} and would be replaced; choose another name.")


def _free(path: Path) -> Path:
    """The path, numbered if a take stands there; its folder is made."""
    with suppress(OSError):  # What is wrong with it is said by the writer.
        path.parent.mkdir(parents=True, exist_ok=True)
    free, number = path, 2
    while is_there(free) or is_there(sidecar_path(free)):
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


def sidecar_text(facts: dict[str, Any]) -> str:
    """The facts of a take as JSON for people to read; its score, thousands of numbers, on one line."""
    rest = {name: value for name, value in facts.items() if name != "score"}
    text = encodable(json.dumps(rest, ensure_ascii=False, indent=2))
    if "score" not in facts:
        return text + "\n"
    score = json.dumps(facts["score"], ensure_ascii=False, separators=(",", ":"))
    return text.removesuffix("\n}") + f',\n  "score": {score}\n}}\n'


def sidecar_path(audio: Path) -> Path:
    """`take.wav` -> `take.json`."""
    return audio.with_suffix(".json")


def read_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The settings stored with a take: at least "longtake" (version) and "spec"; in a sidecar also measurements.

    Args:
        path: the audio file or its sidecar.

    Raises:
        AudioError: if there is no such file, or it was not made by Longtake.
    """
    path = Path(path)
    check_file(path)
    settings = _parsed(_text(path)) if path.suffix.lower() == ".json" else _beside_or_inside(path)
    if settings is None:
        raise AudioError(f"{path} has no Longtake settings, neither in the file nor beside it.")
    return settings


def read_spec(path: str | os.PathLike[str]) -> GenerationSpec:
    """The spec a take was made from, see `read_settings`.

    Raises:
        AudioError: if the file has none.
        SpecError: if it has settings that this version does not know.
    """
    return found_again(GenerationSpec.from_dict(read_settings(path)["spec"]), Path(path).parent)


def found_again(spec: GenerationSpec, folder: Path) -> GenerationSpec:
    """The settings of a take in `folder`, whose recording or MIDI file moved together with it, also from Windows."""
    moved: dict[str, Any] = {}
    for name in ("init_audio", "midi"):
        known = getattr(spec, name)
        beside = folder.absolute() / PureWindowsPath(known or "").name
        if known and not is_there(Path(known)) and is_there(beside):
            moved[name] = str(beside)
    return replace(spec, **moved)


def _beside_or_inside(path: Path) -> dict[str, Any] | None:
    beside = _parsed(_text(sidecar_path(path)))
    # The sidecar may belong to another file with the same stem: take.flac beside take.wav.
    if beside is not None and beside.get("file", path.name) == path.name:
        return beside
    return _parsed(read_texts(path).get("comment", ""))


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError):
        return ""


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and "longtake" in found and isinstance(found.get("spec"), dict):
        return found
    return None
