"""A piece in words: one line that says what it is, and its chart of chords. Knows nothing of notes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from engine.composing.arrangement import Arrangement, ChordSpan, Section
from engine.composing.chord_symbols import MOST_CHORDS, symbol
from engine.composing.score import Score, chord_of
from engine.composing.theory import PITCH_CLASSES, SCALES, Chord, fitting_key

_SHARP_KEYS = {7, 2, 9, 4, 11, 6}
"""Tonics of the major keys with sharps."""
_LEAST = 0.26
"""Quarter notes below which a difference is one of rounding to sixteenths."""


def describe(piece: Arrangement) -> str:
    """One line: style, key, tempo, metre; the form in bars; the players; the chords of each letter of the form.

    "lo-fi, A minor, 84 BPM, 4/4; intro 4, verse 8, outro 4; Drums, Bass Guitar, Electric Piano; Am7 | F | C G | E7"
    """
    pitched = any(part.role != "drums" for part in piece.parts)
    head = [
        piece.style.replace("_", "-"),
        *([f"{piece.key} {piece.mode}"] if pitched else []),
        f"{piece.tempo:.4g} BPM",
        f"{piece.metre[0]}/{piece.metre[1]}",
    ]
    form = [f"{s.name} {max(1, round(s.beats / piece.beats_per_bar))}" for s in piece.sections]
    lines = [", ".join(head), ", ".join(form), ", ".join(piece.instruments)]
    return "; ".join([*lines, _chords(piece)] if pitched and piece.chords else lines)


def _chords(piece: Arrangement) -> str:
    """The bars of the first section of each letter, as often as they differ."""
    bars = _bars(piece.chords, piece.beats_per_bar, _end(piece.sections))
    charts: dict[str, str] = {}
    for section in piece.sections:
        first = round(section.start / piece.beats_per_bar)
        count = max(1, round(section.beats / piece.beats_per_bar))
        own = _period(bars[first : first + count])
        charts.setdefault(section.letter, " | ".join(own))
    if len({*charts.values()}) == 1:
        return next(iter(charts.values()))
    return ", ".join(f"{letter}: {text}" for letter, text in charts.items())


def _period(bars: list[str]) -> list[str]:
    """The bars that repeat, the last one aside, on which a piece may end otherwise."""
    for size in range(1, len(bars) // 2 + 1):
        if all(bar == bars[i % size] for i, bar in enumerate(bars[:-1])):
            return bars[:size]
    return bars


def chart(piece: Arrangement | Score) -> str:
    """The chords of the whole piece, bar by bar: "Am7 | F | C G | E7"; N.C. where there is none."""
    if isinstance(piece, Arrangement):
        return " | ".join(_bars(piece.chords, piece.beats_per_bar, _end(piece.sections)))
    spans = [
        ChordSpan(float(row["start"]), float(row["beats"]), chord_of(row)) for row in piece.chords
    ]
    return " | ".join(_bars(spans, piece.beats_per_bar, piece.end))


def _end(sections: Sequence[Section]) -> float:
    return sections[-1].start + sections[-1].beats


def _bars(spans: Sequence[ChordSpan], beats_per_bar: float, end: float) -> list[str]:
    """The text of each bar up to `end`."""
    sharp = sharps([(span.chord, span.beats) for span in spans if span.chord.intervals])
    bars: list[str] = []
    spans = sorted(spans, key=lambda span: span.start)
    past = 0
    for number in range(max(1, round(end / beats_per_bar))):
        start, stop = number * beats_per_bar, min(end, (number + 1) * beats_per_bar)
        within: list[tuple[str, float]] = []
        place = start
        while past < len(spans) and spans[past].end <= start + _LEAST:
            past += 1
        for span in islice(spans, past, None):
            if span.start >= stop - _LEAST:
                break
            if span.end <= start + _LEAST:
                continue
            if span.start > place + _LEAST:
                within.append(("N.C.", span.start - place))
            place, begin = min(span.end, stop), max(span.start, start)
            within.append((symbol(span.chord, sharp=sharp), place - begin))
        if stop > place + _LEAST or not within:
            within.append(("N.C.", stop - place))
        bars.append(_written(within))
    return bars


def _written(within: list[tuple[str, float]]) -> str:
    """One bar: its symbols, with a slash for every further beat where they do not divide it evenly."""
    lengths: list[tuple[str, float]] = []
    for name, beats in within:
        if lengths and lengths[-1][0] == name:
            beats += lengths.pop()[1]
        lengths.append((name, beats))
    names, sizes = [name for name, _ in lengths], [beats for _, beats in lengths]
    if max(sizes) - min(sizes) <= _LEAST:
        return " ".join(names[:MOST_CHORDS])
    unit = next(
        (u for u in (1.0, 0.5) if all(abs(s / u - round(s / u)) < 1e-3 for s in sizes)), 0.25
    )
    words = [w for name, s in lengths for w in (name, *["/"] * (round(s / unit) - 1))]
    # What would not be read again is divided evenly instead.
    return " ".join(words if len(words) <= MOST_CHORDS else names[:MOST_CHORDS])


def sharps(chords: list[tuple[Chord, float]]) -> bool | None:
    """Whether the key of these chords is written with sharps, as its name is; None if it has neither."""
    if not chords:
        return None
    tonic, mode = fitting_key(chords)
    if len(PITCH_CLASSES[tonic]) > 1:
        return PITCH_CLASSES[tonic].endswith("#")
    scale = {(tonic + step) % 12 for step in SCALES["minor" if mode == "harmonic minor" else mode]}
    major = next(t for t in range(12) if {(t + s) % 12 for s in SCALES["major"]} == scale)
    return None if major == 0 else major in _SHARP_KEYS
