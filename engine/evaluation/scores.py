"""What a piece is made of, in seconds: notes, drum strokes, chords, key and form, to compare with what is heard.

Knows nothing of sound, nor of how notes are heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.composing import Arrangement
from engine.composing.score import Score
from engine.composing.theory import Chord

TOLERANCE = 0.05
"""How far two onsets may lie apart to be the same, s."""
TOGETHER = 0.03
"""Notes of one pitch, and strokes of the drums, that are closer than this are one, s."""

Times = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Note:
    """A note, written or heard: start and end in seconds, MIDI pitch."""

    start: float
    end: float
    pitch: int


@dataclass(frozen=True, slots=True)
class Harmony:
    """A chord from its start to its end, s."""

    start: float
    end: float
    chord: Chord


@dataclass(frozen=True, slots=True)
class Written:
    """A piece, or the excerpt of it that is heard, on its own clock."""

    notes: tuple[Note, ...]
    strokes: tuple[float, ...]
    """Drum strokes, those at one time once, s."""
    chords: tuple[Harmony, ...]
    key: str | None
    """As 'A minor'; None where only drums play."""
    polyphony: float
    """Notes that sound at once, on average while any does."""

    @classmethod
    def of(cls, arrangement: Arrangement, start: float, seconds: float) -> Written:
        """So many seconds of an arrangement from `start` on; a loop's notes are not repeated."""
        beat, end = 60 / arrangement.tempo, start + seconds
        pitched = [p for p in arrangement.parts if p.voice.source != "kit"]
        notes = [
            Note(n.start * beat - start, min((n.start + n.duration) * beat, end) - start, n.pitch)
            for part in pitched
            for n in part.notes
            if start <= n.start * beat < end
        ]
        strokes = [
            n.start * beat - start
            for part in arrangement.parts
            if part.voice.source == "kit"
            for n in part.notes
            if start <= n.start * beat < end
        ]
        chords = [
            Harmony(
                max(span.start * beat, start) - start, min(span.end * beat, end) - start, span.chord
            )
            for span in arrangement.chords
            if span.end * beat > start and span.start * beat < end
        ]
        key = f"{arrangement.key} {arrangement.mode}" if pitched else None
        once = _once(notes)
        return cls(tuple(once), tuple(merged(strokes)), tuple(chords), key, _polyphony(once))


@dataclass(frozen=True, slots=True)
class Form:
    """Where sections meet, and where the music ends, s."""

    boundaries: tuple[float, ...]
    end: float

    @classmethod
    def of(cls, score: Score, seconds: float) -> Form:
        """The form of so many seconds of a score."""
        beat = 60 / score.tempo
        starts = [float(start) * beat for start in score.sections["start"]]
        inside = tuple(start for start in starts if 0 < start < seconds)
        return cls(inside, min(score.end * beat, seconds))


@dataclass(frozen=True, slots=True)
class Matched:
    """Notes written, notes heard, and those that are both: same pitch, onsets within `TOLERANCE`, one to one."""

    written: int
    heard: int
    both: int


def matched(written: Sequence[Note], heard: Sequence[Note]) -> Matched:
    """Compares two lists of notes (mir_eval's matching, of onsets and pitches alone)."""
    from mir_eval.transcription import match_notes

    if not written or not heard:
        return Matched(len(written), len(heard), 0)
    # None leaves offsets out; the library's own signature does not say so.
    without: Any = None
    pairs = match_notes(
        *_intervals(written), *_intervals(heard), onset_tolerance=TOLERANCE, offset_ratio=without
    )
    return Matched(len(written), len(heard), len(pairs))


def merged(times: Sequence[float]) -> list[float]:
    """Sorted times, with those closer than `TOGETHER` as one."""
    kept: list[float] = []
    for time in sorted(times):
        if not kept or time - kept[-1] > TOGETHER:
            kept.append(float(time))
    return kept


def _intervals(notes: Sequence[Note]) -> tuple[Times, Times]:
    starts = np.array([note.start for note in notes])
    pitches = 440.0 * 2 ** ((np.array([note.pitch for note in notes]) - 69) / 12)
    return np.stack([starts, starts + 0.1], axis=1), pitches


def _once(notes: Sequence[Note]) -> list[Note]:
    """Sorted by start; two instruments in unison sound as one note."""
    last: dict[int, float] = {}
    kept: list[Note] = []
    for note in sorted(notes, key=lambda n: (n.start, n.pitch)):
        if note.start - last.get(note.pitch, -1.0) > TOGETHER:
            kept.append(note)
            last[note.pitch] = note.start
    return kept


def _polyphony(notes: Sequence[Note]) -> float:
    if not notes:
        return 0.0
    times = np.arange(0.0, max(note.end for note in notes), 0.02)
    sounding = np.sum([(times >= n.start) & (times < n.end) for n in notes], axis=0)
    return float(sounding[sounding > 0].mean()) if sounding.any() else 0.0
