"""Engines without torch that make noise from the seed: quick, slow, failing, dying."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np

from engine.composing.composer import compose
from engine.composing.score import Score
from engine.errors import CheckpointError
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Remark, Step, Update

REMARK = "The end of the prompt was not read."

RATE = 44_100
BLOCK = 8192


def sound(spec: GenerationSpec) -> np.ndarray:
    """The whole take [2, N] an engine below makes of a spec."""
    rng = np.random.default_rng(spec.seed)
    return rng.uniform(-0.5, 0.5, (2, spec.frames(RATE))).astype(np.float32)


def sheet(spec: GenerationSpec) -> LeadSheet:
    """What an engine below plays where the prompt says so."""
    seed = (spec.seed or 0) if spec.score_seed is None else spec.score_seed
    score = Score.of(compose(seed, kind="song", seconds=12.0))
    return LeadSheet(score, f"a song of seed {seed}", score.tempo)


class FakeEngine:
    """Makes `sound(spec)`; the prompt's words say what happens on the way, as 'pause 0.05' at each step."""

    def __init__(self) -> None:
        self.steps = 0

    def load(self, model: str) -> Generator[Step, None, None]:
        for index in range(1, 5):
            yield Step("loading", index, 4)

    def describe(self) -> str:
        return "a fake"

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        words = spec.prompt.replace(",", " ").split()
        pause, burnt = number_after("pause", words), number_after("burns", words)
        _fail(words)
        if "blocks" in words or "stops" in words:
            yield Step("diffuse", 1, spec.steps or 4)
            _hang(words)
        if "plays" in words:
            yield sheet(spec)
        if "remarks" in words:
            yield Remark(REMARK)
        if "counts" in words:
            yield Step("encode", self.steps, 500)
        for index in range(1, (spec.steps or 4) + 1):
            time.sleep(pause)
            end = time.process_time() + burnt
            while time.process_time() < end:
                pass
            self.steps += 1
            yield Step("diffuse", index, spec.steps or 4)
        samples = sound(spec)
        for start in range(0, samples.shape[1], BLOCK):
            time.sleep(pause)
            if "dies" in words and start:
                os._exit(3)
            yield AudioBlock(start, samples[:, start : start + BLOCK])


def number_after(word: str, words: list[str]) -> float:
    """As 0.05 after 'pause'; 0 without the word."""
    return float(words[words.index(word) + 1]) if word in words else 0.0


def _fail(words: list[str]) -> None:
    if "fails" in words:
        raise CheckpointError("The weights are damaged; get them again.")
    if "breaks" in words:
        raise ZeroDivisionError("division by zero")


def _hang(words: list[str]) -> None:
    if "stops" in words:  # As if a debugger or a driver held the whole process.
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        time.sleep(3600)


class OneBlockEngine(FakeEngine):
    """Gives the whole take as one block."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        yield AudioBlock(0, sound(spec))


class RemarkingEngine(FakeEngine):
    """Says something about the take before its sound."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        yield Remark(REMARK)
        yield AudioBlock(0, sound(spec))


class Unbuildable:
    """Cannot be built at all."""

    def __init__(self) -> None:
        raise CheckpointError("There are no weights here.")


class NoWeights(FakeEngine):
    """Fails while it loads."""

    def load(self, model: str) -> Generator[Step, None, None]:
        yield Step("loading", 1, 2)
        raise CheckpointError("There are no weights here.")

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        yield from self.load(spec.model)


class Holds(FakeEngine):
    """Says what it holds; a misfit is found before what it holds goes, 'late' only afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded = ""

    def load(self, model: str, lora: str = "") -> Generator[Step, None, None]:
        if lora == "misfit" or model == "stable-audio-2":
            raise CheckpointError("It is for another model.")
        if (model, lora) == (self.loaded, ""):
            return
        self.loaded = ""
        yield Step("loading", 1, 2)
        if lora == "late":
            raise CheckpointError("Its disk is gone.")
        self.loaded = model
        yield Step("loading", 2, 2)

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        yield from self.load(spec.model, Path(spec.lora.split(":")[0]).name)
        yield from super().generate(spec)


class DiesAtBirth:
    """Ends its process when it is built."""

    def __init__(self) -> None:
        os._exit(7)
