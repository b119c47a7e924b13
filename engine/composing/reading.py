"""From a prompt to a wish: what a musician would understand, first by its words, then by what they are like.

The words of the prompt are looked up (`lexicon`, `notation`); where none names a style, a measure of likeness between
texts may. Knows nothing of the networks that measure it, and nothing of how a lead sheet is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import Any

import numpy as np

from engine.composing.lexicon import Match, Word, matches, spelt, tables, words_of
from engine.composing.notation import beats_per_bar_in, key_in, tempo_in
from engine.composing.style_choice import Similar, is_solo, named_style, nearest_style, players
from engine.composing.styles import Range, styles
from engine.composing.wish import Wish

LEVELS = {"low": 0.2, "medium": 0.5, "high": 0.85}
"""What "high energy" is on the scale of `Wish.level`."""
_ADJECTIVES = 2
"""Unknown words between "no" and what it denies."""
_LINE_UP = 3
"""Instruments in a list with metadata types from which it names everybody: of two, a style has others mostly."""
_QUOTED = 60
"""Characters of a prompt that are quoted."""
_SALT = 0x3EAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was understood of a prompt; None and empty where it says nothing.

    Attributes:
        style: a name from `styles()`.
        instruments: names from `INSTRUMENTS` or `mix.DRUMS`, in the order they are named.
        without: instruments that shall not play.
        alone: whether nobody but the instruments plays.
        tempo: BPM.
        pace: range in BPM, from words such as "slow" or "andante".
        tonic: pitch class of the key, 0 is C.
        mode: a name from `theory.SCALES`.
        beats_per_bar: in quarter notes.
        moods: names as in the styles' tables.
        level: how energetic, 0 to 1.
        loop: whether a loop is asked for.
        words: what was understood, and the words it was understood from.
    """

    style: str | None = None
    instruments: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    alone: bool = False
    tempo: float | None = None
    pace: Range | None = None
    tonic: int | None = None
    mode: str | None = None
    beats_per_bar: int | None = None
    moods: tuple[str, ...] = ()
    level: float | None = None
    loop: bool = False
    words: tuple[tuple[str, str], ...] = ()

    def wish(self, seed: int, seconds: float, **given: Any) -> Wish:
        """The wish for a piece.

        Args:
            seed: decides what is not asked for, and the tempo in a pace.
            seconds: length of the take.
            given: fields of `Wish`, which take precedence unless they are None, empty or False.
        """
        asked = Wish(
            seed=seed,
            seconds=seconds,
            style=self.style,
            instruments=self.instruments,
            without=self.without,
            alone=self.alone,
            tempo=self.tempo or self._paced(seed, given.get("style") or self.style),
            tonic=self.tonic,
            mode=self.mode,
            beats_per_bar=self.beats_per_bar,
            moods=self.moods,
            level=self.level,
            loop=self.loop,
        )
        said = {k: v for k, v in given.items() if v is not False and v not in (None, "", ())}
        return replace(asked, **said)

    def said(self) -> str:
        """One line for people: "house from 'deep house', Electric Piano from 'rhodes'"."""
        return ", ".join(f"{what} from {words!r}" for what, words in self.words)

    def _paced(self, seed: int, style: str | None) -> float | None:
        """A tempo of the pace; of the style's tempi the nearest, if it has none of that pace."""
        if self.pace is None:
            return None
        low, high = self.pace
        if style is not None:
            slowest, fastest = styles()[style].tempo
            low, high = (min(max(bound, slowest), fastest) for bound in (low, high))
        return float(round(np.random.default_rng([_SALT, seed]).uniform(low, high)))


