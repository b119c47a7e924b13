"""The kind of item for each seed, in fixed rounds and not at random, so that any range of seeds has the right mix.

Half of the items are solos, most of them of the instruments that people ask for, and of drums at all tempi: to follow
"Instruments: Harp", a model must have heard harps without a band (stems, §3.1). Knows nothing of notes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.composing.arrangement import Kind
from engine.composing.instruments import INSTRUMENTS

DRUMS = ("Drums", "Drum Machine")
DRUM_TEMPI = (60.0, 180.0)
"""Range of tempi of solo drums, BPM, uniformly distributed."""
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
"""The instruments that users ask for most."""
OFTEN = 4
"""How many solos they have for one of the others."""
_ROUND = (
    "song:band", "stem:solo", "stem:drums", "loop:band", "stem:solo", "song:band", "stem:solo", "loop:drums",
    "stem:solo", "stem:drums", "song:band", "stem:solo", "loop:band", "one-shot:solo", "stem:solo", "song:band",
    "stem:duet", "loop:band", "stem:drums", "stem:solo", "song:band", "one-shot:drums", "stem:solo", "loop:solo",
    "song:band",
)  # fmt: skip
_STRIDE = 7
"""Step of the round, chosen so that held-out seeds (multiples of 50) reach every position."""
_GOLDEN = (5**0.5 - 1) / 2
_SALT = 0x313


@dataclass(frozen=True, slots=True)
class Casting:
    """What a seed becomes: its kind, and who plays.

    `soloist` is the solo instrument, None for a band (or, in a stem, for a duo); `tempo` is set for solo drums.
    """

    kind: Kind
    soloist: str | None = None
    tempo: float | None = None


def casting(seed: int) -> Casting:
    """The casting of a seed."""
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
    """Cycles through all instruments, in a different order each time, so that none is rare."""
    names = [*INSTRUMENTS, *ASKED_FOR * (OFTEN - 1)]
    lap, place = divmod(turn, len(names))
    order = np.random.default_rng([_SALT, lap]).permutation(len(names))
    return names[int(order[place])]
