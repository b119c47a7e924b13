"""From parts to a piece: swing and human timing, genres, moods and the mix.

Knows nothing of how the notes were composed.
"""

from __future__ import annotations

import numpy as np

from engine.composing.arrangement import Arrangement, Part, Production
from engine.composing.performance import feel
from engine.composing.plan import Plan, between
from engine.composing.styles import Style
from engine.composing.theory import PITCH_CLASSES


def performed(plan: Plan, parts: list[Part], rng: np.random.Generator) -> list[Part]:
    """The parts as they are played: one swing for all of them, and each player's timing."""
    swing = between(plan.style.swing, rng)
    return [feel(plan, part, swing, rng) for part in parts]


def finished(
    plan: Plan, parts: list[Part], rng: np.random.Generator, *, level: float | None = None
) -> Arrangement:
    """The piece, a song without a seed and without a tail; `level` of energy in 0..1 is drawn if not given."""
    level = between(plan.style.level, rng) if level is None else level
    return Arrangement(
        seed=0,
        kind="song",
        style=plan.style.name,
        genres=pick(plan.style.genres, rng, keep_first=True),
        moods=_moods(plan, level, rng),
        energy="low" if level < 0.35 else "medium" if level < 0.65 else "high",
        tempo=plan.tempo,
        key=PITCH_CLASSES[plan.tonic],
        mode=plan.mode,
        metre=plan.style.metre,
        seconds=plan.end * 60 / plan.tempo,
        sections=plan.sections,
        parts=tuple(part for part in parts if part.notes),
        chords=plan.spans,
    )


def pick(
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
    own = pick(plan.style.moods, rng)
    return tuple(dict.fromkeys([*own, *(m for m in general if rng.random() < 0.5)]))


def choose_production(style: Style, rng: np.random.Generator) -> Production:
    """Effects on the whole mix, drawn from the style's ranges."""
    return Production(
        reverb_seconds=round(between(style.reverb, rng), 2),
        reverb_brightness=round(float(rng.uniform(0.25, 0.9)), 2),
        saturation=round(between(style.saturation, rng), 2),
        lowpass_hz=round(between(style.lowpass, rng)),
        vinyl=round(between(style.vinyl, rng), 2),
        loudness_lufs=style.loudness,
    )
