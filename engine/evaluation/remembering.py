"""Does the model repeat what it was trained on (§4.5)? Takes beside held-out pieces, and the material beside itself.

All questions are asked of as many windows, so that the closest of each may be compared. Knows nothing of how sounds are
embedded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.evaluation.alignment import full_prompt
from engine.evaluation.bench import Bench
from engine.evaluation.intervals import Estimate, median
from engine.evaluation.listening import Vectors
from engine.evaluation.memorization import REPLICA, Neighbour, neighbours
from engine.evaluation.sounds import spread

CLOSEST = 10


def memorized(bench: Bench) -> dict[str, Any]:
    """Nearest training windows of takes, of held-out pieces, and of training pieces among the other ones."""
    material = [(item.path.stem, bench.listener.material(item)) for item in bench.training]
    asked = [full_prompt(item.metadata) for item in spread(bench.training, bench.amounts.trained)]
    known = [
        (prompt, bench.listener.windows(_trained(bench, number, prompt)))
        for number, prompt in enumerate(asked)
    ]
    prompts = [pair.prompt for pair in bench.pairs]
    queries = {
        "takes": list(zip(prompts, bench.embedded("take").windows, strict=True)),
        "trained": known,
        "pieces": [
            (f"held-out {pair.facts['seed']}", windows)
            for pair, windows in zip(bench.pairs, bench.embedded("piece").windows, strict=True)
        ],
        "material": material,
    }
    rng = np.random.default_rng(bench.seed)
    size = min(
        sum(len(w) for _, w in found) for name, found in queries.items() if name != "trained"
    )
    found = {
        name: neighbours(_drawn(sounds, size, rng), material) for name, sounds in queries.items()
    }
    closest = min(pair.distance for pair in found["pieces"])
    return {
        "pieces": len(material),
        "windows": sum(len(windows) for _, windows in material),
        "queries": {name: _summary(pairs) for name, pairs in found.items()},
        "nearer": sum(pair.distance < closest for pair in found["takes"]),
        "replicas": sum(pair.distance < REPLICA for pair in found["material"]),
        "rows": [_row(pair) for pair in found["takes"][:CLOSEST]],
        "repeats": [_row(pair) for pair in found["material"][:CLOSEST]],
    }


def _trained(bench: Bench, number: int, prompt: str) -> Any:
    return bench.take(prompt, 3000 + number, seconds_total=bench.amounts.seconds).samples


def _drawn(
    sounds: list[tuple[str, Vectors]], size: int, rng: np.random.Generator
) -> list[tuple[str, Vectors]]:
    """So many windows of named sounds, as sounds of one window."""
    every = [(name, window[None]) for name, windows in sounds for window in windows]
    return [every[k] for k in sorted(rng.permutation(len(every))[:size])]


def _summary(pairs: list[Neighbour]) -> tuple[int, Estimate, float]:
    """How many windows, the median distance, the smallest."""
    apart = [pair.distance for pair in pairs]
    return len(apart), median(apart), min(apart)


def _row(pair: Neighbour) -> tuple[str, str, float]:
    return pair.asked, pair.piece, pair.distance
