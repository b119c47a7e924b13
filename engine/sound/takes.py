"""A take on disk: the audio file, and beside it `<take>.json` with the settings that reproduce it.

The settings are also stored in the audio file (LIST/INFO comment in WAV, Vorbis comment in FLAC), so that they survive
when it is moved alone. Knows nothing of torch or of how a take is made: `TakeWriter` consumes `AudioBlock`s.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from engine import __version__
from engine.errors import AudioError
from engine.sound.audio import AudioWriter, read_texts
from engine.sound.metering import Meter
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet
from engine.whole_files import write_whole


class TakeWriter:
    """Writes the blocks of a take and then its sidecar.

    As a context manager, it closes at the end of the block, and leaves no files behind on any exception.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        spec: GenerationSpec,
        sample_rate: int,
        *,
        subtype: str | None = None,
        overwrite: bool = False,
    ) -> None:
        """Checks that the files can be written; see `AudioWriter`.

        Args:
            path: of the audio file.
            spec: the resolved spec, which reproduces the take.
            sample_rate: of the blocks, Hz.
            subtype: sample type of the file.
            overwrite: whether an existing audio file or sidecar may be replaced.

        Raises:
            AudioError: if not.
        """
        self.facts: dict[str, Any] = {}
        self.frames = 0
        self._spec = spec
        self._sample_rate = sample_rate
        self._meter: Meter | None = None
        self._sheet: dict[str, Any] = {}
        settings = {"longtake": __version__, "spec": spec.to_dict()}
        texts = {
            "title": spec.prompt,
            "software": f"Longtake {__version__}",
            "comment": json.dumps(settings, ensure_ascii=False),
        }
        self._audio = AudioWriter(
            path, sample_rate, subtype=subtype, overwrite=overwrite, texts=texts
        )
        self.path = self._audio.path
        self.sidecar = sidecar_path(self.path)
        if self.sidecar.exists() and not overwrite:
            raise AudioError(
                f"{self.sidecar} already exists; choose another name, or allow it to be replaced (--force)."
            )

    def add(self, block: AudioBlock) -> None:
        """Writes the next block.

        Raises:
            AudioError: if it cannot be written, or does not continue the previous one.
        """
        if block.start != self.frames:
            raise AudioError(
                f"{self.path}: a block starts at {block.start} instead of {self.frames}."
            )
        if self._meter is None:
            self._meter = Meter(self._sample_rate, block.samples.shape[0])
        self._audio.write(block.samples)
        self._meter.add(block.samples)
        self.frames += block.samples.shape[1]

    def note(self, sheet: LeadSheet) -> None:
        """Keeps what the take plays for its sidecar."""
        self._sheet = {
            "lead_sheet": sheet.about,
            "score": None if sheet.score is None else sheet.score.to_dict(),
        }

    def close(self, **facts: Any) -> dict[str, Any]:
        """Finishes the audio file and the sidecar.

        Args:
            **facts: additional JSON values for the sidecar, such as `render_seconds`.

        Returns:
            The contents of the sidecar.

        Raises:
            AudioError: if there was no block, or a file cannot be finished; then neither file is left.
        """
        self._audio.close()
        self.facts = self._measurements() | facts | self._sheet
        try:
            write_whole(self.sidecar, sidecar_text(self.facts))
        except OSError as error:
            self.path.unlink(missing_ok=True)
            raise AudioError(f"{self.sidecar} cannot be written: {error.strerror}.") from error
        return self.facts

    def abort(self) -> None:
        """Deletes the unfinished files; does nothing after `close`."""
        self._audio.abort()

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

    def _measurements(self) -> dict[str, Any]:
        meter = cast(Meter, self._meter)
        return {
            "longtake": __version__,
            "file": self.path.name,
            "created": time.time(),
            "frames": self.frames,
            "seconds": self.frames / self._sample_rate,
            "sample_rate": self._sample_rate,
            "channels": meter.channels,
            "subtype": self._audio.subtype,
            "peak_db": round(meter.peak, 2),
            "true_peak_db": round(meter.true_peak, 2),
            "loudness_lufs": round(meter.loudness, 2),
            "spec": self._spec.to_dict(),
        }


def sidecar_text(facts: dict[str, Any]) -> str:
    """The facts of a take as JSON for people to read; its score, thousands of numbers, on one line."""
    rest = {name: value for name, value in facts.items() if name != "score"}
    text = json.dumps(rest, ensure_ascii=False, indent=2)
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
        AudioError: if the file does not exist or was not made by Longtake.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"There is no file {path}.")
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
    return GenerationSpec.from_dict(read_settings(path)["spec"])


def _beside_or_inside(path: Path) -> dict[str, Any] | None:
    beside = _parsed(_text(sidecar_path(path)))
    # The sidecar may belong to another file with the same stem: take.flac beside take.wav.
    if beside is not None and beside.get("file", path.name) == path.name:
        return beside
    return _parsed(read_texts(path).get("comment", ""))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
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
