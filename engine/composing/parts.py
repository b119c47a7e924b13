"""One part of a piece: its notes, its voice, and its place in the mix.

Knows nothing of who plays besides, nor of how a piece ends.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.composing.accompaniment import (
    arpeggio_part,
    bass_part,
    chord_part,
    counter_part,
    pad_part,
)
from engine.composing.arrangement import Note, Part, Section, Voice
from engine.composing.ensemble import drums_name, layer_sections
from engine.composing.instruments import INSTRUMENTS, choose_voice
from engine.composing.melody import melody_part
from engine.composing.plan import Plan, between
from engine.composing.production import FONT_KITS
from engine.composing.rhythm import drum_part
from engine.composing.styles import PartSpec

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


def write_parts(plan: Plan, specs: list[PartSpec], rng: np.random.Generator) -> list[Part]:
    """All parts of a piece, in the sections that each of them plays in; some may have no notes."""
    layers = layer_sections(plan, specs)
    return [
        write_part(plan, spec, sections, rng) for spec, sections in zip(specs, layers, strict=True)
    ]


def write_part(
    plan: Plan, spec: PartSpec, sections: list[Section], rng: np.random.Generator
) -> Part:
    """The part of `spec` in the given sections."""
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
    duck = between(plan.style.duck, rng)
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
