"""The log of a run: means of what steps gave, as lines of JSON, for TensorBoard, and for Weights & Biases if asked.

Figures stay on their device until they are written: only then does the host wait. Ranks give the means over all of
them, and the first writes. A figure that is no number ends the run. Knows nothing of what the figures are.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import LongtakeError, SpecError
from engine.registry import SAMPLE_RATE
from engine.training.group import Group

log = logging.getLogger(__name__)
PROJECT = "longtake"
"""The project of Weights & Biases that runs are of."""


class NotFiniteError(LongtakeError):
    """A figure of a step is no number: the training cannot go on."""

    def __init__(self, step: int, name: str) -> None:
        super().__init__(f"Step {step} gave a {name} that is no number.")
        self.step, self.name = step, name


class Board(Protocol):
    """Where figures are looked at."""

    def figures(self, index: int, means: Mapping[str, float]) -> None:
        """Shows the means up to a step."""
        ...

    def audio(self, index: int, name: str, samples: NDArray[np.float32]) -> None:
        """Lets [N, 2] float32 be heard."""
        ...

    def close(self) -> None:
        """Writes what is left."""
        ...


class Journal:
    """Logs means, one line for so many steps, and one for those that are left at the end.

    As a context manager, it leaves those out if the block raises.

    Args:
        folder: of the run.
        peak_flops: operations per second that the device could do, for the share of it in the log.
        group: the processes that train together; each calls everything here.
        wandb: whether to log to Weights & Biases too.

    Raises:
        SpecError: if that is asked for and its package is missing.
    """

    def __init__(
        self,
        folder: Path,
        peak_flops: float | None = None,
        *,
        group: Group | None = None,
        wandb: bool = False,
    ) -> None:
        self.group, self.peak_flops = group or Group.alone(), peak_flops
        self.boards: list[Board] = []
        self.file = None
        if self.group.first:
            self.file = (folder / "log.jsonl").open("a", buffering=1)
            self.boards += [board for board in (_tensorboard(folder),) if board]
            self.boards += [Wandb(folder)] if wandb else []
        self.noted: dict[str, list[tuple[int, float | Tensor]]] = defaultdict(list)
        self.last = 0
        self._forget()

    def note(self, index: int, losses: Mapping[str, float | Tensor], every: int) -> None:
        """Adds the figures of step `index` (from 1); writes their means every `every` steps.

        "flops" among them is how many operations the step took on this rank, "waited" how long it waited for data.

        Raises:
            NotFiniteError: if one of them was no number since the last writing.
        """
        for name, value in losses.items():
            self.noted[name].append((index, value))
        self.count, self.last = self.count + 1, index
        if self.count >= every:
            self._write(index)

    def check(self) -> None:
        """Looks at what was noted and not written yet: a checkpoint must not keep weights that are no numbers.

        Raises:
            NotFiniteError: if a figure is none.
        """
        self._read()

    def hear(self, index: int, name: str, samples: NDArray[np.float32]) -> None:
        """Lets a take [N, 2] be heard beside the figures."""
        for board in self.boards:
            board.audio(index, name, samples)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._forget()  # Other ranks may not be there to give their means.
        self.close()

    def close(self) -> None:
        """Writes the means of the steps since the last writing, and closes the files."""
        with suppress(NotFiniteError):
            if self.count:
                self._write(self.last)
        if self.file is not None:
            self.file.close()
        for board in self.boards:
            board.close()

    def _read(self) -> dict[str, float]:
        """The means over steps and ranks; waits for the device."""
        if not self.noted:
            return {}
        values = [
            _column([value for _, value in noted], self.group) for noted in self.noted.values()
        ]
        read = self.group.mean(torch.cat(values)).tolist()
        means: dict[str, float] = {}
        for name, noted in self.noted.items():
            own, read = read[: len(noted)], read[len(noted) :]
            for (step, _), value in zip(noted, own, strict=True):
                if not math.isfinite(value):
                    raise NotFiniteError(step, name)
            means[name] = sum(own) / len(own)
        return means

    def _write(self, index: int) -> None:
        means = self._read()
        # After the figures were read: only then is a GPU done with its steps.
        seconds = (time.monotonic() - self.since) / self.count
        if flops := means.pop("flops", None):
            means["tflops_per_second"] = flops / seconds / 1e12
            if self.peak_flops:
                means["share_of_peak"] = flops / seconds / self.peak_flops
        if (waited := means.pop("waited", None)) is not None:
            means["data_wait"] = waited / seconds
        if self.file is not None:
            line = {"step": index, "seconds_per_step": round(seconds, 3), **means}
            self.file.write(json.dumps(line) + "\n")
            log.info("step %d  %.2f s/step  %s", index, seconds, _in_words(means))
        for board in self.boards:
            board.figures(index, means)
        self._forget()

    def _forget(self) -> None:
        """Begins with the next means."""
        self.noted.clear()
        self.count, self.since = 0, time.monotonic()


class TensorBoard:
    """TensorBoard's files in the folder of the run."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def figures(self, index: int, means: Mapping[str, float]) -> None:
        """As scalars."""
        for name, value in means.items():
            self.writer.add_scalar(name, value, index)

    def audio(self, index: int, name: str, samples: NDArray[np.float32]) -> None:
        """As audio; TensorBoard plays mono."""
        self.writer.add_audio(name, samples.mean(axis=1)[None], index, SAMPLE_RATE)

    def close(self) -> None:
        """Closes the file."""
        self.writer.close()


class Wandb:
    """A run of Weights & Biases, named as the folder; offline where WANDB_MODE says so.

    Raises:
        SpecError: if the package is missing.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import wandb
        except ImportError:
            raise SpecError(
                "--wandb needs the package wandb; install it with 'pip install longtake[wandb]'."
            ) from None
        self.wandb = wandb
        self.run = wandb.init(project=PROJECT, name=folder.name, dir=str(folder))

    def figures(self, index: int, means: Mapping[str, float]) -> None:
        """As a row of the run."""
        self.run.log(dict(means), step=index)

    def audio(self, index: int, name: str, samples: NDArray[np.float32]) -> None:
        """As audio, in stereo."""
        self.run.log({name: self.wandb.Audio(samples, sample_rate=SAMPLE_RATE)}, step=index)

    def close(self) -> None:
        """Sends, or writes, what is left."""
        self.run.finish()


def _tensorboard(folder: Path) -> Board | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return TensorBoard(SummaryWriter(str(folder)))


def _column(values: list[float | Tensor], group: Group) -> Tensor:
    """Figures, of which some lie on a GPU, as one vector there."""
    numbers = [torch.as_tensor(value, dtype=torch.float64) for value in values]
    return torch.stack([number.to(group.device) for number in numbers])


def _in_words(means: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in means.items())
