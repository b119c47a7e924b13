"""Do takes follow their prompts (§4.1)? Alignment, tempo, instruments.

Each function returns the figures of one part of the report; those of the held-out pieces that the prompts are of stand
beside as ceiling, pair by pair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.evaluation import pulse
from engine.evaluation.alignment import Matrix, cosines, found_among, full_prompt, scores
from engine.evaluation.bench import Bench
from engine.evaluation.instruments import SOLOISTS, accuracy, trained
from engine.evaluation.intervals import as_often, difference, mean, ratio
from engine.evaluation.pairs import ROLES
from engine.evaluation.sounds import Sound, composed, piece, solo_seeds
from engine.evaluation.strange_voices import strange_stem

SHOWN = 20
"""Takes that the table of missed tempi has at most."""


def aligned(bench: Bench) -> dict[str, Any]:
    """How well sounds fit their prompts in CLAP space, and their piece in the tagger's.

    Without the key, of which CLAP knows nothing.
    """
    told = [full_prompt(pair.facts | {"key": None}) for pair in bench.pairs]
    texts = bench.listener.texts(told)
    fits = {role: bench.embedded(role).clap @ texts.T for role in ROLES}
    tagged = {role: bench.embedded(role).tagged for role in ROLES}
    usual = tagged["piece"].mean(axis=0)
    alike = {
        role: cosines(tagged[role] - usual, tagged["piece"] - usual) for role in ("again", "take")
    }
    rows = {
        role: {
            "score": mean(scores(fits[role])[0]),
            "others": mean(scores(fits[role])[1]),
            "retrieval": mean(found_among(fits[role])),
        }
        for role in ROLES
    }
    return {
        "pairs": len(bench.pairs),
        "rows": rows,
        "retrieval": rows["take"]["retrieval"],
        "score_behind": difference(scores(fits["take"])[0], scores(fits["piece"])[0]),
        "retrieval_behind": difference(found_among(fits["take"]), found_among(fits["piece"])),
        "own_piece": {role: mean(found_among(alike[role])) for role in alike},
    }


def tempi(bench: Bench) -> dict[str, Any]:
    """The tempo of all pairs whose piece has drums."""
    pairs = [pair for pair in bench.pairs if pair.has_drums]
    requested = [float(pair.facts["tempo"]) for pair in pairs]
    measured = {role: [pulse.tempo(pair.sound(role)) for pair in pairs] for role in ROLES}
    followed = {role: _followed(requested, found) for role, found in measured.items()}
    exact = {role: _exact(requested, found) for role, found in measured.items()}
    missed = [
        (pair.prompt, tempo, found)
        for pair, tempo, found, right in zip(
            pairs, requested, measured["take"], followed["take"], strict=True
        )
        if not right
    ]
    return {
        "pairs": len(pairs),
        "followed": mean(followed["take"]),
        "rows": {r: {"followed": mean(followed[r]), "exact": mean(exact[r])} for r in ROLES},
        "chance": mean(_followed(requested[1:] + requested[:1], measured["piece"])),
        "behind": difference(followed["take"], followed["piece"]),
        "followed_of_piece": as_often(followed["take"], followed["piece"]),
        "missed": missed[:SHOWN],
        "points": list(zip(requested, measured["take"], strict=True)),
    }


def _followed(requested: Sequence[float], found: Sequence[float]) -> list[bool]:
    both = zip(requested, found, strict=True)
    return [pulse.followed(*pair) for pair in both]


def _exact(requested: Sequence[float], found: Sequence[float]) -> list[bool]:
    both = zip(requested, found, strict=True)
    return [abs(heard / wanted - 1) <= pulse.TOLERANCE for wanted, heard in both]


def instruments(bench: Bench) -> dict[str, Any]:
    """Prompts for one instrument alone; a classifier of stems in voices that the model never heard listens.

    Its ceiling is as many stems of the material, whose voices it has not heard either. All stems are different pieces.
    """
    amounts = bench.amounts
    each = {name: solo_seeds(name, amounts.stems + amounts.solos) for name in SOLOISTS}
    labels = [name for name in SOLOISTS for _ in range(amounts.stems)]
    strange = [
        strange_stem(seed, name, amounts.seconds)
        for name in SOLOISTS
        for seed in each[name][: amounts.stems]
    ]
    requested = [name for name in SOLOISTS for _ in range(amounts.solos)]
    seeds = [seed for name in SOLOISTS for seed in each[name][amounts.stems :]]
    true = composed(seeds, bench.work / "pieces", None, amounts.seconds)
    takes = [
        bench.take(f"Instruments: {name}", 2000 + number, seconds_total=amounts.seconds)
        for number, name in enumerate(requested)
    ]
    classifier = trained(_described(bench, strange), labels)
    found = classifier(_described(bench, takes))
    heard = classifier(_described(bench, [piece(item, amounts.seconds) for item in true]))
    right, ceiling = accuracy(found, requested), accuracy(heard, requested)
    return {
        "recognised": mean(right),
        "ceiling": mean(ceiling),
        "of_ceiling": ratio(right, ceiling),
        "takes": len(takes),
        "stems": len(labels),
        "rows": [
            (name, _heard_as(name, found, requested), _heard_as(name, heard, requested))
            for name in SOLOISTS
        ],
    }


def _described(bench: Bench, sounds: Sequence[Sound]) -> Matrix:
    """Both spaces side by side, each of unit length: [N, P + 200]."""
    heard = bench.listened([sound.samples for sound in sounds])
    lengths = np.linalg.norm(heard.tagged, axis=1, keepdims=True)
    return np.concatenate([heard.clap, heard.tagged / lengths], axis=1)


def _heard_as(name: str, found: Sequence[str], expected: Sequence[str]) -> str:
    """What was heard where this was expected, the most frequent first."""
    counts = Counter(f for f, e in zip(found, expected, strict=True) if e == name)
    return ", ".join(f"{other} {count}" for other, count in counts.most_common())
