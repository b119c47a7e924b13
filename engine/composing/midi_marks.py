"""Sections and chords as text in a MIDI file: markers that every DAW shows, and notes to ourselves that lose nothing.

A section is a marker with its name and a text such as "section B 0.85 chorus"; a chord is a text such as "chord Am7".
Markers of other programs are sections where they are named like some. Times are in quarter notes. Knows no files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.composing.chord_symbols import parse_symbol, symbol
from engine.composing.form import FORMS
from engine.composing.score import CHORD, SECTION, chord_of, chord_row

_SECTION, _CHORD = "section ", "chord "
_END, _NO_CHORD = "end", "N.C."
_OURS = re.compile(r"section (?P<letter>\S?) (?P<energy>[\d.]+) (?P<name>.*)")
_NAMES = {part.split()[0] for form in FORMS.values() for part in form.split(",")}
_SAME = {
    "prechorus": "build", "pre": "build", "buildup": "build", "refrain": "chorus", "postchorus": "chorus",
    "interlude": "bridge", "middle": "bridge", "instrumental": "solo", "head": "theme", "ending": "outro",
    "introduction": "intro", "conclusion": "outro", "loop": "loop",
}  # fmt: skip
_OTHER = "phrase"
"""Any section, where other markers name some."""
_QUIET = 0.2
"""Energy of a section without notes; the one with the most has 1."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TINY = 1e-3


class Mark(NamedTuple):
    """A text at a place; `shown` if it is a marker."""

    beat: float
    text: str
    shown: bool = False


def marks(sections: NDArray[np.void], chords: NDArray[np.void]) -> list[Mark]:
    """What is written for the records of a score, in order."""
    found: list[Mark] = []
    for section in sections:
        start, name = float(section["start"]), str(section["name"])
        energy = f"{float(section['energy']):.3g}"
        found.append(Mark(start, name, shown=True))
        found.append(Mark(start, f"{_SECTION}{section['letter']} {energy} {name}"))
    found += [Mark(beat, _SECTION + _END) for beat in _gaps(sections)]
    for chord in chords:
        found.append(Mark(float(chord["start"]), _CHORD + symbol(chord_of(chord))))
    found += [Mark(beat, _CHORD + _NO_CHORD) for beat in _gaps(chords)]
    return sorted(found, key=lambda mark: mark.beat)


def _gaps(spans: NDArray[np.void]) -> list[float]:
    """Where spans end and no other begins."""
    ends = spans["start"] + spans["beats"]
    return [
        float(end)
        for end, following in zip(ends, [*spans["start"][1:], np.inf], strict=False)
        if following > end + _TINY
    ]


def chords_in(marks: Iterable[Mark]) -> NDArray[np.void]:
    """CHORD records of our own texts."""
    placed = [
        (mark.beat, mark.text.removeprefix(_CHORD))
        for mark in marks
        if mark.text.startswith(_CHORD)
    ]
    rows: list[tuple[float, float, int, int, int]] = []
    for beat, beats, text in _spans(placed):
        try:
            chord = parse_symbol(text) if text != _NO_CHORD else None
        except ValueError:
            continue
        if chord is not None:
            rows.append(chord_row(beat, beats, chord))
    return np.array(rows, CHORD)


def sections_in(marks: Sequence[Mark], notes: NDArray[np.void], end: float) -> NDArray[np.void]:
    """SECTION records of our own texts, or of markers that are named like sections; they last to `end`."""
    ours = [mark for mark in marks if mark.text.startswith(_SECTION)]
    if ours:
        placed = [(mark.beat, mark.text) for mark in ours]
        return np.array(
            [
                (found["name"], found["letter"], beat, beats, min(1.0, _number(found["energy"])))
                for beat, beats, text in _spans(placed)
                if (found := _OURS.fullmatch(text))
            ],
            SECTION,
        )
    placed = [(mark.beat, _name(mark.text)) for mark in marks if mark.shown and mark.beat < end]
    if all(name in (_OTHER, _END) for _, name in placed):
        return np.empty(0, SECTION)
    if placed[0][0] > _TINY:
        placed.insert(0, (0.0, "intro"))
    spans = [span for span in _spans([*placed, (end, _END)]) if span[2] != _END]
    names = list(dict.fromkeys(name for _, _, name in spans))
    energies = _energies(spans, notes)
    return np.array(
        [
            (name, _LETTERS[names.index(name) % len(_LETTERS)], beat, beats, energy)
            for (beat, beats, name), energy in zip(spans, energies, strict=True)
        ],
        SECTION,
    )


def _spans(placed: Sequence[tuple[float, str]]) -> list[tuple[float, float, str]]:
    """Each with its length; the last one only ends the one before it."""
    return [
        (beat, following - beat, text)
        for (beat, text), (following, _) in pairwise(placed)
        if following > beat + _TINY
    ]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _name(text: str) -> str:
    """The section that a marker names: "Verse 2" is a verse, "Pre-Chorus" a build, "Riff" is some section."""
    words = re.findall(r"[a-z]+", text.lower().replace("-", ""))
    first = words[0] if words else ""
    return first if first in (*_NAMES, _END) else _SAME.get(first, _OTHER)


def _energies(
    spans: Sequence[tuple[float, float, str]], notes: NDArray[np.void]
) -> NDArray[np.floating]:
    """How much is struck in a quarter note of each section, beside the one with the most."""
    order = np.argsort(notes["start"])
    force = np.concatenate([[0.0], np.cumsum(notes["velocity"][order], dtype=float)])
    begins = np.array([beat for beat, _, _ in spans])
    beats = np.array([beats for _, beats, _ in spans])
    places = np.searchsorted(notes["start"][order], np.stack([begins, begins + beats]) - _TINY)
    struck = np.diff(force[places], axis=0)[0] / beats
    return _QUIET + (1 - _QUIET) * struck / max(struck.max(), _TINY)