def read(prompt: str, similar: Similar) -> Reading:
    """Reads a prompt, in words or as 'Genre: House | BPM: 124'.

    Args:
        prompt: any text.
        similar: is asked which style the text is most like, if no word names one.
    """
    words = words_of(prompt)
    found = matches(prompt, words)
    denied = [match for match in found if _is_denied(match, words)]
    kept = [match for match in found if match not in denied]
    without, moods, pace = _excluded(denied), _moods(kept), _pace(kept)
    tonic, mode = key_in(prompt)
    tempo, beats = tempo_in(prompt), beats_per_bar_in(prompt) or _metre(kept)
    tempi = (tempo, tempo) if tempo else pace
    style, called = named_style(kept, words, moods=moods, tempi=tempi, beats_per_bar=beats)
    instruments = _instruments(kept, style, without)
    if style is None and _says_more(words, found):
        style = nearest_style(prompt, similar, instruments)
        called = shorten(prompt, _QUOTED, placeholder=" ...")
    alone = bool(instruments) and _is_alone(kept, words, style)
    if not instruments:
        instruments = _ensemble(kept, style, without)
        alone = bool(instruments)
    said = [(style, called)] if style else []
    return Reading(
        style=style,
        instruments=tuple(instruments),
        without=without,
        alone=alone,
        tempo=tempo,
        pace=pace,
        tonic=tonic,
        mode=mode or _mode(kept, moods),
        beats_per_bar=beats,
        moods=tuple(moods),
        level=_level(kept, moods),
        loop=any("loop" in match.meaning for match in kept),
        words=(*said, *instruments.items(), *moods.items()),
    )


def metre_in(prompt: str) -> int | None:
    """The length of a bar in quarter notes, in figures ("6/8") or in words ("a waltz"); None if nothing says it."""
    words = words_of(prompt)
    kept = [match for match in matches(prompt, words) if not _is_denied(match, words)]
    return beats_per_bar_in(prompt) or _metre(kept)


def _says_more(words: Sequence[Word], found: Sequence[Match]) -> bool:
    """Whether a prompt has words that might tell a style, beside those that were understood."""
    known = {place for match in found for place in range(match.first, match.last)}
    dull = {*tables()["grammar"]["says_no_style"], *tables()["grammar"]["with"]}
    return any(
        place not in known and len(word.text) > 1 and word.text.isalpha() and word.text not in dull
        for place, word in enumerate(words)
        if word.field is None or word.field in ("genre", "style")
    )


def _is_denied(match: Match, words: Sequence[Word]) -> bool:
    """Whether a "no" or "without" applies to a phrase: right before it, or before "or", "and", an adjective."""
    grammar = tables()["grammar"]
    place, free = match.first - 1, _ADJECTIVES
    while place >= 0 and words[place].clause == words[match.first].clause:
        word = words[place].text
        if word in grammar["no"]:
            return True
        if word in grammar["with"]:
            return False
        free -= word not in grammar["still_no"]
        if free < 0:
            return False
        place -= 1
    return False


def _excluded(denied: Iterable[Match]) -> tuple[str, ...]:
    """All instruments that the phrases may mean, and those of their kind: without "synths" is without synth pads."""
    names: list[str] = []
    for match in denied:
        said = " ".join(spelt(match.said))
        names += match.meaning.get("instrument", ())
        names += [
            n for group in tables()["groups"] if said in group["said"] for n in group["names"]
        ]
    return tuple(dict.fromkeys(names))


def _instruments(
    kept: Sequence[Match], style: str | None, without: Collection[str]
) -> dict[str, str]:
    """The instruments and what they are called in the prompt, in its order."""
    said: list[tuple[Sequence[str], str]] = []
    for match in kept:
        if names := [name for name in match.meaning.get("instrument", ()) if name not in without]:
            said.append((names, match.said))
    certain = {names[0] for names, _ in said if len(names) == 1}
    found: dict[str, str] = {}
    for names, phrase in said:
        # "guitar" and "acoustic guitar" in one prompt are the same guitar.
        same = [name for name in names if name in certain]
        found.setdefault(same[0] if same else _meant(names, phrase, style), phrase)
    return found


def _meant(names: Sequence[str], said: str, style: str | None) -> str:
    """Which of the instruments with one name is meant: one that plays in the style, or else the usual one."""
    word = " ".join(spelt(said))
    playing = [name for name in players(styles()[style]) if name in names] if style else []
    exact = [name for name in playing if name.casefold() == word]
    return [*exact, *playing, tables()["usual"].get(word, names[0])][0]


