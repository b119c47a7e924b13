"""From a spec to a file: the updates of `generate` are shown and written as they arrive.

Works with any `Generates` and knows nothing of torch. Interrupted or failed work leaves no file behind.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.cli.progress import progress
from engine.errors import AudioError, DiskError
from engine.file_names import safe
from engine.registry import model_spec
from engine.sound.recordings import with_recording
from engine.sound.takes import TakeWriter, check_take, sidecar_path
from engine.sound.targets import Place
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Generates, LeadSheet, Remark, Step

NAME = 120
"""Bytes of a name that is made from a prompt."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a take goes: path (None for a new name in the current folder), sample type, whether to replace a file."""

    path: Path | None = None
    subtype: str | None = None
    overwrite: bool = False


def make(
    spec: GenerationSpec, target: Target, build: Callable[[], Generates]
) -> tuple[Path, dict[str, Any]]:
    """Generates a take and writes it.

    Args:
        spec: the request; it is resolved, and the target checked, before the engine is built.
        target: where to write the take.
        build: builds the engine.

    Returns:
        The file, and the contents of its sidecar.

    Raises:
        LongtakeError: if the spec or the target is invalid, or generating fails; if the disk failed meanwhile, it says
            where the take is now.
    """
    model = model_spec(spec.model)
    spec = with_recording(spec).resolved(model)
    path = target.path or unique_name(spec)
    began = time.monotonic()
    times: dict[str, float] = {}
    check_take(path, target.subtype, target.overwrite)
    place = Place(path, target.subtype, target.overwrite, (Path(tempfile.gettempdir()),))
    writer = TakeWriter(place, spec, model.sample_rate)
    with writer, progress(spec.frames(model.sample_rate)) as bar:
        with contextlib.closing(build().generate(spec)) as updates:
            for update in updates:
                elapsed = round(time.monotonic() - began, 3)
                if isinstance(update, AudioBlock):
                    times.setdefault("first_audio_seconds", elapsed)
                    writer.add(update)
                elif isinstance(update, LeadSheet | Remark):
                    writer.note(update)
                elif isinstance(update, Step) and update.stage == "loading":
                    times["load_seconds"] = elapsed
                bar.show(update)
        times["render_seconds"] = round(time.monotonic() - began, 3)
        facts = _kept(writer, times)
        if writer.path != path:
            raise AudioError(f"{writer.problem} What was made is in {writer.path}.")
        return path, facts


def _kept(writer: TakeWriter, times: dict[str, Any]) -> dict[str, Any]:
    """The take's facts, once a disk has taken it: in a terminal, whoever sits there is asked to make some space."""
    while True:
        try:
            return writer.close(kind="generate", **times)
        except DiskError as error:
            if not sys.stdin.isatty():
                raise
            sys.stderr.write(f"{error}\nMake some space and press Enter; Ctrl-C drops the take. ")
            sys.stderr.flush()
            if not sys.stdin.readline():
                raise


def summary(path: Path, facts: dict[str, Any]) -> str:
    """One line about a finished take."""
    making = facts["render_seconds"] - facts.get("load_seconds", 0.0)
    loading = f" after {facts['load_seconds']:.1f} s of loading" if "load_seconds" in facts else ""
    return (
        f"{path}: {facts['seconds']:.3f} s of music in {making:.1f} s{loading}, "
        f"{facts['seconds'] / max(making, 1e-3):.1f} times real time; "
        f"true peak {facts['true_peak_db']:.1f} dB, {facts['loudness_lufs']:.1f} LUFS, "
        f"seed {facts['spec']['seed']}"
    )


def unique_name(spec: GenerationSpec, folder: Path | None = None) -> Path:
    """A new file name that describes the take: `house-drums-bass-124-7.wav`."""
    folder = folder or Path.cwd()
    # Without metadata types: 'Genre: House' becomes 'house'.
    words = re.findall(r"[^\W_]+", re.sub(r"\w+\s*:", "", spec.prompt.lower()))
    for number in itertools.count(1):
        end = f"-{spec.seed}" if number == 1 else f"-{spec.seed}-{number}"
        path = folder / safe("-".join(words[:6]) or "take", f"{end}.wav", NAME)
        if not path.exists() and not sidecar_path(path).exists():
            return path
    raise AssertionError("the numbers ended")
