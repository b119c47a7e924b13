"""`EngineProcess`: the engine behind the same `generate(spec)`, in a process of its own that may die.

Knows nothing of torch and of no model: the child (`child.py`) builds the engine from a dotted path. One thread starts
the child, reads what it says and starts the next one when it ends. A child that is killed in the middle of a take makes
`generate` raise `EngineDied`, and the next call works.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import IO, Any, cast

from bridge import errors as bridge_errors
from bridge.engine_process.wire import Message, SharedSlots, Wire
from bridge.errors import BridgeError, EngineDied
from bridge.events import ModelChanged, Publish
from bridge.state import ModelState
from engine import errors as engine_errors
from engine.composing.score import Score
from engine.errors import LongtakeError
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Step, Update

REAL_ENGINE = "engine.engine:Engine"
# On Windows: no console window, and a lower priority than audio and OSC; elsewhere the child lowers its own.
_FLAGS = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(
    subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0
)
PATIENCE = 0.25
"""Seconds after which a waiting `generate` says that it still waits, so that it can be closed."""
EARLY_DEATHS = 3
"""After this many children in a row died before they were ready, no more are started until somebody asks."""
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Run:
    """One `generate`: its number, its spec, what the child said to it, and which child that was."""

    number: int
    spec: dict[str, Any]
    inbox: queue.SimpleQueue[Message] = field(default_factory=queue.SimpleQueue[Message])
    child: _Child | None = None


@dataclass(slots=True, eq=False)
class _Child:
    """A running engine process."""

    process: subprocess.Popen[bytes]
    wire: Wire
    slots: SharedSlots
    last_words: deque[str] = field(default_factory=lambda: deque[str](maxlen=5))

    def send(self, **message: Any) -> None:
        """Sends a message; that the child is gone is noticed by its reader, not here."""
        with contextlib.suppress(OSError, ValueError):
            self.wire.send(**message)


class EngineProcess:
    """An engine that can be killed without harm; `start` starts it in the background."""

    def __init__(self, publish: Publish, factory: str = REAL_ENGINE, model: str = "") -> None:
        """Names the engine's factory and the model loaded from the start; no process yet."""
        self._publish = publish
        self._factory = factory
        self._wanted_model = model
        self._lock = threading.Condition()
        self._child: _Child | None = None
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
        """Yields what the engine yields; closing it stops the engine within one step.

        Raises:
            EngineDied: if the process ends meanwhile.
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
        while True:
            try:
                return run.inbox.get(timeout=PATIENCE)
            except queue.Empty:
                state = self.state()
                if run.child is None or state.phase == "loading":
                    done = max(1, round(state.fraction * 100))
                    return {"say": "step", "stage": "loading", "index": done, "total": 100}

    def _update(self, run: _Run, message: Message) -> Update:
        if message["say"] in ("error", "died"):
            raise _error(message)
        if message["say"] == "step":
            return Step(message["stage"], message["index"], message["total"])
        if message["say"] == "sheet":
            score = None if message["score"] is None else Score.from_dict(message["score"])
            return LeadSheet(score, message["about"], message["tempo"])
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
                self._child.send(**message)
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
            while (message := child.wire.receive()) is not None:
                self._heard(child, message)
            self._buried(child, _why(child))

    def _spawn(self) -> _Child:
        slots = SharedSlots()
        # The same search path as here: an engine that is importable here is importable there.
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)
        }
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",  # what lies in the present folder is no module of ours
                "-m",
                "bridge.engine_process.child",
                self._factory,
                slots.file.place,
                str(os.getpid()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            pass_fds=slots.file.inherited,
            creationflags=_FLAGS,
        )
        child = _Child(
            process, Wire(cast(IO[bytes], process.stdout), cast(IO[bytes], process.stdin)), slots
        )
        threading.Thread(target=_read_words, args=(child,), name="engine log", daemon=True).start()
        with self._lock:
            self._child = child
            if self._closing:
                child.send(do="quit")
            elif self._wanted_model:
                child.send(do="load", model=self._wanted_model)
            self._hand_over()
        self._say(
            ModelState(
                self._wanted_model, "loading" if self._wanted_model else "unloaded", "starting"
            )
        )
        return child

    def _hand_over(self) -> None:
        """Gives the waiting run to the child that is there; under the lock."""
        if self._child and self._run and self._run.child is None:
            self._run.child = self._child
            self._child.send(do="generate", run=self._run.number, spec=self._run.spec)

    def _heard(self, child: _Child, message: Message) -> None:
        if message["say"] == "model":
            with self._lock:
                if message["phase"] == "ready":
                    self._early_deaths = 0
                    self._wanted_model = message["name"]
            del message["say"]
            self._say(ModelState(**message))
        else:
            child.last_words.clear()
            with self._lock:
                run = self._run
                if run and run.number == message["run"]:
                    run.inbox.put(message)
                    return
            if "slot" in message:
                child.send(do="free", slot=message["slot"])

    def _buried(self, child: _Child | None, why: str) -> None:
        if child:
            child.process.wait()
            child.wire.close()
        with self._lock:
            closing = self._closing
            self._child = None
            self._early_deaths += 1
            given_up = self._early_deaths >= EARLY_DEATHS
            run = self._run
            if run and (run.child is child or given_up):
                run.inbox.put({"say": "died", "text": why})
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


def _read_words(child: _Child) -> None:
    """What the child writes to standard error goes to our log; the last lines may explain its end."""
    for line in cast(IO[bytes], child.process.stderr):
        text = line.decode(errors="replace").rstrip()
        child.last_words.append(text)
        _log.info("engine: %s", text)


def _why(child: _Child) -> str:
    code = child.process.wait()
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        hint = ", perhaps because memory ran out" if name == "SIGKILL" else ""
        return f"The engine process was ended by {name}{hint}; it starts again, and the next job works."
    last = f": {child.last_words[-1]}" if child.last_words else ""
    return (
        f"The engine process ended with code {code}{last}; it starts again, and the next job works."
    )


def _error(message: Message) -> LongtakeError:
    """The child's error, in its own class if that is one of ours."""
    if message["say"] == "died":
        return EngineDied(message["text"])
    kind = getattr(engine_errors, message["kind"], None)
    if isinstance(kind, type) and issubclass(kind, LongtakeError):
        return kind(message["text"])
    code: bridge_errors.Code = "not_loaded" if message["kind"] == "BridgeError" else "engine"
    return BridgeError(code, message["text"])
