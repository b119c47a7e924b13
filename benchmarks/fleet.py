"""`longtake bench fleet`: takes a minute of engines on a Ray cluster of this machine, beside one process.

The process has all cores; each engine has its share of them. Counted are takes after each engine has had time to load,
so the figure is that of a long list. The process is measured before the engines and after them: where the two differ,
something else had the machine, and the ratio says nothing. Start is from the command to the first take.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from benchmarks._gpu_fleet import audible, per_take
from engine.engine import Engine
from engine.errors import SpecError
from engine.fleet.cluster import LOCAL, address_of
from engine.fleet.place import Building
from engine.fleet.rendering import Fleet, Pool
from engine.parsing import Parser
from engine.registry import SKETCH, model_spec
from engine.spec import GenerationSpec

WARM = 2
"""Takes of each engine that are not counted."""


def main(argv: Sequence[str]) -> int:
    """Measures and prints; returns 0."""
    options = _parser().parse_args(list(argv))
    if min(options.takes, options.engines) < 1:
        raise SpecError("--takes and --engines are 1 or more.")
    asked = [
        GenerationSpec(
            prompt="Genre: House | Instruments: Drums, Bass, Piano | BPM: 124",
            model=options.model,
            seconds_total=options.seconds,
            steps=options.steps,
            seed=seed,
        ).resolved(model_spec(options.model))
        for seed in range(WARM * options.engines + options.takes)
    ]
    before = _alone(options, asked)
    began = time.perf_counter()
    pool = Pool(Building(settings={"device": options.device}), options.device, options.engines)
    fleet, there = Fleet(pool, address_of(options.cluster)), list[float]()
    for index in fleet.arriving(asked):
        audible(fleet, asked[index])
        there.append(time.perf_counter())
    first = WARM * options.engines - 1
    shared = (there[-1] - there[first]) / (len(there) - 1 - first)
    print(f"{options.engines} engines: {60 / shared:.1f} takes a minute ({shared:.2f} s a take)")
    after = _alone(options, asked)
    ratio = (before + after) / 2 / shared
    print(f"ratio {ratio:.2f}; first take after {there[0] - began:.1f} s")
    return 0


def _alone(options: argparse.Namespace, asked: Sequence[GenerationSpec]) -> float:
    """Seconds a take of one process."""
    found = per_take(Engine(options.device), asked[: 1 + options.takes])
    print(f"one process: {60 / found:.1f} takes a minute ({found:.2f} s a take)", flush=True)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="longtake bench fleet", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engines", type=int, default=2, help="engines of the cluster (default 2)")
    parser.add_argument("--takes", type=int, default=20, help="takes that are counted (default 20)")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each (default 10)")
    parser.add_argument("--steps", type=int, help="steps of each (default: the model's)")
    parser.add_argument("--model", default=SKETCH.name, help="default sketch")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto (default cpu)")
    parser.add_argument("--cluster", default=LOCAL, help="another cluster than one of this machine")
    return parser
