"""The parts of a MIDI file: their notes, as keys, pedals and programs make them, and which role each part has.

Times are ticks. Knows nothing of tempo, files or scores.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.composing.instruments import INSTRUMENTS, nearest_name
from engine.composing.midi_events import (
    CONTROL,
    DRUM_CHANNEL,
    END,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM,
    TRACK_NAME,
    Event,
)
from engine.composing.mix import DRUMS
from engine.composing.score import ROLES

SUSTAIN, SILENCE = 64, (120, 123)
"""Controllers."""
_DOWN = 64
_MACHINES = range(24, 32)
"""Programs of electronic kits."""
_BASSES = range(32, 40)
_DRUM_NAME = re.compile(r"(?<!steel )\bdrum|\bperc(?!ussive)|\bkit\b", re.I)
_BASS_NAME = re.compile(r"\bbass\b|bassline|\bsub\b", re.I)
_LEAD_NAME = re.compile(r"melod|\blead|vocal|\bvox\b|\bvoice\b|\bsolo\b", re.I)
_OWN_NAME = re.compile(rf"(?P<instrument>.*) \((?P<role>{'|'.join(ROLES)})\)")
_LOW = 50
"""Below this median pitch, the lowest part is a bass."""
_MONOPHONIC = 0.85
"""Share of the notes of a tune that begin when no other sounds."""
_BREATH = 0.25
"""Share of a note that may sound on in the next, as legato does."""
_FEW = 0.2
"""A tune has at least this share of the notes that parts have on average."""


class Played(NamedTuple):
    """A note: where its key goes down and up, and where the pedal lets it end."""

    start: int
    released: int
    end: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Voice:
    """A channel in a track. `name` is the track's, unless it has several; `program` is None if the file names none."""

    track: int
    channel: int
    name: str
    program: int | None
    notes: tuple[Played, ...]

    @property
    def is_drums(self) -> bool:
        """Whether it is percussion, by its channel or its name."""
        return self.channel == DRUM_CHANNEL or bool(_DRUM_NAME.search(self.name))


@dataclass(slots=True)
class _Keys:
    """What a channel of a track has played so far, and which of its keys are down."""

    notes: list[Played] = field(default_factory=list)
    down: dict[int, deque[tuple[int, int]]] = field(default_factory=dict)
    """Tick and velocity of the notes of each pitch."""
    programs: Counter[int | None] = field(default_factory=Counter)
    """How many notes each has played."""

    def press(self, tick: int, pitch: int, velocity: int, program: int | None) -> None:
        keys = self.down.setdefault(pitch, deque())
        if keys and keys[-1][0] == tick:  # Struck twice at once: one note.
            keys[-1] = (tick, max(velocity, keys[-1][1]))
            return
        keys.append((tick, velocity))
        self.programs[program] += 1

    def release(self, tick: int, pitch: int) -> None:
        """Of several notes of one pitch, the first one struck ends first."""
        if keys := self.down.get(pitch):
            start, velocity = keys.popleft()
            self.notes.append(Played(start, tick, tick, pitch, velocity))

    def silence(self, tick: int) -> None:
        for pitch, keys in self.down.items():
            while keys:
                self.release(tick, pitch)
        self.down.clear()


