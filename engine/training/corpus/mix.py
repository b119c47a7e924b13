"""What each seed is to be: the kinds in fixed rounds instead of by dice, so that any run of seeds has the intended mix.

Half of the items show one instrument alone, rare ones as well as common ones, drums at every tempo: a model asked for
"Instruments: Harp" must have heard harps without a band (section 3.1 of the paper: stems). Knows nothing of notes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.training.corpus.arrangement import Kind
from engine.training.corpus.instruments import INSTRUMENTS

DRUMS = ("Drums", "Drum Machine")
DRUM_TEMPI = (60.0, 180.0)
"""Between which tempi, in BPM, drums alone are played, all alike often."""
ASKED_FOR = (
    "Piano",
    "Electric Piano",
    "Organ",
    "Acoustic Guitar",
    "Clean Electric Guitar",
    "Distorted Guitar",
    "Bass Guitar",
    "Synth Bass",
    "Violin",
    "Cello",
    "Strings",
    "Choir",
    "Trumpet",
    "Saxophone",
    "Flute",
    "Synth Lead",
    "Synth Pad",
)
"""What people name most: these play alone twice as often as the others."""
_ROUND = (
    "song:band", "stem:solo", "stem:drums", "loop:band", "stem:solo", "song:band", "stem:solo", "loop:drums",
    "stem:solo", "stem:drums", "song:band", "stem:solo", "loop:band", "one-shot:solo", "stem:solo", "song:band",
    "stem:duet", "loop:band", "stem:drums", "stem:solo", "song:band", "one-shot:drums", "stem:solo", "loop:solo",
    "song:band",
)  # fmt: skip
_STRIDE = 7
"""How far the round moves on each time, so that held-out seeds, which are multiples of 50, meet every place of it."""
_GOLDEN = (5**0.5 - 1) / 2
_SALT = 0x313


@dataclass(frozen=True, slots=True)
class Casting:
    """What a seed is: its kind, and who plays.

    `soloist` is the one instrument that sounds, None for a band (or, as a stem, for a pair); `tempo` is asked of drums.
    """

    kind: Kind
    soloist: str | None = None
    tempo: float | None = None


def casting(seed: int) -> Casting:
    """The place of a seed in the round."""
    lap = seed // len(_ROUND)
    place = (seed + _STRIDE * lap) % len(_ROUND)
    kind, cast = _ROUND[place].split(":")
    casts = [slot.split(":")[1] for slot in _ROUND]
    turn = lap * casts.count(cast) + casts[:place].count(cast)
    if cast == "drums":
        low, high = DRUM_TEMPI
        tempo = round(low + (high - low) * (turn * _GOLDEN % 1.0))
        return Casting(_kind(kind), DRUMS[turn % 2], float(tempo))
    return Casting(_kind(kind), _nth_instrument(turn) if cast == "solo" else None)


def _kind(name: str) -> Kind:
    kinds: dict[str, Kind] = {k: k for k in ("song", "loop", "stem", "one-shot")}
    return kinds[name]


def _nth_instrument(turn: int) -> str:
    """All instruments in one order, then all in another, so that none is rare."""
    names = [*INSTRUMENTS, *ASKED_FOR]
    lap, place = divmod(turn, len(names))
    order = np.random.default_rng([_SALT, lap]).permutation(len(names))
    return names[int(order[place])]
