"""Chord symbols as musicians write them, read and written: "Am7 | F | C G/B | N.C.".

`|`, a comma or a line break ends a bar; spaces divide it evenly. "/" alone prolongs the chord before it, "%" repeats
the bar before, and N.C. asks for nobody to play pitched notes. Knows nothing of keys or time.
"""

from __future__ import annotations

import re

from engine.composing.theory import Chord
from engine.errors import LongtakeError

MOST_CHORDS = 16
"""In one bar."""
_LONGEST = 100
"""Characters of a symbol: any tones that there are can be written in it."""
Bar = list[tuple[Chord | None, float]]
"""Chords, or None for N.C., with their shares of the bar, which add up to 1."""

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHIFTS = {"": 0, "b": -1, "#": 1, "bb": -2, "##": 2}
_ROOT = re.compile(r"([A-G])(##|#|bb|b)?")
_NO_CHORD = re.compile(r"n[./]?c\.?", re.IGNORECASE)
_PLAIN = str.maketrans(
    {"♭": "b", "♯": "#", "Δ": "^", "△": "^", "∆": "^", "ø": "@", "Ø": "@", "°": "o", "º": "o",
     "−": "-", "–": "-", "—": "-"}
)  # fmt: skip
_MINOR = {"minor": "m", "min": "m", "mi": "m", "-": "m"}
_QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "5": (0, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "69": (0, 4, 7, 9, 14),
    "m69": (0, 3, 7, 9, 14),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "mmaj7": (0, 3, 7, 11),
    "9": (0, 4, 7, 10, 14),
    "maj9": (0, 4, 7, 11, 14),
    "m9": (0, 3, 7, 10, 14),
    "mmaj9": (0, 3, 7, 11, 14),
    "11": (0, 4, 7, 10, 14, 17),
    "m11": (0, 3, 7, 10, 14, 17),
    "maj11": (0, 4, 7, 11, 14, 17),
    "13": (0, 4, 7, 10, 14, 21),
    "7b9": (0, 4, 7, 10, 13),
    "7#9": (0, 4, 7, 10, 15),
    "7#11": (0, 4, 7, 10, 18),
    "maj7#11": (0, 4, 7, 11, 18),
    "7alt": (0, 4, 8, 10, 13, 15),
    "m13": (0, 3, 7, 10, 14, 21),
    "maj13": (0, 4, 7, 11, 14, 21),
    "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "aug": (0, 4, 8),
    "aug7": (0, 4, 8, 10),
    "augmaj7": (0, 4, 8, 11),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "7sus2": (0, 2, 7, 10),
    "7sus4": (0, 5, 7, 10),
    "9sus4": (0, 5, 7, 10, 14),
    "13sus4": (0, 5, 7, 10, 14, 21),
    "add9": (0, 4, 7, 14),
    "madd9": (0, 3, 7, 14),
    "add11": (0, 4, 7, 17),
}
"""By the suffix that `symbol` writes; the tones are those of the roman numerals, where they have the suffix too."""
_ALTERATIONS = {
    "b5": (7, 6),
    "#5": (7, 8),
    "b9": (14, 13),
    "#9": (14, 15),
    "#11": (17, 18),
    "b13": (21, 20),
}
"""The tone that gives way, if it is there, and the altered one."""
_ADDED = {"add9": 14, "add2": 14, "add11": 17, "add4": 17, "add13": 21, "add6": 9}
_SAME = {
    "M": "", "maj": "", "major": "", "2": "add9", "4": "add11", "sus": "sus4", "7sus": "7sus4", "9sus": "9sus4",
    "13sus": "13sus4", "o": "dim", "o7": "dim7", "@": "m7b5", "@7": "m7b5", "h7": "m7b5", "dom7": "7", "alt": "7alt",
    "+": "aug", "+7": "aug7", "7+": "aug7", "+maj7": "augmaj7", "^": "maj7",
    "6add9": "69", "m6add9": "m69", "maj6": "6", "maj69": "69", "m^": "mmaj7", "2sus": "sus2", "4sus": "sus4",
    "add2": "add9", "add4": "add11", "madd2": "madd9", "m2": "madd9",
}  # fmt: skip
_WRITTEN = {"mmaj7": "m(maj7)", "mmaj9": "m(maj9)"}
_EXAMPLES = "C, Am, G7, Fmaj7, Bm7b5, Esus4, F#dim or Bb/D"
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_MAJORS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINORS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
"""The usual names of the roots of major and minor chords, where no key decides."""


