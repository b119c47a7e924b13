"""Takes of an engine that Ray has placed, beside the same engine in this process: on a GPU, or on CPUs.

Knows nothing of tables or of the time that is left.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from typing import Any

from benchmarks._gpu_takes import BATCHED_SECONDS, SMOKE_SECONDS, SMOKE_STEPS, Loading
from benchmarks._part import Part
from engine.engine import Engine
from engine.fleet.place import Building
from engine.fleet.rendering import Fleet, Pool
from engine.registry import MODELS
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Generates

FACTORY = "benchmarks._gpu_fleet:engine_of"
TAKES, SMOKE_TAKES = 6, 3
"""Takes that are timed, after one that loads."""


def fleet(part: Part, name: str) -> None:
    """Takes of one engine on a cluster of this machine, as a ratio to the same engine without it."""
    part.tried("fleet", name, lambda: _compared(part, name))


def engine_of(name: str, device: str, smoke: bool) -> Engine:
    """An engine that has the model's own weights, or random ones."""
    part = Part(device, smoke)
    return Engine(device, load=Loading(part, name))


def _compared(part: Part, name: str) -> dict[str, Any]:
    device = part.device.type
    settings = {"name": name, "device": device, "smoke": part.smoke}
    asked = [
        GenerationSpec(
            prompt="Genre: House | Instruments: Drums, Bass, Piano | BPM: 124",
            model=name,
            seconds_total=SMOKE_SECONDS if part.smoke else BATCHED_SECONDS,
            steps=SMOKE_STEPS if part.smoke else None,
            seed=seed,
        ).resolved(MODELS[name])
        for seed in range(1 + (SMOKE_TAKES if part.smoke else TAKES))
    ]
    alone = per_take(engine_of(**settings), asked)
    gc.collect()
    part.emptied()
    began = time.perf_counter()
    placed = Fleet(Pool(Building(FACTORY, settings), device, 1))
    there: list[float] = []
    for index in placed.arriving(asked):
        audible(placed, asked[index])
        there.append(time.perf_counter())
    shared = (there[-1] - there[0]) / (len(there) - 1)
    return {
        "seconds": asked[0].seconds_total,
        "start_s": there[0] - began,
        "alone_take_s": alone,
        "fleet_take_s": shared,
        "ratio": alone / shared,
    }


def per_take(engine: Generates, asked: Sequence[GenerationSpec]) -> float:
    """Seconds a take, but for the first."""
    audible(engine, asked[0])
    began = time.perf_counter()
    for spec in asked[1:]:
        audible(engine, spec)
    return (time.perf_counter() - began) / (len(asked) - 1)


def audible(engine: Generates, spec: GenerationSpec) -> None:
    """Makes a take, or raises what it ended with."""
    frames = sum(u.samples.shape[1] for u in engine.generate(spec) if isinstance(u, AudioBlock))
    assert frames, "the take has no sound"
