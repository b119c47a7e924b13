"""A part of `longtake bench gpu` at work: its device, clocks that wait for it, and rows that are printed once found.

Knows nothing of what is measured.
"""

from __future__ import annotations

import gc
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks._random_models import narrow
from engine.configs import ModelSpec
from engine.errors import LongtakeError
from engine.registry import MODELS

if sys.platform != "win32":
    import resource

REPEATED = 5


class Part:
    """What a part needs: the device, whether to measure narrow models, and where figures go."""

    def __init__(self, device: str, smoke: bool) -> None:
        self.device, self.smoke = torch.device(device), smoke

    def spec(self, name: str) -> ModelSpec:
        """The registered model, or the narrow one of its build."""
        return narrow(MODELS[name]) if self.smoke else MODELS[name]

    def found(self, kind: str, model: str = "", **figures: Any) -> None:
        """Prints a row."""
        print(json.dumps({"kind": kind, "model": model, **figures}), flush=True)

    def tried(self, kind: str, model: str, measure: Callable[[], dict[str, Any]]) -> None:
        """Prints what was measured, or why it could not be; what comes after is tried all the same."""
        try:
            self.found(kind, model, **measure())
        except (LongtakeError, RuntimeError, ValueError, AssertionError, ImportError) as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            self.found(kind, model, error=f"{type(error).__name__}: {said[0][:160]}")
        self.emptied()

    def emptied(self) -> None:
        """Gives back what a part held, so that the next one's peak is its own."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.forget_peak()

    def forget_peak(self) -> None:
        """From here on, the peak is that of what comes now."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()

    def waited(self) -> float:
        """The time, s, once the device has done all it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def timed(self, call: Callable[[], Any], repeat: int = REPEATED, warm: int = 2) -> float:
        """Median seconds of a call."""
        for _ in range(warm):
            call()
        spent = []
        for _ in range(repeat):
            began = self.waited()
            call()
            spent.append(self.waited() - began)
        return statistics.median(spent)

    def peak_gb(self) -> float:
        """Most memory held since `forget_peak`, GB (10^9 bytes): the card's, or all this process ever held on a CPU.

        Not known on Windows without a card.
        """
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated() / 1e9
        if sys.platform == "win32":
            return math.nan
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
