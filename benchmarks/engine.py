"""`longtake bench`: how long a model takes to load, to the first audio and in total, for what, and how much memory.

Every take is generated in a new process, like a user's first one, so that memory is that of one take and loading
includes all imports. Knows nothing of the bridge.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import psutil

from engine.errors import LongtakeError
from engine.parsing import Parser
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Step

if sys.platform != "win32":
    import resource

PROMPT = "Genre: House | Instruments: Drums, Bass, Piano | BPM: 124"
LENGTHS = (30.0, 285.0)
"""Targets on two CPU cores: 30 s of music in 3 s after loading, 285 s in 30 s, under 1500 MB."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One take in its own process; times in seconds: `load` since the start of the process, the rest after loading.

    Of `total`, `composing` went into the lead sheet, `sampling` into the solver's steps, and `phases` into those of the
    embedded model's sound.
    """

    seconds: float
    load: float
    first_audio: float
    total: float
    composing: float
    sampling: float
    phases: float
    peak_mb: float
    threads: int

    @property
    def times_real_time(self) -> float:
        """Seconds of music generated per second."""
        return self.seconds / self.total


def main(argv: Sequence[str]) -> int:
    """Measures and prints a table."""
    parser = Parser(
        prog="longtake bench",
        description=__doc__,
        epilog="'longtake bench gpu' measures a card; 'bridge', 'panel', 'peers' and 'presets' are further ones.",
    )
    parser.add_argument("--model", default=GenerationSpec().model)
    parser.add_argument("--seconds", type=float, nargs="+", default=LENGTHS)
    parser.add_argument("--steps", type=int, help="denoising steps (default: the model's)")
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--repeat", type=int, default=1, help="takes per length; the fastest counts"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(list(argv))
    if options.began is not None:
        try:
            print(json.dumps(asdict(_measured(options))))
        except LongtakeError as error:
            print(f"longtake bench: {error}", file=sys.stderr)
            return 2
        return 0
    print(
        f"{options.model} on {platform.processor() or platform.machine()}, {os.cpu_count()} CPUs\n"
    )
    print(
        "| take | loading | first audio | whole take | x real time | first / whole | composing | sampling | phases "
        "| the rest | peak memory |"
    )
    print(f"|{' ---: |' * 11}")
    rows = [_best(options, seconds) for seconds in options.seconds]
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return 0


def _best(options: argparse.Namespace, seconds: float) -> Measured:
    best = min(
        (_in_a_child(options, seconds) for _ in range(options.repeat)), key=lambda m: m.total
    )
    shares = [
        best.first_audio,
        best.composing,
        best.sampling,
        best.phases,
        best.total - best.composing - best.sampling - best.phases,
    ]
    print(
        f"| {best.seconds:g} s | {best.load:.1f} s | {best.first_audio:.1f} s | {best.total:.1f} s "
        f"| {best.times_real_time:.1f} | {' | '.join(f'{share / best.total:.0%}' for share in shares)} "
        f"| {best.peak_mb:.0f} MB |",
        flush=True,
    )
    return best


def _in_a_child(options: argparse.Namespace, seconds: float) -> Measured:
    command = [sys.executable, "-m", "benchmarks.engine", "--model", options.model]
    command += ["--device", options.device, "--seconds", str(seconds), "--began", str(time.time())]
    command += ["--steps", str(options.steps)] if options.steps else []
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)  # the child has printed why
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _measured(options: argparse.Namespace) -> Measured:
    import torch

    from engine.engine import Engine

    spec = GenerationSpec(
        prompt=PROMPT,
        model=options.model,
        seconds_total=options.seconds[0],
        steps=options.steps,
        seed=7,
    )
    engine = Engine(options.device)
    for _ in engine.load(spec.model):
        pass
    loaded = time.time()
    first = composed = sampled = frames = 0
    phases = _timed("engine.spectral_autoencoder", "integrated")
    for update in engine.generate(spec):
        if isinstance(update, AudioBlock):
            first = first or time.time()
            frames += update.samples.shape[1]
        elif isinstance(update, LeadSheet):
            composed = time.time()
        elif isinstance(update, Step) and update.stage == "diffuse":
            sampled = time.time()
    done = time.time()
    return Measured(
        seconds=frames / 44_100,
        load=loaded - options.began,
        first_audio=first - loaded,
        total=done - loaded,
        composing=composed - loaded,
        sampling=sampled - composed,
        phases=sum(phases),
        peak_mb=_peak_mb(),
        threads=torch.get_num_threads(),
    )


def _timed(module: str, name: str) -> list[float]:
    """Replaces a function by one that appends the seconds of every call to the list."""
    called, spent = getattr(import_module(module), name), []

    def timed(*args: object) -> object:
        began = time.perf_counter()
        result = called(*args)
        spent.append(time.perf_counter() - began)
        return result

    setattr(import_module(module), name, timed)
    return spent


def _peak_mb() -> float:
    """Peak memory of this process, MB (10^6 bytes)."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
