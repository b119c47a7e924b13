"""Melodies: a motif, answered, varied, and repeated with its section.

A theme is two bars of rhythm and contour. It forms periods of four phrases (a, a', a, b) over the chords: chord tones
on strong beats, steps in between, a fall to a chord tone at the end. Sections with the same letter have the same theme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.composing.arrangement import Note, Section
from engine.composing.instruments import Instrument
from engine.composing.plan import STEP, Plan, fitted
from engine.composing.theory import nearest

CELLS: dict[str, tuple[str, ...]] = {
    "flowing": (
        "x---x---x-x-x---",
        "x-----x-x---x---",
        "x---x-x-x-------",
        "..x-x-x-x---x---",
        "x-------x---x-x-",
    ),
    "riff": (
        "x--x--x-..x-x-..",
        "x-x-..x-x--x..x-",
        "..x-x--x--x-....",
        "x--x--x---x-....",
        "x-..x-..x-x-x-..",
    ),
    "anthem": ("x-----x-----x---", "x---x---x-----x-", "x-----x---x---x-", "x-------x---x---"),
    "long": ("x---------------", "x-------x-------", "x-----------x---", "....x-----------"),
    "sparse": (
        "....x---x-......",
        "x-----......x-x-",
        "..x---..x-......",
        "x-------........",
        "......x-x---x-..",
    ),
    "vocal": (
        "..x-x-x---x-x---",
        "x-x-x---..x-x---",
        "....x-x-x--x----",
        "x--x--x-x---....",
        "..x---x-x-x-x---",
    ),
    "playful": ("x-x-x---x-x-x---", "x---x-x-x-x-x-x-", "x-xxx-x-x---x---", "x---..x-x-x-x---"),
    "swing": (
        "x---..x-x---..x-",
        "..x-x---x-x---x-",
        "x-x-x-x---x-....",
        "..x---x-x-x-x---",
        "x-----x-..x-x-x-",
    ),
    "solo": (
        "x-x-x-x-x-x-x-x-",
        "..x-x-x-x-x-x---",
        "x---xxx-x-x-x-x-",
        "x-xxx-x-..x-x-x-",
        "x-x-x---..x-xxx-",
    ),
    "fiddle": ("x-x-x-x-x-x-x-x-", "x---x-x-x-x-x-x-", "x-x-x-x-x---x-x-", "x-xxx-x-x-x-x---"),
    "metal": ("x-xxx-xxx-xxx-x-", "x---x-x-x---x-x-", "x-x-x-----x-x-x-", "x-----x-xxxxx---"),
}


@dataclass(frozen=True, slots=True)
class _Theme:
    """Two bars: (step, length in steps, move in scale steps from the note before)."""

    notes: tuple[tuple[int, int, int], ...]
    ending: tuple[tuple[int, int, int], ...]
    start: int


def melody_part(
    plan: Plan,
    sections: list[Section],
    instrument: Instrument,
    manner: str,
    rng: np.random.Generator,
) -> list[Note]:
    """The melody over the given sections."""
    themes: dict[str, _Theme] = {}
    seen: dict[str, int] = {}
    notes: list[Note] = []
    for section in sections:
        solo = section.name == "solo"
        key = f"{section.letter}/{section.name}" if solo else section.letter
        if key not in themes:
            themes[key] = _invent(plan, instrument, "solo" if solo else manner, rng)
        repeat = seen.get(key, 0)
        seen[key] = repeat + 1
        notes += _period(plan, section, (instrument, themes[key], repeat), rng)
        if solo:
            del themes[key]
    return notes


def _invent(plan: Plan, instrument: Instrument, manner: str, rng: np.random.Generator) -> _Theme:
    steps = round(plan.beats_per_bar / STEP)
    cells = CELLS[manner]
    first, second, last = (_cut(cells[int(rng.integers(len(cells)))], steps) for _ in range(3))
    centre = (max(instrument.low, 57) + min(instrument.high, 84)) // 2
    return _Theme(
        notes=_contour(first, 0, rng) + _contour(second, steps, rng),
        ending=_contour(first, 0, rng) + _contour(last, steps, rng),
        start=centre + int(rng.integers(-4, 5)),
    )


def _cut(cell: str, steps: int) -> str:
    """The first bar of a cell, in short bars from its first note on."""
    bar = fitted(cell, steps)[:steps]
    return bar if "x" in bar else cell[cell.index("x") :][:steps]


def _contour(cell: str, offset: int, rng: np.random.Generator) -> tuple[tuple[int, int, int], ...]:
    moves: list[tuple[int, int, int]] = []
    direction = int(rng.choice([-1, 1]))
    step = 0
    while step < len(cell):
        if cell[step] != "x":
            step += 1
            continue
        length = 1
        while step + length < len(cell) and cell[step + length] == "-":
            length += 1
        leap = int(rng.choice([0, 1, 1, 1, 2, 3, 4], p=[0.12, 0.2, 0.2, 0.15, 0.2, 0.08, 0.05]))
        moves.append((offset + step, length, direction * leap))
        if leap > 1 or rng.random() < 0.35:
            direction = -direction
        step += length
    return tuple(moves)


def _period(
    plan: Plan, section: Section, theme: tuple[Instrument, _Theme, int], rng: np.random.Generator
) -> list[Note]:
    """Lays a, a', a, b over a section, phrase by phrase of two bars; repeats are embellished."""
    instrument, idea, repeat = theme
    phrase = 2 * plan.beats_per_bar
    notes: list[Note] = []
    count = max(1, round(section.beats / phrase))
    for index in range(count):
        start = section.start + index * phrase
        last = index == count - 1 or index % 4 == 3
        moves = idea.ending if last else idea.notes
        shift = 2 if index % 4 == 1 else 0
        notes += _phrase(
            plan,
            (start, section.start + section.beats),
            (instrument, moves, idea.start + shift),
            last,
        )
        if repeat and notes and rng.random() < 0.4:
            notes = _embellish(notes, instrument)
    return [_louder(note, section.energy, plan, rng) for note in notes]


