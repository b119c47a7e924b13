"""What all tests share: no screen, no user's own folders, and an engine that makes tones where no model is needed.

Several workers may share them out (`-n`), by files; see `sharing`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from engine.file_names import encodable
from engine.registry import SAMPLE_RATE, model_spec
from engine.sound.audio import read_audio
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Step, Update
from tests.needed import need

# Before Qt or platformdirs are asked for anything.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_own = tempfile.mkdtemp(prefix="longtake-tests-")
for _folder in ("CONFIG", "DATA", "STATE", "CACHE"):
    os.environ[f"XDG_{_folder}_HOME"] = os.path.join(_own, _folder.lower())

# Ray lets its workers stand back behind everything else, so that tests that wait for them would wait for all others.
os.environ.setdefault("RAY_worker_niceness", "0")

# Before torch is imported: workers that each took all cores would wait for one another. They inherit what is set in the
# process that shares the tests out, so that nothing is set there.
_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if _workers > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // _workers)))
    # Two that compile the same function and write it under one name crash whoever reads it.
    os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(_own, "numba"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Says which tests stay together; without workers nobody asks."""
    from tests.sharing import ByFile

    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """What a test said goes from its worker to the one that reports, and halves of characters cannot."""
    return _whole((yield))


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_whole, value))
    return encodable(value) if isinstance(value, str) else value


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Steps back behind the bridge, and asks for the parts that a test's marker names."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        from tests.sharing import step_back

        step_back(item.nodeid)
    for marker in item.iter_markers("real_parts"):
        need(*marker.args)


@dataclass
class ToneEngine:
    """A small `Generates`: a tone whose pitch is the seed, in blocks; it reads the recording as the real one does."""

    steps: int = 4
    block: int = 10_000
    asked: list[GenerationSpec] = field(default_factory=list)
    closed: bool = False

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Yields the steps of all stages and then the tone."""
        self.asked.append(spec)
        try:
            if spec.init_audio:
                read_audio(spec.init_audio)
            yield Step("loading", 1, 1)
            if spec.init_audio:
                yield Step("encode", 1, 1)
            for index in range(self.steps):
                yield Step("diffuse", index + 1, self.steps)
            yield from self._tone(spec.resolved(model_spec(spec.model)))
        finally:
            self.closed = True

    def _tone(self, spec: GenerationSpec) -> Generator[AudioBlock, None, None]:
        frames = spec.frames(SAMPLE_RATE)
        pitch = 200.0 + (spec.seed or 0) % 1000
        tone = 0.5 * np.sin(2 * np.pi * pitch * np.arange(frames) / SAMPLE_RATE)
        samples = np.stack([tone, tone]).astype(np.float32)
        for start in range(0, frames, self.block):
            yield AudioBlock(start, samples[:, start : start + self.block])


@pytest.fixture
def tone_engine() -> ToneEngine:
    """A fresh engine of tones."""
    return ToneEngine()