def parse_chords(text: str) -> list[Bar]:
    """Reads a chart into its bars.

    Raises:
        LongtakeError: names the symbol that cannot be read and its bar, or says that there is no chord.
    """
    bars: list[Bar] = []
    for written in _bars(text):
        bars.append(_bar(written, bars))
    if not bars:
        raise LongtakeError(
            f"There is no chord in {text!r}; write a bar each, such as Am7 | F | C G."
        )
    return bars


def _bars(text: str) -> list[list[str]]:
    """The words of each bar that has any; commas in brackets do not end one."""
    joined = re.sub(r"\(([^()]*)\)", lambda found: f"({found[1].replace(',', '')})", text)
    joined = re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", ""), joined)
    joined = re.sub(r"(?<=\s)[-–—](?=\s)", "|", joined.replace("|:", "|").replace(":|", "|"))
    return [words for bar in re.split(r"[|,;\r\n‖]", joined) if (words := bar.split())]


def _bar(words: list[str], before: list[Bar]) -> Bar:
    number = len(before) + 1
    if words in (["%"], ["./."]):
        if not before:
            raise LongtakeError(
                "Bar 1 of the chords is %, which repeats the bar before; begin with a chord."
            )
        return list(before[-1])
    if len(words) > MOST_CHORDS:
        raise LongtakeError(
            f"Bar {number} of the chords has {len(words)} symbols; it can have {MOST_CHORDS}. "
            "Put a | between bars."
        )
    last = before[-1][-1][0] if before else None
    if words[0] == "/" and not before:
        raise LongtakeError(
            "Bar 1 of the chords begins with /, which prolongs a chord; begin with a chord."
        )
    lengths: list[tuple[Chord | None, int]] = []
    for word in words:
        if word == "/" and lengths:
            lengths[-1] = (lengths[-1][0], lengths[-1][1] + 1)
        else:
            lengths.append((last if word == "/" else _word(word, number), 1))
    return [(chord, length / len(words)) for chord, length in lengths]


def _word(word: str, bar: int) -> Chord | None:
    if _NO_CHORD.fullmatch(word):
        return None
    try:
        return parse_symbol(word)
    except ValueError as error:
        raise LongtakeError(f"Bar {bar} of the chords: {error}") from None


