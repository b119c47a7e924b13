"""What does the composer add? Takes that play its lead sheet, as takes do, beside takes whose notes the model chooses.

Short takes from the prompts of held-out pieces, with the same seeds; the pieces themselves, and the takes that play
their scores, stand beside. Knows nothing of how tempo, key and prompt are heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.evaluation import pulse
from engine.evaluation.alignment import found_among, full_prompt
from engine.evaluation.bench import Bench
from engine.evaluation.harmony import in_major_or_minor
from engine.evaluation.intervals import difference, mean
from engine.evaluation.pairs import Pair
from engine.evaluation.sounds import spread
from engine.evaluation.transcription import heard
from engine.sound.audio import Samples

FIRST_TAKE = 7000
SCORES = ("composed", "none")
"""What takes are asked to play."""


def scoreless(bench: Bench) -> dict[str, Any]:
    """Tempo, key and prompt of both, where the prompt has drums and a key; nothing if the model takes no score."""
    suiting = [pair for pair in bench.pairs if pair.has_drums and in_major_or_minor(pair)]
    pairs = spread(suiting, bench.amounts.scoreless)
    if not pairs or not bench.plays_scores:
        return {}
    sounds = {role: [pair.sound(role) for pair in pairs] for role in ("piece", "take")}
    for score in SCORES:
        sounds[score] = [
            bench.take(
                pair.prompt, FIRST_TAKE + number, seconds_total=pair.seconds, score=score
            ).samples
            for number, pair in enumerate(pairs)
        ]
    found = {name: _followed(bench, pairs, each) for name, each in sounds.items()}
    return {
        "pairs": len(pairs),
        "rows": {
            name: {figure: mean(values) for figure, values in one.items()}
            for name, one in found.items()
        },
        "adds": {
            figure: difference(found["composed"][figure], found["none"][figure])
            for figure in found["none"]
        },
    }


def _followed(
    bench: Bench, pairs: Sequence[Pair], sounds: Sequence[Samples]
) -> dict[str, np.ndarray]:
    """[N] each: whether the tempo is met, whether the key is, and the chance to find the prompt among ten."""
    requested = [(float(pair.facts["tempo"]), str(pair.score.key)) for pair in pairs]
    both = list(zip(requested, sounds, strict=True))
    # Without the key, of which CLAP knows nothing.
    texts = bench.listener.texts([full_prompt(pair.facts | {"key": None}) for pair in pairs])
    fits = bench.listened(sounds).clap @ texts.T
    return {
        "tempo": np.array([pulse.followed(tempo, pulse.tempo(one)) for (tempo, _), one in both]),
        "key": np.array(
            [pulse.same_key(key, pulse.best_key(heard(one).chroma())) for (_, key), one in both]
        ),
        "retrieval": found_among(fits),
    }
