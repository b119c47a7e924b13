"""Drums: grooves with ghost notes and variations, fills, build-ups and crashes.

Notes are General MIDI percussion pitches, so that any kit can play them.
"""

from __future__ import annotations

import numpy as np

from engine.composing.arrangement import Note, Section
from engine.composing.plan import STEP, Plan, fitted
from engine.composing.styles import grooves

PIECES: dict[str, int] = {
    "kick": 36, "snare": 38, "rim": 37, "clap": 39, "hat": 42, "pedal": 44, "ohat": 46, "crash": 49, "crash_ride": 57,
    "ride": 51, "bell": 53, "tom_low": 45, "tom_mid": 47, "tom_high": 50, "tambourine": 54, "cowbell": 56,
    "shaker": 70, "conga_hi": 62, "conga_lo": 64, "bongo": 60, "clave": 75, "triangle": 81, "timbale": 65,
}  # fmt: skip
_LEVELS = {"X": 116, "x": 92, "o": 68, "g": 40, "r": 80, "f": 108}
_FILLS = {
    "toms": ("tom_high", "tom_high", "tom_mid", "tom_mid", "tom_low", "tom_low", "snare", "snare"),
    "snare": ("snare",) * 8,
    "mixed": ("snare", "snare", "tom_high", "snare", "tom_mid", "tom_mid", "tom_low", "kick"),
}
DRUM_LENGTH = 0.2


def drum_part(plan: Plan, sections: list[Section], rng: np.random.Generator) -> list[Note]:
    """The drum part of the given sections."""
    names = plan.style.grooves
    main = grooves()[names[int(rng.integers(len(names)))]]
    other = grooves()[names[int(rng.integers(len(names)))]]
    acoustic = plan.style.humanise > 0
    notes: list[Note] = []
    for section in sections:
        lines = other if section.letter == "C" and section.energy < 0.9 else main
        lines = _thin(lines, section.energy, rng)
        bars = round(section.beats / plan.beats_per_bar)
        if section.name == "build":
            notes += _build(plan, section)
            continue
        for bar in range(bars):
            last = bar == bars - 1
            fill = (last or (bar % 4 == 3 and rng.random() < 0.35)) and section.energy > 0.3
            until = plan.beats_per_bar - (_fill_length(plan, rng) if fill else 0.0)
            start = section.start + bar * plan.beats_per_bar
            notes += _bar(lines, bar, (start, plan.beats_per_bar, until), rng)
            if fill:
                notes += _fill(start + until, plan.beats_per_bar - until, acoustic, rng)
        if section.energy > 0.7 or (section.energy > 0.5 and rng.random() < 0.5):
            notes.append(Note(section.start, DRUM_LENGTH, PIECES["crash"], 104))
    return notes


def _thin(lines: dict[str, str], energy: float, rng: np.random.Generator) -> dict[str, str]:
    """Thins out quiet sections, and uses a louder cymbal in the loudest."""
    names = [name for name in lines if name != "steps"]
    if energy < 0.45 and len(names) > 2:
        keep = int(rng.integers(max(1, len(names) - 2), len(names)))
        names = [names[i] for i in sorted(rng.permutation(len(names))[:keep])]
    kept = {name: lines[name] for name in names}
    if energy > 0.85 and "hat" in kept and "ride" not in kept and rng.random() < 0.4:
        kept["ride"] = kept.pop("hat").replace("g", ".").replace("r", "x")
    return kept


def _bar(
    lines: dict[str, str], bar: int, times: tuple[float, float, float], rng: np.random.Generator
) -> list[Note]:
    start, beats_per_bar, until = times
    steps = round(beats_per_bar / STEP)
    notes: list[Note] = []
    for piece, line in lines.items():
        pitch, line = PIECES[piece], fitted(line, steps)
        for step in range(min(steps, round(until / STEP))):
            letter = line[(bar * steps + step) % len(line)]
            notes += _strike(letter, start + step * STEP, pitch, rng)
    return notes


def _strike(letter: str, start: float, pitch: int, rng: np.random.Generator) -> list[Note]:
    if letter == "?":
        letter = "g" if rng.random() < 0.5 else "."
    if letter == ".":
        return []
    velocity = int(np.clip(_LEVELS[letter] + rng.integers(-6, 7), 20, 127))
    note = Note(start, DRUM_LENGTH, pitch, velocity)
    if letter == "r":
        return [note, Note(start + STEP / 2, DRUM_LENGTH, pitch, velocity - 16)]
    if letter == "f" and start > 0:
        return [Note(start - 0.04, DRUM_LENGTH, pitch, 48), note]
    return [note]


def _fill_length(plan: Plan, rng: np.random.Generator) -> float:
    longest = min(2.0, plan.beats_per_bar - 1.0)
    return float(rng.choice([1.0, longest, longest / 2 if longest > 1 else 1.0]))


def _fill(start: float, length: float, acoustic: bool, rng: np.random.Generator) -> list[Note]:
    kinds = ["toms", "snare", "mixed"] if acoustic else ["snare", "mixed", "rest"]
    kind = kinds[int(rng.integers(len(kinds)))]
    if kind == "rest":
        return [Note(start, DRUM_LENGTH, PIECES["clap"], 90)]
    pieces = _FILLS[kind]
    steps = round(length / STEP)
    notes: list[Note] = []
    for step in range(steps):
        if step % 2 and rng.random() < 0.3:
            continue
        piece = pieces[step * len(pieces) // steps]
        velocity = int(np.clip(70 + 45 * step / steps + rng.integers(-8, 9), 30, 127))
        notes.append(Note(start + step * STEP, DRUM_LENGTH, PIECES[piece], velocity))
    return notes


def _build(plan: Plan, section: Section) -> list[Note]:
    """A build-up: kick in quarter notes, and a snare roll that doubles in speed."""
    notes: list[Note] = []
    beat = 0.0
    while beat < section.beats - 1e-6:
        progress = beat / section.beats
        if progress < 0.75 and beat % 1 == 0:
            notes.append(Note(section.start + beat, DRUM_LENGTH, PIECES["kick"], 104))
        notes.append(
            Note(section.start + beat, DRUM_LENGTH, PIECES["snare"], int(45 + 70 * progress))
        )
        beat += 1.0 if progress < 0.5 else 0.5 if progress < 0.75 else 0.25
    return notes
