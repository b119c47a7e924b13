"""Which instrument is heard in takes of `sketch`: `python docs/train/heard.py PROMPT [LORA]`.

The judge is that of `longtake evaluate` with eight more classes: a linear classifier on what musicnn, which nobody here
trained, hears in stems of a soundfont that no model here knows. Ten takes of ten seconds, always with the same seeds.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np

from engine.engine import Engine
from engine.evaluation import strange_voices
from engine.evaluation.instruments import SOLOISTS, Classifier, trained
from engine.evaluation.sounds import solo_seeds, take
from engine.evaluation.tagger import tags
from engine.sound.audio import Samples
from engine.spec import GenerationSpec

MORE = {
    "Harpsichord": (6,),
    "Harp": (46,),
    "Sitar": (104,),
    "Accordion": (21, 23),
    "Banjo": (105,),
    "Violin": (40,),
    "Music Box": (10,),
    "Pan Flute": (75,),
}
STEMS, TAKES, SECONDS, FIRST_SEED = 8, 10, 10.0, 500


def vector(samples: Samples) -> np.ndarray:
    """What musicnn hears, [200]."""
    return tags(samples)[1].mean(axis=0)


def judge() -> Classifier:
    """Learns from eight stems of each instrument."""
    strange_voices.PROGRAMS.update(MORE)
    names = [name for name in (*SOLOISTS, *MORE) for _ in range(STEMS)]
    seeds = [seed for name in (*SOLOISTS, *MORE) for seed in solo_seeds(name, STEMS)]
    stems = [
        strange_voices.strange_stem(seed, name, SECONDS).samples
        for seed, name in zip(seeds, names, strict=True)
    ]
    return trained(np.stack([vector(stem) for stem in stems]), names)


def main(prompt: str, lora: str = "") -> None:
    """Prints how often each instrument is heard."""
    engine, takes = Engine(), []
    for seed in range(FIRST_SEED, FIRST_SEED + TAKES):
        spec = GenerationSpec(
            prompt=prompt, model="sketch", seed=seed, seconds_total=SECONDS, lora=lora
        )
        takes.append(vector(take(engine, spec).samples))
    found = Counter(judge()(np.stack(takes)))
    print(", ".join(f"{name} {count}" for name, count in found.most_common()))


if __name__ == "__main__":
    main(*sys.argv[1:])
