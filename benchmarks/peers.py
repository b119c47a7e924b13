"""`longtake bench peers --python PYTHON`: this engine beside the official code and diffusers, on the same networks.

PYTHON is an interpreter that can import `stable_audio_3`, `stable_audio_tools` and `diffusers` (0.40 or later): make a
virtual environment, install diffusers, transformers, torchaudio, einops and einops-exts, and from
github.com/Stability-AI the packages stable-audio-3 and stable-audio-tools with their dependencies (k-diffusion is not
needed).

The implementations run one after the other, each in its own process, with the same shapes, threads and steps; the
official code and ours use the same random weights. Measured: a step, decoding, first audio, and peak memory.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.parsing import Parser

PEER = Path(__file__).with_name("_peer.py")
MODELS = {"sa3-small": "stable-audio-3-small-music", "sao-small": "stable-audio-open-small"}
TAKE_STEPS = 8
COLUMNS = ("step_s", "decode_s", "first_audio_s", "peak_mb", "step_cpu_s", "decode_cpu_s")
"""Wall times (first audio: of a take with `TAKE_STEPS`), CPU times, which are more reliable on a shared machine, and
memory."""


def main(argv: Sequence[str]) -> int:
    """Runs the comparison and prints a table.

    Args:
        argv: the arguments after the benchmark's name.

    Returns:
        0, or 1 if an implementation could not be run.
    """
    arguments = _parser().parse_args(argv)
    if arguments.ours:
        print(json.dumps(_ours(arguments)))
        return 0
    if not arguments.python:
        print(__doc__)
        return 1
    complete = True
    for kind in arguments.models:
        # Longer lengths are clamped to the model's longest, and may coincide.
        for frames in dict.fromkeys(_frames(kind, seconds) for seconds in arguments.seconds):
            complete &= _compare(arguments, kind, frames)
    return 0 if complete else 1


def _compare(arguments: argparse.Namespace, kind: str, frames: int) -> bool:
    """Prints the table of one model at one length."""
    print(
        f"\n{kind}, {frames} latent frames, {arguments.steps} steps, "
        f"{arguments.threads} threads, width / {arguments.divisor}"
    )
    with tempfile.TemporaryDirectory() as folder:
        rest = [kind, frames, arguments.steps, arguments.threads, arguments.divisor, folder]
        _run([arguments.python, PEER, "draw", *rest])
        ours = [sys.executable, "-m", "benchmarks", "peers", "--ours", kind, "--folder", folder]
        ours += ["--frames", frames, "--steps", arguments.steps]
        ours += ["--threads", arguments.threads, "--divisor", arguments.divisor]
        runs = {"official": _run([arguments.python, PEER, "official", *rest])}
        if kind == "sa3-small" and arguments.diffusers:
            runs["diffusers"] = _run([arguments.python, PEER, "diffusers", *rest])
        for precision in arguments.precisions:
            runs[f"ours, {precision}"] = _run([*ours, "--precision", precision])
    print(f"{'':16}" + "".join(f"{name:>16}" for name in (*COLUMNS, "difference")))
    for name, run in runs.items():
        if run is None:
            print(f"{name:16} could not be run")
        else:
            numbers = "".join(f"{run[column]:16.3f}" for column in COLUMNS)
            print(f"{name:16}{numbers}{run.get('difference', 0):16.2e}")
    peers = [run for name, run in runs.items() if not name.startswith("ours") and run]
    for name, own in runs.items():
        if name.startswith("ours") and own and peers:
            shares = (own[c] / min(peer[c] for peer in peers) for c in COLUMNS)
            print(f"{'share, ' + name[6:]:16}" + "".join(f"{share:16.2f}" for share in shares))
    return all(runs.values())


def _frames(kind: str, seconds: float) -> int:
    """Number of latent frames for a take, for all implementations."""
    from engine.registry import MODELS as SPECS
    from engine.spec import GenerationSpec
    from engine.variable_length import window_for

    spec = SPECS[MODELS[kind]]
    wanted = GenerationSpec(
        prompt="-", model=spec.name, seconds_total=min(seconds, spec.max_seconds)
    )
    frames = window_for(wanted.resolved(spec), spec).latent_frames
    # The official small autoencoder only takes even numbers of frames.
    return frames + frames % 2


def _run(command: Sequence[Any]) -> dict[str, Any] | None:
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(PEER.parents[1])} if "--ours" in command else None,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines or not lines[-1].startswith("{"):
        return None
    run: dict[str, Any] = json.loads(lines[-1])
    return run | {"first_audio_s": TAKE_STEPS * run["step_s"] + run["first_block_s"]}


def _ours(arguments: argparse.Namespace) -> dict[str, Any]:
    import torch
    from safetensors.torch import load_file

    from engine.checkpoints import load_strictly, read_tensors
    from engine.chunking import decode_chunked
    from engine.conditioning import Conditioning
    from engine.latent_diffusion import LatentDiffusion
    from engine.public.loading import NoText, table_of
    from engine.public.renames import renamed, without_weight_norm

    torch.set_num_threads(arguments.threads)
    spec = _narrow(arguments)
    with torch.device("meta"):
        model = LatentDiffusion(spec, NoText(spec.conditioning.text))
    without_weight_norm(model.autoencoder)
    folder = Path(arguments.folder)
    tensors = renamed(read_tensors(folder / "model.safetensors"), table_of(spec), str(folder))
    for part in ("dit", "autoencoder"):
        own = {n.removeprefix(f"{part}."): w for n, w in tensors.items() if n.startswith(part)}
        load_strictly(getattr(model, part), own, part)
    del tensors, own
    # Nothing is asked of these two.
    for rest in (model.latent_scale, model.conditioner):
        rest.to_empty(device="cpu")
    model = model.eval().requires_grad_(False).placed(torch.device("cpu"), arguments.precision)

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, spec.dit.latent_channels, arguments.frames, generator=generator)
    tokens = 257 if arguments.ours == "sa3-small" else 65
    cross = torch.randn(1, tokens, 768, generator=generator)
    conditional = Conditioning(
        cross=cross,
        cross_mask=torch.ones(1, tokens, dtype=torch.bool),
        global_=torch.randn(1, 768, generator=generator),
        grid=None,
        text_tokens=tokens - 1,
    )
    t = torch.tensor([0.7])
    with torch.inference_mode():
        output = model.network(x, t, conditional)
        start, start_cpu = time.perf_counter(), time.process_time()
        for _ in range(arguments.steps):
            model.network(x, t, conditional)
        walked, walked_cpu = time.perf_counter(), time.process_time()
        moments = [time.perf_counter() for _ in _blocks(decode_chunked(model.autoencoder, x))]
        done_cpu = time.process_time()
    theirs = load_file(folder / "official.safetensors")["output"]
    return {
        "step_s": (walked - start) / arguments.steps,
        "decode_s": moments[-1] - walked,
        "first_block_s": moments[0] - walked,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "step_cpu_s": (walked_cpu - start_cpu) / arguments.steps,
        "decode_cpu_s": done_cpu - walked_cpu,
        "difference": ((output - theirs).std() / theirs.std()).item(),
    }


def _blocks(blocks: Iterator[Any]) -> Iterator[Any]:
    """Yields each block without keeping it, like a stream."""
    yield from blocks


def _narrow(arguments: argparse.Namespace) -> Any:
    """The model's spec, with networks narrowed like the peers'."""
    from engine.registry import MODELS as SPECS
    from engine.registry import AdaptiveDiTConfig, SameConfig

    spec, divisor = SPECS[MODELS[arguments.ours]], arguments.divisor
    width = spec.dit.width // divisor
    if isinstance(spec.dit, AdaptiveDiTConfig):
        dit: Any = dataclasses.replace(spec.dit, width=width)
    else:
        dit = dataclasses.replace(spec.dit, width=width, heads=spec.dit.heads // divisor)
    autoencoder = spec.autoencoder
    if isinstance(autoencoder, SameConfig):
        autoencoder = dataclasses.replace(autoencoder, width=autoencoder.width // divisor)
    return dataclasses.replace(spec, dit=dit, autoencoder=autoencoder)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="longtake bench peers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--python", help="an interpreter with the other implementations installed")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--seconds", nargs="+", type=float, default=[30.0, 120.0])
    parser.add_argument("--steps", type=int, default=4, help="measured")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--divisor", type=int, default=1, help="narrower networks, for a slow machine"
    )
    parser.add_argument(
        "--diffusers", action=argparse.BooleanOptionalAction, default=True, help="run it too"
    )
    parser.add_argument(
        "--precisions", nargs="+", default=["auto", "float32", "int8"], help="ours, in these"
    )
    for name, kind in (("--precision", str), ("--ours", str), ("--folder", str), ("--frames", int)):
        parser.add_argument(name, type=kind, help=argparse.SUPPRESS)
    return parser
