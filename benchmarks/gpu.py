"""`longtake bench gpu`: what a card makes of the models, in three minutes at most; writes the table of docs/models.md.

Parts run in processes of their own, so that one that fails, or runs out of memory, leaves the others alone; what the
time did not suffice for is named. Weights are random where none are installed. Speed is compared with what bare matrix
products reach on the same card in the same minute. `--device cpu --smoke` tries all of it on narrow models.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import Any

from engine.parsing import Parser
from engine.whole_files import write_whole

Row = Mapping[str, Any]
GOALS = {"stable-audio-2": 6.0, "stable-audio-3-medium": 0.45}
"""Seconds for a whole take on an H100: the paper's 285 s in 100 guided steps, and 120 s in 8 steps."""
LONGEST_PART = 75.0
"""No part but `forward`, which is of all models, may take the others' time, s."""
LEAST = 8.0
"""With less time left no part is begun, s."""
TAKES = ("sketch", "stable-audio-2", "stable-audio-3-medium")
BATCHED, BATCHES = ("sketch", "stable-audio-3-medium"), (1, 4, 8)
TRAINED = ("sketch", "stable-audio-2")
SHARDED = ("stable-audio-2",)
JUDGES = ("openl3", "passt", "clap")
PLACED = ("sketch",)
"""By Ray."""
TRAINING_GOALS = {"stable-audio-2": 0.4}
"""Share of what bare products reach: model operations in a step in bfloat16, recomputed ones not counted."""
ROOT = Path(__file__).parents[1]


def main(argv: Sequence[str]) -> int:
    """Measures, prints the tables and writes them.

    Returns:
        0; 2 if there is no such device.
    """
    options = _parser().parse_args(list(argv))
    if options.device == "cuda" and not _has_cuda():
        print(
            "longtake bench gpu: there is no CUDA device here. On a machine that has one this measures all models; "
            "'--device cpu --smoke' tries it on narrow ones.",
            file=sys.stderr,
        )
        return 2
    rows: list[Row] = []
    for row in measured(options):
        rows.append(row)
        print(json.dumps(row), flush=True)
    tables = report(rows)
    print(f"\n{tables}")
    if options.out:
        write_whole(options.out, tables)
    if options.json:
        write_whole(options.json, json.dumps(rows, indent=2) + "\n")
    return 0


def measured(options: argparse.Namespace) -> Iterator[Row]:
    """The rows of all parts, most important first, until the time is up."""
    until = time.monotonic() + 60 * options.minutes
    for part, models in plan(options.parts):
        left = until - time.monotonic()
        missing = list(models)
        why = "skipped: no time left"
        if left >= LEAST:
            limit = left if part == "forward" else min(left, LONGEST_PART)
            found, why = _run(command_of(part, models, options), limit)
            yield from found
            for row in found:
                missing.remove(row["model"])
        yield from ({"kind": part, "model": model, "error": why} for model in missing)


