"""What does the composer add? Takes that play its lead sheet, as takes do, beside takes whose notes the model chooses.

Short takes from the prompts of held-out pieces, with the same seeds; the pieces themselves, and the takes that play
their scores, stand beside. Knows nothing of how tempo, key and prompt are heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.evaluation import pulse
from engine.evaluation.alignment import found_among, full_prompt
from engine.evaluation.bench import Bench
from engine.evaluation.harmony import in_major_or_minor
from engine.evaluation.intervals import Values, difference, mean
from engine.evaluation.listening import Vectors
from engine.evaluation.pairs import Pair
from engine.evaluation.sounds import spread
from engine.evaluation.transcription import Heard, heard
from engine.sound.audio import Samples

Followed = dict[str, Values]
"""Tempo, key and prompt -> [N], whether it is found, or with which chance."""
FIRST_TAKE = 7000
SCORES = ("composed", "none")
"""What takes are asked to play."""


def scoreless(bench: Bench) -> dict[str, Any]:
    """Tempo, key and prompt of both, where the prompt has drums and a key; nothing if the model takes no score."""
    suiting = [
        place
        for place, pair in enumerate(bench.pairs)
        if pair.has_drums and in_major_or_minor(pair)
    ]
    places = spread(suiting, bench.amounts.scoreless)
    if not places or not bench.plays_scores:
        return {}
    pairs = [bench.pairs[place] for place in places]
    found: dict[str, Followed] = {}
    for role in ("piece", "take"):
        sounds, notes = zip(*((pair.sound(role), pair.heard(role)) for pair in pairs), strict=True)
        found[role] = _followed(bench, pairs, sounds, notes, bench.embedded(role).clap[places])
    for score in SCORES:
        sounds = [
            bench.take(
                pair.prompt, FIRST_TAKE + number, seconds_total=pair.seconds, score=score
            ).samples
            for number, pair in enumerate(pairs)
        ]
        notes, clap = [heard(sound) for sound in sounds], bench.listened(sounds).clap
        found[score] = _followed(bench, pairs, sounds, notes, clap)
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
    bench: Bench,
    pairs: Sequence[Pair],
    sounds: Sequence[Samples],
    notes: Sequence[Heard],
    clap: Vectors,
) -> Followed:
    """Whether tempo and key of the pairs are met by sounds that are heard so, and their prompts found among ten."""
    # Without the key, of which CLAP knows nothing.
    texts = bench.listener.texts([full_prompt(pair.facts | {"key": None}) for pair in pairs])
    return {
        "tempo": [
            pulse.followed(float(pair.facts["tempo"]), pulse.tempo(sound))
            for pair, sound in zip(pairs, sounds, strict=True)
        ],
        "key": [
            pulse.same_key(str(pair.score.key), pulse.best_key(each.chroma()))
            for pair, each in zip(pairs, notes, strict=True)
        ],
        "retrieval": found_among(clap @ texts.T),
    }
