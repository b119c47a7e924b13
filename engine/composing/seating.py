"""Who plays what was asked for: the style that suits a wish, and the instruments in the parts of that style.

Knows nothing of notes, chords or lengths.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np

from engine.composing.ensemble import choose_ensemble, drums_name, is_clear
from engine.composing.instruments import INSTRUMENTS
from engine.composing.mix import DRUMS
from engine.composing.styles import PartSpec, Range, Style, styles
from engine.composing.theory import SCALES
from engine.composing.wish import Wish
from engine.errors import LongtakeError, choices

_MARGIN = 0.25
"""How much worse than the best a style may suit a wish and still be drawn."""
_HARMONY = ("chords", "arp", "pad")
_OFTEN = 0.2
"""Share of its parts from which on an instrument is at home in a role."""
_LEFT_HAND = 36
"""An instrument that plays chords and reaches this low plays a bass line too, if nobody else does."""


def suiting_style(wish: Wish, rng: np.random.Generator) -> Style:
    """The style that is asked for, or one of those that suit the wish best, in the metre that is asked for.

    Raises:
        LongtakeError: names the style, instrument or mode that there is not.
    """
    for name, known in ((wish.style, styles()), (wish.mode, SCALES)):
        if name is not None and name not in known:
            raise LongtakeError(f"Unknown {name!r}; choose from {choices(known)}.")
    for name in wish.instruments:
        if name not in INSTRUMENTS and name not in DRUMS:
            raise LongtakeError(
                f"Unknown instrument {name!r}; choose from {choices([*DRUMS, *INSTRUMENTS])}."
            )
    pool = list(styles().values()) if wish.style is None else [styles()[wish.style]]
    if wish.beats_per_bar is not None:
        pool = _in_metre(pool, wish.beats_per_bar)
    costs = [_misfit(style, wish) for style in pool]
    near = [s for s, cost in zip(pool, costs, strict=True) if cost <= min(costs) + _MARGIN]
    weights = np.array([style.weight for style in near])
    return near[int(rng.choice(len(near), p=weights / weights.sum()))]


def _in_metre(pool: list[Style], beats: int) -> list[Style]:
    """The styles of this metre; if there are none, those whose bars go into it, or else all, made to fit."""
    own = [style for style in pool if style.beats_per_bar == beats]
    kin = [s for s in pool if 0 in (beats % s.beats_per_bar, s.beats_per_bar % beats)]
    return own or [replace(style, metre=(beats, 4)) for style in kin or pool]


def _misfit(style: Style, wish: Wish) -> float:
    """How badly a style suits a wish: 0 has all that is asked for."""
    cost = 0.0
    if wish.tempo is not None:
        cost += 4 * max(0.0, *(math.log2(x) for x in _ratios(wish.tempo, style.tempo)))
    pitched = [name for name in wish.instruments if name not in DRUMS]
    drums = [name for name in wish.instruments if name in DRUMS]
    if pitched:
        found = sum(any(name in part.play for part in style.parts) for name in pitched)
        cost += 2 * (1 - found / len(pitched))
    if drums:
        cost += 0.0 if _kits(style, drums[0]) else 0.5 if style.grooves else 1.0
    if drums and wish.alone and not pitched:
        cost += 0.0 if any(map(is_clear, style.grooves)) else 1.0
    if pitched and wish.alone:
        strange = [part for part in style.parts if not set(part.play) & set(pitched)]
        cost += len(strange) / len(style.parts)
    if wish.without:
        cost += 1 - len(_spared(style, wish).parts) / len(style.parts)
    if wish.moods:
        cost += 1 - len({*wish.moods} & {*style.moods}) / len(wish.moods)
    if wish.mode is not None:
        cost += 0.25 * (wish.mode not in style.modes) + 0.5 * (
            not style.progressions_for(wish.mode)
        )
    if wish.level is not None:
        cost += 2 * max(0.0, style.level[0] - wish.level, wish.level - style.level[1])
    return cost


def _ratios(tempo: float, span: Range) -> tuple[float, float]:
    return span[0] / tempo, tempo / span[1]


def _kits(style: Style, name: str) -> tuple[str, ...]:
    return tuple(kit for kit in style.kits if drums_name(kit) == name)


def neighbours(style: Style) -> list[Style]:
    """All styles, those that share its bar, tempo, form and moods first; `style` itself is the first."""

    def distance(other: Style) -> float:
        tempi = [math.sqrt(s.tempo[0] * s.tempo[1]) for s in (style, other)]
        shared = len({*style.moods} & {*other.moods}) / len(style.moods)
        return (
            2.0 * (other.beats_per_bar != style.beats_per_bar)
            + abs(math.log2(tempi[0] / tempi[1]))
            + 0.5 * (other.form != style.form)
            - shared
            - 3.0 * (other.name == style.name)
        )

    return [style, *sorted(styles().values(), key=distance)]


@cache
def _roles(name: str) -> dict[str, float]:
    """The roles an instrument has in the styles, with their shares, the most frequent first."""
    counts = Counter(
        part.role for style in styles().values() for part in style.parts if name in part.play
    )
    return {role: count / counts.total() for role, count in counts.most_common()}


def seated(style: Style, wish: Wish) -> Style:
    """The style with the instruments of the wish in its parts, where each is the only choice and certain to play.

    Players that it does not want are gone. If the wish is for them `alone`, there are no other parts, and whoever plays
    chords also has what is missing of bass and melody: a piano has two hands.
    """
    style = _spared(style, wish)
    names = list(dict.fromkeys(wish.instruments))
    if not names:
        return style
    pitched = [name for name in names if name not in DRUMS]
    seats, extra = _seats(style, pitched)
    drums = [name for name in names if name in DRUMS]
    if drums:
        style = _with_drums(style, drums[0], clear=wish.alone and not pitched)
        extra += [
            PartSpec("drums", _with_drums(style, name, clear=False).kits[:1]) for name in drums[1:]
        ]
    elif wish.alone:
        style = replace(style, grooves=(), kits=())
    parts: list[PartSpec] = []
    for index, part in enumerate(style.parts):
        if index in seats:
            parts.append(replace(part, play=(seats[index],), chance=1.0))
        elif not wish.alone:
            others = tuple(name for name in part.play if name not in names)
            parts.append(replace(part, play=others or part.play))
    parts += extra
    if wish.alone:
        parts += _hands(style, pitched, {part.role for part in parts})
        parts = [replace(part, patterns=_on_the_beat(part.patterns)) for part in parts]
    return replace(style, parts=tuple(parts))


def _on_the_beat(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Those that begin on the first beat, if there are any: nobody else does."""
    return tuple(pattern for pattern in patterns if pattern[0] not in ".-") or patterns