@dataclass(slots=True)
class _Pedal:
    """The sustain pedal of a channel."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    """Where it goes down and up."""
    since: int | None = None

    def move(self, tick: int, down: bool) -> None:
        if down and self.since is None:
            self.since = tick
        elif not down and self.since is not None:
            self.spans.append((self.since, tick))
            self.since = None


@dataclass(slots=True)
class _Playing:
    """What all channels of all tracks have played so far. A voice is a track and its channel."""

    keys: dict[tuple[int, int], _Keys] = field(default_factory=lambda: defaultdict(_Keys))
    pedals: dict[int, _Pedal] = field(default_factory=lambda: defaultdict(_Pedal))
    programs: dict[tuple[int, int] | int, int] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """A channel message."""
        voice, first, last = (event.track, event.status & 0xF), event.data[0], event.data[-1]
        if event.message == NOTE_ON and last:
            program = self.programs.get(voice, self.programs.get(voice[1]))
            self.keys[voice].press(event.tick, first, last, program)
        elif event.message in (NOTE_OFF, NOTE_ON):
            self.keys[voice].release(event.tick, first)
        elif event.message == PROGRAM:
            self.programs[voice] = self.programs[voice[1]] = first
        elif event.message == CONTROL and first == SUSTAIN:
            self.pedals[voice[1]].move(event.tick, last >= _DOWN)
        elif event.message == CONTROL and first in SILENCE:
            self.keys[voice].silence(event.tick)

    def end(self, track: int, tick: int) -> None:
        for channel in range(16):
            if (track, channel) in self.keys:
                self.keys[track, channel].silence(tick)


def voices(events: Sequence[Event]) -> list[Voice]:
    """The channels of the tracks that have notes; `events` are those of all tracks, in order of ticks.

    A note that is never ended ends with its track. A program holds for its channel in all tracks that name none.
    """
    playing = _Playing()
    names: dict[int, str] = {}
    for event in events:
        if event.message:
            playing.hear(event)
        elif event.meta == TRACK_NAME:
            names.setdefault(event.track, event.text)
        elif event.meta == END:
            playing.end(event.track, event.tick)
    for pedal in playing.pedals.values():
        pedal.move(events[-1].tick, down=False)
    found = {voice: keys for voice, keys in sorted(playing.keys.items()) if keys.notes}
    channels = Counter(track for track, _ in found)
    return [
        Voice(
            track,
            channel,
            names.get(track, "") if channels[track] == 1 else "",
            keys.programs.most_common(1)[0][0],
            _sustained(keys.notes, playing.pedals[channel].spans),
        )
        for (track, channel), keys in found.items()
    ]


def _sustained(notes: list[Played], pedal: list[tuple[int, int]]) -> tuple[Played, ...]:
    """In order; a note released while the pedal is down ends with the pedal, or when its key is struck again."""
    notes = sorted(notes)
    downs = [down for down, _ in pedal]
    again: dict[int, int] = {}
    found: list[Played] = []
    for note in reversed(notes):
        place = bisect_left(downs, note.released) - 1
        if place >= 0 and note.released < pedal[place][1]:
            end = min(pedal[place][1], again.get(note.pitch, pedal[place][1]))
            note = note._replace(end=max(note.released, end))
        again[note.pitch] = note.start
        found.append(note)
    return tuple(reversed(found))


def roles(parts: Sequence[Voice]) -> list[str]:
    """The role of each: what its name says, or else what it sounds like.

    Besides drums and basses, by program or name, the lowest tune is the bass if it is low. The highest tune leads,
    unless another part is named so or most others are higher; a tune is a part of mostly single notes. All others are
    chords.
    """
    found = [_named(part) for part in parts]
    few = _FEW * sum(len(part.notes) for part in parts) / max(1, len(parts))
    tunes = {
        index: _middle([part])
        for index, part in enumerate(parts)
        if not found[index] and len(part.notes) >= few and _is_tune(part.notes)
    }
    if tunes and "bass" not in found:
        lowest = min(tunes, key=lambda index: tunes[index])
        if tunes[lowest] < _LOW:
            found[lowest] = "bass"
            del tunes[lowest]
    if tunes and "lead" not in found:
        highest = max(tunes, key=lambda index: tunes[index])
        others = [part for part, role in zip(parts, found, strict=True) if not role]
        if tunes[highest] >= _middle(others):
            found[highest] = "lead"
    return [role or "chords" for role in found]


def _middle(parts: Sequence[Voice]) -> float:
    """The median pitch."""
    return float(np.median([note.pitch for part in parts for note in part.notes]))


def _named(part: Voice) -> str:
    if own := _OWN_NAME.fullmatch(part.name):
        return own["role"]
    if part.is_drums:
        return "drums"
    if part.program in _BASSES or _BASS_NAME.search(part.name):
        return "bass"
    return "lead" if _LEAD_NAME.search(part.name) else ""


def _is_tune(notes: Sequence[Played]) -> bool:
    """Whether most notes sound alone, but for a little of the one before."""
    starts = np.array([note.start for note in notes])
    kept = [note.released - _BREATH * (note.released - note.start) for note in notes]
    before = np.concatenate([[-np.inf], np.maximum.accumulate(kept)[:-1]])
    after = np.concatenate([starts[1:], [np.inf]])
    return bool(np.mean((starts >= before) & (after >= kept)) >= _MONOPHONIC)


def players(part: Voice, role: str) -> str:
    """The instrument of a part: what its name says, or its program, or the most usual one of its role."""
    own = _OWN_NAME.fullmatch(part.name)
    if own and own["instrument"] in (*INSTRUMENTS, *DRUMS):
        return own["instrument"]
    if role == "drums":
        return DRUMS[part.program in _MACHINES]
    if part.program is None:
        return "Bass Guitar" if role == "bass" else "Piano"
    return nearest_name(part.program)
