"""The ensemble: which parts of a style play in a piece, and in which sections.

Knows nothing of notes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.composing.arrangement import Kind, Section
from engine.composing.mix import DRUMS, Casting
from engine.composing.plan import Plan
from engine.composing.styles import PartSpec, Range, Style, grooves, styles

_BACKBEAT = {"snare", "clap", "rim"}
_TICK = {"hat", "ohat", "ride", "pedal", "shaker", "tambourine", "crash_ride"}
_ACOUSTIC_KITS = {
    "gm_standard",
    "gm_room",
    "gm_power",
    "gm_jazz",
    "gm_brush",
    "gm_orchestra",
    "samples_acoustic",
}


def choose_ensemble(kind: Kind, style: Style, rng: np.random.Generator) -> list[PartSpec]:
    """Which parts play, with one instrument each."""
    specs: list[PartSpec] = []
    if style.grooves and style.kits:
        specs.append(PartSpec("drums", style.kits, enters=style.drums_enter))
    taken: set[str] = set()
    for spec in style.parts:
        free = [name for name in spec.play if name not in taken] or list(spec.play)
        name = free[int(rng.integers(len(free)))]
        if kind == "stem" or rng.random() < spec.chance:
            taken.add(name)
            enters = (
                spec.enters
                if spec.enters == 0
                else float(np.clip(spec.enters + rng.normal(0, 0.06), 0.05, 0.8))
            )
            specs.append(replace(spec, play=(name,), enters=enters))
    if kind == "stem":
        specs = solo_parts(specs, rng)
    if kind == "loop" and len(specs) > 3 and rng.random() < 0.4:
        keep = sorted(rng.permutation(len(specs))[: int(rng.integers(2, len(specs)))])
        specs = [specs[i] for i in keep]
    return specs


def soloist_part(style: Style, name: str, rng: np.random.Generator) -> PartSpec:
    """The part of a style for one solo instrument, from the start."""
    if name in DRUMS:
        kits = tuple(kit for kit in style.kits if drums_name(kit) == name)
        return PartSpec("drums", kits)
    specs = [spec for spec in style.parts if name in spec.play]
    return replace(specs[int(rng.integers(len(specs)))], play=(name,), enters=0.0)


def styles_for(casting: Casting) -> list[Style]:
    """The styles that suit a casting: any for a band; for drums, those with a clear beat at the tempo."""
    name = casting.soloist
    if name is None:
        return list(styles().values())
    if name not in DRUMS:
        return [s for s in styles().values() if any(name in part.play for part in s.parts)]
    able = [
        replace(style, grooves=clear)
        for style in styles().values()
        if (clear := tuple(g for g in style.grooves if is_clear(g)))
        and any(drums_name(kit) == name for kit in style.kits)
    ]
    misses = [_outside(casting.tempo, style.tempo) for style in able]
    return [style for style, miss in zip(able, misses, strict=True) if miss == min(misses)]


def _outside(tempo: float | None, span: Range) -> float:
    """By how many BPM a tempo is outside a range."""
    return 0.0 if tempo is None else max(span[0] - tempo, tempo - span[1], 0.0)


def is_clear(groove: str) -> bool:
    """Whether a groove has a distinct kick, snare and hat, so that the beat is clear."""
    pieces = set(grooves()[groove])
    return all(pieces & group for group in ({"kick"}, _BACKBEAT, _TICK))


def drums_name(kit: str) -> str:
    """A listener's name for a kit."""
    return "Drums" if kit in _ACOUSTIC_KITS else "Drum Machine"


def solo_parts(specs: list[PartSpec], rng: np.random.Generator) -> list[PartSpec]:
    """One solo part, most often drums, or two."""
    drums = [spec for spec in specs if spec.role == "drums"]
    if drums and rng.random() < 0.35:
        return [replace(drums[0], enters=0.0)]
    count = 1 if rng.random() < 0.75 else 2
    chosen = sorted(rng.permutation(len(specs))[:count])
    return [replace(specs[i], enters=0.0) for i in chosen]


def layer_sections(plan: Plan, specs: list[PartSpec]) -> list[list[Section]]:
    """For every part the sections it plays in; at least two parts (or all, if fewer) play in each."""
    layers: list[list[Section]] = [[] for _ in specs]
    quietest = sorted(range(len(specs)), key=lambda i: (specs[i].role == "drums", specs[i].enters))
    for section in plan.sections:
        playing = {
            i
            for i, spec in enumerate(specs)
            if section.energy >= spec.enters
            and not (spec.role == "drums" and section.name == "breakdown")
        }
        for index in quietest:
            if len(playing) < min(2, len(specs)):
                playing.add(index)
        for index in playing:
            layers[index].append(section)
    return layers
