"""The score of a piece as arrays, small enough to be kept beside its latents: who plays which notes over which chords.

Times are in quarter notes from the beginning, so that `tempo` alone places them in seconds. A score need not say
everything: of the groups that are not `known`, nothing is asked. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.composing.arrangement import Arrangement
from engine.composing.notation import BEATS_PER_BAR, TEMPI
from engine.composing.theory import Chord

NOTE = np.dtype(
    [("part", "u1"), ("pitch", "u1"), ("velocity", "u1"), ("start", "f4"), ("duration", "f4")]
)
CHORD = np.dtype(
    [("start", "f4"), ("beats", "f4"), ("root", "u1"), ("bass", "u1"), ("tones", "u4")]
)
"""`tones` has bit i set for a tone i semitones above the root; `bass` is the pitch class of the lowest tone."""
SECTION = np.dtype(
    [("name", "U12"), ("letter", "U1"), ("start", "f4"), ("beats", "f4"), ("energy", "f4")]
)
GROUPS = ("drums", "bass", "harmony", "melody", "chords", "players", "form")
"""What a score may say, each by itself: the notes of four kinds of parts, the chords, who plays, and the sections."""
NOTES = frozenset(("drums", "bass", "harmony", "melody"))
"""The groups that are notes."""
ROLES = {
    "drums": "drums",
    "bass": "bass",
    "chords": "harmony",
    "pad": "harmony",
    "arp": "harmony",
    "counter": "harmony",
    "lead": "melody",
}
"""The group of each role."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What a piece plays.

    `parts` are [P, 2] text, role and instrument of each part; `notes`, `chords` and `sections` are arrays of these
    records, notes in order of parts. `tempo` is in BPM, `beats_per_bar` in quarter notes, and so is `end`, where the
    music stops. `known` are the groups that the score speaks of: a known group without notes is silent.
    """

    tempo: float
    beats_per_bar: float
    parts: NDArray[np.str_]
    notes: NDArray[np.void]
    chords: NDArray[np.void]
    sections: NDArray[np.void]
    known: frozenset[str] = frozenset(GROUPS)

    @classmethod
    def of(cls, piece: Arrangement) -> Score:
        """The score of a composed piece."""
        return cls(
            piece.tempo,
            piece.beats_per_bar,
            np.array([(part.role, part.instrument) for part in piece.parts], "U32").reshape(-1, 2),
            np.array(
                [
                    (index, note.pitch, note.velocity, note.start, note.duration)
                    for index, part in enumerate(piece.parts)
                    for note in part.notes
                ],
                NOTE,
            ),
            np.array([chord_row(s.start, s.beats, s.chord) for s in piece.chords], CHORD),
            np.array(
                [(s.name, s.letter, s.start, s.beats, s.energy) for s in piece.sections], SECTION
            ),
        )

    @property
    def end(self) -> float:
        """Where the music stops, in quarter notes."""
        ends = [self.sections["start"] + self.sections["beats"]]
        ends.append(self.notes["start"] + self.notes["duration"])
        return float(max((each.max() for each in ends if each.size), default=0.0))

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
        parts, notes, chords, sections = (
            arrays[f"score_{name}"] for name in ("parts", "notes", "chords", "sections")
        )
        return cls(tempo, beats_per_bar, parts, notes, chords, sections)

    def to_dict(self) -> dict[str, Any]:
        """The score as JSON values, for a take's sidecar: rows of the arrays, rounded to 1/1000 of a quarter note."""
        return {
            "tempo": self.tempo,
            "beats_per_bar": self.beats_per_bar,
            "known": sorted(self.known),
            "parts": self.parts.tolist(),
            **{name: _rows(getattr(self, name)) for name in _RECORDS},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Score:
        """The inverse of `to_dict`; people edit and send such values, so nothing in them is trusted.

        Raises:
            ValueError: if the values are of another shape, or out of the ranges that a score has.
        """
        try:
            parts = [(_text(role), _text(name)) for role, name in values["parts"]]
            known = frozenset(GROUPS) & {_text(group) for group in values["known"]}
            records = {name: _records(name, values[name], kind) for name, kind in _RECORDS.items()}
            tempo = _number(values["tempo"], TEMPI)
            beats_per_bar = _number(values["beats_per_bar"], BEATS_PER_BAR)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"This is no score: {error!r}.") from error
        if len(parts) > _MOST_PARTS:
            raise ValueError(f"A score has at most {_MOST_PARTS} parts; it has {len(parts)}.")
        if (records["notes"]["part"] >= len(parts)).any():
            raise ValueError(f"A note is of a part that is none of the {len(parts)}.")
        table = np.array(parts, "U32").reshape(-1, 2)
        return cls(tempo, beats_per_bar, table, known=known, **records)


