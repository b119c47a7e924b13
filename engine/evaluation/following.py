"""Do takes follow their prompts (§4.1)? Alignment, tempo, key, instruments.

Each function generates the takes for one part of the report and returns its figures, with those of held-out music as
ceiling.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from engine.evaluation import pulse
from engine.evaluation.alignment import alignment, full_prompt
from engine.evaluation.bench import Bench
from engine.evaluation.instruments import SOLOISTS, accuracy, folds, trained
from engine.evaluation.sounds import (
    HELD_OUT_EVERY,
    Sound,
    composed,
    held_out_facts,
    piece,
    solo_seeds,
    spread,
)

GENRES = (
    "House",
    "Techno",
    "Hip Hop",
    "Rock",
    "Funk",
    "Disco",
    "Drum and Bass",
    "Lo-Fi",
    "Pop",
    "Reggae",
)
TEMPI = (70, 175)
DRUMS = {"Drums", "Drum Machine"}


def tempi(bench: Bench) -> dict[str, Any]:
    """Prompts with drums and a tempo, evenly spaced over the range; held-out loops are the ceiling."""
    requested = np.linspace(*TEMPI, bench.amounts.prompts).round()
    rows = []
    for number, tempo in enumerate(requested):
        genre = GENRES[number % len(GENRES)]
        prompt = f"Genre: {genre} | Instruments: Drums, Bass | BPM: {tempo:g}"
        made = bench.take(prompt, number, seconds_total=bench.amounts.tempo_seconds)
        rows.append((genre, float(tempo), pulse.tempo(made.samples)))
    true = [
        (sound.facts["tempo"], pulse.tempo(sound.samples))
        for sound in _loops_with_drums(bench, len(requested))
    ]
    return {
        "followed": _followed([row[1:] for row in rows]),
        "exact": float(
            np.mean([abs(found / bpm - 1) <= pulse.TOLERANCE for _, bpm, found in rows])
        ),
        "ceiling": _followed(true),
        "ceiling_pieces": len(true),
        "rows": rows,
    }


def _followed(pairs: list[tuple[float, float]]) -> float:
    faults = [pulse.tempo_fault(requested, found) for requested, found in pairs]
    return float(np.mean([fault <= pulse.TOLERANCE for fault in faults]))


def _loops_with_drums(bench: Bench, count: int) -> list[Sound]:
    from engine.training.corpus import compose

    seconds = bench.amounts.tempo_seconds
    found: list[Sound] = []
    for seed in range(0, HELD_OUT_EVERY * 40 * count, HELD_OUT_EVERY):
        if len(found) == count:
            break
        facts = compose(seed, kind="loop", seconds=seconds).metadata()
        if DRUMS & set(facts["instruments"]) and TEMPI[0] <= facts["tempo"] <= TEMPI[1]:
            [item] = composed([seed], bench.work / "loops", "loop", seconds)
            found.append(piece(item, seconds))
    return found


def keys(bench: Bench) -> dict[str, Any]:
    """Prompts with a key, all tonics in major and minor; held-out pieces are the ceiling."""
    rows = []
    for number in range(bench.amounts.keys):
        mode = ("major", "minor")[number % 2]
        requested = f"{pulse.NAMES[number * 7 % 12]} {mode}"
        prompt = f"Instruments: Piano, Strings | Key: {requested}"
        made = bench.take(prompt, 1000 + number, seconds_total=bench.amounts.seconds)
        rows.append((requested, pulse.key(made.samples)))
    # Excludes other modes, such as "D dorian"; harmonic minor is a minor.
    modes = ("major", "minor")
    pieces = [i for i in bench.composed if str(i.metadata.get("key", "")).endswith(modes)]
    true = [
        (item.metadata["key"], pulse.key(piece(item, bench.amounts.tempo_seconds).samples))
        for item in spread(pieces, bench.amounts.pieces)
    ]
    return {
        "same": _share(pulse.same_key, rows),
        "relative": _share(pulse.relatives, rows),
        "ceiling_same": _share(pulse.same_key, true),
        "ceiling_relative": _share(pulse.relatives, true),
        "ceiling_pieces": len(true),
        "rows": rows,
    }


def _share(same: Any, pairs: list[tuple[str, str]]) -> float:
    return float(np.mean([same(*pair) for pair in pairs])) if pairs else float("nan")


def instruments(bench: Bench) -> dict[str, Any]:
    """Prompts for a single instrument; a classifier trained on held-out stems recognises it."""
    listener, amounts = bench.listener, bench.amounts
    vectors, labels, groups = [], [], []
    for name in SOLOISTS:
        seeds = solo_seeds(name, amounts.stems)
        for group, item in enumerate(composed(seeds, bench.work / "stems", None, 21.0)):
            windows = listener.windows(piece(item, 21.0).samples)
            vectors.append(windows)
            labels += [name] * len(windows)
            groups += [group] * len(windows)
    heard = np.concatenate(vectors)
    classifier = trained(heard, labels)
    requested = [name for name in SOLOISTS for _ in range(amounts.solos)]
    takes = [
        bench.take(f"Instruments: {name}", 2000 + number, seconds_total=amounts.seconds)
        for number, name in enumerate(requested)
    ]
    found = classifier(listener.sounds([made.samples for made in takes]))
    per_name = {
        name: Counter(f for f, a in zip(found, requested, strict=True) if a == name)
        for name in SOLOISTS
    }
    return {
        "recognised": accuracy(found, requested),
        "ceiling": folds(heard, labels, groups),
        "stems": amounts.stems * len(SOLOISTS),
        "rows": [
            (
                name,
                counts[name] / amounts.solos,
                ", ".join(f"{n} {c}" for n, c in counts.most_common()),
            )
            for name, counts in per_name.items()
        ],
    }


def generations(bench: Bench) -> list[Sound]:
    """Takes with prompts from held-out pieces and, alternately, from training pieces (§4.5)."""
    facts = held_out_facts()
    rng = np.random.default_rng(bench.seed)
    made: list[Sound] = []
    for number in range(bench.amounts.generations):
        known = next(facts) | {"trained": False}
        if number % 2 and bench.training:
            chosen = bench.training[int(rng.integers(len(bench.training)))]
            known = chosen.metadata | {"trained": True}
        prompt = full_prompt(known) or "music"
        take = bench.take(prompt, 3000 + number, seconds_total=bench.amounts.seconds, facts=known)
        made.append(take)
    return made


def aligned(bench: Bench, made: list[Sound]) -> dict[str, Any]:
    """CLAP score and retrieval of takes with prompts from held-out pieces; these pieces are the ceiling."""
    own = [sound for sound in made if not sound.facts["trained"]]
    rng = np.random.default_rng(bench.seed)
    prompts = [sound.name for sound in own]
    found = alignment(
        bench.listener.sounds([sound.samples for sound in own]), bench.listener.texts(prompts), rng
    )
    pieces = [
        piece(item, bench.amounts.seconds) for item in spread(bench.composed, bench.amounts.pieces)
    ]
    true = alignment(
        bench.listener.sounds([sound.samples for sound in pieces]),
        bench.listener.texts([full_prompt(sound.facts) for sound in pieces]),
        rng,
    )
    return {
        "score": found.score,
        "shuffled": found.shuffled,
        "retrieval": found.retrieval,
        "takes": len(own),
        "ceiling_score": true.score,
        "ceiling_shuffled": true.shuffled,
        "ceiling_retrieval": true.retrieval,
        "ceiling_pieces": len(pieces),
    }
