"""The training loop of every stage: a budget in minutes, a log of figures, checkpoints that survive interruption.

A stage is anything with `step(index) -> losses` and a state. A run is one folder: the last checkpoint, `log.jsonl`,
TensorBoard's files, `kept/STEP` (checkpoints that stay, each a run of its own to export) and `demos/STEP`. Ranks that
train together stop at the same step. Knows nothing of networks or data.
"""

from __future__ import annotations

import logging
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import LongtakeError
from engine.training.checkpointing import HasState, resume, save, steps_done
from engine.training.group import Group
from engine.training.journal import Journal, NotFiniteError
from engine.training.launching import orphaned
from engine.whole_files import whole

log = logging.getLogger(__name__)


class TrainingStage(HasState, Protocol):
    """What the loop needs from a stage."""

    group: Group
    """The processes that train it together."""

    def step(self, index: int) -> Mapping[str, float | Tensor]:
        """Runs optimisation step `index` (from 0) and returns its figures, on their device: they are read when logged.

        Their means over ranks are the step's. "flops" and "waited" among them are as `Journal.note` says.
        """
        ...

    def batch_of(self, index: int) -> Mapping[str, Any]:
        """This rank's part of what a step sees, as tensors and texts."""
        ...


class Demos(Protocol):
    """What the weights play now and then."""

    @property
    def every(self) -> int:
        """Steps."""
        ...

    def make(self, folder: Path) -> Iterable[tuple[str, NDArray[np.float32]]]:
        """Renders takes [N, 2] into a folder; every rank calls it, and the first gets them."""
        ...


@dataclass(frozen=True, slots=True)
class Files:
    """Files besides checkpoints.

    Attributes:
        every: steps.
        write: writes it after so many steps; every rank calls it.
    """

    every: int
    write: Callable[[int], object]


class StageOfParts(ABC):
    """A stage whose state is that of its parts: networks, averages, optimisers."""

    @abstractmethod
    def parts(self) -> dict[str, Any]:
        """Everything that has a state, by its name in the checkpoint."""

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to resume."""
        return {name: part.state_dict() for name, part in self.parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resumes from `state_dict`."""
        for name, part in self.parts().items():
            part.load_state_dict(state[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When `train` ends: after so many minutes or at a total number of steps, whichever comes first."""

    minutes: float = float("inf")
    steps: int | None = None
    save_every_minutes: float = 5.0
    log_every: int = 20
    peak_flops: float | None = None
    """Operations per second that the device could do, for the share of it in the log."""
    keep_every: int | None = None
    """Steps between checkpoints that stay."""
    keep_at: tuple[int, ...] = ()
    """Steps whose checkpoints stay too."""
    wandb: bool = False
    """Whether to log to Weights & Biases."""
    files: Files | None = None
    """What else is written now and then: never after a step whose figures are no numbers."""

    def keeps(self, index: int) -> bool:
        """Whether the checkpoint of so many steps stays."""
        return index in self.keep_at or bool(self.keep_every and index % self.keep_every == 0)


def train(
    stage: TrainingStage,
    folder: Path,
    budget: Budget,
    stopping: Stopping | None = None,
    *,
    demos: Demos | None = None,
) -> int:
    """Trains from the folder's checkpoint, or from the start, until the budget is used up.

    SIGINT and SIGTERM, to any rank, end the loop after the current step, with a checkpoint; so does the end of what
    started the ranks.

    Args:
        stage: what to train.
        folder: of the run.
        budget: when to end.
        stopping: whoever calls several stages has its own, to know that it should not begin the next.
        demos: what to play now and then.

    Returns:
        The number of steps done in all, earlier calls included.

    Raises:
        LongtakeError: if a figure of a step is no number; its batch is in the folder, and the last checkpoint stays.
    """
    group = stage.group
    folder.mkdir(parents=True, exist_ok=True)
    index = resume(stage, folder, group)
    journal = Journal(folder, budget.peak_flops, group=group, wandb=budget.wandb)
    run, began = _Run(stage, folder, budget, journal, demos), time.monotonic()
    saved = began
    with journal, nullcontext(stopping) if stopping else Stopping() as stopping:
        ended = group.agreed(stopping.requested or orphaned())
        while not ended and (budget.steps is None or index < budget.steps):
            run.step(index)
            index += 1
            now = time.monotonic()
            spent = now - began > budget.minutes * 60
            ended = group.agreed(stopping.requested or spent or orphaned())
            if not ended and group.agreed(now - saved > budget.save_every_minutes * 60):
                run.save(index)
                saved = now
        run.save(index)
    return index


@dataclass(frozen=True, slots=True)
class _Run:
    """A stage in its folder."""

    stage: TrainingStage
    folder: Path
    budget: Budget
    journal: Journal
    demos: Demos | None

    def step(self, index: int) -> None:
        """Step `index` (from 0), and what is due after it."""
        losses = self.stage.step(index)
        done = index + 1
        self._read(lambda: self.journal.note(done, losses, every=self.budget.log_every))
        if self.budget.keeps(done):
            self._read(self.journal.check)
            save(self.stage, self.folder / "kept" / str(done), done, self.stage.group)
        files = self.budget.files
        if files is not None and done % files.every == 0:
            self._read(self.journal.check)
            files.write(done)
        if self.demos is not None and done % self.demos.every == 0:
            for name, samples in self.demos.make(self.folder / "demos" / str(done)):
                self.journal.hear(done, name, samples)

    def save(self, index: int) -> None:
        """The checkpoint."""
        self._read(self.journal.check)
        save(self.stage, self.folder, index, self.stage.group)

    def _read(self, read: Any) -> None:
        try:
            read()
        except NotFiniteError as error:
            raise self._kept(error) from error

    def _kept(self, error: NotFiniteError) -> LongtakeError:
        """Keeps the batch of a step that failed; what to say."""
        rank = f"_rank_{self.stage.group.rank}" if self.stage.group.size > 1 else ""
        path = self.folder / f"failed_step_{error.step}{rank}.pt"
        with whole(path) as part:
            torch.save(dict(self.stage.batch_of(error.step - 1)), part)
        return LongtakeError(
            f"Step {error.step} gave a {error.name} that is no number; its batch is in {path}, and the last "
            f"checkpoint is of step {steps_done(self.folder)}. Look at that material, or train at a lower rate."
        )


class Stopping:
    """Turns SIGINT and SIGTERM into a request to stop after the current step."""

    def __init__(self) -> None:
        self.requested = False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        for number in (signal.SIGINT, signal.SIGTERM):
            self.before[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
