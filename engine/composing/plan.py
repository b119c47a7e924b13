"""The plan that all parts of a piece share: tempo, key, sections and chords.

It is fixed before any note is written. Times are in quarter notes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from engine.composing.arrangement import ChordSpan, Section
from engine.composing.chord_symbols import Bar
from engine.composing.styles import Range, Style
from engine.composing.theory import SCALES, Chord, parse_progression

STEP = 0.25
"""A sixteenth, the grid of all patterns."""
Rest = tuple[float, float]
"""Beats between which nobody plays pitched notes."""


def fitted(pattern: str, steps: int) -> str:
    """A pattern of whole bars of `steps` sixteenths: one of another metre is repeated and cut to one bar."""
    return pattern if len(pattern) % steps == 0 else (pattern * (1 + steps // len(pattern)))[:steps]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the writers of parts share."""

    style: Style
    tempo: float
    tonic: int
    mode: str
    sections: tuple[Section, ...]
    spans: tuple[ChordSpan, ...]
    held_out: bool = False

    @property
    def beats_per_bar(self) -> float:
        """Length of a bar in quarter notes."""
        return self.style.beats_per_bar

    @property
    def end(self) -> float:
        """Where the music stops."""
        return self.sections[-1].start + self.sections[-1].beats

    def span_at(self, beat: float) -> ChordSpan:
        """The chord that sounds at `beat`."""
        following = bisect_right(self.spans, beat + 1e-6, key=lambda span: span.start)
        return self.spans[max(0, following - 1)]

    def scale_over(self, chord: Chord) -> tuple[int, ...]:
        """Pitch classes of the key's scale, altered to fit the chord."""
        classes = {(self.tonic + step) % 12 for step in SCALES[self.mode]}
        for tone in chord.pitch_classes - classes:
            classes -= {(tone + 1) % 12, (tone - 1) % 12} - chord.pitch_classes
            classes.add(tone)
        return tuple(sorted(classes))


def between(span: Range, rng: np.random.Generator) -> float:
    """A value in the range, evenly distributed."""
    return float(rng.uniform(*span)) if span[1] > span[0] else float(span[0])


def lay_chords(
    style: Style, mode: str, tonic: int, sections: tuple[Section, ...], rng: np.random.Generator
) -> tuple[ChordSpan, ...]:
    """Chooses a progression for every letter and repeats it under that letter's sections."""
    options = list(style.progressions_for(mode))
    beats_per_bar = style.beats_per_bar
    chosen: dict[str, list[list[Chord]]] = {}
    for letter in dict.fromkeys(section.letter for section in sections):
        text = options[int(rng.integers(len(options)))]
        if len(options) > 1:
            options.remove(text)
        chosen[letter] = [
            bar for bar in parse_progression(text, tonic) for _ in range(style.stretch)
        ]
    spans: list[ChordSpan] = []
    for section in sections:
        bars = chosen[section.letter]
        for index in range(round(section.beats / beats_per_bar)):
            chords = bars[index % len(bars)]
            for k, chord in enumerate(chords):
                length = beats_per_bar / len(chords)
                spans.append(
                    ChordSpan(section.start + index * beats_per_bar + k * length, length, chord)
                )
    return tuple(spans)


def lay_sheet(
    bars: list[Bar], sections: tuple[Section, ...], beats_per_bar: float
) -> tuple[tuple[ChordSpan, ...], tuple[Rest, ...]]:
    """Repeats given bars under the sections, from the first in those that are whole multiples of them.

    Returns the chords, rounded to sixteenths, and the rests, over which the chord before them is written on.
    """
    spans: list[ChordSpan] = []
    rests: list[Rest] = []
    chord = next((chord for bar in bars for chord, _ in bar if chord), Chord(0, (0, 4, 7)))
    place = 0
    for section in sections:
        count = round(section.beats / beats_per_bar)
        place = 0 if count % len(bars) == 0 else place
        for index in range(count):
            start, share = section.start + index * beats_per_bar, 0.0
            for given, length in bars[(place + index) % len(bars)]:
                chord = given or chord
                begin, share = start + _grid(share * beats_per_bar), share + length
                beats = start + _grid(share * beats_per_bar) - begin
                if beats > 0:
                    spans.append(ChordSpan(begin, beats, chord))
                if beats > 0 and given is None:
                    joined = bool(rests) and rests[-1][1] >= begin - 1e-6
                    rests.append((rests.pop()[0] if joined else begin, begin + beats))
        place += count
    return tuple(spans), tuple(rests)


def _grid(beats: float) -> float:
    return round(beats / STEP) * STEP
