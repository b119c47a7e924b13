"""From a wish to a piece for a take of exactly that length. `written` is a pure function.

The parts are those of `composer`, under what was asked for: style, players, tempo, key, chords, form and length.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.composing.arrangement import Arrangement, ChordSpan, Kind, Part, Section
from engine.composing.chord_symbols import Bar, parse_chords
from engine.composing.finishing import choose_production, finished, performed
from engine.composing.form import asked_form, phrases, short_form, song_form
from engine.composing.frame import LONGEST_TAIL, Frame, frame_of
from engine.composing.mix import DRUMS
from engine.composing.parts import write_parts
from engine.composing.performance import close, cut, heard, held, landed, silenced
from engine.composing.plan import Plan, Rest, lay_chords, lay_sheet
from engine.composing.seating import neighbours, players, seated, suiting_style
from engine.composing.styles import Style
from engine.composing.theory import SCALES, Chord, fitting_key
from engine.composing.wish import Wish

_SALT = 0x1EAD
_SHORT_SECONDS, _SHORT_BARS, _LOOP_BARS = 12.0, 8, 16
"""Takes with less than this, and loops up to so many bars, have one section."""
_FORM_BARS = 20
"""Bars from which on there is room for a form with a beginning and an end."""
_PLAIN_BEAT = 0.55
"""Least energy of drums alone: below, their grooves are thinned out."""
_MINOR_MOODS = {"Sad", "Melancholic", "Dark", "Menacing", "Tense", "Moody", "Nostalgic", "Dramatic"}
_MAJOR_MOODS = {"Happy", "Uplifting", "Bright", "Sunny", "Playful", "Hopeful", "Summer", "Upbeat"}


def written(wish: Wish) -> Arrangement:
    """The piece that is wished for; what is left open is drawn from the seed.

    The music ends on a held chord that rings out in the take, or, if the wish is `exact` or a `loop`, fills it. A take
    with less room than two bars is played through and cut off.

    Raises:
        LongtakeError: if a name is unknown, or the chords or the form cannot be read.
    """
    draws = [np.random.default_rng([_SALT, wish.seed, turn]) for turn in range(6)]
    style = seated(suiting_style(wish, draws[0]), wish)
    sheet = parse_chords(wish.chords) if wish.chords.strip() else []
    frame = frame_of(wish, style, len(sheet), draws[1])
    sections = _sections(wish, style, frame, draws[2])
    (tonic, mode), spans, rests = _harmony(wish, style, sections, sheet, draws[3])
    plan = Plan(style, frame.tempo, tonic, mode, sections, spans)
    ends = not (wish.exact or wish.loop) and frame.bars > 1
    if ends:
        plan = replace(plan, spans=_last_chord(plan, given=bool(sheet)))
    specs = players(style, wish, _entrance(wish, sections), draws[4])
    whole = write_parts(plan, specs, draws[4])
    plan, parts = _ended(plan, whole, frame) if ends else (plan, whole)
    parts = performed(plan, parts, draws[5])
    latest = frame.end / 2 if frame.bars == 1 else frame.end
    parts = [
        heard(part, full, latest) if part.instrument in wish.instruments else part
        for part, full in zip(parts, whole, strict=True)
    ]
    plan, parts = cut(plan, [silenced(part, rests) for part in parts], frame.end)
    piece = finished(plan, parts, draws[5], level=wish.level)
    return replace(
        piece,
        seed=wish.seed,
        kind=_kind(wish),
        moods=wish.moods or piece.moods,
        seconds=wish.seconds,
        chords=_without(plan.spans, rests),
        production=choose_production(style, draws[5]),
    )


def _kind(wish: Wish) -> Kind:
    if wish.loop:
        return "loop"
    return "stem" if wish.alone and 1 <= len(wish.instruments) <= 2 else "song"


def _sections(
    wish: Wish, style: Style, frame: Frame, rng: np.random.Generator
) -> tuple[Section, ...]:
    """The form over the frame's bars, as energetic as is asked for."""
    bars, bar = frame.bars, style.beats_per_bar
    drums_alone = wish.alone and bool(wish.instruments) and {*wish.instruments} <= {*DRUMS}
    short = wish.seconds < _SHORT_SECONDS or bars < _SHORT_BARS + wish.exact
    if wish.form.strip():
        sections = asked_form(wish.form, bars, bar)
    elif short or (wish.loop and bars <= _LOOP_BARS):
        name, energy = ("loop", 0.85) if wish.loop else ("theme", 0.75)
        sections = (Section(name, "A", 0.0, bars * bar, energy),)
    elif drums_alone:
        sections = phrases(bars, bar)
    elif bars < _FORM_BARS:
        sections = short_form(style.form, bars, bar)
    else:
        odd = bars % 4
        sections = song_form(style.form, bars - odd, bar, rng, endless=wish.loop)
        sections = (*sections[:-1], replace(sections[-1], beats=sections[-1].beats + odd * bar))
    if wish.level is None:
        return sections
    gain, least = 0.4 + 1.2 * wish.level, _PLAIN_BEAT if drums_alone else 0.05
    return tuple(
        replace(section, energy=round(min(1.0, max(least, section.energy * gain)), 2))
        for section in sections
    )