def _spared(style: Style, wish: Wish) -> Style:
    """The style without the players that are not wanted; if nobody is left, with one who may play its chords."""
    unwanted = {*wish.without} - {*wish.instruments}
    if not unwanted:
        return style
    parts = tuple(
        replace(part, play=left)
        for part in style.parts
        if (left := tuple(name for name in part.play if name not in unwanted))
    )
    kits = tuple(kit for kit in style.kits if drums_name(kit) not in unwanted)
    if not parts and not kits and not wish.instruments:
        others = (part for near in neighbours(style) for part in near.parts)
        able = (part for part in others if part.role in _HARMONY and {*part.play} - unwanted)
        parts = _spared(replace(style, parts=(next(able),)), wish).parts
    return replace(style, parts=parts, kits=kits, grooves=style.grooves if kits else ())


def _seats(style: Style, names: list[str]) -> tuple[dict[int, str], list[PartSpec]]:
    """The parts of the style that the instruments take, by index, and further parts for those that fit in none."""
    seats: dict[int, str] = {}
    extra: list[PartSpec] = []

    def options(name: str) -> list[int]:
        return [i for i, part in enumerate(style.parts) if i not in seats and name in part.play]

    for name in sorted(names, key=lambda name: len(options(name)) or math.inf):
        roles = [role for role, share in _roles(name).items() if share >= _OFTEN]
        fitting = [
            i
            for role in roles
            for i, part in enumerate(style.parts)
            if i not in seats and part.role == role
        ]
        places = (
            sorted(options(name), key=lambda i: -_roles(name).get(style.parts[i].role, 0.0))
            or fitting
        )
        if places:
            seats[places[0]] = name
        else:
            led = any(style.parts[i].role == "lead" for i in seats)
            role = "counter" if roles[0] == "lead" and led else roles[0]
            extra.append(_borrowed(style, name, role))
    return seats, extra


def _borrowed(style: Style, name: str, role: str) -> PartSpec:
    """A part of this role for the instrument, from the nearest style where it has one, or where anybody has."""
    found = [part for near in neighbours(style) for part in near.parts if part.role == role]
    own = [part for part in found if name in part.play]
    return replace((own or found)[0], play=(name,), chance=1.0)


def _hands(style: Style, names: list[str], roles: set[str]) -> list[PartSpec]:
    """The bass and the melody that nobody plays, for the first of the instruments that can, beside its chords."""
    players = [name for name in names if _accompanies(name)]
    parts: list[PartSpec] = []
    deep = [name for name in players if INSTRUMENTS[name].low <= _LEFT_HAND]
    if deep and "bass" not in roles and {"chords", "arp"} & {*_roles(deep[0])}:
        parts.append(replace(_borrowed(style, deep[0], "bass"), enters=0.0))
    if players and "lead" not in roles:
        parts.append(_borrowed(style, players[0], "lead"))
    if players and not {*_HARMONY} & roles:
        role = next(role for role in _roles(players[0]) if role in _HARMONY)
        parts.append(replace(_borrowed(style, players[0], role), enters=0.0))
    return parts


def _accompanies(name: str) -> bool:
    """Whether an instrument plays chords as often as anything, and is no mere carpet of them."""
    roles = _roles(name)
    return sum(roles.get(role, 0.0) for role in _HARMONY) >= 0.4 and bool(
        {"chords", "arp", "lead"} & {*roles}
    )


def _with_drums(style: Style, name: str, *, clear: bool) -> Style:
    """The style with kits of this name and with grooves, its neighbour's where it has none."""
    near = neighbours(style)
    kits = next(kits for other in near if (kits := _kits(other, name)))
    grooves = next(
        found
        for other in near
        if (found := tuple(g for g in other.grooves if is_clear(g) or not clear))
    )
    return replace(style, kits=kits, grooves=grooves)


def players(style: Style, wish: Wish, energy: float, rng: np.random.Generator) -> list[PartSpec]:
    """Who plays in a style with its `seated` instruments; those asked for from a section of this `energy` on."""
    specs = choose_ensemble("song", style, rng)
    drums = any(name in DRUMS for name in wish.instruments)
    return [
        replace(spec, enters=min(spec.enters, energy))
        if (drums and spec.role == "drums") or spec.play[0] in wish.instruments
        else spec
        for spec in specs
    ]
