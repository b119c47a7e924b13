"""Song form: the order, length and energy of sections.

Sections with the same letter share harmony and melody, so that they are recognised. Knows nothing of notes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.composing.arrangement import Section

FORMS: dict[str, str] = {
    "club": "intro A 8 .35, groove A 16 .62, breakdown B 8 .2, build B 8 .55, drop C 16 1, groove A 8 .7,"
    " breakdown B 8 .25, build B 8 .6, drop C 16 1, outro A 8 .35",
    "pop": "intro A 4 .3, verse A 8 .5, chorus B 8 .85, verse A 8 .6, chorus B 8 .9, bridge C 8 .45, chorus B 8 1,"
    " outro A 4 .35",
    "beat": "intro A 4 .2, verse A 8 .5, hook B 8 .8, verse A 8 .6, hook B 8 .85, bridge C 4 .3, hook B 8 .9,"
    " outro A 4 .25",
    "jam": "intro A 4 .35, theme A 8 .6, theme B 8 .75, theme A 8 .65, solo A 16 .8, break C 4 .35, theme A 8 .8,"
    " theme B 8 .9, outro A 4 .4",
    "drift": "intro A 4 .15, theme A 8 .45, theme B 8 .6, climax C 8 .85, theme A 8 .5, outro A 4 .15",
    "classical": "theme A 8 .5, theme A 8 .6, theme B 8 .7, theme A 8 .6, development C 16 .85, theme A 8 .9,"
    " coda A 4 .5",
    "score": "intro A 8 .2, theme A 8 .4, build B 8 .6, climax C 16 1, breakdown A 8 .25, build B 8 .65,"
    " climax C 16 1, outro A 8 .3",
}


def song_form(
    name: str, bars: int, beats_per_bar: float, rng: np.random.Generator
) -> tuple[Section, ...]:
    """The form `name`, stretched or shortened to exactly `bars` bars (at least 4)."""
    sections = [_parse(text) for text in FORMS[name].split(",")]
    while (excess := sum(s.beats for s in sections) - bars) > 0:
        sections = _shorten(sections, excess, rng)
    while (missing := bars - sum(s.beats for s in sections)) > 0:
        sections = _lengthen(sections, missing)
    placed: list[Section] = []
    start = 0.0
    for section in sections:
        energy = float(np.clip(section.energy + rng.normal(0, 0.03), 0.05, 1.0))
        placed.append(
            replace(
                section, start=start, beats=section.beats * beats_per_bar, energy=round(energy, 2)
            )
        )
        start += section.beats * beats_per_bar
    return tuple(placed)


def phrases(bars: int, beats_per_bar: float) -> tuple[Section, ...]:
    """Phrases of eight bars, of one energy, for players without a band; the last has what is left."""
    count = max(1, bars // 8)
    sizes = [8] * (count - 1) + [bars - 8 * (count - 1)]
    return tuple(
        Section("phrase", "AABACABA"[i % 8], 8.0 * beats_per_bar * i, size * beats_per_bar, 0.75)
        for i, size in enumerate(sizes)
    )


def _parse(text: str) -> Section:
    name, letter, bars, energy = text.split()
    return Section(name, letter, 0.0, float(bars), float(energy))


def _shorten(sections: list[Section], excess: float, rng: np.random.Generator) -> list[Section]:
    """Halves a long section, or drops an inner one whose letter also occurs elsewhere."""
    letters = [s.letter for s in sections]
    inner = [i for i in range(1, len(sections) - 1) if letters.count(sections[i].letter) > 1]
    if inner and (len(sections) > 6 or max(s.beats for s in sections) <= 4):
        drop = inner[int(rng.integers(len(inner)))]
        return sections[:drop] + sections[drop + 1 :]
    longest = max(range(len(sections)), key=lambda i: sections[i].beats)
    length = sections[longest].beats
    if length <= 2 and len(sections) > 1:
        return sections[:-1]
    shorter = length - min(excess, max(1.0, length // 2))
    return [replace(s, beats=shorter) if i == longest else s for i, s in enumerate(sections)]


def _lengthen(sections: list[Section], missing: float) -> list[Section]:
    """Repeats the two middle sections while there is room, then lengthens the last long one."""
    middle = max(1, len(sections) // 2 - 1)
    pair = sections[middle : middle + 2]
    if sum(s.beats for s in pair) <= missing and len(sections) < 24:
        return sections[: middle + 2] + pair + sections[middle + 2 :]
    inner = range(1, len(sections) - 1) if len(sections) > 2 else range(len(sections))
    target = min(inner, key=lambda i: sections[i].beats)
    extra = min(4.0, missing)
    return [replace(s, beats=s.beats + extra) if i == target else s for i, s in enumerate(sections)]
