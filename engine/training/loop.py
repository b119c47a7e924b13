"""The training loop of every stage: a budget in minutes, a log of losses, checkpoints that survive interruption.

A stage is anything with `step(index) -> losses` and a state. A run is one folder: `checkpoint.pt` (tensors and numbers
only, read with `weights_only`), `log.jsonl` and TensorBoard's files. Knows nothing of networks or data.
"""

from __future__ import annotations

import json
import logging
import signal
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
from torch import Tensor

from engine.errors import LongtakeError
from engine.whole_files import whole

log = logging.getLogger(__name__)


class TrainingStage(Protocol):
    """What the loop needs from a stage."""

    def step(self, index: int) -> Mapping[str, float | Tensor]:
        """Runs optimisation step `index` (from 0) and returns its losses, on their device: they are read when logged.

        "flops" among them is how many operations the step took.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to resume, as tensors, numbers, strings and containers of these."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resumes from `state_dict`."""
        ...


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


def train(
    stage: TrainingStage, folder: Path, budget: Budget, stopping: Stopping | None = None
) -> int:
    """Trains from the folder's checkpoint, or from the start, until the budget is used up.

    SIGINT and SIGTERM end the loop after the current step, with a checkpoint.

    Args:
        stage: what to train.
        folder: of the run.
        budget: when to end.
        stopping: whoever calls several stages has its own, to know that it should not begin the next.

    Returns:
        The number of steps done in all, earlier calls included.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = resume(stage, folder)
    began = saved = time.monotonic()
    journal = Journal(folder, index, budget.peak_flops)
    with nullcontext(stopping) if stopping else Stopping() as stopping:
        while not stopping.requested and (budget.steps is None or index < budget.steps):
            losses = stage.step(index)
            index += 1
            journal.note(index, losses, every=budget.log_every)
            now = time.monotonic()
            if now - began > budget.minutes * 60:
                break
            if now - saved > budget.save_every_minutes * 60:
                save(stage, folder, index)
                saved = now
    save(stage, folder, index)
    journal.close()
    return index


def resume(stage: TrainingStage, folder: Path) -> int:
    """Loads the folder's checkpoint, if any, into the stage; returns the number of steps done so far."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True, map_location="cpu")
    stage.load_state_dict(state["stage"])
    log.info("resuming from step %d of %s", state["index"], path)
    return int(state["index"])


def save(stage: TrainingStage, folder: Path, index: int) -> None:
    """Writes the checkpoint atomically.

    Raises:
        LongtakeError: if it cannot be written, as on a full disk; the last one stays.
    """
    state = {"index": index, "stage": stage.state_dict()}
    try:
        with whole(folder / "checkpoint.pt") as part:
            torch.save(state, part)
    except OSError as error:
        raise _no_room(folder, error) from error
    except RuntimeError as error:
        # What torch's own writer raises on a full disk names its source file.
        if "inline_container" not in str(error) and "PytorchStreamWriter" not in str(error):
            raise
        raise _no_room(folder, error) from error


def _no_room(folder: Path, error: Exception) -> LongtakeError:
    said = str(error).splitlines()[0]
    return LongtakeError(
        f"There may be no room left in {folder} ({said}); the last checkpoint is whole."
    )


class Journal:
    """Logs mean losses as lines of JSON, and for TensorBoard if it is installed."""

    def __init__(self, folder: Path, index: int, peak_flops: float | None = None) -> None:
        self.file = (folder / "log.jsonl").open("a", buffering=1)
        self.board = _tensorboard(folder)
        self.peak_flops = peak_flops
        self.values: dict[str, list[float | Tensor]] = defaultdict(list)
        self.count, self.since, self.first = 0, time.monotonic(), index

    def note(self, index: int, losses: Mapping[str, float | Tensor], every: int) -> None:
        """Adds one step's losses; writes their means every `every` steps."""
        for name, value in losses.items():
            self.values[name].append(value)
        self.count += 1
        if self.count < every:
            return
        means = {name: _mean(values) for name, values in self.values.items()}
        # After the losses were read: only then is a GPU done with its steps.
        seconds = (time.monotonic() - self.since) / self.count
        if flops := means.pop("flops", None):
            means["tflops_per_second"] = flops / seconds / 1e12
            if self.peak_flops:
                means["share_of_peak"] = flops / seconds / self.peak_flops
        self.file.write(
            json.dumps({"step": index, "seconds_per_step": round(seconds, 3), **means}) + "\n"
        )
        log.info("step %d  %.2f s/step  %s", index, seconds, _in_words(means))
        if self.board is not None:
            for name, value in means.items():
                self.board.add_scalar(name, value, index)
        self.values.clear()
        self.count, self.since = 0, time.monotonic()

    def close(self) -> None:
        """Closes the files."""
        self.file.close()
        if self.board is not None:
            self.board.close()


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


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))


def _mean(values: Sequence[float | Tensor]) -> float:
    """The mean; values on a GPU are read in one go."""
    return float(torch.stack([torch.as_tensor(v, dtype=torch.float64) for v in values]).mean())


def _in_words(means: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in means.items())