def command_of(part: str, models: Sequence[str], options: argparse.Namespace) -> list[str]:
    """What runs a part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks._gpu", part, *models]
    return [*command, "--device", options.device, *["--smoke"] * options.smoke]


def plan(parts: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """What is measured in one process each: a part and its models, or its batches of a model."""
    for part, processes in PLAN.items():
        if part in parts:
            yield from ((part, items) for items in processes())


def _all_builds() -> list[Sequence[str]]:
    from benchmarks._random_models import distinct

    return [list(distinct())]


def _each(models: Sequence[str]) -> list[Sequence[str]]:
    return [[model] for model in models]


PLAN: Mapping[str, Callable[[], Iterable[Sequence[str]]]] = {
    "machine": lambda: [[""]],
    "take": lambda: _each(TAKES),
    "forward": _all_builds,
    "training": lambda: _each(TRAINED),
    "sharded": lambda: _each(SHARDED),
    # One process for a model, so that it is loaded once; what it does not reach is named.
    "batches": lambda: [[f"{model} x {size}" for size in BATCHES] for model in BATCHED],
    "judges": lambda: [JUDGES],
    "fleet": lambda: _each(PLACED),
    "compiled": lambda: [["stable-audio-3-medium"]],
}
"""Part -> what of it is measured in each process, the most important first; `_gpu.PARTS` has what measures it."""


def _run(command: Sequence[str], limit: float) -> tuple[list[Row], str]:
    """The rows that a process printed before its end, and how it ended."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}
    process = subprocess.Popen(
        list(command),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # With all that it started, such as compilers.
    killer = Timer(limit, lambda: _kill(process))
    killer.start()
    try:
        said, complaints = process.communicate()
    finally:
        in_time = killer.is_alive()
        killer.cancel()
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    last = (complaints.strip().splitlines() or ["nothing was printed"])[-1]
    return rows, f"ended: {last[:160]}" if in_time else f"stopped after {limit:.0f} s"


def _kill(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


def report(rows: Sequence[Row]) -> str:
    """All rows as Markdown tables; what failed or was skipped is listed below them."""
    machine = next((row for row in rows if row["kind"] == "machine" and "error" not in row), {})
    peak = machine.get("bfloat16_tflops", 0.0) * 1e12
    blocks = [_machine(machine)]
    kinds = dict.fromkeys([*TABLES, *(row["kind"] for row in rows)])
    for kind in kinds:
        good = [row for row in rows if row["kind"] == kind and "error" not in row]
        if good and kind != "machine":
            blocks.append(_table(TABLES.get(kind) or _plain_columns(good[0]), good, peak))
    failed = [row for row in rows if "error" in row]
    if failed:
        blocks.append("Not measured:\n\n" + "\n".join(map(_failure, failed)))
    return "\n\n".join(blocks) + "\n"


def _machine(row: Row) -> str:
    if not row:
        return "The machine could not be measured."
    cuda = f", CUDA {row['cuda']}" if row["cuda"] else ""
    return (
        f"`longtake bench gpu`, {datetime.now(UTC):%Y-%m-%d}, {row['device']}, torch {row['torch']}{cuda}. "
        f"Bare matrix products reach {row['bfloat16_tflops']:.3g} Tflop/s in bfloat16 and {row['float32_tflops']:.3g} "
        f"in float32, copies {row['copied_gb_per_s']:.4g} GB/s; shares below are of the first."
    )


def _failure(row: Row) -> str:
    return f"- {' '.join(filter(None, (row['kind'], row['model'])))}: {row['error']}"


def _share(row: Row, peak: float) -> str:
    return f"{row['flops_per_s'] / peak:.0%}" if peak else "?"


def _seconds(value: float) -> str:
    return f"{value:.3g} s"


def _goal(row: Row, _: float) -> str:
    goal = GOALS.get(row["model"])
    return _seconds(goal) if goal and row["seconds"] > 100 else ""


def _training_columns(heading: str) -> dict[str, Any]:
    return {
        heading: lambda row, _: row["model"],
        "batch": lambda row, _: f"{row['batch']} x {row['frames']}",
        "blocks' inputs alone kept": lambda row, _: "yes" if row["checkpointing"] else "no",
        "time": lambda row, _: _seconds(row["step_s"]),
        "share of peak": _share,
        "goal": lambda row, _: (
            f"{TRAINING_GOALS[row['model']]:.0%}" if row["model"] in TRAINING_GOALS else ""
        ),
        "peak memory": lambda row, _: f"{row['peak_gb']:.3g} GB",
    }


def _plain_columns(row: Row) -> dict[str, Any]:
    """Of a part that has no table of its own: its figures as they are."""

    def column(name: str) -> Callable[[Row, float], str]:
        return lambda row, _: str(row.get(name, ""))

    return {name: column(name) for name in row}


TABLES: dict[str, dict[str, Any]] = {
    "take": {
        "take": lambda row, _: (
            f"{row['model']}, {row['seconds']:g} s{', compiled' * row['compiled']}"
        ),
        "weights": lambda row, _: row["weights"],
        "steps, guidance": lambda row, _: f"{row['steps']}, {row['guidance']:g}",
        "denoising": lambda row, _: _seconds(row["diffusing_s"]),
        "share of peak": _share,
        "first audio": lambda row, _: _seconds(row["first_audio_s"]),
        "whole": lambda row, _: _seconds(row["whole_s"]),
        "goal": _goal,
        "first use": lambda row, _: _seconds(row["loading_and_first_use_s"]),
        "peak memory": lambda row, _: f"{row['peak_gb']:.3g} GB",
    },
    "batches": {
        "takes at once": lambda row, _: f"{row['model']}, {row['seconds']:g} s",
        "weights": lambda row, _: row["weights"],
        "steps, guidance": lambda row, _: f"{row['steps']}, {row['guidance']:g}",
        "denoising": lambda row, _: _seconds(row["diffusing_s"]),
        "share of peak": _share,
        "whole": lambda row, _: _seconds(row["whole_s"]),
        "takes per minute": lambda row, _: f"{row['takes_per_minute']:.3g}",
        "peak memory": lambda row, _: f"{row['peak_gb']:.3g} GB",
    },
    "training": _training_columns("training step"),
    "sharded": _training_columns("sharded training step"),
    "judges": {
        "judge": lambda row, _: row["model"],
        "take": lambda row, _: f"{row['seconds']:g} s",
        "heard in": lambda row, _: _seconds(row["heard_s"]),
        "times real time": lambda row, _: f"{row['times_real_time']:.3g}",
        "peak memory": lambda row, _: f"{row['peak_gb']:.3g} GB",
    },
    "fleet": {
        "an engine placed by Ray": lambda row, _: f"{row['model']}, {row['seconds']:g} s",
        "start": lambda row, _: _seconds(row["start_s"]),
        "a take there": lambda row, _: _seconds(row["fleet_take_s"]),
        "a take without": lambda row, _: _seconds(row["alone_take_s"]),
        "ratio": lambda row, _: f"{row['ratio']:.2f}",
    },
    "forward": {
        "one forward pass": lambda row, _: row["model"],
        "parameters": lambda row, _: f"{row['parameters'] / 1e6:.4g} M",
        "frames": lambda row, _: str(row["frames"]),
        "time": lambda row, _: _seconds(row["forward_s"]),
        "share of peak": _share,
        "attention": lambda row, _: ", ".join(row["attention"]),
        "float32 off the CPU by": lambda row, _: f"{row['float32_error']:.0e}",
        "bfloat16 off by": lambda row, _: f"{row['bfloat16_error']:.2%}",
        "peak memory": lambda row, _: f"{row['peak_gb']:.3g} GB",
    },
}
"""Kind of row -> heading and cell of every column, from the row and the operations per second of bare products."""


def _table(columns: Mapping[str, Any], rows: Iterable[Row], peak: float) -> str:
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[cell(row, peak) for cell in columns.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="longtake bench gpu", description=(__doc__ or "").split("\n\n")[0])
    parts = tuple(PLAN)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--minutes", type=float, default=3.0, help="at most so many")
    parser.add_argument("--smoke", action="store_true", help="narrow models, to try the command")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts, help="only these")
    parser.add_argument("--out", type=Path, help="also write the tables to this file (Markdown)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser
