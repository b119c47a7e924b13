"""Progress and remaining time: a bar in a terminal, plain lines elsewhere.

Everything goes to standard error; standard output is for results. Knows nothing of files or of the engine.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from engine.updates import AudioBlock, LeadSheet, Remark, Step, Update, said

NAMES = {
    "loading": "loading the model",
    "compiling": "compiling (once)",
    "timing": "timing the machine",
    "encode": "reading the recording",
    "diffuse": "making music",
    "decode": "turning it into sound",
}
EVERY = 5.0
"""Seconds between plain lines of one stage."""


def progress(frames: int, stream: TextIO | None = None, quiet: bool = False) -> Shown:
    """The right one for standard error or another stream.

    Args:
        frames: the take's length.
        stream: where it goes; a bar needs a terminal that moves its cursor and was not asked for plain text.
        quiet: whether only remarks are wanted.
    """
    shown = sys.stderr if stream is None else stream
    if quiet:
        return Quiet(frames, shown)
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown")
    return Bar(frames, shown) if shown.isatty() and not plain else Lines(frames, shown)


def place(update: Step | AudioBlock, frames: int) -> tuple[str, int, int]:
    """Stage, done and total; blocks of audio are counted in frames."""
    if isinstance(update, AudioBlock):
        return "decode", update.start + update.samples.shape[1], frames
    return update.stage, update.index, update.total


class Bar:
    """A bar for each stage: name, progress, time left."""

    def __init__(self, frames: int, stream: TextIO) -> None:
        self._frames = frames
        self._progress = Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(),
            TextColumn("{task.fields[count]:>9}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(file=stream),
        )
        self._tasks: dict[str, TaskID] = {}

    def show(self, update: Update) -> None:
        """Updates the bar of the update's stage, or says what will be played."""
        if isinstance(update, LeadSheet | Remark):
            self._progress.console.print(said(update), markup=False, highlight=False)
            return
        stage, done, total = place(update, self._frames)
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(
                NAMES.get(stage, stage), total=total, count=""
            )
        count = f"{done / total:.0%}" if isinstance(update, AudioBlock) else f"{done}/{total}"
        self._progress.update(self._tasks[stage], completed=done, total=total, count=count)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # A terminal that was closed.
            self._progress.stop()


class Lines:
    """A line when a stage begins, then every few seconds."""

    def __init__(self, frames: int, stream: TextIO) -> None:
        self._frames = frames
        self._stream = stream
        self._stage = ""
        self._began = self._last = time.monotonic()

    def show(self, update: Update) -> None:
        """Prints a line if one is due."""
        if isinstance(update, LeadSheet | Remark):
            self._say(said(update))
            return
        stage, done, total = place(update, self._frames)
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began = stage, now
            self._say(f"{NAMES.get(stage, stage)} ...")
        elif done < total and now - self._last >= EVERY:
            left = (now - self._began) * (total - done) / done
            self._say(f"{NAMES.get(stage, stage)}: {done / total:.0%}, about {left:.0f} s left")

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def _say(self, text: str) -> None:
        self._last = time.monotonic()
        with suppress(OSError):  # Nobody reads any longer: that costs no take.
            print(text, file=self._stream, flush=True)


class Quiet(Lines):
    """Remarks alone."""

    def show(self, update: Update) -> None:
        """Prints what was remarked."""
        if isinstance(update, Remark):
            self._say(said(update))


Shown = Bar | Lines
