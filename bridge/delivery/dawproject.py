"""A DAWproject: takes at their places as one file that Bitwig Studio, Studio One and Cubase open.

A zip with `project.xml`, `metadata.xml` and the audio, byte for byte as the takes have it. Times are quarter notes of
the project's tempo. Knows nothing of those programs.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

from bridge.delivery_state import NEW, Delivery
from bridge.errors import BridgeError
from engine import __version__
from engine.disks import need, why
from engine.errors import DiskError
from engine.file_names import safe
from engine.sound.reading import opened
from engine.whole_files import whole

SUFFIX = ".dawproject"
NO_TEMPO = 120.0
"""BPM of a project whose takes have no tempo."""
_SAME = 1e-4
"""Share by which two tempos may differ and be the same."""
_COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2", "#edc948", "#9c755f")
Element = ElementTree.Element
_child = ElementTree.SubElement


class DawprojectWay:
    """The way into a file beside the take."""

    def __init__(self, signature: Callable[[], tuple[int, int]] = lambda: (4, 4)) -> None:
        """Asks for the metre at each delivery: beats in a bar, and the note value of a beat."""
        self._signature = signature

    def ready(self) -> bool:
        """Always: it needs no program."""
        return True

    def detail(self) -> str:
        """What becomes of a take."""
        return "A project beside the take, for Bitwig, Studio One and Cubase."

    def deliver(self, delivery: Delivery) -> str:
        """Writes the project of a take.

        Raises:
            LongtakeError: as `export`.
        """
        path = _free(delivery.path)
        export([delivery], path, self._signature())
        return f"The project is {path}."

    def withdraw(self, delivery: Delivery) -> bool:
        """A file that was written stays."""
        return False


def export(deliveries: Sequence[Delivery], path: Path, signature: tuple[int, int] = (4, 4)) -> None:
    """Writes a project with a clip for each delivery, at its place and on its track, whole or not at all.

    The tempo is that of the DAW when the first was asked for, else that of the first take that has one. A take of
    another tempo is stretched to it. A loop that was placed into a selection fills it.

    Args:
        deliveries: one or more; their `placement` says where.
        path: of the file; what is there is replaced.
        signature: beats in a bar, and the note value of a beat.

    Raises:
        BridgeError: `bad_path` if a take is gone.
        AudioError: if one is no audio.
        DiskError: if the file cannot be written.
    """
    tempo = _tempo(deliveries)
    sounds: dict[Path, _Sound] = {}
    for delivery in deliveries:
        if delivery.path not in sounds:
            names = [sound.name for sound in sounds.values()]
            sounds[delivery.path] = _sound(delivery.path, names)
    project = _project(deliveries, sounds, tempo, signature)
    try:
        need(path, sum(sound.size for sound in sounds.values()))
        # Zip has no dates before 1980, which some disks have.
        with whole(path) as part, zipfile.ZipFile(part, "w", strict_timestamps=False) as archive:
            archive.writestr("project.xml", _text(project), zipfile.ZIP_DEFLATED)
            archive.writestr("metadata.xml", _text(_metadata(deliveries)), zipfile.ZIP_DEFLATED)
            for source, sound in sounds.items():
                info = zipfile.ZipInfo.from_file(source, sound.name, strict_timestamps=False)
                with source.open("rb") as read, archive.open(info, "w", force_zip64=True) as write:
                    shutil.copyfileobj(read, write, 1 << 20)
    except OSError as error:
        raise DiskError(f"{path} cannot be written: {why(path, error)}.") from error


@dataclass(frozen=True, slots=True)
class _Sound:
    """An audio file: its name in the zip, its bytes, and what is in it."""

    name: str
    size: int
    rate: int
    channels: int
    seconds: float


def _sound(path: Path, taken: Sequence[str]) -> _Sound:
    if not path.is_file():
        raise BridgeError("bad_path", f"{path} is not there any more.")
    names = (
        safe(path.stem, f"{number}{path.suffix}", 200) for number in ("", *map(str, range(2, 999)))
    )
    name = next(each for each in (f"audio/{name}" for name in names) if each not in taken)
    with opened(path) as file:
        return _Sound(
            name, path.stat().st_size, file.samplerate, file.channels, file.frames / file.samplerate
        )


def _tempo(deliveries: Sequence[Delivery]) -> float:
    known = [each.placement.tempo for each in deliveries[:1]] + [each.tempo for each in deliveries]
    return next((tempo for tempo in known if tempo > 0), NO_TEMPO)


# --- project.xml ---


class _Ids:
    """Numbers elements that others refer to."""

    def __init__(self) -> None:
        self._numbers = count()

    def __call__(self) -> str:
        return f"id{next(self._numbers)}"


def _project(
    deliveries: Sequence[Delivery],
    sounds: dict[Path, _Sound],
    tempo: float,
    signature: tuple[int, int],
) -> Element:
    new = _Ids()
    project = Element("Project", version="1.0")
    _child(project, "Application", name="Longtake", version=__version__)
    transport = _child(project, "Transport")
    _child(
        transport,
        "Tempo",
        max="666",
        min="20",
        unit="bpm",
        value=_number(tempo),
        id=new(),
        name="Tempo",
    )
    beats, value = map(str, signature)
    _child(transport, "TimeSignature", denominator=value, numerator=beats, id=new())
    structure = _child(project, "Structure")
    arrangement = _child(project, "Arrangement", id=new())
    lanes = _child(arrangement, "Lanes", timeUnit="beats", id=new())
    master = new()
    for index, (name, clips) in enumerate(_tracks(deliveries)):
        colour = _COLOURS[index % len(_COLOURS)]
        track = _child(
            structure,
            "Track",
            contentType="audio",
            loaded="true",
            id=new(),
            name=name,
            color=colour,
        )
        channels = max(sounds[each.path].channels for each in clips)
        _channel(track, channels, new, "regular", {"id": new(), "destination": master})
        lane = _child(lanes, "Lanes", track=track.attrib["id"], id=new())
        timeline = _child(lane, "Clips", id=new())
        end = 0.0
        for delivery in clips:
            piece = _piece(delivery, sounds[delivery.path], tempo, end)
            _clip(timeline, piece, new)
            end = max(end, piece.start + piece.length)
    track = _child(
        structure, "Track", contentType="audio notes", loaded="true", id=new(), name="Master"
    )
    _channel(track, 2, new, "master", {"id": master})
    _child(project, "Scenes")
    return project


def _tracks(deliveries: Sequence[Delivery]) -> list[tuple[str, list[Delivery]]]:
    """The tracks by their names, in order; one that is new, or not named, is called as its take."""
    named: dict[str, list[Delivery]] = {}
    tracks: list[tuple[str, list[Delivery]]] = []
    for delivery in deliveries:
        name = "" if delivery.placement.track == NEW else delivery.placement.track
        if name in named:
            named[name].append(delivery)
            continue
        tracks.append((_clean(name or delivery.name), [delivery]))
        if name:
            named[name] = tracks[-1][1]
    return tracks


def _channel(
    track: Element, channels: int, new: _Ids, role: str, attributes: dict[str, str]
) -> None:
    attributes |= {"audioChannels": str(channels), "role": role, "solo": "false"}
    channel = _child(track, "Channel", attributes)
    _child(channel, "Mute", value="false", id=new(), name="Mute")
    _child(channel, "Pan", max="1", min="0", unit="normalized", value="0.5", id=new(), name="Pan")
    _child(channel, "Volume", max="2", min="0", unit="linear", value="1", id=new(), name="Volume")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A clip in figures: `start`, `length` on the timeline and `beats` of the whole sound, in quarter notes."""

    delivery: Delivery
    sound: _Sound
    start: float
    length: float
    beats: float
    stretched: bool


