"""Facts of a prompt that are written in figures or letters: tempo, key and metre. Knows no other words.

One reader for all: where a fact stands is found once, for those who read it and for `wording`, which writes another one
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.composing.theory import PITCH_CLASSES, SCALES

TEMPI = (30.0, 300.0)
"""The tempi that a piece may have, BPM."""
BEATS_PER_BAR = (1, 16)
"""The bars that a piece may have, in quarter notes."""
MODES: dict[str, str] = {
    **{name: name for name in SCALES},
    "maj": "major",
    "min": "minor",
    "ionian": "major",
    "aeolian": "minor",
    "natural minor": "minor",
    "melodic minor": "harmonic minor",
    "dur": "major",
    "moll": "minor",
}
"""What a mode is called -> its name in `SCALES`."""
Key = tuple[int, str | None]
"""Pitch class of the tonic, 0 is C, and the mode, if it is named."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Mention(Generic[Value]):
    """A fact of a prompt.

    Attributes:
        start: prompt[start:end] are the figures or letters that say it; nothing, where a field was left empty.
        end: see there.
        around: where the words lie that belong to it, such as "at 120 bpm".
        value: what it says; None if that is nothing which a piece may have.
    """

    start: int
    end: int
    around: tuple[int, int]
    value: Value | None

    def is_free(self, others: Iterable[Mention[Value]]) -> bool:
        """Whether no other one has some of the same words."""
        begin, stop = self.around
        return all(stop <= other.around[0] or other.around[1] <= begin for other in others)


_NUMBER = r"\d{2,3}(?:\.\d+|,\d{1,2}(?!\d))?"
_SPAN = rf"(?<!\w)(?<!\d[.,])(?P<said>(?:{_NUMBER}\s*(?:-|–|—|\bto\b)\s*)?{_NUMBER})"
_OVER = r"(?!\w)(?![.,]\d)(?!\s*/\s*\d)"
_UNIT = r"[\s-]*(?:bpm\b|b\.p\.m\.|beats?\s*(?:per|a|/)\s*min(?:ute)?\b)"
_EMPTY = r"(?P<empty>)(?=\s*(?:$|[|\n]))"
_TEMPI = [
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"\b(?:bpm|tempo)\s*[:=](?:\s*{_SPAN}{_OVER}(?:{_UNIT})?|{_EMPTY})",
        rf"(?:\b(?:at|around|about)\s+|@\s*)?{_SPAN}{_UNIT}",
        rf"\bbpm\s*(?P<said>{_NUMBER}){_OVER}",
        rf"\btempo\s+(?:of\s+|is\s+)?{_SPAN}{_OVER}(?=\s*(?:$|[,.;|)\n]))",
        rf"♩\s*=\s*{_SPAN}{_OVER}",
    )
]
"""The first is the field, which counts before what is said in words."""

_SIGN = r"(?P<sign>[#♯b♭]|[ -]?sharp\b|[ -]?flat\b)?"
_TONIC = rf"(?P<letter>[A-H]){_SIGN}"
_MODE = "|".join(sorted(MODES, key=len, reverse=True))
_IN = r"(?P<before>\b(?:in|key\s+of)\s+)"
_ALONE = r"(?<![\w#♯'’])"
_WHOLE = r"(?![\w'’#♯♭])"
_KEYS = [
    # "Key: A minor", "Key: Bbm", "Key: g", and one left empty: the field, which counts before words.
    re.compile(
        rf"\bkey\s*[:=](?:\s*(?P<key>{_TONIC}(?:[\s-]*(?P<mode>{_MODE}|m))?){_WHOLE}|{_EMPTY})",
        re.I,
    ),
    # "cis-Moll", "Es-Dur".
    re.compile(
        rf"{_IN}?{_ALONE}(?P<key>(?P<letter>[A-H])(?P<sign>is|es|s)[\s-]*(?P<mode>dur|moll))\b",
        re.I,
    ),
    # "A minor", "F# major", "bb dorian", "c-moll"; not "in a minor key".
    re.compile(
        rf"{_IN}?{_ALONE}(?P<key>{_TONIC}[\s-]*(?P<mode>{_MODE}))\b(?!\s+(?:key|mode)\b)", re.I
    ),
    # "in Am", "key of C#m"; without these words "C#m" anywhere, and "Am" where a phrase begins.
    re.compile(
        rf"(?P<before>\b(?:[Ii]n|[Kk]ey(?:\s+of)?)\s+)(?P<key>(?P<letter>[A-G]){_SIGN}(?P<mode>m|min))\b"
    ),
    re.compile(
        r"(?<![\w#♯])(?P<symbol>)(?P<key>(?P<letter>[A-G])(?P<sign>[#♯b♭])(?P<mode>m|min))\b"
    ),
    re.compile(
        r"(?:^|[,|(])\s*(?P<symbol>)(?P<key>(?P<letter>[A-G])(?P<sign>[#♯b♭])?(?P<mode>m|min))\b"
    ),
    # "key of G".
    re.compile(rf"(?P<before>\bkey\s+of\s+)(?P<key>{_TONIC}){_WHOLE}", re.I),
    # "in C", "in Eb", "in B flat", at the end of a phrase.
    re.compile(
        rf"(?P<before>\b[Ii]n\s+)(?P<key>(?P<letter>[A-G]){_SIGN})(?=\s*(?:$|[,|.;)]|at\b|with\b))"
    ),
]
_AFTER_KEY = re.compile(
    r"\s*(?:$|[^\w\s]|\d|(?:at|with|and|or|by|for|on|in|but|using|over|from|to|then)\b)", re.I
)
"""What follows a key, where "a minor" is none in "a minor setback"."""
_CHORD = r"(?!A\s+[a-z])[A-G][#♯b♭]?(?:maj|min|dim|aug|sus|add|m)?\d*(?:b5)?"
_NEXT_CHORD = re.compile(rf"\s*[|,–-]?\s*{_CHORD}{_WHOLE}")
_LAST_CHORD = re.compile(rf"(?:^|[\s|,–-]){_CHORD}\s*[|,–-]?\s*$")
_METRE = re.compile(
    r"(?<![\w/.])(?P<count>\d{1,2})\s?/\s?(?P<unit>2|4|8|16)(?![\w/])(?!\s*-?\s*(?:of|notes?)\b)",
    re.I | re.ASCII,
)