def parse_symbol(text: str) -> Chord:
    """Reads one chord, such as "F#m7b5" or "C/E".

    Raises:
        ValueError: with a sentence that says which part cannot be read.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{text[:_LONGEST] + '...'!r} is too long for a chord, as in {_EXAMPLES}.")
    plain = text.strip().translate(_PLAIN)
    plain = plain[:1].upper() + plain[1:] if plain[:1] in tuple("abcdefg") else plain
    root = _ROOT.match(plain)
    if root is None:
        raise ValueError(
            f"{text!r} is not a chord: it has to begin with a note from A to G, as in {_EXAMPLES}."
        )
    rest, bass = plain[root.end() :], None
    if slash := re.search(r"/([A-Ga-g](?:##|#|bb|b)?)$", rest):
        low = _ROOT.match(slash[1][0].upper() + slash[1][1:])
        assert low is not None
        rest, bass = rest[: slash.start()], _class_of(low)
    intervals = _intervals(rest)
    if intervals is None and re.search(r"/[^\dm]*$", rest):
        raise ValueError(f"in {text!r}, after / has to come a note from A to G, as in C/E or G7/B.")
    if intervals is None:
        raise ValueError(
            f"{rest!r} in {text!r} is not the ending of a chord symbol; write for example {_EXAMPLES}."
        )
    pitch_class = _class_of(root)
    return Chord(pitch_class, intervals, None if bass == pitch_class else bass)


def _class_of(root: re.Match[str]) -> int:
    return (_LETTERS[root[1]] + _SHIFTS[root[2] or ""]) % 12


def _intervals(suffix: str) -> tuple[int, ...] | None:
    """The tones of a suffix, above the root: a quality, then alterations and added tones; None if it has no meaning."""
    plain = re.sub(r"[()/,\s]", "", suffix)
    changes: list[str] = []
    while (quality := _quality(plain)) is None:
        found = re.search(r"(b5|#5|-5|\+5|b9|#9|-9|\+9|#11|\+11|b13|add\d+|no[35])$", plain)
        if found is None:
            return None
        changes.insert(0, found[0].replace("-", "b").replace("+", "#"))
        plain = plain[: found.start()]
    tones = set(quality)
    for change in changes:
        if change in ("no3", "no5"):
            tones -= {3, 4} if change == "no3" else {7}
        elif change.startswith("add"):
            if change not in _ADDED:
                return None
            tones.add(_ADDED[change])
        else:
            natural, altered = _ALTERATIONS[change]
            tones = (tones - {natural}) | {altered}
    return tuple(sorted(tones))


def _quality(suffix: str) -> tuple[int, ...] | None:
    plain = re.sub(r"(?:major|maj|ma|MA|M|Maj|MAJ|Ma|j|\^)(?=\d)", "maj", suffix)
    for written, meant in _MINOR.items():
        if plain.lower().startswith(written):
            plain = meant + plain[len(written) :]
            break
    plain = _SAME.get(plain, plain)
    return _QUALITIES.get(plain)


def symbol(chord: Chord | None, *, sharp: bool | None = None) -> str:
    """The symbol of a chord, "N.C." for None; `parse_symbol` reads the usual ones as the same chord.

    `sharp` spells black keys as sharps or flats, as the key has them; None as is usual for the chord.
    """
    if chord is None or not chord.intervals:
        return "N.C."
    tones = tuple(sorted(chord.intervals))
    suffix = next((name for name, known in _QUALITIES.items() if known == tones), None)
    suffix = _spelled(frozenset(tones)) if suffix is None else _WRITTEN.get(suffix, suffix)
    names = (_SHARPS if sharp else _FLATS) if sharp is not None else _usual(tones)
    root = names[chord.root]
    if chord.bass is None:
        return f"{root}{suffix}"
    rises = (chord.bass - chord.root) % 12 in (4, 11) and "b" not in root
    return f"{root}{suffix}/{(_SHARPS if rises or '#' in root else _FLATS)[chord.bass]}"


def _usual(tones: tuple[int, ...]) -> tuple[str, ...]:
    return _MINORS if {3, 4} & set(tones) == {3} else _MAJORS


def _spelled(tones: frozenset[int]) -> str:
    """A suffix for tones without a quality of their own: the nearest quality, and what has to change."""
    best: tuple[int, str] | None = None
    for name, quality in _QUALITIES.items():
        if name == "5":
            continue
        changes: list[str] = []
        left = set(quality)
        for change, (natural, altered) in _ALTERATIONS.items():
            if altered in tones and altered not in left:
                left = (left - {natural}) | {altered}
                changes.append(change)
        added = [f"add{n}" for n, tone in ((9, 14), (11, 17), (13, 21)) if tone in tones - left]
        left |= {_ADDED[name] for name in added}
        if not tones & {3, 4} and left & {3, 4}:
            left -= {3, 4}
            changes.append("no3")
        if 7 not in tones and 7 in left:
            left -= {7}
            changes.append("no5")
        cost = 10 * len(left ^ tones) + len(changes) + len(added)
        if best is None or cost < best[0]:
            best = (cost, name + "".join(f"({c})" for c in [*changes, *added]))
    assert best is not None
    return best[1]