def _piece(delivery: Delivery, sound: _Sound, tempo: float, end: float) -> _Piece:
    """A delivery on a track that is filled up to `end`."""
    place = delivery.placement
    starts = {"beat": place.position, "time": place.position * tempo / 60, "end": end}
    stretched = delivery.tempo > 0 and abs(delivery.tempo - tempo) > _SAME * tempo
    beats = _whole(sound.seconds * (delivery.tempo if stretched else tempo) / 60)
    length = place.length if delivery.loop and place.length > 0 else beats
    return _Piece(delivery, sound, starts.get(place.at, 0.0), length, beats, stretched)


def _clip(timeline: Element, piece: _Piece, new: _Ids) -> None:
    # Inside a clip, times are seconds, or quarter notes where these are stretched.
    inner = _number(piece.beats if piece.stretched else piece.sound.seconds)
    until = {"loopStart": "0", "loopEnd": inner} if piece.delivery.loop else {"playStop": inner}
    clip = _child(
        timeline,
        "Clip",
        until,
        time=_number(piece.start),
        duration=_number(piece.length),
        contentTimeUnit="beats" if piece.stretched else "seconds",
        playStart="0",
        name=_clean(piece.delivery.name),
    )
    if not piece.stretched:
        _audio(clip, piece.sound, new)
        return
    warps = _child(clip, "Warps", contentTimeUnit="seconds", timeUnit="beats", id=new())
    _audio(warps, piece.sound, new)
    for beat, second in ((0.0, 0.0), (piece.beats, piece.sound.seconds)):
        _child(warps, "Warp", time=_number(beat), contentTime=_number(second))


def _audio(inside: Element, sound: _Sound, new: _Ids) -> None:
    audio = _child(
        inside,
        "Audio",
        channels=str(sound.channels),
        duration=_number(sound.seconds),
        sampleRate=str(sound.rate),
        timeUnit="seconds",
        id=new(),
    )
    _child(audio, "File", path=sound.name, external="false")


def _whole(beats: float) -> float:
    """Whole beats where the length was meant so: a file has whole frames."""
    return float(round(beats)) if abs(beats - round(beats)) < 1e-3 else beats


def _metadata(deliveries: Sequence[Delivery]) -> Element:
    metadata = Element("MetaData")
    _child(metadata, "Title").text = _clean(deliveries[0].name if deliveries else "Longtake")
    _child(metadata, "Comment").text = "Made with Longtake"
    return metadata


def _clean(text: str) -> str:
    """Without signs that XML has no way to write."""
    return "".join(
        sign
        for sign in text
        if sign >= " " and sign not in "\ufffe\uffff" and not "\ud800" <= sign <= "\udfff"
    )


def _number(value: float) -> str:
    """As short as it is exact, without an exponent that older readers do not know."""
    return f"{value:.12f}".rstrip("0").rstrip(".")


def _text(root: Element) -> bytes:
    ElementTree.indent(root)
    written = io.BytesIO()
    ElementTree.ElementTree(root).write(written, encoding="UTF-8", xml_declaration=True)
    return written.getvalue()


def _free(take: Path) -> Path:
    """The name of the take's project, or one with a number that is still free."""
    names = (
        f"{take.stem}{number}{SUFFIX}" for number in ("", *(f" {n}" for n in range(2, 10_000)))
    )
    return next(path for path in map(take.with_name, names) if not path.exists())