def tempi_in(prompt: str) -> list[Mention[float]]:
    """All that is said of the tempo, in BPM; the fields first, then what is said in words, each in order.

    "BPM: 124", "Tempo: 124", "124 BPM", "at 124bpm", "124 beats per minute"; of "120-130 BPM" the middle.
    """
    found: list[Mention[float]] = []
    for pattern in _TEMPI:
        new = [_tempo(match) for match in pattern.finditer(prompt)]
        found += [mention for mention in new if mention.is_free(found)]
    return found


def tempo_in(prompt: str) -> float | None:
    """The tempo in a prompt, in BPM: that of its field "BPM: 124", else the first in words; None if there is none."""
    return next((said.value for said in tempi_in(prompt) if said.value is not None), None)


def _tempo(match: re.Match[str]) -> Mention[float]:
    if match["said"] is None:
        return Mention(match.end(), match.end(), match.span(), None)
    numbers = list(re.finditer(_NUMBER, match["said"], re.ASCII))
    tempi = [float(number[0].replace(",", ".")) for number in numbers]
    start = match.start("said")
    if len(tempi) == 2 and not TEMPI[0] <= tempi[0] < tempi[1] <= TEMPI[1]:
        # An "808 - 120 bpm" is no range.
        start, tempi = start + numbers[1].start(), tempi[1:]
    tempo = sum(tempi) / len(tempi)
    around = (min(match.start(), start), match.end())
    return Mention(
        start, match.end("said"), around, tempo if TEMPI[0] <= tempo <= TEMPI[1] else None
    )


def keys_in(prompt: str) -> list[Mention[Key]]:
    """All that is said of the key; the fields first, then the most certain of the ways to say it in words.

    "A minor", "F# major", "B♭ dorian", "C#m", "key of G", "in C", "cis-Moll"; the mode may be missing.
    """
    found: list[Mention[Key]] = []
    for pattern in _KEYS:
        new = [_key(match) for match in pattern.finditer(prompt) if _is_key(match)]
        found += [mention for mention in new if mention.is_free(found)]
    return found


def key_in(prompt: str) -> tuple[int | None, str | None]:
    """The key in a prompt, as in `keys_in`: pitch class of the tonic, and mode. None and None if there is no key."""
    return next((said.value for said in keys_in(prompt) if said.value), (None, None))


def _is_key(match: re.Match[str]) -> bool:
    said = match.groupdict()
    if said.get("key") is None:
        return True  # An empty field.
    if said.get("symbol") is not None:
        after = _NEXT_CHORD.match(match.string, match.end())
        return not after and not _LAST_CHORD.search(match.string, 0, match.start("key"))
    mode = (said.get("mode") or "").lower()
    if said["letter"] == "a" and not said["sign"] and mode in ("major", "minor"):
        return bool(_AFTER_KEY.match(match.string, match.end()))
    return (
        _pitch_class(said["letter"], said["sign"] or "", german=mode in ("dur", "moll")) is not None
    )


def _key(match: re.Match[str]) -> Mention[Key]:
    said = match.groupdict()
    if said.get("key") is None:
        return Mention(match.end(), match.end(), match.span(), None)
    mode = (said.get("mode") or "").lower()
    tonic = _pitch_class(said["letter"], said["sign"] or "", german=mode in ("dur", "moll"))
    assert tonic is not None  # As `_is_key` asks.
    key = tonic, "minor" if mode == "m" else MODES.get(mode)
    return Mention(match.start("key"), match.end("key"), match.span(), key)


def _pitch_class(letter: str, sign: str, *, german: bool) -> int | None:
    """0 is C; German H is B, and B is B flat."""
    letter, sign = letter.upper(), sign.strip(" -").lower()
    if german and letter in "HB" and not sign:
        return 11 if letter == "H" else 10
    if letter == "H" and not (german and sign == "is"):
        return None
    letter = "B" if letter == "H" else letter
    sharp = sign in ("#", "♯", "sharp", "is")
    flat = sign in ("b", "♭", "flat", "es") or (sign == "s" and letter in "EA")
    if sign and not sharp and not flat:
        return None
    return (PITCH_CLASSES.index(letter) + sharp - flat) % 12


def metres_in(prompt: str) -> list[Mention[int]]:
    """All that is said of the metre in figures, in quarter notes a bar: 3 of "3/4" and "6/8"; none of 7/8 or 1/4."""
    found: list[Mention[int]] = []
    for match in _METRE.finditer(prompt):
        count, rest = divmod(4 * int(match["count"]), int(match["unit"]))
        possible = not rest and int(match["count"]) > 1
        possible = possible and BEATS_PER_BAR[0] <= count <= BEATS_PER_BAR[1]
        found.append(Mention(*match.span(), match.span(), count if possible else None))
    return found


def beats_per_bar_in(prompt: str) -> int | None:
    """The length of a bar in quarter notes, as the first of `metres_in` has it; None if there is none."""
    return next((said.value for said in metres_in(prompt) if said.value is not None), None)
