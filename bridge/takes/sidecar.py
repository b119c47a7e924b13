"""The sidecar `<take>.json` beside `<take>.wav`: all that is known of a take, and all that makes it again.

Knows nothing of the index. Written whole or not at all. People edit and copy these files, so each field is checked by
itself: one of the wrong type or out of its range is left out, and what is missing comes from the audio file and its
header. Only a file that is no audio is no take.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import soundfile  # pyright: ignore[reportMissingTypeStubs]

from bridge.state import Take
from bridge.takes.naming import title
from engine import __version__
from engine.composing.score import Score, score_in
from engine.errors import AudioError, LongtakeError
from engine.sound.about import About, MusicalFacts, key_named
from engine.sound.music_in_files import musical_facts
from engine.sound.take_facts import SOFTWARE, asked_key
from engine.sound.takes import read_settings, sidecar_text
from engine.sound.targets import on_disk
from engine.spec import GenerationSpec
from engine.whole_files import read_text, write_whole

_NOT_WRITTEN = {"id", "path"}
_FIELDS = {name: kind for name, kind in get_type_hints(Take).items() if name not in _NOT_WRITTEN}
_MOST = 1e15
"""Beyond any number a take has: a seed."""
_SPANS: dict[str, tuple[float, float]] = {
    "rating": (0, 5),
    "created": (
        0,
        32_503_680_000,
    ),  # the year 3000: later ones, and those before 1970, are no dates on Windows
    "seconds": (0, 1e6),
    "sample_rate": (1, 10_000_000),
    "channels": (1, 1024),
    "tempo_asked": (1, 1000),
    "tempo_measured": (1, 1000),
}
DEEPEST = 16
"""Lists and tables within each other, beyond which a value is left out."""
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


def notes_path(audio: Path) -> Path:
    """The MIDI file of a take's notes, once somebody has asked for it."""
    return audio.with_suffix(".mid")


def read_score(audio: Path) -> Score | None:
    """What a take plays, as its sidecar has it; None if it says nothing that can be read."""
    return score_in(_parsed(path_for(audio)))


def facts(take: Take) -> dict[str, Any]:
    """What the sidecar says of a take beyond its sound: JSON values."""
    return {name: value for name, value in asdict(take).items() if name in _FIELDS}


def about(take: Take) -> About:
    """What its own file says of a take to the programs that open it: of its tempo, what it was made to have."""
    music = MusicalFacts(
        tempo=take.tempo_asked,
        loop=take.loop,
        key=key_named(take.key),
        beats_per_bar=take.beats_per_bar,
    )
    return About(music, title=take.name, created=take.created, software=SOFTWARE)


def write(take: Take, score: Score | None = None) -> None:
    """Writes the sidecar whole; what others put there (loudness, the score if none is given ...) stays."""
    path = path_for(take.path)
    about = {"longtake": __version__, "file": take.path.name}
    values = {name: value for name, value in _parsed(path).items() if _shallow(value)}
    values |= about | facts(take)
    if score is not None:
        values["score"] = score.to_dict()
    write_whole(path, sidecar_text(values))


def read(audio: Path) -> Take:
    """The take of an audio file.

    Raises:
        AudioError: if it cannot be read as audio at all.
    """
    if not audio.is_file():
        raise AudioError(f"{audio.name} is no audio file.")
    values = _values(audio)
    if not {"seconds", "sample_rate", "channels"} <= set(values):
        try:
            info = soundfile.info(on_disk(audio))
        except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
            raise AudioError(f"{audio.name} is no audio file that can be read.") from error
        values |= {
            "seconds": info.frames / info.samplerate,
            "sample_rate": info.samplerate,
            "channels": info.channels,
        }
    bare: dict[str, Any] = {"name": audio.stem, "kind": "capture", "created": _modified(audio)}
    if not values.get("spec"):
        bare |= _said_inside(audio)
    return Take(id=audio.stem, path=audio, **(bare | values))


def _said_inside(audio: Path) -> dict[str, Any]:
    """What the chunks of a file from elsewhere say of its music."""
    try:
        music = musical_facts(audio)
    except OSError:
        return {}
    if music is None:
        return {}
    known = {"tempo_asked": music.tempo, "key": music.key, "loop": music.loop}
    return {name: value for name, value in known.items() if _right(name, value)}


def _values(audio: Path) -> dict[str, Any]:
    """The known fields of the sidecar, or of what the file carries inside when the sidecar is lost."""
    found = _parsed(path_for(audio))
    if not found:
        try:
            found = read_settings(audio)
        except AudioError:
            return {}
    values = {name: plain(value) for name, value in found.items() if _right(name, value)}
    try:
        spec = GenerationSpec.from_dict(values.get("spec", {}))
    except (LongtakeError, TypeError, ValueError):
        _log.warning("The settings of %s are of another version; they are kept but not read", audio)
        return values
    if not values.get("spec"):
        return values
    about = {
        "kind": "generate",
        "name": title(spec.prompt),
        "tempo_asked": spec.tempo,
        "key": asked_key(spec),
        "seed": spec.seed,
        "model": spec.model,
        "prompt": spec.prompt,
        "loop": spec.loop,
    }
    return {name: plain(value) for name, value in about.items()} | values


def _right(name: str, value: Any) -> bool:
    """Whether a take may have this value in the field of this name."""
    if not _fits(value, _FIELDS.get(name)) or not _shallow(value):
        return False
    low, high = _SPANS.get(name, (-_MOST, _MOST))
    return not isinstance(value, int | float) or low <= value <= high


def plain(value: Any) -> Any:
    """Text without what is no character: a list shows it, OSC sends it, SQLite keeps it."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _shallow(value: Any) -> bool:
    """Whether a value has few enough levels to be walked through."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (cast(Any, each.values() if isinstance(each, dict) else each))
        ]
        if not level:
            return True
    return False


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value from JSON may stand in a field of this type; None is no type."""
    if get_origin(kind) in (Union, UnionType):
        return any(_fits(value, each) for each in get_args(kind))
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if kind in (int, float):
        number = isinstance(value, int if kind is int else (int, float))
        return number and not isinstance(value, bool) and -_MOST < value < _MOST
    return kind is not None and isinstance(value, get_origin(kind) or kind)


def _modified(audio: Path) -> float:
    try:
        return audio.stat().st_mtime
    except OSError:
        return 0.0


def _parsed(path: Path) -> dict[str, Any]:
    try:
        found: Any = json.loads(read_text(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        _log.warning("%s is damaged; the take is listed by what its file says", path)
        return {}
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}
