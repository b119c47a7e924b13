"""Performance of composed notes: swing, human timing, rests, and the end of the music.

Knows nothing of how the notes were composed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace

import numpy as np

from engine.composing.arrangement import Note, Part
from engine.composing.plan import Plan, Rest
from engine.composing.rhythm import DRUM_LENGTH, PIECES
from engine.composing.theory import nearest

_NEAR = 0.06
"""Quarter notes by which a note may miss a beat and yet be on it."""


def close(plan: Plan, part: Part) -> Part:
    """Turns the last bar into one held chord: every part that still plays has one note that rings out."""
    last = plan.end - plan.beats_per_bar
    before = [
        n if n.start + n.duration <= last else replace(n, duration=max(0.05, last - n.start))
        for n in part.notes
    ]
    kept = [n for n in before if n.start < last - 1e-6]
    ending = [n for n in part.notes if n.start > last - _NEAR]
    if part.role == "chords" and ending:
        # Off-beat chords start with the other parts here.
        early = ending[0].start - last
        ending = [replace(n, start=n.start - early) for n in ending]
    closing = [n for n in ending if abs(n.start - last) < _NEAR]
    if part.role == "drums":
        closing = [n for n in closing if n.pitch in (36, 49, 51)]
    else:
        closing = [replace(n, duration=plan.beats_per_bar) for n in closing]
    return replace(part, notes=tuple(kept + closing))


def landed(plan: Plan, parts: list[Part]) -> list[Part]:
    """The parts so that the last bar begins with notes: drums strike it, and everybody, if nobody else does."""
    last = plan.end - plan.beats_per_bar
    landing: list[Part] = []
    for part in parts:
        final = [n for n in part.notes if n.start > last - _NEAR]
        if part.role == "drums" and any(n.start >= last - plan.beats_per_bar for n in part.notes):
            pieces = (PIECES["kick"], PIECES["crash"])
            struck = {n.pitch for n in final if n.start < last + _NEAR}
            hits = [Note(last, DRUM_LENGTH, p, 104) for p in pieces if p not in struck]
            part = replace(part, notes=(*part.notes, *hits))
        landing.append(part)
    pitched = [part for part in parts if part.role != "drums"]
    if any(abs(n.start - last) < _NEAR for part in pitched for n in part.notes):
        return landing
    return [part if part.role == "drums" else _begun(plan, part, last) for part in landing]


def _begun(plan: Plan, part: Part, last: float) -> Part:
    """The part with its notes after `last` moved so that the first is there; without any, with a tone of the chord."""
    if not any(n.start >= last for n in part.notes) and part.notes:
        final = part.notes[-1]
        pitch = nearest(final.pitch, plan.span_at(last).chord.pitch_classes)
        return replace(
            part, notes=(*part.notes, Note(last, plan.beats_per_bar, pitch, final.velocity))
        )
    early = min((n.start for n in part.notes if n.start >= last), default=last) - last
    return replace(
        part,
        notes=tuple(n if n.start < last else replace(n, start=n.start - early) for n in part.notes),
    )


def held(plan: Plan, parts: list[Part], beats: float) -> tuple[Plan, list[Part]]:
    """The piece with its final chord held for so many quarter notes more, as by a fermata."""
    last = plan.end - plan.beats_per_bar - _NEAR
    longer = [
        replace(
            part,
            notes=tuple(
                replace(n, duration=n.duration + beats) if n.start >= last else n
                for n in part.notes
            ),
        )
        if part.role != "drums"
        else part
        for part in parts
    ]
    section, span = plan.sections[-1], plan.spans[-1]
    sections = (*plan.sections[:-1], replace(section, beats=section.beats + beats))
    spans = (*plan.spans[:-1], replace(span, beats=span.beats + beats))
    return replace(plan, sections=sections, spans=spans), longer


def heard(part: Part, written: Part, latest: float) -> Part:
    """The part, or, if it would not begin before `latest`, what is `written` for it, from its first note on."""
    if any(note.start < latest - _NEAR for note in part.notes) or not written.notes:
        return part
    first = min(note.start for note in written.notes)
    notes = (replace(note, start=note.start - first) for note in written.notes)
    return replace(part, notes=tuple(sorted(notes, key=lambda n: (n.start, n.pitch))))


def silenced(part: Part, rests: tuple[Rest, ...]) -> Part:
    """The part without its pitched notes in the rests; what is held over one is struck again after it."""
    if part.role == "drums":
        return part
    starts, stops = [start for start, _ in rests], [stop for _, stop in rests]
    notes: list[Note] = []
    for note in part.notes:
        first = bisect_right(stops, note.start)
        last = bisect_left(starts, note.start + note.duration)
        notes += _around(note, rests[first:last])
    return replace(part, notes=tuple(notes))


def _around(note: Note, rests: tuple[Rest, ...]) -> list[Note]:
    """What is left of a note before, between and after the rests that it reaches into."""
    kept: list[Note] = []
    begin, end = note.start, note.start + note.duration
    for start, stop in rests:
        if begin < start - _NEAR:
            kept.append(replace(note, start=begin, duration=start - begin))
        if begin < stop - _NEAR and end <= stop + 2 * _NEAR:
            return kept
        begin, end = stop, max(end, stop + 2 * _NEAR)
    return [*kept, replace(note, start=begin, duration=end - begin)]


def cut(plan: Plan, parts: list[Part], end: float) -> tuple[Plan, list[Part]]:
    """The piece up to `end`, in quarter notes, if it is longer."""
    if plan.end <= end + 1e-6:
        return plan, parts
    shorter = [
        replace(
            part,
            notes=tuple(
                replace(n, duration=min(n.duration, end - n.start))
                for n in part.notes
                if n.start < end - 1e-3
            ),
        )
        for part in parts
    ]
    sections = tuple(
        replace(s, beats=min(s.beats, end - s.start)) for s in plan.sections if s.start < end - 1e-6
    )
    spans = tuple(
        replace(s, beats=min(s.beats, end - s.start)) for s in plan.spans if s.start < end - 1e-6
    )
    return replace(plan, sections=sections, spans=spans), shorter


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