def score_in(facts: Mapping[str, Any]) -> Score | None:
    """The score that the facts of a take have, as in its sidecar; None if they have none that can be read."""
    try:
        return Score.from_dict(facts["score"])
    except (KeyError, ValueError, RecursionError):
        return None


def chord_row(start: float, beats: float, chord: Chord) -> tuple[float, float, int, int, int]:
    """The row of a CHORD record."""
    tones = sum(1 << interval for interval in set(chord.intervals))
    return start, beats, chord.root, chord.lowest, tones


def chord_of(row: np.void) -> Chord:
    """The chord of a CHORD record, its intervals in ascending order."""
    bits, root, bass = int(row["tones"]), int(row["root"]), int(row["bass"])
    tones = tuple(i for i in range(bits.bit_length()) if bits >> i & 1)
    return Chord(root, tones, None if bass == root else bass)


_RECORDS = {"notes": NOTE, "chords": CHORD, "sections": SECTION}
_MOST_BEATS = 10_000
"""Beyond the end of any piece: 600 s at 300 BPM, repeated three times, in quarter notes."""
_MOST_PARTS = 255
_MOST = {"notes": 200_000, "chords": 20_000, "sections": 2_000}
_RANGES = {
    "part": (0, _MOST_PARTS - 1),
    "pitch": (0, 127),
    "velocity": (0, 127),
    "root": (0, 11),
    "bass": (0, 11),
    "tones": (0, 2**32 - 1),
    "energy": (0, 1),
    "start": (0, _MOST_BEATS),
    "duration": (0, _MOST_BEATS),
    "beats": (0, _MOST_BEATS),
}


def _records(name: str, rows: Any, kind: np.dtype[np.void]) -> NDArray[np.void]:
    """The records of such rows, each of whose values has the type and range of its field."""
    if not isinstance(rows, list) or len(cast(list[Any], rows)) > _MOST[name]:
        raise ValueError(f"The {name} of a score are a list of at most {_MOST[name]}.")
    fields = [(kind[field].kind, _RANGES.get(field, (0, 0))) for field in kind.names or ()]
    records = np.array(
        [
            tuple(
                _text(value) if kind == "U" else _number(value, range_, whole=kind == "u")
                for (kind, range_), value in zip(fields, row, strict=True)
            )
            for row in cast(list[Any], rows)
        ],
        kind,
    )
    length = records["duration" if name == "notes" else "beats"]
    if (records["start"] + length > _MOST_BEATS).any():
        raise ValueError(f"The {name} of a score end within {_MOST_BEATS} quarter notes.")
    return records


def _number(value: Any, range_: tuple[float, float], *, whole: bool = False) -> float:
    low, high = range_
    kinds = int if whole else (int, float)
    # What is not a number (NaN) is in no range.
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        raise ValueError(f"A score has a number from {low:g} to {high:g} here, not {value!r:.40}.")
    return value if whole else float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"A score has text here, not {value!r:.40}.")
    value.encode()  # Raises where half a character cannot be written to any file.
    return value


def _rows(records: NDArray[np.void]) -> list[list[Any]]:
    return [
        [round(value, 3) if isinstance(value, float) else value for value in row]
        for row in records.tolist()
    ]
