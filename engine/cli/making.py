"""From a spec to a file or a pipe: the updates of `generate` are shown and written as they arrive.

Works with any `Generates` and knows nothing of torch. Interrupted or failed work leaves no file behind.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from engine.cli.progress import Shown
from engine.errors import AudioError, DiskError
from engine.file_names import safe
from engine.registry import model_spec
from engine.sound.formats import format_of
from engine.sound.pipes import TakePipe
from engine.sound.recordings import with_recording
from engine.sound.takes import TakeWriter, check_take, sidecar_path
from engine.sound.targets import Place
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Generates, LeadSheet, Remark, Step

NAME = 120
"""Bytes of a name that is made from a prompt."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a take goes.

    Attributes:
        path: the file; None for a new name in the current folder.
        subtype: its sample type.
        overwrite: whether to replace a file.
        pipe: gets WAV instead of a file.
        rate: its sample rate, Hz; None for the model's own.
    """

    path: Path | None = None
    subtype: str | None = None
    overwrite: bool = False
    pipe: BinaryIO | None = None
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A take that can be made: its resolved spec, and the file that it will be; None for a pipe."""

    spec: GenerationSpec
    target: Target
    path: Path | None


def ordered(spec: GenerationSpec, target: Target, taken: Collection[Path] = ()) -> Order:
    """Resolves a request.

    Args:
        spec: the request.
        target: where the take goes.
        taken: names that other takes will have.

    Raises:
        LongtakeError: if the spec is invalid, or its take would replace the recording that it is made from.
    """
    spec = with_recording(spec).resolved(model_spec(spec.model))
    path = None if target.pipe else target.path or unique_name(spec, taken=taken)
    if path is not None and spec.init_audio and path.resolve() == Path(spec.init_audio).resolve():
        raise AudioError(
            f"{path} is the recording that the take is made from; choose another name."
        )
    return Order(spec, target, path)


def check(order: Order) -> None:
    """Checks that its file can be written, before any work is done for it.

    Raises:
        AudioError: if not.
    """
    if order.path is not None:
        check_take(order.path, order.target.subtype, order.target.overwrite)
        format_of(order.path).rate_for(order.target.rate, 0)


def make(order: Order, engine: Generates, shown: Shown) -> dict[str, Any]:
    """Generates a take and writes it.

    Args:
        order: what is made.
        engine: makes it.
        shown: shows the updates.

    Returns:
        The contents of its sidecar.

    Raises:
        LongtakeError: if generating fails; if the disk failed meanwhile, it says where the take is now.
    """
    clock = getattr(engine, "clock", time.monotonic)
    began = clock()
    times: dict[str, float] = {}
    check(order)
    writer = _writer(order)
    with writer, shown as bar:
        with contextlib.closing(engine.generate(order.spec)) as updates:
            for update in updates:
                elapsed = round(clock() - began, 3)
                if isinstance(update, AudioBlock):
                    times.setdefault("first_audio_seconds", elapsed)
                    writer.add(update)
                elif isinstance(update, LeadSheet | Remark):
                    writer.note(update)
                elif isinstance(update, Step) and update.stage == "loading":
                    times["load_seconds"] = elapsed
                bar.show(update)
        times["render_seconds"] = round(clock() - began, 3)
        if (takes := getattr(engine, "sharing", 1)) > 1:
            times["batch"] = (
                takes  # Its first take waited for all of them, the others only for their sound.
            )
        facts = _kept(writer, times)
        if isinstance(writer, TakeWriter) and writer.path != order.path:
            raise AudioError(f"{writer.problem} What was made is in {writer.path}.")
        return facts


def _writer(order: Order) -> TakeWriter | TakePipe:
    target, rate = order.target, model_spec(order.spec.model).sample_rate
    if target.pipe is not None:
        return TakePipe(target.pipe, order.spec, rate, target.subtype, target.rate)
    path = cast(Path, order.path)
    refuges = (Path(tempfile.gettempdir()),)
    place = Place(path, target.subtype, target.overwrite, refuges, target.rate)
    return TakeWriter(place, order.spec, rate)


def _kept(writer: TakeWriter | TakePipe, times: dict[str, Any]) -> dict[str, Any]:
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


def unique_name(
    spec: GenerationSpec, folder: Path | None = None, taken: Collection[Path] = ()
) -> Path:
    """A new file name that describes the take: `house-drums-bass-124-7.wav`."""
    folder = folder or Path.cwd()
    # Without metadata types: 'Genre: House' becomes 'house'.
    words = re.findall(r"[^\W_]+", re.sub(r"\w+\s*:", "", spec.prompt.lower()))
    for number in itertools.count(1):
        end = f"-{spec.seed}" if number == 1 else f"-{spec.seed}-{number}"
        path = folder / safe("-".join(words[:6]) or "take", f"{end}.wav", NAME)
        if not (path in taken or path.exists() or sidecar_path(path).exists()):
            return path
    raise AssertionError("the numbers ended")
