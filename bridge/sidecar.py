"""The sidecar `<take>.json` beside `<take>.wav`: all that is known of a take, and all that makes it again.

Knows nothing of the index. Written whole or not at all; read with tolerance, since people edit and copy files: a take
without a readable sidecar is still a take.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, cast

import soundfile  # pyright: ignore[reportMissingTypeStubs]

from bridge.state import Take

VERSION = 1
_NOT_WRITTEN = {"id", "path"}
_FIELDS = {f.name for f in fields(Take)} - _NOT_WRITTEN
_log = logging.getLogger(__name__)


def path_for(audio: Path) -> Path:
    """The sidecar of an audio file."""
    return audio.with_suffix(".json")


def stamp(audio: Path) -> int:
    """Changes whenever the take's files do: their times in ns, 0 for what is not there."""
    times = 0
    for path in (audio, path_for(audio)):
        try:
            times = times * 31 + path.stat().st_mtime_ns
        except OSError:
            times *= 31
    return times % 2**63


def write(take: Take) -> None:
    """Writes the sidecar whole."""
    values = {name: value for name, value in asdict(take).items() if name in _FIELDS}
    write_whole(
        path_for(take.path),
        json.dumps({"longtake": VERSION, **values}, indent=2, ensure_ascii=False),
    )


def read(audio: Path) -> Take | None:
    """The take of an audio file; None if it cannot be read as audio at all."""
    values = _values(path_for(audio))
    if not {"seconds", "sample_rate", "channels"} <= set(values):
        try:
            info = soundfile.info(str(audio))
        except (soundfile.LibsndfileError, RuntimeError, OSError):
            _log.warning(
                "%s is no audio file that can be read; it is left out of the library", audio
            )
            return None
        values |= {
            "seconds": info.frames / info.samplerate,
            "sample_rate": info.samplerate,
            "channels": info.channels,
        }
    bare: dict[str, Any] = {"name": audio.stem, "kind": "capture", "created": audio.stat().st_mtime}
    try:
        return Take(id=audio.stem, path=audio, **(bare | values))
    except TypeError:
        return None


def write_whole(path: Path, text: str) -> None:
    """Puts a text file in its place in one step: a reader sees the old one or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _values(path: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        _log.warning("%s is damaged; the take is listed without it", path)
        return {}
    if not isinstance(found, dict):
        return {}
    known = cast(dict[str, Any], found)
    return {name: value for name, value in known.items() if name in _FIELDS}
