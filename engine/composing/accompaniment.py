"""Bass lines, chords, pads, arpeggios and counter-lines: everything that follows the harmony.

Patterns are sixteenths (see `styles.py`): for a bass R root, r soft root, 3 5 7 chord tones, 8 octave, a approach to
the next root; for chords X accent, x plain, b the lowest note alone; for arpeggios a digit is an index into the chord.
"-" holds, "." rests. "walk" and "acid" are generated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.composing.arrangement import ChordSpan, Note, Section
from engine.composing.instruments import Instrument
from engine.composing.plan import STEP, Plan, fitted
from engine.composing.theory import nearest, voicing


def bass_part(
    plan: Plan,
    sections: list[Section],
    instrument: Instrument,
    pattern: str,
    rng: np.random.Generator,
) -> list[Note]:
    """A bass line with a chord tone wherever a chord begins."""
    if pattern == "walk":
        return _walk(plan, sections, instrument, rng)
    if pattern == "acid":
        pattern = _acid(round(plan.beats_per_bar / STEP), rng)
    notes: list[Note] = []
    at: ChordSpan | None = None
    for section in sections:
        for start, length, symbol in _strikes(plan, section, pattern):
            span = plan.span_at(start)
            first, at = span is not at, span
            begins = abs(start - span.start) < 1e-6
            if (begins and symbol == "a") or (first and span.chord.bass is not None):
                symbol = "R"
            pitch = _bass_pitch(plan, span, symbol, instrument)
            velocity = {"r": 66, "R": 104, "a": 84}.get(symbol, 92) + int(rng.integers(-5, 6))
            notes.append(Note(start, length, pitch, min(127, velocity)))
    return notes


def _lowest(span: ChordSpan, instrument: Instrument) -> int:
    """The chord's lowest tone in the octave that starts a third above the instrument's lowest note."""
    lowest = max(instrument.low, 28) if instrument.low >= 28 else instrument.low + 4
    return lowest + (span.chord.lowest - lowest) % 12


def _bass_pitch(plan: Plan, span: ChordSpan, symbol: str, instrument: Instrument) -> int:
    lowest = _lowest(span, instrument)
    if symbol == "a":
        following = _lowest(plan.span_at(span.end % plan.end), instrument)
        return max(instrument.low, following - 1 if following > lowest else following + 1)
    offset = {
        "3": span.chord.tone("third"),
        "5": span.chord.tone("fifth"),
        "7": span.chord.tone("seventh"),
        "8": 12,
    }.get(symbol, 0)
    above = (span.chord.root - lowest) % 12 if symbol in "357" else 0
    pitch = lowest + offset + above
    return pitch - 12 * max(0, -((instrument.high - pitch) // 12))


def _acid(steps: int, rng: np.random.Generator) -> str:
    symbols = np.array(list("RR8537r.."))
    line = [str(symbols[i]) for i in rng.integers(0, len(symbols), steps)]
    line[0] = "R"
    return "".join(line)


def _walk(
    plan: Plan, sections: list[Section], instrument: Instrument, rng: np.random.Generator
) -> list[Note]:
    """A walking bass: the root, chord and scale tones, and a semitone approach to the next root."""
    notes: list[Note] = []
    for section in sections:
        previous: int | None = None
        for span in (
            s for s in plan.spans if section.start <= s.start < section.start + section.beats
        ):
            steps = max(1, round(span.beats))
            scale = plan.scale_over(span.chord)
            target = _lowest(plan.span_at(span.end % plan.end), instrument)
            pitch = _lowest(span, instrument)
            if (
                previous is not None
                and abs(pitch + 12 - previous) < abs(pitch - previous)
                and pitch + 12 < 50
            ):
                pitch += 12
            for step in range(steps):
                if step == steps - 1 and steps > 1:
                    pitch = target + (1 if rng.random() < 0.5 else -1)
                elif step:
                    wanted = pitch + int(rng.choice([2, 3, 4, -2, -3, 5]))
                    classes = span.chord.pitch_classes if step % 2 == 0 else scale
                    pitch = nearest(wanted, tuple(classes))
                pitch = int(np.clip(pitch, instrument.low, instrument.high))
                velocity = 96 + int(rng.integers(-8, 9))
                notes.append(Note(span.start + step, 0.9, pitch, velocity))
                if rng.random() < 0.1:
                    notes.append(Note(span.start + step + 0.5, 0.3, pitch, 58))
            previous = pitch
    return notes


def chord_part(
    plan: Plan,
    sections: list[Section],
    instrument: Instrument,
    pattern: str,
    rng: np.random.Generator,
) -> list[Note]:
    """Chords in a rhythmic pattern, with voice leading; plucked strings are strummed."""
    low, high = max(instrument.low, 50), min(instrument.high, 79)
    strum = (
        0.02 * plan.tempo / 100 if "Guitar" in instrument.name or "Harp" in instrument.name else 0.0
    )
    distorted = instrument.name == "Distorted Guitar"
    notes: list[Note] = []
    for strike in _voiced(plan, sections, pattern, (low, high)):
        pitches = _power(strike.span, instrument) if distorted else strike.held
        if strike.symbol == "b":
            lowest = min(strike.held)
            pitches = (max(instrument.low, lowest - 12 - (lowest - strike.span.chord.lowest) % 12),)
        base = {"X": 92, "x": 72, "b": 84}.get(strike.symbol, 72) + int(rng.integers(-6, 7))
        for index, pitch in enumerate(pitches):
            delay = min(strum * index, strike.length / 4)
            notes.append(Note(strike.start + delay, strike.length - delay, pitch, base - 2 * index))
    return notes


def _power(span: ChordSpan, instrument: Instrument) -> tuple[int, ...]:
    root = instrument.low + (span.chord.root - instrument.low) % 12
    return (root, root + 7, root + 12)


def pad_part(
    plan: Plan, sections: list[Section], instrument: Instrument, rng: np.random.Generator
) -> list[Note]:
    """Sustained voicings, tied while the chord stays the same."""
    low, high = max(instrument.low, 48), min(instrument.high, 77)
    notes: list[Note] = []
    held: tuple[int, ...] = ()
    for section in sections:
        end = section.start + section.beats
        spans = [s for s in plan.spans if section.start <= s.start < end]
        index = 0
        while index < len(spans):
            following = index + 1
            while (
                following < len(spans)
                and spans[following].chord == spans[index].chord
                and following - index < 4
            ):
                following += 1
            stop = spans[following].start if following < len(spans) else end
            held = voicing(spans[index].chord, held, low, high)
            velocity = int(58 + 30 * section.energy + rng.integers(-4, 5))
            notes += [
                Note(spans[index].start, stop - spans[index].start, pitch, velocity)
                for pitch in held
            ]
            index = following
    return notes


def arpeggio_part(
    plan: Plan,
    sections: list[Section],
    instrument: Instrument,
    pattern: str,
    rng: np.random.Generator,
) -> list[Note]:
    """A broken chord by a pattern of indices; indices beyond its size continue an octave higher."""
    low = max(instrument.low, 52 + int(rng.integers(0, 3)) * 5)
    high = max(low + 24, min(instrument.high, low + 28))
    notes: list[Note] = []
    for strike in _voiced(plan, sections, pattern, (low, high)):
        index = int(strike.symbol) if strike.symbol.isdigit() else 0
        octave, place = divmod(index, len(strike.held))
        pitch = strike.held[place] + 12 * octave
        if pitch > instrument.high:
            pitch -= 12
        accent = 10 if abs(strike.start % 1) < 1e-6 else 0
        velocity = int(72 + accent + rng.integers(-7, 8))
        notes.append(Note(strike.start, strike.length, pitch, velocity))
    return notes


def counter_part(
    plan: Plan, sections: list[Section], instrument: Instrument, rng: np.random.Generator
) -> list[Note]:
    """A slow line of guide tones: thirds and sevenths that move by step."""
    pitch = (instrument.low + instrument.high) // 2
    notes: list[Note] = []
    for section in sections:
        for span in (
            s for s in plan.spans if section.start <= s.start < section.start + section.beats
        ):
            guides = {
                (span.chord.root + span.chord.tone(name)) % 12 for name in ("third", "seventh")
            }
            pitch = nearest(
                pitch + int(rng.integers(-1, 2)), tuple(guides & span.chord.pitch_classes)
            )
            pitch = int(np.clip(pitch, instrument.low, instrument.high))
            notes.append(Note(span.start, span.beats * 0.95, pitch, int(66 + rng.integers(-5, 6))))
    return notes


@dataclass(frozen=True, slots=True)
class _Strike:
    """A pattern symbol at its position, with the chord there and its voicing."""

    start: float
    length: float
    symbol: str
    span: ChordSpan
    held: tuple[int, ...]


def _voiced(
    plan: Plan, sections: list[Section], pattern: str, reach: tuple[int, int]
) -> Iterator[_Strike]:
    """All strikes of a part, with voice leading between the pitches of `reach`."""
    held: tuple[int, ...] = ()
    at: ChordSpan | None = None
    for section in sections:
        for start, length, symbol in _strikes(plan, section, pattern):
            span = plan.span_at(start)
            if span is not at:
                held, at = voicing(span.chord, held, *reach), span
            yield _Strike(start, length, symbol, span, held)


def _strikes(plan: Plan, section: Section, pattern: str) -> list[tuple[float, float, str]]:
    """(start, length, symbol) of a pattern repeated over a section; a new chord restarts held notes."""
    total = round(section.beats / STEP)
    steps = round(plan.beats_per_bar / STEP)
    pattern = fitted(pattern, steps)
    while not pattern[:steps].strip(".-") and pattern.strip(".-"):
        pattern = pattern[steps:] + pattern[:steps]
    strikes: list[list[float | str]] = []
    holding = False
    for step in range(total):
        symbol = pattern[step % len(pattern)]
        beat = section.start + step * STEP
        turns = holding and symbol == "-" and abs(plan.span_at(beat).start - beat) < 1e-6
        if symbol == "-" and holding and not turns:
            strikes[-1][1] = float(strikes[-1][1]) + STEP
        elif symbol == ".":
            holding = False
        elif symbol != "-" or turns:
            strikes.append([beat, STEP, strikes[-1][2] if turns else symbol])
            holding = True
    return [(float(s), float(n), str(c)) for s, n, c in strikes]
