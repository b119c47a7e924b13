"""`EngineProcess`: the engine behind the same `generate(spec)`, in a process of its own that may die.

Knows nothing of torch and of no model: the child (`child.py`) builds the engine from a dotted path. One thread starts
the child, watches over it and starts the next one when it ends. A child that is killed in the middle of a take, or
hangs and is ended for it (`vigil.py`), makes `generate` raise `EngineDied`, and the next call works.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import subprocess
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

from bridge import errors as bridge_errors
from bridge.engine_process.handle import ChildProcess, started
from bridge.engine_process.vigil import Limits
from bridge.engine_process.wire import Message
from bridge.errors import BridgeError, EngineDied
from bridge.events import ModelChanged, Publish
from bridge.state import ModelState
from engine.composing.score import Score
from engine.errors import LongtakeError, known
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Remark, Step, Update

REAL_ENGINE = "engine.engine:Engine"
REMOTE_ENGINE = "engine.fleet.remote:RemoteEngine"
"""Stands for an engine on a cluster, whose address and factory it is given."""
PATIENCE = 0.25
"""Seconds after which a waiting `generate` says that it still waits, so that it can be closed."""
EARLY_DEATHS = 3
"""After this many children in a row died before they were ready, no more are started until somebody asks."""
TICK, DYING = 0.5, 5.0
"""Seconds between two looks at a child, and that one has to die when it is killed."""
_LIMITS = Limits()
_BEGINS: Message = {"say": "step", "stage": "loading", "index": 1, "total": 1}
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Run:
    """One `generate`: its number, its spec, what the child said to it, and which child that was."""

    number: int
    spec: dict[str, Any]
    inbox: queue.SimpleQueue[Message] = field(default_factory=queue.SimpleQueue[Message])
    child: ChildProcess | None = None
    waiting: bool = False
    stands_at: Message = field(default_factory=lambda: _BEGINS)

    @property
    def waits(self) -> bool:
        """Whether its reader waits for the engine, and not the engine for its reader."""
        return self.waiting and self.inbox.empty()


class EngineProcess:
    """An engine that can be killed without harm; `start` starts it in the background."""

    def __init__(
        self,
        publish: Publish,
        factory: str = REAL_ENGINE,
        model: str = "",
        limits: Limits = _LIMITS,
    ) -> None:
        """Names the engine's factory, the model loaded from the start, and how long is waited; no process yet."""
        self._limits = limits
        self._publish = publish
        self._factory = factory
        self._wanted_model = model
        self._lock = threading.Condition()
        self._child: ChildProcess | None = None
        self._run: _Run | None = None
        self._numbers = itertools.count()
        self._state = ModelState(model)
        self._early_deaths = 0
        self._closing = False
        # One thread for all children: Linux ends a child together with the *thread* that started it.
        self._thread = threading.Thread(target=self._watch, name="engine watch", daemon=True)

    def start(self) -> None:
        """Starts the process and loads the model, all in the background."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is none."""
        with self._lock:
            return self._child.process.pid if self._child else None

    def state(self) -> ModelState:
        """Loading, ready, failed or unloaded."""
        with self._lock:
            return self._state

    def load(self, model: str) -> None:
        """Loads a model in the background."""
        self._ask(model, {"do": "load", "model": model})

    def unload(self) -> None:
        """Frees the model's memory."""
        self._ask("", {"do": "unload"})

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Yields what the engine yields, and its last step again while nothing comes; closing it stops the engine.

        An engine that does not stop within its grace is ended with its process.

        Raises:
            EngineDied: if the process ends meanwhile, or hangs and is ended.
            LongtakeError: whatever the engine raises.
        """
        run = _Run(next(self._numbers), spec.to_dict())
        with self._lock:
            if self._closing:
                raise BridgeError("engine", "The engine is closing; start Longtake again.")
            self._run = run
            self._early_deaths = 0
            self._lock.notify_all()
            self._hand_over()
        ended = False
        try:
            while not ended:
                message = self._next(run)
                ended = message["say"] in ("end", "error", "died")
                if message["say"] != "end":
                    yield self._update(run, message)
        finally:
            self._leave(run, ended)

    def close(self) -> None:
        """Ends the process, by force if it does not listen."""
        with self._lock:
            self._closing = True
            child = self._child
            self._lock.notify_all()
        if child:
            child.send(do="quit")
            try:
                child.process.wait(2.0)
            except subprocess.TimeoutExpired:
                child.process.kill()
        if self._thread.is_alive():
            self._thread.join(5.0)

    # --- generate's side ---

    def _next(self, run: _Run) -> Message:
        """What comes next; the step it stands at once more while nothing comes, so that it can be closed."""
        run.waiting = True
        try:
            message = run.inbox.get(timeout=PATIENCE)
        except queue.Empty:
            state = self.state()
            if run.child is None or state.phase == "loading":
                done = max(1, round(state.fraction * 100))
                return {"say": "step", "stage": "loading", "index": done, "total": 100}
            return run.stands_at
        run.waiting = False
        if message["say"] == "step":
            run.stands_at = message
        elif message["say"] == "block":
            run.stands_at = {"say": "step", "stage": "decode", "index": 0, "total": 1}
        return message

    def _update(self, run: _Run, message: Message) -> Update:
        if message["say"] in ("error", "died"):
            raise _error(message)
        if message["say"] == "step":
            return Step(message["stage"], message["index"], message["total"])
        if message["say"] == "sheet":
            score = None if message["score"] is None else Score.from_dict(message["score"])
            return LeadSheet(score, message["about"], message["tempo"])
        if message["say"] == "remark":
            return Remark(message["text"])
        assert run.child is not None  # it sent the block
        samples = run.child.slots.take(message["slot"], tuple(message["shape"]))
        run.child.send(do="free", slot=message["slot"])
        return AudioBlock(message["start"], samples)

    def _leave(self, run: _Run, ended: bool) -> None:
        with self._lock:
            if self._run is run:
                self._run = None
            child = run.child
        if child is None:
            return
        if not ended:
            with self._lock:
                child.vigil.stopped(run.number)
            child.send(do="stop", run=run.number)
        with contextlib.suppress(queue.Empty):
            while True:
                message = run.inbox.get_nowait()
                if "slot" in message:
                    child.send(do="free", slot=message["slot"])

    def _ask(self, model: str, message: Message) -> None:
        with self._lock:
            self._wanted_model = model
            self._early_deaths = 0
            if self._child:
                self._child.ask(message["do"], **message)
            self._lock.notify_all()

    # --- the watching thread ---

    def _watch(self) -> None:
        while True:
            with self._lock:
                while not self._closing and self._early_deaths >= EARLY_DEATHS:
                    self._lock.wait()
                if self._closing:
                    return
            try:
                child = self._spawn()
            except OSError as error:
                _log.error("The engine process could not be started: %s", error)
                self._buried(None, f"The engine process could not be started: {error}.")
                continue
            self._attend(child)
            self._buried(child, child.cause())

    def _spawn(self) -> ChildProcess:
        child = started(self._factory, self._limits, self._heard)
        with self._lock:
            self._child = child
            if self._closing:
                child.send(do="quit")
            elif self._wanted_model:
                child.ask("load", do="load", model=self._wanted_model)
            self._hand_over()
        self._say(
            ModelState(
                self._wanted_model, "loading" if self._wanted_model else "unloaded", "starting"
            )
        )
        return child

    def _attend(self, child: ChildProcess) -> None:
        """Returns when the process is gone, by itself or because it hung."""
        before = time.monotonic()
        while not child.gone.wait(TICK):
            now = time.monotonic()
            # A laptop that slept, or a bridge that was stopped with its child, has not waited.
            passed, before = min(now - before, 2 * TICK), now
            worked = child.worked(passed)
            with self._lock:
                run = self._run
                wanted = run is not None and run.child is child and run.waits
                why = child.vigil.passed(passed, worked=worked, wanted=wanted)
                if self._closing:
                    continue
                child.condemned = why  # From here on it is given nothing.
            if why:
                child.end(DYING)
                return

    def _hand_over(self) -> None:
        """Gives the waiting run to the child that is there, unless that is about to be ended; under the lock."""
        if self._child and not self._child.condemned and self._run and self._run.child is None:
            self._run.child = self._child
            number = self._run.number
            self._child.ask(number, do="generate", run=number, spec=self._run.spec)

    def _heard(self, child: ChildProcess, message: Message) -> None:
        with self._lock:
            child.vigil.heard(message)
        if child.condemned:  # What could not be ended may speak again.
            return
        if message["say"] == "model":
            with self._lock:
                if message["phase"] == "ready":
                    self._early_deaths = 0
                    self._wanted_model = message["name"]
            del message["say"]
            self._say(ModelState(**message))
        elif "run" in message:
            child.last_words.clear()
            with self._lock:
                run = self._run
                if run and run.number == message["run"]:
                    run.inbox.put(message)
                    return
            if "slot" in message:
                child.send(do="free", slot=message["slot"])

    def _buried(self, child: ChildProcess | None, why: str) -> None:
        if child and child.gone.is_set():
            child.process.wait()
            child.wire.close()
        with self._lock:
            closing = self._closing
            self._child = None
            self._early_deaths += 1
            given_up = self._early_deaths >= EARLY_DEATHS
            run = self._run
            if run and child and run.child is child and child.vigil.stopping and not given_up:
                run.child = None  # It was another's run that the process ended with.
            elif run and (run.child is child or given_up):
                code = "timeout" if child and child.condemned else "engine"
                run.inbox.put({"say": "died", "text": why, "code": code})
                self._run = None
            state = self._state
        if closing:
            return
        _log.error("%s", why)
        self._say(replace(state, phase="failed", detail=why, fraction=0.0))
        if not given_up:
            time.sleep(0.05)

    def _say(self, state: ModelState) -> None:
        with self._lock:
            if self._state == state:
                return
            self._state = state
            self._publish(ModelChanged(state))


def _error(message: Message) -> LongtakeError:
    """The child's error, in its own class if that is one of ours."""
    if message["say"] == "died":
        return EngineDied(message["text"], message["code"])
    kind = known(message["kind"])
    if kind.__name__ == message["kind"]:
        return kind(message["text"])
    code: bridge_errors.Code = "not_loaded" if message["kind"] == "BridgeError" else "engine"
    return BridgeError(code, message["text"])