def _moods(kept: Sequence[Match]) -> dict[str, str]:
    """The moods and what they are called in the prompt."""
    found: dict[str, str] = {}
    for match in kept:
        if names := match.meaning.get("mood"):
            exact = [name for name in names if name.casefold() == match.said.casefold()]
            found.setdefault((exact or names)[0], match.said)
    return found


def _level(kept: Sequence[Match], moods: Collection[str]) -> float | None:
    """The mean of what is said of the energy, or else of what the moods suggest."""
    said = [
        LEVELS[name]
        for match in kept
        for name in (*match.meaning.get("energy", ()), *match.meaning.get("grade", ()))
    ]
    levels = said or [tables()["levels"][mood] for mood in moods if mood in tables()["levels"]]
    return round(float(np.mean(levels)), 3) if levels else None


def _mode(kept: Sequence[Match], moods: Collection[str]) -> str | None:
    """The mode that is named, or else the one that all moods agree on."""
    named = [name for match in kept for name in match.meaning.get("mode", ())]
    suits = named or [
        mode for mode, names in tables()["modes"].items() if any(mood in names for mood in moods)
    ]
    return suits[0] if len(set(suits)) == 1 else None


def _metre(kept: Sequence[Match]) -> int | None:
    return next(
        (int(match.meaning["metre"][0]) for match in kept if "metre" in match.meaning), None
    )


def _pace(kept: Sequence[Match]) -> Range | None:
    """The tempi that all words for the pace agree on; those of the first one if they do not."""
    low, high = 0.0, np.inf
    for match in kept:
        if names := match.meaning.get("pace"):
            bounds = [[float(bound) for bound in name.split()] for name in names]
            slowest, fastest = min(b[0] for b in bounds), max(b[1] for b in bounds)
            if max(low, slowest) < min(high, fastest):
                low, high = max(low, slowest), min(high, fastest)
    return (low, high) if low else None


def _is_alone(kept: Sequence[Match], words: Sequence[Word], style: str | None) -> bool:
    """Whether the instruments named are all that shall play.

    So it is if they are said to be a stem or solo, or if nothing asks for others: a band, a song, a style that is more
    than the kind of an instrument ("jazz piano"). A list with metadata types names one instrument to have it alone, or
    the whole line-up; where it names two, others may join.
    """
    players_named = [match for match in kept if "instrument" in match.meaning]
    if not players_named:
        return False
    if style is not None and is_solo(styles()[style]):
        return True
    if any("stem" in match.meaning for match in kept):
        return True
    if any("band" in match.meaning for match in kept):
        return False
    named = [match for match in kept if "style" in match.meaning]
    if any("alone" in m.meaning for m in kept) and not any(_goes_on(m, words) for m in named):
        return True
    listed = sum(words[match.first].field is not None for match in players_named)
    if listed == 1 or listed >= _LINE_UP:
        return True
    if len(players_named) == 1 and any("loop" in match.meaning for match in kept):
        return True
    return all(_is_kind_of_player(match, players_named, words) for match in named)


def _goes_on(match: Match, words: Sequence[Word]) -> bool:
    """Whether a style is followed by "with" or the like: "jazz with a piano solo"."""
    after = words[match.last] if match.last < len(words) else None
    return after is not None and after.text in tables()["grammar"]["beside"]


def _is_kind_of_player(style: Match, instruments: Sequence[Match], words: Sequence[Word]) -> bool:
    """Whether a style only says what kind of an instrument: "jazz piano", not "jazz with piano" or "piano jazz"."""
    clause = words[style.first].clause
    following = [
        m.first for m in instruments if m.first >= style.last and words[m.first].clause == clause
    ]
    if not following:
        return False
    between = {word.text for word in words[style.last : following[0]]}
    return not between & {*tables()["grammar"]["with"], "and"}


def _ensemble(kept: Sequence[Match], style: str | None, without: Collection[str]) -> dict[str, str]:
    """The players of an ensemble such as a string quartet; a piano trio that plays jazz is another one."""
    for match in kept:
        if names := match.meaning.get("ensemble"):
            everybody = tables()["ensembles"][names[0]]
            if style is None or {*everybody} <= {*players(styles()[style])}:
                return {name: match.said for name in everybody if name not in without}
    return {}
