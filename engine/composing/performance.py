"""Performance of composed notes: swing, human timing, and the final chord.

Knows nothing of how the notes were composed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.composing.arrangement import Note, Part
from engine.composing.plan import Plan


def close(plan: Plan, part: Part) -> Part:
    """Turns the last bar into one held chord: every part that still plays has one note that rings out."""
    last = plan.end - plan.beats_per_bar
    before = [
        n if n.start + n.duration <= last else replace(n, duration=max(0.05, last - n.start))
        for n in part.notes
    ]
    kept = [n for n in before if n.start < last - 1e-6]
    ending = [n for n in part.notes if n.start > last - 0.06]
    if part.role == "chords" and ending:
        # Off-beat chords start with the other parts here.
        early = ending[0].start - last
        ending = [replace(n, start=n.start - early) for n in ending]
    closing = [n for n in ending if abs(n.start - last) < 0.06]
    if part.role == "drums":
        closing = [n for n in closing if n.pitch in (36, 49, 51)]
    else:
        closing = [replace(n, duration=plan.beats_per_bar) for n in closing]
    return replace(part, notes=tuple(kept + closing))


def feel(plan: Plan, part: Part, swing: float, rng: np.random.Generator) -> Part:
    """Adds swing, and timing deviations of a few milliseconds for players, but not for machines."""
    unit = plan.style.swing_unit
    human = plan.style.humanise * plan.tempo / 60
    machine = part.instrument == "Drum Machine" or part.voice.source == "synth"
    notes: list[Note] = []
    for note in part.notes:
        start = _swung(note.start, unit, swing)
        if human and not machine:
            start += float(np.clip(rng.normal(0, human / 2), -human, human))
        start = max(0.0, start)
        duration = max(0.04, min(note.duration, plan.end - start))
        if start < plan.end - 1e-6:
            notes.append(Note(round(start, 5), round(duration, 5), note.pitch, note.velocity))
    return replace(part, notes=tuple(sorted(notes, key=lambda n: (n.start, n.pitch))))


def _swung(beat: float, unit: float, swing: float) -> float:
    whole = beat // unit * unit
    place = (beat - whole) / unit
    bent = place * 2 * swing if place < 0.5 else swing + (place - 0.5) * 2 * (1 - swing)
    return whole + bent * unit
