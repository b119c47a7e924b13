"""How do takes sound (§4.1, 4.3)? Reconstruction, distances, hygiene.

Each function returns the figures of one part of the report; those of held-out pieces stand beside as ceiling.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from engine.evaluation.bench import Bench
from engine.evaluation.hygiene import Hygiene, hygiene
from engine.evaluation.intervals import Estimate, difference, mean
from engine.evaluation.kernel_distance import distances
from engine.evaluation.reconstruction import Reconstruction, reconstruction
from engine.evaluation.sounds import noise, piece, spread

ALIKE = 8
"""Different sounds of white noise."""
FAULTY = 20
"""Takes that the table of faults has at most."""


def reconstructed(bench: Bench) -> dict[str, Any]:
    """Held-out pieces through the autoencoder and back; recordings apart, where there are any."""
    count = bench.amounts.reconstructed
    pairs = spread(bench.pairs, count)
    found = [reconstruction(pair.sound("piece"), pair.sound("again")) for pair in pairs]
    figures: dict[str, Any] = {**_means(found), "pieces": len(found)}
    recorded = [piece(item, 12.0).samples for item in spread(bench.recordings, count)]
    if recorded:
        again = [reconstruction(sound, bench.reconstructed(sound)) for sound in recorded]
        figures["recordings"] = {**_means(again), "pieces": len(again)}
    return figures


def _means(found: list[Reconstruction]) -> dict[str, Estimate]:
    measures = [asdict(one) for one in found]
    return {name: mean([one[name] for one in measures]) for name in measures[0]}


def apart(bench: Bench) -> dict[str, Any]:
    """Kernel distance of reconstructions, takes and noise to held-out pieces, in both spaces."""
    heard = {role: bench.embedded(role) for role in ("piece", "again", "take")}
    rng = np.random.default_rng(bench.seed)
    roar = bench.listened(noise(pair.seconds, rng).samples for pair in bench.pairs[:ALIKE])
    # White noise sounds alike each time: a few of it stand for as many as there are pairs.
    repeats = -(-len(bench.pairs) // ALIKE)
    found: dict[str, Any] = {"pairs": len(bench.pairs)}
    for space in ("clap", "tagged"):
        vectors = {name: getattr(one, space) for name, one in heard.items()}
        vectors["noise"] = np.tile(getattr(roar, space), (repeats, 1))[: len(bench.pairs)]
        found[space] = distances(vectors.pop("piece"), vectors)
    return found


def clean(bench: Bench) -> dict[str, Any]:
    """Faults of every take so far, and of held-out pieces beside the takes from their prompts.

    A take of a recording is not asked for its stereo: it has the recording's.
    """
    pieces = [hygiene(pair.sound("piece")) for pair in bench.pairs]
    paired = [hygiene(pair.sound("take")) for pair in bench.pairs]
    every = [made.hygiene for made in bench.takes]
    own = [made for made in bench.takes if not made.restyled]
    correlations = [made.hygiene.correlation for made in own]
    faulty = [
        made
        for made in bench.takes
        if set(made.hygiene.faults) - ({"stereo"} if made.restyled else set())
    ]
    return {
        "clean": mean(_clean(every)),
        "stereo": mean(_stereo([made.hygiene for made in own])),
        "takes": len(every),
        "own": len(own),
        "pairs": len(pieces),
        "rows": {
            name: (mean(_clean(seen)), mean(_stereo(seen)))
            for name, seen in (("takes", paired), ("pieces", pieces))
        },
        "stereo_behind": difference(_stereo(paired), _stereo(pieces)),
        "largest_dc": max(seen.dc for seen in every),
        "lowest_correlation": min(correlations),
        "highest_correlation": max(correlations),
        "faults": [
            (made.prompt, ", ".join(s.faults), s.dc, s.clicks, s.clipped, s.correlation)
            for made in faulty[:FAULTY]
            for s in [made.hygiene]
        ],
    }


def _clean(found: list[Hygiene]) -> list[bool]:
    return [not set(seen.faults) - {"stereo"} for seen in found]


def _stereo(found: list[Hygiene]) -> list[bool]:
    return ["stereo" not in seen.faults for seen in found]
