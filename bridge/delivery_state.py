"""The records of delivery: where a take is to go, what became of it, which DAWs are there, what they handed over.

Knows nothing of how anything is delivered, and no behaviour; `events.py` carries these records to listeners.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

At = Literal["playhead", "beat", "time", "end"]
Form = Literal["item", "take", "clip"]
DeliveryState = Literal["owed", "sent", "placed", "refused", "unsure", "dropped"]
CompanionState = Literal["connected", "waiting", "absent"]

AT: tuple[At, ...] = ("playhead", "beat", "time", "end")
FORMS: tuple[Form, ...] = ("item", "take", "clip")
NEW, BELOW = "new", "below"
"""Words that name no track that is there: a new one at the end, a new one below the track of the selection."""
STILL_OPEN: tuple[DeliveryState, ...] = ("owed", "sent")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a take is to lie, settled when the musician asks for it.

    Attributes:
        target: a name of `bridge.delivery.targets.TARGETS`.
        at: how the place is told: `beat` and `time` by `position`, `end` after all that the track holds, `playhead`
            where the DAW stands when it places, for DAWs that had not said where that was.
        position: quarter notes (`beat`) or seconds (`time`) from the start of the song.
        length: quarter notes that were selected; 0 if nothing was.
        track: `new`, `below`, the name of a track or its number from 1; empty is the selected one, or a new one where
            none is selected.
        beside: the name of the track that `below` means; empty is the selected one.
        item: the DAW's own name of the item it comes from, for `form` take.
        form: an `item` on the timeline, a `take` of (or lane beside) the item it comes from, a `clip` in a launcher.
        tempo: BPM of the DAW when it was asked; 0 if unknown.
        words: the place as it was asked for; the same request says the same words again.
    """

    target: str
    at: At = "playhead"
    position: float = 0.0
    length: float = 0.0
    track: str = ""
    beside: str = ""
    item: str = ""
    form: Form = "item"
    tempo: float = 0.0
    words: str = ""

    @property
    def seconds(self) -> float | None:
        """Seconds from the start of the song, at one tempo throughout; None if they are not known."""
        if self.at == "time":
            return self.position
        return self.position * 60.0 / self.tempo if self.at == "beat" and self.tempo else None

    @property
    def asked(self) -> Placement:
        """What was asked for, without what that meant at that moment."""
        return replace(self, at="playhead", position=0.0, length=0.0, beside="", tempo=0.0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A take on its way to a DAW, and what became of it.

    Attributes:
        id: never used twice, as `d3fa90c12`; a DAW places one id once.
        take_id: the take; empty for what is no take (the click of a test).
        path: its file, absolute.
        name: the take's name.
        seconds: its length.
        tempo: BPM by which its beats are counted; 0 if unknown.
        beats: its length in quarter notes at that tempo; 0 if unknown.
        loop: whether it repeats without a seam.
        state: owed while the DAW is not there, sent while it has not answered, placed, refused, unsure when it ended
            before it answered (look, and send again), dropped when the musician wants it no more.
        text: one sentence: where it lies, or what is missing.
        created: seconds since the epoch.
    """

    id: str
    take_id: str
    path: Path
    name: str
    placement: Placement
    seconds: float = 0.0
    tempo: float = 0.0
    beats: float = 0.0
    loop: bool = False
    state: DeliveryState = "owed"
    text: str = ""
    created: float = 0.0

    @property
    def open(self) -> bool:
        """Whether something will still happen to it."""
        return self.state in STILL_OPEN


@dataclass(frozen=True, slots=True)
class Companion:
    """A target as the panel lists it.

    Attributes:
        target: as in `TARGETS`.
        title: as people call it.
        state: connected (it takes deliveries now), waiting (it is set up, and not running), absent (not set up).
        detail: one sentence: what runs there (program, version, project), or what is left to do.
    """

    target: str
    title: str
    state: CompanionState = "absent"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an audio file on a DAW's timeline.

    Attributes:
        path: the file.
        start: seconds into it.
        seconds: how long it sounds on the timeline.
        rate: play rate; 2 is twice as fast and high.
        at: seconds after the beginning of the first part at which it begins.
    """

    path: Path
    start: float
    seconds: float
    rate: float = 1.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Selection:
    """Audio that a DAW handed over: its parts in order, and where they lie.

    Attributes:
        daw: the target that it comes from, or empty for any script.
        beat: quarter notes from the start of the song to the first part; None if not told.
        track: the name of the track, or empty.
        item: the DAW's own name of the item, or empty.
        name: what the DAW calls it, or empty.
        path: all of it as one recording, once that is written.
    """

    parts: tuple[Part, ...]
    daw: str = ""
    beat: float | None = None
    track: str = ""
    item: str = ""
    name: str = ""
    path: Path | None = None

    @property
    def seconds(self) -> float:
        """From the beginning of the first part to the end of the last."""
        return max((part.at + part.seconds for part in self.parts), default=0.0)
