"""The composer: a seed becomes an arrangement. `compose` is a pure function.

Chooses style, key, tempo, form and ensemble, and has the parts written (`parts`) and the piece finished (`finishing`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.composing.arrangement import KINDS, Arrangement, Kind, Note, Section, is_held_out
from engine.composing.ensemble import choose_ensemble, soloist_part, styles_for
from engine.composing.finishing import choose_production, finished, performed, pick
from engine.composing.form import phrases, song_form
from engine.composing.mix import Casting, casting
from engine.composing.parts import write_part, write_parts
from engine.composing.performance import close
from engine.composing.plan import Plan, between, lay_chords
from engine.composing.production import choose_texture
from engine.composing.styles import PartSpec, Style, styles
from engine.composing.theory import PITCH_CLASSES
from engine.errors import LongtakeError

_LEAST_ROOM = 0.06
"""Least reverb of solo instruments: a bass without any would be mono."""
_FADING_FORMS = ("club", "pop", "beat", "drift")
_LENGTHS = {"song": (60, 285), "loop": (6, 40), "stem": (15, 75), "one-shot": (1, 4)}
"""Seconds of each kind, evenly distributed."""
_SHORT_SONGS, _SHORT = 0.3, (12, 60)
"""Share and seconds of songs that are short and yet whole, as takes are."""
_SALT = 0x10A6


@dataclass(frozen=True, slots=True)
class _Brief:
    """The request, before anything is composed."""

    seed: int
    kind: Kind
    style: Style
    seconds: float
    soloist: str | None = None
    tempo: float | None = None


def compose(
    seed: int, style: str | None = None, kind: Kind | None = None, seconds: float | None = None
) -> Arrangement:
    """Composes this seed's piece; what is not given is drawn from the seed.

    Args:
        seed: determines everything that is not given.
        style: a name from `styles()`.
        kind: "song", "loop" (4 to 16 bars), "stem" (one or two instruments) or "one-shot".
        seconds: approximate length; most songs are 60 to 285 s by default.

    Raises:
        LongtakeError: if the style or the kind is unknown.
    """
    if style is not None and style not in styles():
        raise LongtakeError(f"Unknown style {style!r}; choose from {', '.join(styles())}.")
    if kind is not None and kind not in KINDS:
        raise LongtakeError(f"Unknown kind {kind!r}; choose from {', '.join(KINDS)}.")
    rng = np.random.default_rng([_SALT, seed])
    cast = casting(seed)
    if style is not None or (kind is not None and kind != cast.kind):
        cast = Casting(kind or cast.kind)
    pool = [styles()[style]] if style is not None else styles_for(cast)
    weights = np.array([option.weight for option in pool])
    chosen = pool[int(rng.choice(len(pool), p=weights / weights.sum()))]
    length = _length(cast.kind, rng)
    brief = _Brief(seed, cast.kind, chosen, seconds or length, cast.soloist, cast.tempo)
    return _one_shot(brief, rng) if brief.kind == "one-shot" else _piece(brief, rng)


def _length(kind: Kind, rng: np.random.Generator) -> float:
    place, (low, high) = float(rng.random()), _LENGTHS[kind]
    if kind == "song":
        place = (
            place / _SHORT_SONGS
            if (short := place < _SHORT_SONGS)
            else (place - _SHORT_SONGS) / (1 - _SHORT_SONGS)
        )
        low, high = _SHORT if short else (low, high)
    return low + (high - low) * place


def _piece(brief: _Brief, rng: np.random.Generator) -> Arrangement:
    plan = _plan(brief, rng)
    parts = write_parts(plan, _players(brief, plan.style, rng), rng)
    if not any(part.notes for part in parts):
        raise LongtakeError(
            f"Style {plan.style.name!r} wrote no notes for seed {brief.seed}; its table must be wrong."
        )
    if len(parts) == 1:
        parts = [replace(parts[0], reverb=max(parts[0].reverb, _LEAST_ROOM))]
    production = choose_production(plan.style, rng)
    if len(parts) > 1 and rng.random() < plan.style.texture:
        production = replace(production, texture=choose_texture(rng, held_out=plan.held_out))
    if brief.kind == "song" and plan.style.form in _FADING_FORMS and rng.random() < 0.2:
        production = replace(production, fade_seconds=4 * plan.beats_per_bar * 60 / plan.tempo)
    elif brief.kind == "song":
        parts = [close(plan, part) for part in parts]
    piece = finished(plan, performed(plan, parts, rng), rng)
    seconds = piece.seconds + (0.0 if brief.kind == "loop" else 2.5)
    return replace(
        piece, seed=brief.seed, kind=brief.kind, seconds=round(seconds, 3), production=production
    )


def _players(brief: _Brief, style: Style, rng: np.random.Generator) -> list[PartSpec]:
    if brief.soloist is not None:
        return [soloist_part(style, brief.soloist, rng)]
    return choose_ensemble("stem" if brief.kind == "one-shot" else brief.kind, style, rng)


def _plan(brief: _Brief, rng: np.random.Generator) -> Plan:
    style = brief.style
    tempo = brief.tempo or float(round(between(style.tempo, rng)))
    if rng.random() < 0.05:
        tempo += 0.5
    mode = style.modes[int(rng.integers(len(style.modes)))]
    tonic = int(rng.integers(12))
    bar = style.beats_per_bar
    bars = max(4, 4 * round(brief.seconds * tempo / 60 / bar / 4))
    if brief.kind == "song":
        bars = min(bars, int((285 - 2.5) * tempo / 60 / bar))
        sections = song_form(style.form, bars, bar, rng)
    elif brief.kind == "loop":
        sections = (Section("loop", "A", 0.0, min(bars, 16) * bar, 0.85),)
    else:
        sections = phrases(bars, bar)
    spans = lay_chords(style, mode, tonic, sections, rng)
    return Plan(style, tempo, tonic, mode, sections, spans, is_held_out(brief.seed))


def _one_shot(brief: _Brief, rng: np.random.Generator) -> Arrangement:
    """A single hit, note or chord."""
    plan = _plan(replace(brief, kind="stem", seconds=8.0), rng)
    specs = _players(brief, plan.style, rng)[:1]
    part = write_part(plan, specs[0], list(plan.sections), rng)
    groups: dict[float, list[Note]] = {}
    for note in part.notes:
        groups.setdefault(note.start, []).append(note)
    chosen = list(groups.values())[int(rng.integers(len(groups)))]
    if part.role == "drums":
        chosen = chosen[:1]
    notes = tuple(
        replace(n, start=0.0, duration=min(n.duration, 4.0), velocity=max(80, n.velocity))
        for n in chosen
    )
    longest = max(n.duration for n in notes) * 60 / plan.tempo
    return Arrangement(
        seed=brief.seed,
        kind="one-shot",
        style=plan.style.name,
        genres=pick(plan.style.genres, rng, keep_first=True),
        moods=(),
        energy="medium",
        tempo=plan.tempo,
        key=PITCH_CLASSES[plan.tonic],
        mode=plan.mode,
        metre=plan.style.metre,
        seconds=round(longest + 1.2, 3),
        sections=(Section("hit", "A", 0.0, 1.0, 1.0),),
        parts=(replace(part, notes=notes, delay=0.0),),
        production=choose_production(plan.style, rng),
    )
