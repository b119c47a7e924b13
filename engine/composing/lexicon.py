"""Which phrases mean what, and where a text has them: the longest ones, as whole words, in any case.

The phrases are those of `vocabulary.toml`, of the styles' tables and of `lexicon.toml`. Knows nothing of what the
meanings of a whole prompt come to.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from engine.composing.instruments import INSTRUMENTS
from engine.composing.mix import DRUMS
from engine.composing.styles import styles
from engine.composing.vocabulary import vocabulary

Kind = Literal[
    "style", "hint", "instrument", "ensemble", "mood", "energy", "grade",
    "pace", "metre", "mode", "stem", "alone", "band", "loop",
]  # fmt: skip
Meaning = Mapping[Kind, tuple[str, ...]]
"""What a phrase may stand for, by kind: names, the most usual one first."""
Words = tuple[str, ...]

_FIELDS: dict[str, frozenset[Kind]] = {
    "genre": frozenset({"style"}),
    "style": frozenset({"style"}),
    "instrument": frozenset({"instrument", "hint"}),
    "mood": frozenset({"mood", "pace"}),
    "energy": frozenset({"energy", "grade"}),
    "type": frozenset({"stem", "alone", "loop"}),
    "format": frozenset({"stem", "alone", "loop", "band"}),
    "tempo": frozenset({"pace"}),
    "bpm": frozenset(),
    "key": frozenset(),
    "time signature": frozenset(),
    "metre": frozenset(),
    "meter": frozenset(),
}
"""Kinds of meaning in each metadata type of 'Genre: House | BPM: 124'."""
_LISTS = {"genre", "style", "instrument", "mood"}
"""Types that go on after a comma."""
_FIELD = re.compile(rf"\b(?:sub-?)?({'|'.join(_FIELDS)})s?\s*:", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+|&|[,;:|!?()\n+]|\.(?=\s|$)")
_ENDS = ",;:|!?()\n+."
_SLOWEST, _FASTEST = 45, 190
"""BPM of "very slow" and "very fast": the paces of `vocabulary.toml` have no bounds there."""
_LONGEST = 6
"""Words in the longest phrase."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: its place, the clause it is in (counted), and the metadata type that it stands under."""

    text: str
    start: int
    end: int
    clause: int
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found at words [first, last); `inner` if it lies in the name of a style ("solo" in "solo piano")."""

    first: int
    last: int
    meaning: Meaning
    said: str
    inner: bool = False


@cache
def tables() -> dict[str, Any]:
    """The tables of `lexicon.toml`."""
    path = resources.files("engine.composing") / "lexicon.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def lexicon() -> dict[Words, Meaning]:
    """Every phrase, as words, with what it may mean."""
    found: dict[Words, dict[Kind, dict[str, None]]] = {}
    for kind, name, phrase in _entries():
        words = spelt(phrase)
        # "hip hop" is also written as one word.
        for form in {words, ("".join(words),)} if len(words) == 2 else {words}:
            found.setdefault(form, {}).setdefault(kind, {})[name] = None
    for meaning in found.values():
        # A piano is an instrument first, and only hints at piano pieces.
        if "instrument" in meaning and "style" in meaning:
            meaning.setdefault("hint", {}).update(meaning["style"])
    return {
        words: {kind: tuple(names) for kind, names in meaning.items()}
        for words, meaning in found.items()
    }


def spelt(text: str) -> Words:
    """The words of a phrase, in lower case."""
    return tuple(word.text for word in words_of(text))


def words_of(text: str) -> list[Word]:
    """The words of a text. Punctuation ends a clause; "Genre:" begins a metadata type."""
    heads = [(m.start(), m.end(), m[1].lower()) for m in _FIELD.finditer(text)]
    found: list[Word] = []
    clause, field = 0, None
    for token in _TOKEN.finditer(text):
        inside = next((head for head in heads if head[0] <= token.start() < head[1]), None)
        if inside:
            clause, field = clause + (field != inside[2]), inside[2]
        elif token[0] in _ENDS:
            clause += 1
            if token[0] in "|\n;" or (token[0] == "," and field not in _LISTS):
                field = None
        else:
            word = "and" if token[0] == "&" else token[0].casefold()
            found.append(Word(word, token.start(), token.end(), clause, field))
    return found


def matches(text: str, words: Sequence[Word]) -> list[Match]:
    """The phrases in a text, in order: at each word the longest, and what lies in the names of styles besides."""
    found: list[Match] = []
    place = 0
    while place < len(words):
        match = _longest(text, words, place, len(words))
        if match is None:
            place += 1
            continue
        found.append(match)
        found += _inner(text, words, match)
        place = match.last
    return found


def _longest(
    text: str, words: Sequence[Word], first: int, end: int, *, inner: bool = False
) -> Match | None:
    for last in range(min(first + _LONGEST, end), first, -1):
        if words[last - 1].clause != words[first].clause:
            continue
        meaning = _meaning(tuple(word.text for word in words[first:last]))
        left_out = _left_out(words, first, last, meaning, inner=inner)
        possible: Meaning = {kind: meaning[kind] for kind in meaning if kind not in left_out}
        if possible:
            return Match(
                first, last, possible, text[words[first].start : words[last - 1].end], inner
            )
    return None


def _left_out(
    words: Sequence[Word], first: int, last: int, meaning: Meaning, *, inner: bool
) -> Collection[str]:
    """The kinds of meaning that a phrase cannot have where it stands."""
    field = words[first].field
    if field is not None:
        return {*meaning} - _FIELDS[field]
    if last - first == 1 and _is_vague(words, first):
        return {"grade", "style"}
    never = {"grade", "style", "hint"} if inner else {"grade"}
    if "instrument" not in meaning:
        return never
    if last - first == 1 and _is_figurative(words, first):
        return never | {"instrument"}
    return never | {"style", "band"}


def _is_vague(words: Sequence[Word], place: int) -> bool:
    """Whether a word such as "dance" is not a genre, as it would be if it stood by itself."""
    neighbours = (*words[max(place - 1, 0) : place], *words[place + 1 : place + 2])
    by_itself = all(word.clause != words[place].clause for word in neighbours)
    return words[place].text in tables()["grammar"]["vague"] and not by_itself


def _is_figurative(words: Sequence[Word], place: int) -> bool:
    """Whether a word such as "vibes" stands where no instrument is meant: "summer vibes"."""
    grammar = tables()["grammar"]
    if words[place].text not in grammar["only_listed"]:
        return False
    begins = place == 0 or words[place - 1].clause != words[place].clause
    return not begins and words[place - 1].text not in grammar["listed"]


def _inner(text: str, words: Sequence[Word], outer: Match) -> list[Match]:
    """What the words of a style's name mean by themselves: a "rock guitar" is a guitar too."""
    if "style" not in outer.meaning or words[outer.first].field is not None:
        return []
    name = " ".join(word.text for word in words[outer.first : outer.last])
    if any(whole in name for whole in tables()["grammar"]["not_nested"]):
        return []
    found: list[Match] = []
    place = outer.first
    while place < outer.last:
        end = outer.last - 1 if place == outer.first else outer.last
        match = _longest(text, words, place, end, inner=True)
        found += [match] if match else []
        place = match.last if match else place + 1
    return found


