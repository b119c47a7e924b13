"""The engine process: builds an engine from a dotted path and serves one bridge until that ends.

Knows nothing of sockets or jobs; torch comes in only through the factory. When the bridge dies the pipe closes, and
when the pipe closes this process ends, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any, NoReturn, cast

import numpy as np
import psutil
from numpy.typing import NDArray

from bridge.engine_process.spawned import begin, build
from bridge.engine_process.vigil import BEAT
from bridge.engine_process.wire import SLOT_FLOATS, SLOTS, Message, SharedSlots, Wire
from bridge.errors import BridgeError
from bridge.shared_file import SharedFile
from engine.errors import LongtakeError, sentence
from engine.spec import GenerationSpec
from engine.updates import Generates, LeadSheet, Remark, Step, Update

NICE = 10
"""Niceness: how far the engine gives way to OSC, MIDI, audio and live, which get nine tenths of a core they need."""
ENDING = 1.5
"""Seconds that an engine elsewhere has to hear of the end."""
_log = logging.getLogger("engine process")


class _Stopped(Exception):
    """The bridge has stopped this run."""


class EngineServer:
    """Runs what the bridge asks for, one thing at a time."""

    def __init__(self, wire: Wire, slots: SharedSlots) -> None:
        """Starts to listen at once, so that the bridge's end is noticed even while torch is being imported."""
        self._wire = wire
        self._slots = slots
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for slot in range(SLOTS):
            self._free.put(slot)
        self._work: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._stopped_to = -1
        self._loaded = ""
        self._loading = ""
        self._engine: Generates | None = None
        threading.Thread(target=self._listen, name="bridge", daemon=True).start()
        threading.Thread(target=self._beat, name="beat", daemon=True).start()

    def serve(self, factory: str) -> None:
        """Builds the engine and works until the process ends."""
        try:
            engine: Generates = build(factory)
            self._engine = engine
        except Exception as error:
            _log.exception("The engine could not be built")
            self._tell("failed", detail=f"The engine could not be built: {sentence(error)}")
            # Work that comes now is refused with the same sentence, until the bridge starts another process.
            engine = _Broken(f"The engine could not be built: {sentence(error)}")
        while True:
            self._wire.send(say="done")
            message = self._work.get()
            if message["do"] == "generate":
                self._generate(engine, message["run"], message["spec"])
            elif message["do"] == "load":
                self._load(engine, message["model"])
            else:
                self._unload(engine)

    def _beat(self) -> None:
        while True:
            self._wire.send(say="beat")
            time.sleep(BEAT)

    def _listen(self) -> None:
        while True:
            message = self._wire.receive()
            if message is None or message["do"] == "quit":
                self._end()
            if message["do"] == "free":
                self._free.put(message["slot"])
            elif message["do"] == "stop":
                self._stopped_to = message["run"]
            else:
                self._work.put(message)

    def _end(self) -> NoReturn:
        """Ends this process; an engine elsewhere is told so, if that takes no time."""
        close = getattr(self._engine, "close", None)
        if close:
            timer = threading.Timer(ENDING, os._exit, (0,))
            timer.daemon = True
            timer.start()
            with contextlib.suppress(Exception):
                close()
        os._exit(0)

    def _generate(self, engine: Generates, run: int, spec: dict[str, Any]) -> None:
        try:
            made = GenerationSpec.from_dict(spec)
            updates = engine.generate(made)
            try:
                for update in updates:
                    self._note_loading(engine, made.model, update)
                    self._pass_on(run, update)
                    if run <= self._stopped_to:
                        raise _Stopped
            finally:
                updates.close()
        except _Stopped:
            self._loading_ends(engine)
            self._wire.send(say="end", run=run)
        except Exception as error:
            if not isinstance(error, LongtakeError):
                _log.exception("Generating failed")
            self._loading_ends(engine, sentence(error))
            self._wire.send(say="error", run=run, kind=type(error).__name__, text=sentence(error))
        else:
            self._wire.send(say="end", run=run)

    def _load(self, engine: Generates, model: str) -> None:
        load = getattr(engine, "load", None)
        self._loading = model
        self._tell("loading", model)
        try:
            steps = load(model) if load else None
            if inspect.isgenerator(steps):
                for step in cast(Iterable[Step], steps):
                    self._tell("loading", model, fraction=step.index / max(step.total, 1))
        except Exception as error:
            if not isinstance(error, LongtakeError):
                _log.exception("Loading %s failed", model)
            self._loading_ends(engine, sentence(error))
        else:
            self._ready(engine, model)

    def _unload(self, engine: Generates) -> None:
        unload = getattr(engine, "unload", None)
        if unload:
            unload()
        self._loaded = ""
        self._tell("unloaded")

    def _note_loading(self, engine: Generates, model: str, update: Update) -> None:
        if isinstance(update, Step) and update.stage == "loading":
            self._loading, self._loaded = model, ""
            self._tell("loading", model, fraction=update.index / max(update.total, 1))
        elif model != self._loaded:
            self._ready(engine, model)

    def _ready(self, engine: Generates, model: str, besides: str = "") -> None:
        self._loading, self._loaded = "", model
        self._tell("ready", model, described(engine) + besides, 1.0)

    def _loading_ends(self, engine: Generates, why: str = "") -> None:
        """Loading was stopped, or failed: says what the engine holds now, which may be the last model still."""
        if not self._loading:
            return
        wanted, self._loading = self._loading, ""
        if why:
            self._tell("failed", wanted, why)
        # An engine that does not say holds nothing once it has begun to load.
        held = str(getattr(engine, "loaded", ""))
        if held:
            self._ready(engine, held, f"; {wanted} is not loaded: {why}" if why else "")
            return
        self._loaded = ""
        if not why:
            self._tell("unloaded", wanted)

    def _tell(self, phase: str, name: str = "", detail: str = "", fraction: float = 0.0) -> None:
        self._wire.send(say="model", name=name, phase=phase, detail=detail, fraction=fraction)

    def _pass_on(self, run: int, update: Update) -> None:
        if isinstance(update, Step):
            step = {"stage": update.stage, "index": update.index, "total": update.total}
            self._wire.send(say="step", run=run, **step)
            return
        if isinstance(update, LeadSheet):
            score = None if update.score is None else update.score.to_dict()
            sheet = {"score": score, "about": update.about, "tempo": update.tempo}
            self._wire.send(say="sheet", run=run, **sheet)
            return
        if isinstance(update, Remark):
            self._wire.send(say="remark", run=run, text=update.text)
            return
        channels = update.samples.shape[0]
        longest = SLOT_FLOATS // channels
        for first in range(0, update.samples.shape[1], longest):
            part = update.samples[:, first : first + longest]
            place = self._place(run, part)
            self._wire.send(say="block", run=run, start=update.start + first, **place)

    def _place(self, run: int, array: NDArray[np.float32]) -> Message:
        """Waits for a free slot and puts an array of at most `SLOT_FLOATS` values into it."""
        slot = None
        while slot is None:
            if run <= self._stopped_to:
                raise _Stopped
            with contextlib.suppress(queue.Empty):
                slot = self._free.get(timeout=0.2)
        self._slots.put(slot, array)
        return {"slot": slot, "shape": list(array.shape)}


class _Broken:
    """Stands for an engine that could not be built."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def generate(self, spec: GenerationSpec) -> Any:
        raise BridgeError("not_loaded", self._sentence)

    def load(self, model: str) -> None:
        raise BridgeError("not_loaded", self._sentence)


def described(engine: Generates) -> str:
    """What it runs on, for people: 'ready on CPU, 2 threads, 0.4 GB'."""
    parts: list[str] = []
    describe = getattr(engine, "describe", None)
    # Looked up, not imported: this file has no need of torch, and a test engine has none.
    torch = sys.modules.get("torch")
    if describe:
        parts.append(str(describe()))
    elif torch:
        parts.append(f"CPU, {torch.get_num_threads()} threads")
    if not getattr(engine, "elsewhere", False):
        parts.append(f"{psutil.Process().memory_info().rss / 1e9:.1f} GB")
    return f"ready on {', '.join(parts)}"


def main(argv: list[str]) -> int:
    """`engine_child FACTORY SLOTS PARENT_PID`, with the bridge at both pipes."""
    factory, place, parent = argv
    wire = begin(int(parent), NICE)
    EngineServer(wire, SharedSlots(SharedFile(place))).serve(factory)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
