"""Song form: the order, length and energy of sections, of a style or as asked for in words.

Sections with the same letter share harmony and melody, so that they are recognised. Knows nothing of notes.
"""

from __future__ import annotations

import re
import string
from dataclasses import replace
from textwrap import shorten

import numpy as np

from engine.composing.arrangement import Section
from engine.errors import LongtakeError

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

_ENDS = ("intro", "outro", "coda")
"""Sections that a loop does not have."""
_ENERGIES = {
    "prechorus": 0.65, "chorus": 0.9, "refrain": 0.9, "hook": 0.9, "drop": 0.9, "climax": 0.95, "intro": 0.3,
    "verse": 0.55, "bridge": 0.5, "solo": 0.8, "build": 0.6, "break": 0.25, "outro": 0.35, "coda": 0.35,
    "ending": 0.35,
}  # fmt: skip
"""By a part of the name; the first that is found."""
_ORDINARY = 0.6
_RISE = 0.04
"""How much louder a section is whenever it returns."""
_SHORT_NAMES, _SHORT_BARS, _BARS = ("intro", "outro", "coda", "ending", "break", "build"), 4, 8
"""Bars of sections that are asked for without a length."""
_MOST_BARS = 512
_LONGEST = 100
"""Characters of a section with its bars."""
_PLAYED_AS = ("breakdown", "build", "solo")
"""Sections that are played in a way of their own, whatever else is in their name."""


def song_form(
    name: str, bars: int, beats_per_bar: float, rng: np.random.Generator, *, endless: bool = False
) -> tuple[Section, ...]:
    """The form `name`, stretched or shortened to exactly `bars` bars (at least 4).

    An `endless` one has no beginning and no ending.
    """
    sections = [_parse(text) for text in FORMS[name].split(",")]
    if endless:
        sections = [section for section in sections if section.name not in _ENDS]
    while (excess := sum(s.beats for s in sections) - bars) > 0:
        sections = _shorten(sections, excess, rng)
    while (missing := bars - sum(s.beats for s in sections)) > 0:
        sections = _lengthen(sections, missing)
    return _placed(
        [replace(section, energy=section.energy + rng.normal(0, 0.03)) for section in sections],
        beats_per_bar,
    )


def short_form(name: str, bars: int, beats_per_bar: float) -> tuple[Section, ...]:
    """Two sections, the first and the loudest of the form `name`, for a piece without room for a whole one."""
    sections = [_parse(text) for text in FORMS[name].split(",")]
    body = [section for section in sections if section.name not in _ENDS]
    first, loudest = body[0], max(body[1:], key=lambda s: (s.letter != body[0].letter, s.energy))
    size = 4.0 * max(1, round(bars / 8))
    return _placed([replace(first, beats=size), replace(loudest, beats=bars - size)], beats_per_bar)


def _placed(sections: list[Section], beats_per_bar: float) -> tuple[Section, ...]:
    """The sections, whose lengths are in bars, one after the other, in quarter notes."""
    placed: list[Section] = []
    start = 0.0
    for section in sections:
        beats = section.beats * beats_per_bar
        energy = round(float(np.clip(section.energy, 0.05, 1.0)), 2)
        placed.append(replace(section, start=start, beats=beats, energy=energy))
        start += beats
    return tuple(placed)


def form_bars(text: str) -> int:
    """How many bars a form such as "intro 4, verse 8, chorus 8" has.

    Raises:
        LongtakeError: says what of it cannot be read.
    """
    return round(sum(section.beats for section in _read(text)))


def asked_form(text: str, bars: int, beats_per_bar: float) -> tuple[Section, ...]:
    """The form of these words with exactly `bars` bars: repeated if it fits twice, then stretched or shortened.

    Raises:
        LongtakeError: says what of it cannot be read.
    """
    once = _read(text)
    sections = (once * max(1, bars // round(sum(s.beats for s in once))))[:bars]
    total, spare = sum(s.beats for s in sections), bars - len(sections)
    shares = [max(0.0, s.beats / total * bars - 1) for s in sections]
    shares = [share * spare / (sum(shares) or 1) for share in shares]
    sizes = [int(share) for share in shares]
    fullest = sorted(range(len(shares)), key=lambda i: sizes[i] - shares[i])
    for index in fullest[: spare - sum(sizes)]:
        sizes[index] += 1
    seen: dict[str, int] = {}
    sized: list[Section] = []
    for section, size in zip(sections, sizes, strict=True):
        returns = seen.get(section.letter, 0)
        seen[section.letter] = returns + 1
        energy = section.energy + min(0.1, _RISE * returns)
        sized.append(replace(section, beats=1.0 + size, energy=energy))
    return _placed(sized, beats_per_bar)


def _read(text: str) -> list[Section]:
    """The sections of a form in words, their lengths in bars."""
    sections: list[Section] = []
    letters: dict[str, str] = {}
    for part in re.split(r"[,;|>→\r\n]|\s[-–—]\s", text):
        item = " ".join(part.split())
        if not item:
            continue
        times, name, bars = _item(item)
        letter = letters.setdefault(name, _letter(name, {*letters.values()}))
        plain = re.sub(r"[\s_-]", "", name)
        energy = next((e for key, e in _ENERGIES.items() if key in plain), _ORDINARY)
        played = next((key for key in _PLAYED_AS if key in plain), name)
        sections += [Section(played, letter, 0.0, float(bars), energy)] * times
    if not sections:
        raise LongtakeError(
            f"There is no section in the form {text!r}; write for example intro 4, verse 8, chorus 8."
        )
    return sections


def _letter(name: str, taken: set[str]) -> str:
    """A letter for a section: its name, if that is one, or the next that is free."""
    free = [letter for letter in string.ascii_uppercase if letter not in taken]
    return name if name in free else free[0] if free else "Z"


def _item(item: str) -> tuple[int, str, int]:
    """How often, the name, and the bars of "verse 8", "verse: 8 bars", "2x verse 8", "verse x2"."""
    if len(item) > _LONGEST or re.search(r"\d{5}", item):
        raise LongtakeError(
            f"{shorten(item, 40)!r} in the form is too long for a section; one has a name of a few words and "
            f"1 to {_MOST_BARS} bars."
        )
    times, rest = 1, item.lower()
    if found := re.match(r"(\d{1,4})\s*[x×]\s*(?=\D)", rest):
        times, rest = int(found[1]), rest[found.end() :]
    elif found := re.search(r"\s*[x×*]\s*(\d{1,4})$", rest):
        times, rest = int(found[1]), rest[: found.start()]
    bars = None
    if found := re.search(r"[\s:=(]*\b(\d{1,4})\s*(?:bars?|measures?)?\s*\)?$", rest):
        bars, rest = int(found[1]), rest[: found.start()]
    name = re.sub(r"[\s:=#]*\d{0,4}\s*$", "", rest).strip()
    if not re.search(r"[^\W\d]", name):
        raise LongtakeError(
            f"{item!r} in the form is not a section with its bars; write for example verse 8."
        )
    if bars is None:
        bars = _SHORT_BARS if name.startswith(_SHORT_NAMES) else _BARS
    if not 1 <= bars * times <= _MOST_BARS:
        raise LongtakeError(
            f"{item!r} in the form has {bars * times} bars; a section has 1 to {_MOST_BARS}."
        )
    return times, name.upper() if len(name) == 1 else name, bars


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
