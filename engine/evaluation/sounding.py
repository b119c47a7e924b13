"""How do takes sound (§4.3 to 4.6)? Reconstruction, distances, memorization, structure, audio-to-audio, hygiene.

Each function generates the takes for one part of the report and returns its figures.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.evaluation import pictures, transfer
from engine.evaluation.bench import Bench
from engine.evaluation.frechet import frechet_distance
from engine.evaluation.hygiene import hygiene
from engine.evaluation.listening import Vectors
from engine.evaluation.memorization import nearest, neighbours
from engine.evaluation.reconstruction import mean, reconstruction
from engine.evaluation.sounds import (
    HELD_OUT_EVERY,
    RATE,
    Sound,
    composed,
    noise,
    piece,
    spread,
)
from engine.evaluation.structure import Structure, structure

LONG_PROMPTS = (
    "Genre: House | Instruments: Drums, Synth Bass, Piano, Synth Pad | Moods: Uplifting | BPM: 124",
    "Genre: Pop, Ballad | Instruments: Drums, Bass Guitar, Piano, Strings | Moods: Emotional | BPM: 84",
    "Genre: Funk | Instruments: Drums, Slap Bass, Clean Electric Guitar, Brass Section | BPM: 108",
    "Genre: Synthwave | Instruments: Drum Machine, Synth Bass, Synth Lead, Synth Pad | BPM: 100",
)
CLOSEST = 10


def reconstructed(bench: Bench) -> dict[str, Any]:
    """Held-out pieces through the autoencoder and back; also separately for composed and recorded ones."""
    found = []
    for item in spread(bench.held_out, bench.amounts.pieces):
        sound = piece(item, 12.0)
        if sound.seconds >= 2.0:
            found.append((item, reconstruction(sound.samples, bench.reconstructed(sound.samples))))
    every = mean([measures for _, measures in found])
    kinds = {
        "composed": [m for item, m in found if item.metadata.get("kind") != "real"],
        "recordings": [m for item, m in found if item.metadata.get("kind") == "real"],
    }
    apart = {name: asdict(mean(measures)) for name, measures in kinds.items() if measures}
    return {**asdict(every), "pieces": len(found), "apart": apart}


def frechet(bench: Bench, heard: Vectors) -> dict[str, Any]:
    """Distance of takes to held-out material, and of training material and noise; sets have equal sizes."""
    held_out = np.concatenate([bench.listener.material(item) for item in bench.held_out])
    rng = np.random.default_rng(bench.seed)
    roar = bench.listener.sounds([noise(bench.amounts.seconds, rng).samples for _ in range(8)])
    size = min(len(heard), len(held_out))

    def to_held_out(vectors: Vectors) -> float:
        one, two = (_drawn(v, size, rng) for v in (vectors, held_out))
        return frechet_distance(one, two)

    figures: dict[str, Any] = {"takes": to_held_out(heard), "vectors": size}
    if bench.training:
        trained = [bench.listener.material(item) for item in spread(bench.training, size)]
        figures["training"] = to_held_out(np.concatenate(trained))
    figures["noise"] = to_held_out(roar)
    return figures


def memorized(bench: Bench, made: list[Sound], heard: Vectors) -> dict[str, Any]:
    """Nearest training windows of all takes, and of held-out pieces, which cannot have been memorized."""
    if not bench.training:
        return {}
    known = [bench.listener.material(item) for item in bench.training]
    names = [
        f"{item.path.stem} at {number * bench.listener.window:.0f} s"
        for item, windows in zip(bench.training, known, strict=True)
        for number in range(len(windows))
    ]
    windows = np.concatenate(known)
    pairs = neighbours(([sound.name for sound in made], heard), (names, windows))
    held_out = np.concatenate([bench.listener.material(item) for item in bench.held_out])
    _, distances = nearest(held_out, windows)
    ours = np.array([pair.distance for pair in pairs])
    trained = [s.facts["trained"] for s in made]
    of_trained = nearest(heard[np.array(trained)], windows)[1] if any(trained) else ours
    return {
        "generations": len(ours),
        "windows": len(windows),
        "closest": float(ours.min()),
        "median": float(np.median(ours)),
        "median_trained_prompts": float(np.median(of_trained)),
        "held_out_closest": float(distances.min()),
        "held_out_median": float(np.median(distances)),
        "nearer_than_any_held_out": int((ours < distances.min()).sum()),
        "rows": [(pair.generation, pair.piece, pair.distance) for pair in pairs[:CLOSEST]],
    }


def structures(bench: Bench, out: Path) -> dict[str, Any]:
    """Structure of long takes, of held-out arrangements of the same length, and of noise; plots their matrices."""
    amounts = bench.amounts
    takes = [
        bench.take(
            LONG_PROMPTS[n % len(LONG_PROMPTS)], 4000 + n, seconds_total=amounts.long_seconds
        )
        for n in range(amounts.long_takes)
    ]
    seeds = [HELD_OUT_EVERY * (number + 1) for number in range(amounts.long_takes)]
    songs = composed(seeds, bench.work / "songs", "song", amounts.long_seconds)
    rng = np.random.default_rng(bench.seed)
    shown: dict[str, Structure] = {}
    for number, made in enumerate(takes, 1):
        shown[f"take {number}"] = structure(made.samples)
    for item in songs:
        facts = item.metadata
        name = f"held-out {facts['style'].replace('_', ' ')}"
        shown[name] = structure(piece(item, amounts.long_seconds, middle=False).samples)
    shown["noise"] = structure(noise(amounts.long_seconds, rng).samples)
    pictures.structures(shown, out / "structure.png")
    ours = [shown[f"take {number}"] for number in range(1, len(takes) + 1)]
    return {
        "boundaries": min(len(form.boundaries) for form in ours),
        "repeat": float(np.mean([form.repetition >= REPEATS for form in ours])),
        "whole": float(np.mean([form.starts and form.ends for form in ours])),
        "holes": sum(form.holes for form in ours),
        "seconds": amounts.long_seconds,
        "prompts": [made.name for made in takes],
        "rows": [
            (
                name,
                len(f.boundaries),
                f.repetition,
                float(f.novelty.max()),
                f.starts,
                f.ends,
                f.holes,
            )
            for name, f in shown.items()
        ],
    }


REPEATS = 0.25
"""Share of a take that must return for it to count as repeating."""


def transferred(bench: Bench, out: Path) -> dict[str, Any]:
    """Beatbox and hand claps restyled at every strength; plots the curve and picks the default strength."""
    from engine.training.corpus.beatbox import beatbox, hand_claps

    scores: dict[float, list[tuple[float, float]]] = {s: [] for s in bench.amounts.strengths}
    heard: list[float] = []
    for number in range(bench.amounts.recordings):
        tempo = (84.0, 96.0, 110.0, 124.0)[number % 4]
        perform = hand_claps if number % 4 == 3 else beatbox
        samples, onsets = perform(number, tempo, 4)
        known = transfer.merged([when for when, _ in onsets])
        path = bench.work / f"recording_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(str(path), samples.T, RATE, "PCM_16")
        heard.append(transfer.onset_f1(known, transfer.onset_times(samples)))
        prompt = f"Instruments: Drums | Genre: Hip Hop | BPM: {tempo:g}"
        seconds = samples.shape[1] / RATE
        plain = [
            bench.take(prompt, 5900 + 10 * number + k, seconds_total=seconds) for k in range(3)
        ]
        source = transfer.timbre(samples)
        goal = np.mean([transfer.timbre(made.samples) for made in plain], axis=0)
        for strength in bench.amounts.strengths:
            made = bench.take(
                prompt, 5000 + number, init_audio=str(path), init_noise_level=strength
            )
            kept = transfer.onset_f1(known, transfer.onset_times(made.samples))
            moved = transfer.way(source, transfer.timbre(made.samples), goal)
            scores[strength].append((kept, moved))
    curve = [
        transfer.Strength(strength, *(float(v) for v in np.mean(pairs, axis=0)))
        for strength, pairs in scores.items()
    ]
    chosen = transfer.default_strength(curve)
    pictures.strengths(curve, chosen, float(np.mean(heard)), out / "transfer.png")
    return {
        "default": chosen.level,
        "onsets": chosen.onsets,
        "moved": chosen.moved,
        "ceiling_onsets": float(np.mean(heard)),
        "recordings": bench.amounts.recordings,
        "rows": [(point.level, point.onsets, point.moved) for point in curve],
    }


def clean(bench: Bench) -> dict[str, Any]:
    """Hygiene of every take so far, and of held-out pieces."""
    found = [(made, hygiene(made.samples)) for made in bench.takes]
    pieces = [piece(item, 12.0) for item in spread(bench.composed, bench.amounts.pieces)]
    true = [hygiene(sound.samples) for sound in pieces]
    faulty = [(made, seen) for made, seen in found if seen.faults]
    figures = {
        "clean": [not set(seen.faults) - {"stereo"} for _, seen in found],
        "stereo": ["stereo" not in seen.faults for _, seen in found],
        "ceiling_clean": [not set(seen.faults) - {"stereo"} for seen in true],
        "ceiling_stereo": ["stereo" not in seen.faults for seen in true],
    }
    correlations = [seen.correlation for _, seen in found]
    return {
        **{name: float(np.mean(values)) for name, values in figures.items()},
        "takes": len(found),
        "largest_dc": max(seen.dc for _, seen in found),
        "lowest_correlation": min(correlations),
        "highest_correlation": max(correlations),
        "rows": [
            (
                made.name,
                ", ".join(seen.faults),
                seen.dc,
                seen.clicks,
                seen.clipped,
                seen.correlation,
            )
            for made, seen in faulty[:20]
        ],
    }


def _drawn(vectors: Vectors, size: int, rng: np.random.Generator) -> Vectors:
    return vectors[rng.choice(len(vectors), min(size, len(vectors)), replace=False)]