def _phrase(
    plan: Plan,
    times: tuple[float, float],
    idea: tuple[Instrument, tuple[tuple[int, int, int], ...], int],
    last: bool,
) -> list[Note]:
    start, end = times
    instrument, moves, pitch = idea
    notes: list[Note] = []
    for position, (step, length, move) in enumerate(moves):
        beat = start + step * STEP
        if beat >= end - 1e-6:
            break
        chord = plan.span_at(beat).chord
        scale = plan.scale_over(chord)
        pitch = _step(pitch, move, scale)
        strong = abs(beat % 1) < 1e-6 or length >= 4
        if strong or (last and position == len(moves) - 1):
            pitch = nearest(pitch, tuple(chord.pitch_classes))
        pitch = _fold(pitch, instrument)
        notes.append(Note(beat, min(length * STEP * 0.95, end - beat), pitch, 86))
    return notes


def _step(pitch: int, move: int, scale: tuple[int, ...]) -> int:
    direction = 1 if move > 0 else -1
    for _ in range(abs(move)):
        pitch += direction
        while pitch % 12 not in scale:
            pitch += direction
    return pitch if move else nearest(pitch, scale)


def _fold(pitch: int, instrument: Instrument) -> int:
    low, high = max(instrument.low, 52), min(instrument.high, 91)
    while pitch > high:
        pitch -= 12
    while pitch < low:
        pitch += 12
    return pitch


def _embellish(notes: list[Note], instrument: Instrument) -> list[Note]:
    """Ornaments the longest of the last notes with a short upper neighbour."""
    index = max(range(max(0, len(notes) - 6), len(notes)), key=lambda i: notes[i].duration)
    note = notes[index]
    if note.duration < 0.9 or note.pitch + 12 > instrument.high:
        return notes
    half = note.duration / 2
    return [
        *notes[:index],
        Note(note.start, half * 0.95, note.pitch, note.velocity),
        Note(
            note.start + half, half, note.pitch + 12 if half >= 1 else note.pitch, note.velocity - 8
        ),
        *notes[index + 1 :],
    ]


def _louder(note: Note, energy: float, plan: Plan, rng: np.random.Generator) -> Note:
    accent = 8 if abs(note.start % plan.beats_per_bar) < 1e-6 else 0
    velocity = int(
        np.clip(note.velocity + accent + 18 * (energy - 0.6) + rng.integers(-5, 6), 30, 124)
    )
    return Note(note.start, note.duration, note.pitch, velocity)
