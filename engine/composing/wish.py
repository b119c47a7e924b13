"""A wish: what is asked of the composer. Everything that is None or empty is the composer's choice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request for a piece of a given length.

    Attributes:
        seed: decides everything that is not asked for.
        seconds: length of the take; the music ends in it, or, in a loop, fills it.
        style: a name from `styles()`.
        instruments: names from `INSTRUMENTS` or `mix.DRUMS` that have to play.
        alone: whether nobody else plays.
        tempo: BPM.
        tonic: pitch class of the key, 0 is C.
        mode: a name from `theory.SCALES`.
        beats_per_bar: in quarter notes.
        moods: names as in the styles' tables.
        level: how energetic, 0 to 1.
        chords: symbols such as "Am7 | F | C G | E7", repeated over the length.
        form: sections with their lengths in bars, such as "intro 4, verse 8, chorus 8, outro 4".
        exact: whether `seconds` are a number of bars that the music has to fill to the end.
        loop: whether the end leads into the beginning.
        without: instruments that may not play.
    """

    seed: int
    seconds: float
    style: str | None = None
    instruments: tuple[str, ...] = ()
    alone: bool = False
    tempo: float | None = None
    tonic: int | None = None
    mode: str | None = None
    beats_per_bar: int | None = None
    moods: tuple[str, ...] = ()
    level: float | None = None
    chords: str = ""
    form: str = ""
    exact: bool = False
    loop: bool = False
    without: tuple[str, ...] = ()
