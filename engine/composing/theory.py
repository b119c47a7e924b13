"""Harmony: scales, roman numerals, chords and voice leading.

Pure arithmetic on pitches (MIDI numbers). Knows nothing of styles, time or sound.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

PITCH_CLASSES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
}
_MODE_COST = {"major": 0.0, "minor": 0.0, "harmonic minor": 0.02, "mixolydian": 0.04, "dorian": 0.04,
              "phrygian": 0.1, "lydian": 0.1}  # fmt: skip
"""How much worse a mode than major or minor has to be, where chords leave the key open."""
_DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
_SUFFIXES: dict[str, tuple[int, ...]] = {
    "7": (10,),
    "maj7": (11,),
    "9": (10, 14),
    "maj9": (11, 14),
    "6": (9,),
    "69": (9, 14),
    "add9": (14,),
    "11": (10, 14, 17),
    "13": (10, 14, 21),
    "7b9": (10, 13),
    "7#9": (10, 15),
}
_SHAPES: dict[str, tuple[int, ...]] = {
    "5": (0, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "7sus4": (0, 5, 7, 10),
    "9sus4": (0, 5, 7, 10, 14),
    "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "aug": (0, 4, 8),
}
_NUMERAL = re.compile(r"^(b|#)?(IV|I{1,3}|VI{0,2}|iv|i{1,3}|vi{0,2})(.*)$")


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: its root as a pitch class and its tones as semitones above the root, root first.

    `bass` is the pitch class of the lowest tone, where that is not the root.
    """

    root: int
    intervals: tuple[int, ...]
    bass: int | None = None

    @property
    def lowest(self) -> int:
        """The pitch class of the lowest tone."""
        return self.root if self.bass is None else self.bass

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The set of its tones, modulo the octave."""
        return frozenset((self.root + i) % 12 for i in self.intervals)

    def tone(self, name: str) -> int:
        """Semitones of the "third", "fifth" or "seventh" above the root (or the chord's nearest equivalent)."""
        wanted = {"third": (3, 4, 5, 2), "fifth": (7, 6, 8), "seventh": (10, 11, 9, 12)}[name]
        return next((i for i in wanted if i in self.intervals), 12 if name == "seventh" else 7)


def parse_chord(numeral: str, tonic: int) -> Chord:
    """Reads a roman numeral relative to the major scale of `tonic`: "ii7", "bVIImaj7", "V7sus4", "i".

    Upper case is major, lower case minor; suffixes add tones or replace the shape.
    """
    match = _NUMERAL.match(numeral)
    if match is None:
        raise ValueError(f"{numeral!r} is not a roman numeral")
    accidental, roman, suffix = match.groups()
    root = (tonic + _DEGREES[roman.upper()] + {"b": -1, "#": 1, None: 0}[accidental]) % 12
    if suffix in _SHAPES:
        return Chord(root, _SHAPES[suffix])
    third = 4 if roman.isupper() else 3
    if suffix and suffix not in _SUFFIXES:
        raise ValueError(
            f"{suffix!r} in {numeral!r} is not a chord suffix; choose from {sorted(_SUFFIXES | _SHAPES)}"
        )
    return Chord(root, (0, third, 7, *_SUFFIXES.get(suffix, ())))


def parse_progression(text: str, tonic: int) -> list[list[Chord]]:
    """Reads "ii7 V7 | Imaj7" into one list of chords per bar."""
    return [[parse_chord(token, tonic) for token in bar.split()] for bar in text.split("|")]


def fitting_key(
    chords: Sequence[tuple[Chord, float]], tonic: int | None = None, mode: str | None = None
) -> tuple[int, str]:
    """The key (tonic and mode) whose scale has most tones of these chords with their lengths, one of both may be given.

    Among keys of the same scale, the one whose tonic chord lasts, begins and ends.
    """
    total = sum(length for _, length in chords)

    def fit(tonic: int, mode: str) -> float:
        scale = {(tonic + step) % 12 for step in SCALES[mode]}
        third = (tonic + (3 if 3 in SCALES[mode] else 4)) % 12
        inside = at_home = 0.0
        others = {(tonic + 7 - third + tonic) % 12}
        homes = [c.root == tonic and not c.pitch_classes & others for c, _ in chords]
        for (chord, length), home in zip(chords, homes, strict=True):
            tones = chord.pitch_classes
            inside += length / total * len(tones & scale) / len(tones)
            at_home += length / total * home
        ends = 0.08 * homes[0] + 0.06 * homes[-1]
        return 2 * inside + 0.2 * at_home + ends - _MODE_COST[mode]

    options = [
        (t, m)
        for t in (range(12) if tonic is None else [tonic])
        for m in (SCALES if mode is None else [mode])
    ]
    return max(options, key=lambda option: fit(*option))


def voicing(
    chord: Chord, previous: Sequence[int], low: int, high: int, size: int = 4
) -> tuple[int, ...]:
    """The voicing of a chord in [low, high] with the least movement from `previous`, in ascending order.

    Without a previous voicing, it is centred in the range. Tones are not doubled if there are fewer than `size`. If
    there are more, the fifth is dropped first.
    """
    intervals = list(chord.intervals)
    for expendable in (7, 0, 14):
        if len(intervals) > size and expendable in intervals:
            intervals.remove(expendable)
    classes = [(chord.root + i) % 12 for i in intervals[:size]]
    centre = (low + high) / 2
    best: tuple[float, tuple[int, ...]] | None = None
    for order in itertools.permutations(classes) if len(classes) <= 4 else [classes]:
        for start in range(low, min(low + 12, high)):
            if start % 12 != order[0]:
                continue
            for octave in (0, 12):
                pitches = _stack(order, start + octave)
                if pitches[-1] > high or pitches[-1] - pitches[0] > 19:
                    continue
                cost = (
                    _distance(pitches, previous)
                    if previous
                    else abs(sum(pitches) / len(pitches) - centre)
                )
                cost += 0.15 * abs(sum(pitches) / len(pitches) - centre) + _mud(pitches)
                if best is None or cost < best[0]:
                    best = (cost, pitches)
    return best[1] if best else _stack(classes, low)


def _stack(classes: Sequence[int], start: int) -> tuple[int, ...]:
    pitches = [start]
    for pitch_class in classes[1:]:
        step = (pitch_class - pitches[-1]) % 12
        pitches.append(pitches[-1] + (step or 12))
    return tuple(pitches)


def _distance(pitches: Sequence[int], previous: Sequence[int]) -> float:
    moves = sum(min(abs(p - q) for q in previous) for p in pitches)
    return moves + 0.5 * abs(pitches[-1] - max(previous))


def _mud(pitches: Sequence[int]) -> float:
    """A penalty for close intervals in a low register, and for minor ninths."""
    cost = 0.0
    for a, b in itertools.combinations(pitches, 2):
        if b - a == 13 or (b - a == 1):
            cost += 2.0
        if a < 52 and b - a < 5:
            cost += 3.0
    return cost


def nearest(pitch: int, classes: frozenset[int] | Sequence[int]) -> int:
    """The pitch nearest to `pitch` whose pitch class is in `classes`; the lower one on a tie."""
    allowed = {c % 12 for c in classes}
    for distance in range(12):
        for candidate in (pitch - distance, pitch + distance):
            if candidate % 12 in allowed:
                return candidate
    return pitch