def _meaning(words: Words) -> Meaning:
    """Of the phrase, or of its singular."""
    known = lexicon().get(words)
    if known is None and len(words[-1]) > 3 and words[-1].endswith("s"):
        known = lexicon().get((*words[:-1], words[-1].removesuffix("s")))
    return {} if known is None else known


def _entries() -> Iterator[tuple[Kind, str, str]]:
    """Kind, name and phrase of all that is called anything."""
    for kind, table in _called():
        for name, phrases in table.items():
            for phrase in phrases:
                yield kind, name, phrase


def _called() -> list[tuple[Kind, Mapping[str, Sequence[str]]]]:
    """What everything of a kind is called, by its name; names of their own come before what else they are called."""
    written, said = vocabulary(), tables()
    every = styles().values()
    moods = [mood for style in every for mood in style.moods]
    kinds: list[tuple[Kind, Mapping[str, Sequence[str]]]] = [
        ("style", {style.name: style.genres for style in every}),
        ("style", written["nouns"]),
        ("style", said["styles"]),
        ("hint", written["uses"]),
        ("instrument", {name: [name] for name in (*INSTRUMENTS, *DRUMS)}),
        ("instrument", written["instruments"]),
        ("instrument", said["instruments"]),
        ("ensemble", {name: [name] for name in said["ensembles"]}),
        ("mood", {mood: [mood] for mood in (*moods, *written["moods"])}),
        ("mood", written["moods"]),
        ("mood", said["moods"]),
        ("energy", written["energies"]),
        ("grade", {name: [name] for name in written["energies"]}),
        ("pace", said["paces"]),
        ("metre", said["metres"]),
        ("mode", {mode: [mode, f"{mode} key"] for mode in ("major", "minor")}),
    ]
    low = _SLOWEST
    for bound, phrases in written["paces"].items():
        kinds.append(("pace", {f"{low} {min(int(bound), _FASTEST)}": phrases}))
        low = int(bound)
    marks: tuple[Kind, ...] = ("stem", "alone", "band", "loop")
    return kinds + [(kind, {kind: said["kinds"][kind]}) for kind in marks]
