"""Which style a prompt asks for: by the names it has for it and what else it says, or by what it is most like.

Knows nothing of how a text is split into phrases, nor of the networks that measure likeness.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.composing.ensemble import drums_name
from engine.composing.lexicon import Match, Word, tables
from engine.composing.styles import Range, Style, styles
from engine.composing.vocabulary import vocabulary

Similar = Callable[[str, Sequence[str]], NDArray[np.float32]]
"""A text and some phrases -> the cosine similarity of the text to each phrase, of features less the phrases' mean.

Without taking the mean away, all texts are alike: the features of any two sentences have most in common."""
CONVINCING = 0.33
"""Similarity from which the nearest style is taken.

Of 60 prompts without a genre (test_style_choice.py), half or more get one, three of four a fitting one; words
that are about no music ("hello world", "12345", letters at random) get none.
"""
_NEAREST = 3
_PRIMARY, _LATER, _BESIDE = 1.1, 0.02, 0.5
"""Weights of a style's first genre, of every later word (in English the head comes last), and after "with"."""
_BEFORE = 3
"""Words before a style among which a "with" is looked for: "with a touch of"."""
_INSTRUMENTS, _TEMPO, _METRE, _MOODS = 0.3, 0.15, 0.3, 0.1
"""How much it counts, beside a name, that a style has the instruments, the tempo, the metre and the moods asked for."""


def named_style(
    kept: Sequence[Match],
    words: Sequence[Word],
    *,
    moods: Collection[str],
    tempi: Range | None,
    beats_per_bar: int | None,
) -> tuple[str | None, str]:
    """The style that the phrases of a prompt name, and the phrase; None if there is none.

    A phrase that several styles share counts for each less, so that the rest of the prompt decides between them. Where
    no style is named, what music is for ("for studying") and what else is true of a style only ("piano") may name it.
    """
    wanted = [match.meaning["instrument"] for match in kept if "instrument" in match.meaning]
    for kind in ("style", "hint"):
        phrases = [match for match in kept if kind in match.meaning]
        points: dict[str, float] = {}
        for index, match in enumerate(phrases):
            names = match.meaning[kind]
            weight = (1 + _LATER * index) / len(names)
            before = words[max(match.first - _BEFORE, 0) : match.first]
            if {word.text for word in before} & {*tables()["grammar"]["beside"]}:
                weight *= _BESIDE
            for name in names:
                first = styles()[name].genres[0].casefold() == match.said.casefold()
                points[name] = points.get(name, 0.0) + weight * (_PRIMARY if first else 1.0)
        if kind == "hint":
            points = {name: value for name, value in points.items() if _plays_all(name, wanted)}
        if points:
            for name in points:
                points[name] += _fit(styles()[name], wanted, moods, tempi, beats_per_bar)
            best = max(points, key=lambda name: points[name])
            return best, next(m.said for m in phrases if best in m.meaning[kind])
    return None, ""


def _fit(
    style: Style,
    wanted: Sequence[tuple[str, ...]],
    moods: Collection[str],
    tempi: Range | None,
    beats_per_bar: int | None,
) -> float:
    """How well a style suits what else is asked for."""
    fit = 0.0
    if wanted:
        fit += _INSTRUMENTS * np.mean(
            [not set(names).isdisjoint(players(style)) for names in wanted]
        )
    if tempi is not None and tempi[0] <= style.tempo[1] and tempi[1] >= style.tempo[0]:
        fit += _TEMPO
    if beats_per_bar is not None and 4 * style.metre[0] == beats_per_bar * style.metre[1]:
        fit += _METRE
    if moods:
        fit += _MOODS * len(set(moods) & set(style.moods)) / len(moods)
    return float(fit)


def _plays_all(style: str, wanted: Sequence[tuple[str, ...]]) -> bool:
    return all(not set(names).isdisjoint(players(styles()[style])) for names in wanted)


@cache
def players(style: Style) -> tuple[str, ...]:
    """The instruments that a style has parts for, drums first, then in the order of the parts."""
    kits = [drums_name(kit) for kit in style.kits]
    return tuple(dict.fromkeys([*kits, *(name for part in style.parts for name in part.play)]))


def is_solo(style: Style) -> bool:
    """Whether a style is music for one instrument."""
    return len(players(style)) == 1


def nearest_style(prompt: str, similar: Similar, instruments: Collection[str]) -> str | None:
    """The style whose names and scenes are most like a prompt, if they are like it at all.

    Only styles that have the instruments are considered. A style is as near as its nearest three phrases on average.
    """
    phrases = style_phrases()
    likeness = similar(prompt, [phrase for _, phrase in phrases])
    near: dict[str, list[float]] = {}
    for (name, _), value in zip(phrases, likeness, strict=True):
        if set(instruments) <= {*players(styles()[name])}:
            near.setdefault(name, []).append(float(value))
    means = {name: float(np.mean(sorted(values)[-_NEAREST:])) for name, values in near.items()}
    best = max(means, key=lambda name: means[name], default=None)
    return best if best is not None and means[best] >= CONVINCING else None


@cache
def style_phrases() -> tuple[tuple[str, str], ...]:
    """Style and phrase: what only this style is called, and where it is heard."""
    words, said = vocabulary(), tables()
    every = [
        (style.name, phrase)
        for style in styles().values()
        for phrase in (
            *words["nouns"].get(style.name, ()),
            *words["uses"].get(style.name, ()),
            *said["scenes"].get(style.name, ()),
        )
    ]
    shared = Counter(phrase for _, phrase in every)
    return tuple((name, phrase) for name, phrase in every if shared[phrase] == 1)
