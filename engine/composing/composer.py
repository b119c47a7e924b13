"""The composer: a seed becomes an arrangement. `compose` is a pure function.

Chooses style, key, tempo, form and ensemble, has the parts written (`rhythm`, `accompaniment`, `melody`), then adds
swing and human timing to the notes and sets up the mix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.composing.accompaniment import (
    arpeggio_part,
    bass_part,
    chord_part,
    counter_part,
    pad_part,
)
from engine.composing.arrangement import (
    KINDS,
    Arrangement,
    Kind,
    Note,
    Part,
    Production,
    Section,
    Voice,
    is_held_out,
)
from engine.composing.ensemble import (
    choose_ensemble,
    drums_name,
    layer_sections,
    soloist_part,
    styles_for,
)
from engine.composing.form import song_form
from engine.composing.instruments import INSTRUMENTS, choose_voice
from engine.composing.melody import melody_part
from engine.composing.mix import Casting, casting
from engine.composing.performance import close, feel
from engine.composing.plan import Plan, lay_chords
from engine.composing.production import FONT_KITS, choose_texture
from engine.composing.rhythm import drum_part
from engine.composing.styles import PartSpec, Range, Style, styles
from engine.composing.theory import PITCH_CLASSES
from engine.errors import LongtakeError

_ROLE_LEVELS = {
    "drums": 0.0,
    "bass": -5.5,
    "chords": -6.0,
    "pad": -9.0,
    "lead": -3.5,
    "arp": -7.0,
    "counter": -8.0,
}
"""Loudness of a part relative to the drums, dB."""
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


def _between(span: Range, rng: np.random.Generator) -> float:
    return float(rng.uniform(*span)) if span[1] > span[0] else float(span[0])


def _piece(brief: _Brief, rng: np.random.Generator) -> Arrangement:
    plan = _plan(brief, rng)
    specs = _players(brief, plan.style, rng)
    layers = layer_sections(plan, specs)
    parts = [_part(plan, spec, sections, rng) for spec, sections in zip(specs, layers, strict=True)]
    if not any(part.notes for part in parts):
        raise LongtakeError(
            f"Style {plan.style.name!r} wrote no notes for seed {brief.seed}; its table must be wrong."
        )
    if len(parts) == 1:
        parts = [replace(parts[0], reverb=max(parts[0].reverb, _LEAST_ROOM))]
    production = _production(plan.style, rng)
    if len(parts) > 1 and rng.random() < plan.style.texture:
        production = replace(production, texture=choose_texture(rng, held_out=plan.held_out))
    if brief.kind == "song" and plan.style.form in _FADING_FORMS and rng.random() < 0.2:
        production = replace(production, fade_seconds=4 * plan.beats_per_bar * 60 / plan.tempo)
    elif brief.kind == "song":
        parts = [close(plan, part) for part in parts]
    parts = [
        feel(plan, part, swing, rng)
        for swing in [_between(plan.style.swing, rng)]
        for part in parts
    ]
    tail = 0.0 if brief.kind == "loop" else 2.5
    seconds = plan.end * 60 / plan.tempo + tail
    level = _between(plan.style.level, rng)
    return Arrangement(
        seed=brief.seed,
        kind=brief.kind,
        style=plan.style.name,
        genres=_pick(plan.style.genres, rng, keep_first=True),
        moods=_moods(plan, level, rng),
        energy="low" if level < 0.35 else "medium" if level < 0.65 else "high",
        tempo=plan.tempo,
        key=PITCH_CLASSES[plan.tonic],
        mode=plan.mode,
        metre=plan.style.metre,
        seconds=round(seconds, 3),
        sections=plan.sections,
        parts=tuple(part for part in parts if part.notes),
        chords=plan.spans,
        production=production,
    )


def _players(brief: _Brief, style: Style, rng: np.random.Generator) -> list[PartSpec]:
    if brief.soloist is not None:
        return [soloist_part(style, brief.soloist, rng)]
    return choose_ensemble("stem" if brief.kind == "one-shot" else brief.kind, style, rng)


def _plan(brief: _Brief, rng: np.random.Generator) -> Plan:
    style = brief.style
    tempo = brief.tempo or float(round(_between(style.tempo, rng)))
    if rng.random() < 0.05:
        tempo += 0.5
    mode = style.modes[int(rng.integers(len(style.modes)))]
    tonic = int(rng.integers(12))
    bar = style.metre[0] * 4 / style.metre[1]
    bars = max(4, 4 * round(brief.seconds * tempo / 60 / bar / 4))
    if brief.kind == "song":
        bars = min(bars, int((285 - 2.5) * tempo / 60 / bar))
        sections = song_form(style.form, bars, bar, rng)
    elif brief.kind == "loop":
        sections = (Section("loop", "A", 0.0, min(bars, 16) * bar, 0.85),)
    else:
        count = max(1, bars // 8)
        sizes = [8] * (count - 1) + [bars - 8 * (count - 1)]
        letters = "AABACABA"
        sections = tuple(
            Section("phrase", letters[i % 8], 8.0 * bar * i, size * bar, 0.75)
            for i, size in enumerate(sizes)
        )
    spans = lay_chords(style, mode, tonic, sections, rng)
    return Plan(style, tempo, tonic, mode, sections, spans, is_held_out(brief.seed))


def _part(plan: Plan, spec: PartSpec, sections: list[Section], rng: np.random.Generator) -> Part:
    if spec.role == "drums":
        return _drums(plan, spec, sections, rng)
    instrument = INSTRUMENTS[spec.play[0]]
    pattern = (
        spec.patterns[int(rng.integers(len(spec.patterns)))]
        if spec.patterns
        else "X---------------"
    )
    writers: dict[str, Callable[[], list[Note]]] = {
        "bass": lambda: bass_part(plan, sections, instrument, pattern, rng),
        "chords": lambda: chord_part(plan, sections, instrument, pattern, rng),
        "pad": lambda: pad_part(plan, sections, instrument, rng),
        "arp": lambda: arpeggio_part(plan, sections, instrument, pattern, rng),
        "lead": lambda: melody_part(plan, sections, instrument, spec.melody, rng),
        "counter": lambda: counter_part(plan, sections, instrument, rng),
    }
    notes = writers[spec.role]()
    wide = {"bass": 0.0, "pad": 0.2, "lead": 0.2}.get(spec.role, 0.6)
    duck = _between(plan.style.duck, rng)
    return Part(
        role=spec.role,
        instrument=instrument.name,
        voice=choose_voice(instrument, rng),
        notes=tuple(notes),
        pan=round(float(rng.uniform(-wide, wide)), 2),
        level_db=round(_ROLE_LEVELS[spec.role] + float(rng.normal(0, 1.2)), 2),
        reverb=round(instrument.reverb * float(rng.uniform(0.6, 1.5)), 3),
        delay=round(float(rng.uniform(0.1, 0.3)), 2)
        if spec.role in ("lead", "arp") and rng.random() < 0.5
        else 0.0,
        duck=round(duck if spec.role != "lead" else duck * 0.5, 2),
        drive=round(float(rng.uniform(0, 0.4)), 2) if spec.role == "bass" else 0.0,
        width=round(float(rng.uniform(0.2, 0.6)), 2)
        if spec.role in ("chords", "pad", "arp")
        else 0.0,
    )


def _drums(plan: Plan, spec: PartSpec, sections: list[Section], rng: np.random.Generator) -> Part:
    kit = spec.play[int(rng.integers(len(spec.play)))]
    seed = int(rng.integers(1 << 30))
    voice = Voice("kit", kit, FONT_KITS.get(kit, 0), seed, plan.held_out)
    return Part(
        role="drums",
        instrument=drums_name(kit),
        voice=voice,
        notes=tuple(drum_part(plan, sections, rng)),
        level_db=round(float(rng.normal(0, 1.2)), 2),
        reverb=round(float(rng.uniform(0.02, 0.12)), 3),
        drive=round(float(rng.uniform(0, 0.4)), 2),
    )


def _pick(
    words: tuple[str, ...], rng: np.random.Generator, keep_first: bool = False
) -> tuple[str, ...]:
    """One to three of the words, including the first if `keep_first`."""
    count = int(rng.integers(1, 4))
    chosen = [words[i] for i in sorted(rng.permutation(len(words))[:count])]
    if keep_first and words[0] not in chosen:
        chosen = [words[0], *chosen[1:]]
    return tuple(chosen)


def _moods(plan: Plan, level: float, rng: np.random.Generator) -> tuple[str, ...]:
    general: list[str] = []
    if level < 0.3:
        general.append("Calm")
    if level > 0.8:
        general.append("Energetic")
    if plan.tempo < 80 and level < 0.5:
        general.append("Slow")
    if plan.mode in ("minor", "harmonic minor") and level < 0.45:
        general.append("Melancholic")
    if plan.mode == "major" and level > 0.5:
        general.append("Happy")
    own = _pick(plan.style.moods, rng)
    return tuple(dict.fromkeys([*own, *(m for m in general if rng.random() < 0.5)]))


def _production(style: Style, rng: np.random.Generator) -> Production:
    return Production(
        reverb_seconds=round(_between(style.reverb, rng), 2),
        reverb_brightness=round(float(rng.uniform(0.25, 0.9)), 2),
        saturation=round(_between(style.saturation, rng), 2),
        lowpass_hz=round(_between(style.lowpass, rng)),
        vinyl=round(_between(style.vinyl, rng), 2),
        loudness_lufs=style.loudness,
    )


def _one_shot(brief: _Brief, rng: np.random.Generator) -> Arrangement:
    """A single hit, note or chord."""
    plan = _plan(replace(brief, kind="stem", seconds=8.0), rng)
    specs = _players(brief, plan.style, rng)[:1]
    part = _part(plan, specs[0], list(plan.sections), rng)
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
        genres=_pick(plan.style.genres, rng, keep_first=True),
        moods=(),
        energy="medium",
        tempo=plan.tempo,
        key=PITCH_CLASSES[plan.tonic],
        mode=plan.mode,
        metre=plan.style.metre,
        seconds=round(longest + 1.2, 3),
        sections=(Section("hit", "A", 0.0, 1.0, 1.0),),
        parts=(replace(part, notes=notes, delay=0.0),),
        production=_production(plan.style, rng),
    )
