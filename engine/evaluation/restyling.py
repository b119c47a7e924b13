"""Recordings made into something else (§4.6), at every strength: rhythm kept, timbre moved, level.

The default strength is chosen on some recordings and judged on others. Knows nothing of how rhythm and timbre are
measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.evaluation import pictures, transfer
from engine.evaluation.bench import Bench
from engine.evaluation.intervals import mean
from engine.evaluation.scores import merged
from engine.evaluation.sounds import RATE
from engine.sound.metering import loudness

TEMPI = (84.0, 96.0, 110.0, 124.0)
BARS = 4
PLAIN = 3
"""Takes without the recording, whose mean timbre is the goal."""


@dataclass(frozen=True, slots=True)
class Restyled:
    """A recording at a strength: onsets F1, way of the timbre from 0 to 1, loudness in LUFS, whether it has a score."""

    onsets: float
    moved: float
    level: float
    scored: bool


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A beatbox or hand claps with known onsets, and the model's takes from the prompt alone."""

    path: Path
    prompt: str
    number: int
    known: transfer.Times
    heard: float
    """F1 of the onsets in the recording itself."""
    level: float
    plain_level: float
    source: Any
    goal: Any


def transferred(bench: Bench, out: Path) -> dict[str, Any]:
    """Beatbox and hand claps restyled; plots the curve over strengths and the default that it gives."""
    amounts = bench.amounts
    tried = [_recorded(bench, number) for number in range(amounts.tried)]
    strengths = {s: [_restyled(bench, r, s) for r in tried] for s in amounts.strengths}
    curve = [
        transfer.Strength(
            strength,
            float(np.mean([one.onsets for one in found])),
            float(np.mean([one.moved for one in found])),
        )
        for strength, found in strengths.items()
    ]
    chosen = transfer.default_strength(curve)
    ceiling = float(np.mean([recording.heard for recording in tried]))
    pictures.strengths(curve, chosen, ceiling, out / "transfer.png")
    judged = range(amounts.tried, amounts.tried + amounts.recordings)
    fresh = [_recorded(bench, number) for number in judged]
    found = [_restyled(bench, recording, chosen.level) for recording in fresh]
    return {
        "default": chosen.level,
        "onsets": mean([one.onsets for one in found]),
        "moved": mean([one.moved for one in found]),
        "scored": mean([one.scored for one in found]),
        "ceiling_onsets": mean([recording.heard for recording in fresh]),
        "recordings": len(fresh),
        "tried": len(tried),
        "sunk": mean([_sunk(r, [strengths[s][k] for s in strengths]) for k, r in enumerate(tried)]),
        "recorded_level": float(np.mean([recording.level for recording in tried])),
        "plain_level": float(np.mean([recording.plain_level for recording in tried])),
        "rows": [
            (
                strength,
                *(mean([getattr(o, name) for o in one]) for name in ("onsets", "moved", "level")),
            )
            for strength, one in strengths.items()
        ],
    }


def _recorded(bench: Bench, number: int) -> Recording:
    from engine.training.corpus.beatbox import beatbox, hand_claps

    tempo = TEMPI[number % 4]
    samples, onsets = (hand_claps if number % 4 == 3 else beatbox)(number, tempo, BARS)
    known = merged([when for when, _ in onsets])
    path = bench.work / f"recording_{number}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), samples.T, RATE, "PCM_16")
    prompt = f"Instruments: Drums | Genre: Hip Hop | BPM: {tempo:g}"
    seconds = samples.shape[1] / RATE
    plain = [
        bench.take(prompt, 6000 + 10 * number + k, seconds_total=seconds).samples
        for k in range(PLAIN)
    ]
    return Recording(
        path=path,
        prompt=prompt,
        number=number,
        known=np.array(known),
        heard=transfer.onset_f1(known, transfer.onset_times(samples)),
        level=loudness(samples, RATE),
        plain_level=float(np.mean([loudness(made, RATE) for made in plain])),
        source=transfer.timbre(samples),
        goal=np.mean([transfer.timbre(made) for made in plain], axis=0),
    )


def _restyled(bench: Bench, recording: Recording, strength: float) -> Restyled:
    made = bench.take(
        recording.prompt,
        5000 + recording.number,
        init_audio=str(recording.path),
        init_noise_level=strength,
    )
    return Restyled(
        transfer.onset_f1(recording.known, transfer.onset_times(made.samples)),
        transfer.way(recording.source, transfer.timbre(made.samples), recording.goal),
        loudness(made.samples, RATE),
        made.score is not None,
    )


def _sunk(recording: Recording, found: list[Restyled]) -> float:
    """How far the quietest strength is below the recording and the model's own takes, dB; above them it is negative."""
    return min(recording.level, recording.plain_level) - min(one.level for one in found)
