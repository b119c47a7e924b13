"""Facts of a prompt that are written in figures or letters: tempo, key and metre. Knows no other words."""

from __future__ import annotations

import re

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

_TEMPO = re.compile(
    r"\bbpm\s*[:=]?\s*(\d{2,3}(?:\.\d+)?)\b|\b(\d{2,3}(?:\.\d+)?)\s*bpm\b", re.IGNORECASE
)
_TONIC = r"(?P<letter>[A-Ha-h])(?P<sign>[#♯b♭]|[ -]?sharp\b|[ -]?flat\b)?"
_MODE = "|".join(sorted(MODES, key=len, reverse=True))
_KEYS = (
    # "A minor", "F# major", "bb dorian", "c-moll"; not "in a minor key".
    re.compile(rf"(?<![\w#♯'’]){_TONIC}[\s-]*(?P<mode>{_MODE})\b(?!\s+(?:key|mode)\b)", re.I),
    # "C#m" anywhere; "Am" where a key is expected.
    re.compile(r"(?<![\w#♯])(?P<letter>[A-G])(?P<sign>[#♯b♭])(?P<mode>m|min)\b"),
    re.compile(
        r"(?:^|[,|(]|\b[Ii]n|\b[Kk]ey(?:\s+of)?:?)\s*(?P<letter>[A-G])(?P<sign>[#♯b♭]?)(?P<mode>m|min)\b(?!\w)"
    ),
    # "key of G", "Key: g".
    re.compile(rf"\bkey(?:\s+of|\s*:)\s*{_TONIC}(?P<mode>)(?![\w'’])", re.I),
    # "in C", "in Eb", at the end of a phrase.
    re.compile(
        r"\bin\s+(?P<letter>[A-G])(?P<sign>[#♯b♭]?)(?P<mode>)(?=\s*(?:$|[,|.;)]|at\b|with\b))"
    ),
)
_METRE = re.compile(r"(?<![\w/.])(\d{1,2})\s?/\s?(2|4|8|16)(?![\w/])")


def tempo_in(prompt: str) -> float | None:
    """The tempo in a prompt, in BPM: 'BPM: 124', '124 BPM' or '124bpm'; None if there is none."""
    found = _TEMPO.search(prompt)
    if not found:
        return None
    tempo = float(found.group(1) or found.group(2))
    return tempo if TEMPI[0] <= tempo <= TEMPI[1] else None


def key_in(prompt: str) -> tuple[int | None, str | None]:
    """The key in a prompt: pitch class of the tonic, and mode.

    "A minor", "F# major", "Bb dorian", "C#m", "key of G", "in C", "c-moll"; the mode may be missing. None and None if
    there is no key.
    """
    for pattern in _KEYS:
        if found := pattern.search(prompt):
            mode = found["mode"].lower()
            german = mode in ("dur", "moll")
            tonic = _pitch_class(found["letter"], found["sign"] or "", german)
            if tonic is not None:
                return tonic, "minor" if mode == "m" else MODES.get(mode)
    return None, None


def _pitch_class(letter: str, sign: str, german: bool) -> int | None:
    """0 is C; German H is B, and B is B flat."""
    letter = letter.upper()
    if german and letter in "HB" and not sign:
        return 11 if letter == "H" else 10
    if letter == "H":
        return None
    sign = sign.strip(" -").lower()
    shift = 1 if sign in ("#", "♯", "sharp") else -1 if sign in ("b", "♭", "flat") else 0
    return (PITCH_CLASSES.index(letter) + shift) % 12


def beats_per_bar_in(prompt: str) -> int | None:
    """The length of a bar in quarter notes, from "3/4" or "6/8" (both 3); None if it is no whole number, as in 7/8."""
    found = _METRE.search(prompt)
    if not found:
        return None
    count, rest = divmod(4 * int(found[1]), int(found[2]))
    return count if not rest and BEATS_PER_BAR[0] <= count <= BEATS_PER_BAR[1] else None
