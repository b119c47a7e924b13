"""The score of a piece as arrays, small enough to be kept beside its latents: who plays which notes over which chords.

Times are in quarter notes from the beginning, so that `tempo` alone places them in seconds. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.composing.arrangement import Arrangement

NOTE = np.dtype(
    [("part", "u1"), ("pitch", "u1"), ("velocity", "u1"), ("start", "f4"), ("duration", "f4")]
)
CHORD = np.dtype(
    [("start", "f4"), ("beats", "f4"), ("root", "u1"), ("bass", "u1"), ("tones", "u4")]
)
"""`tones` has bit i set for a tone i semitones above the root."""
SECTION = np.dtype(
    [("name", "U12"), ("letter", "U1"), ("start", "f4"), ("beats", "f4"), ("energy", "f4")]
)


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What a piece plays.

    `parts` are [P, 2] text, role and instrument of each part; `notes`, `chords` and `sections` are arrays of these
    records, notes in order of parts. `tempo` is in BPM, `beats_per_bar` in quarter notes.
    """

    tempo: float
    beats_per_bar: float
    parts: NDArray[np.str_]
    notes: NDArray[np.void]
    chords: NDArray[np.void]
    sections: NDArray[np.void]

    @classmethod
    def of(cls, piece: Arrangement) -> Score:
        """The score of a composed piece."""
        return cls(
            piece.tempo,
            piece.beats_per_bar,
            np.array([(part.role, part.instrument) for part in piece.parts], dtype="U32"),
            np.array(
                [
                    (index, note.pitch, note.velocity, note.start, note.duration)
                    for index, part in enumerate(piece.parts)
                    for note in part.notes
                ],
                NOTE,
            ),
            np.array(
                [
                    (
                        span.start,
                        span.beats,
                        span.chord.root,
                        span.chord.lowest,
                        _bits(span.chord.intervals),
                    )
                    for span in piece.chords
                ],
                CHORD,
            ),
            np.array(
                [(s.name, s.letter, s.start, s.beats, s.energy) for s in piece.sections], SECTION
            ),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The score by name, for an npz file."""
        return {
            "score_metre": np.array([self.tempo, self.beats_per_bar]),
            "score_parts": self.parts,
            "score_notes": self.notes,
            "score_chords": self.chords,
            "score_sections": self.sections,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Score:
        """The score among the arrays of an npz file; the inverse of `arrays`."""
        tempo, beats_per_bar = map(float, arrays["score_metre"])
        names = ("parts", "notes", "chords", "sections")
        return cls(tempo, beats_per_bar, *(arrays[f"score_{name}"] for name in names))


def _bits(intervals: tuple[int, ...]) -> int:
    return sum(1 << interval for interval in set(intervals))
