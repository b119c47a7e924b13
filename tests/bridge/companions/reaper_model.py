"""A small model of what Reaper holds: a project with tracks, items, takes, sources and a map of tempi."""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass, field

RECORDS, PLAYS = 4, 1
_GUIDS = itertools.count(1)


def _guid() -> str:
    return f"{{{next(_GUIDS):08X}-0000-0000-0000-000000000000}}"


@dataclass(eq=False)
class Source:
    """A PCM_source: a file, or a section of its parent."""

    path: str = ""
    seconds: float = 0.0
    parent: Source | None = None
    section: tuple[float, float, bool] = (0.0, 0.0, False)


@dataclass(eq=False)
class Take:
    """A MediaItem_Take."""

    source: Source | None = None
    midi: bool = False
    numbers: dict[str, float] = field(
        default_factory=lambda: {"D_STARTOFFS": 0.0, "D_PLAYRATE": 1.0}
    )
    texts: dict[str, str] = field(default_factory=lambda: {"P_NAME": "", "GUID": _guid()})


@dataclass(eq=False)
class Item:
    """A MediaItem."""

    track: Track
    takes: list[Take] = field(default_factory=list)
    active: Take | None = None
    selected: bool = False
    numbers: dict[str, float] = field(
        default_factory=lambda: {
            "D_POSITION": 0.0,
            "D_LENGTH": 0.0,
            "B_LOOPSRC": 1.0,
            "C_LOCK": 0.0,
        }
    )
    texts: dict[str, str] = field(default_factory=lambda: {"GUID": _guid()})


@dataclass(eq=False)
class Track:
    """A MediaTrack."""

    items: list[Item] = field(default_factory=list)
    selected: bool = False
    texts: dict[str, str] = field(default_factory=lambda: {"P_NAME": "", "GUID": _guid()})


@dataclass(eq=False)
class Project:
    """A ReaProject.

    Attributes:
        tempi: quarter note from which a tempo holds, and the tempo; the first at 0.
    """

    name: str = "song.rpp"
    tracks: list[Track] = field(default_factory=list)
    tempi: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 120.0)])
    metre: tuple[int, int] = (4, 4)
    selection: tuple[float, float] = (0.0, 0.0)
    cursor: float = 0.0
    play: float = 0.0
    state: int = 0
    texts: dict[tuple[str, str], str] = field(default_factory=dict)

    def seconds(self, beat: float) -> float:
        """When a quarter note sounds."""
        total = 0.0
        for (start, tempo), (end, _) in zip(self.tempi, [*self.tempi[1:], (beat, 0)], strict=True):
            if beat <= start:
                break
            total += (min(beat, end) - start) * 60 / tempo
        return total

    def beat(self, seconds: float) -> float:
        """The quarter note that sounds then."""
        starts = [self.seconds(start) for start, _ in self.tempi]
        index = max(0, bisect.bisect_right(starts, seconds) - 1)
        start, tempo = self.tempi[index]
        return start + (seconds - starts[index]) * tempo / 60

    def items(self) -> list[Item]:
        """In the order of tracks."""
        return [item for track in self.tracks for item in track.items]

    def add(self, track: Track, position: float, length: float, source: Source | None) -> Item:
        """An item with a take of a source."""
        item = Item(track)
        item.numbers |= {"D_POSITION": position, "D_LENGTH": length, "B_LOOPSRC": 0.0}
        item.takes = [Take(source)]
        item.active = item.takes[0]
        track.items.append(item)
        return item
