"""Engines without torch for the places of a cluster: tones, and words in a prompt that say what goes wrong."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from engine.composing.score import Score
from engine.errors import CheckpointError
from engine.spec import GenerationSpec
from engine.updates import Generates, LeadSheet, Remark, Step, Update
from tests.conftest import ToneEngine

TONES = "tests.engine.fleet.engines:Tones"
BATCHING = "tests.engine.fleet.engines:Batching"
TINY = "tests.engine.fleet.engines:tiny_engine"


def tiny_engine(mark: str = "") -> Generates:
    """The real engine with a random model of the embedded one's build; "kills once" in a prompt leaves the mark."""
    from engine.engine import Engine
    from tests.engine.tiny_model import tiny_model

    class Tiny(Engine):
        def generate(
            self, spec: GenerationSpec, score: Score | None = None
        ) -> Generator[Update, None, None]:
            for update in super().generate(spec, score):
                if mark and "kills once" in spec.prompt and not _was_there(Path(mark)):
                    os.kill(os.getpid(), signal.SIGKILL)
                yield update

    return Tiny("cpu", load=lambda spec: tiny_model())


class Tones(ToneEngine):
    """Makes tones; "fails", "kills" (always), "kills once PATH" and "pause SECONDS" happen at the first step."""

    loaded = ""

    def __init__(self, device: str = "cpu", precision: str = "auto", compiled: bool = False):
        super().__init__()

    def describe(self) -> str:
        return f"tones, {os.environ.get('OMP_NUM_THREADS')} threads"

    def load(self, model: str) -> Generator[Step, None, None]:
        yield Step("loading", 1, 1)
        self.loaded = model

    def unload(self) -> None:
        self.loaded = ""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        words = spec.prompt.split()
        yield LeadSheet(None, f"plays {spec.prompt}", spec.tempo)
        yield Remark(f"Process {os.getpid()}.") if "tells" in words else Step("encode", 1, 1)
        if "fails" in words:
            raise CheckpointError(f"Nothing is known of {spec.init_audio or spec.prompt}.")
        if "kills" in words and not ("once" in words and _was_there(Path(words[-1]))):
            os._exit(9)
        for update in super().generate(spec):
            if "pause" in words and isinstance(update, Step):
                time.sleep(float(words[words.index("pause") + 1]))
            yield update


class Batching(Tones):
    """Makes batches too, as long as nobody in them ends the process."""

    def generate_batch(
        self, specs: Sequence[GenerationSpec]
    ) -> Generator[tuple[int, Update], None, None]:
        for index, spec in enumerate(specs):
            for update in self.generate(spec):
                yield index, update


def _was_there(mark: Path) -> bool:
    """Whether it was marked before; now it is."""
    if mark.exists():
        return True
    mark.touch()
    return False