def _entrance(wish: Wish, sections: tuple[Section, ...]) -> float:
    """The energy from which on everybody plays who was asked for: most sections have it, all in a short take."""
    energies = sorted(section.energy for section in sections)
    return 0.0 if wish.seconds < _SHORT_SECONDS else energies[(len(energies) - 1) // 2]


def _harmony(
    wish: Wish,
    style: Style,
    sections: tuple[Section, ...],
    sheet: list[Bar],
    rng: np.random.Generator,
) -> tuple[tuple[int, str], tuple[ChordSpan, ...], tuple[Rest, ...]]:
    """Tonic and mode, the chords, and where nobody plays pitched notes."""
    given = [(chord, share) for bar in sheet for chord, share in bar if chord]
    if given:
        tonic, mode = fitting_key(given, wish.tonic, wish.mode)
    else:
        tonic = int(rng.integers(12)) if wish.tonic is None else wish.tonic
        mode = wish.mode or _mode(wish, style, rng)
    if sheet:
        spans, rests = lay_sheet(sheet, sections, style.beats_per_bar)
    else:
        able = next(near for near in neighbours(style) if near.progressions_for(mode))
        lent = replace(style, progressions=able.progressions_for(mode))
        spans, rests = lay_chords(lent, mode, tonic, sections, rng), ()
    return (tonic, mode), spans, rests


def _mode(wish: Wish, style: Style, rng: np.random.Generator) -> str:
    """One of the style's modes, minor for a sad wish and major for a happy one, even where the style has none."""
    moods = {*wish.moods}
    sad, happy = bool(moods & _MINOR_MOODS), bool(moods & _MAJOR_MOODS)
    if sad == happy:
        modes = list(style.modes)
    else:
        third = 3 if sad else 4
        plain = "minor" if sad else "major"
        modes = [mode for mode in style.modes if third in SCALES[mode]] or [plain]
    return modes[int(rng.integers(len(modes)))]


def _last_chord(plan: Plan, *, given: bool) -> tuple[ChordSpan, ...]:
    """The chords with one in the last bar: the tonic, or, if they are given, the one with which that bar begins."""
    start = plan.end - plan.beats_per_bar
    chord = plan.span_at(start).chord
    if not given:
        triad = Chord(plan.tonic, (0, 3 if 3 in SCALES[plan.mode] else 4, 7))
        chord = next((s.chord for s in plan.spans if s.chord.root == plan.tonic), triad)
    before = tuple(span for span in plan.spans if span.start < start - 1e-6)
    return (*before, ChordSpan(start, plan.beats_per_bar, chord))


def _ended(plan: Plan, parts: list[Part], frame: Frame) -> tuple[Plan, list[Part]]:
    """The parts with a final chord, held on if the take is much longer than its bars."""
    parts = [close(plan, part) for part in landed(plan, parts)]
    ring = frame.end - plan.end - LONGEST_TAIL * plan.tempo / 60
    return held(plan, parts, ring) if ring > 0 else (plan, parts)


def _without(spans: tuple[ChordSpan, ...], rests: tuple[Rest, ...]) -> tuple[ChordSpan, ...]:
    """The chords that are played: no rest lies in one partly."""
    return tuple(
        span
        for span in spans
        if not any(start - 1e-6 <= span.start < end - 1e-6 for start, end in rests)
    )
