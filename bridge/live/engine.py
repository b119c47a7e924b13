"""The live engine's process as the bridge has it: started when it is needed, spoken to, ended when it hangs.

One thread makes all calls: Linux ends a process together with the thread that started it. Knows nothing of devices and
of what is recorded.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, fields

from bridge.audio.live.memory import LiveMemory
from bridge.engine_process.spawning import Spawned, attend, spawn
from bridge.engine_process.wire import Message
from engine.live_settings import LiveSettings, Metre, Pace
from engine.updates import Step

REAL_ENGINE = "engine.live.engine:LiveEngine"
BEGINNING, STUCK = 300.0, 10.0
"""Seconds that a process may say nothing while it begins, and while it plays; it says something twice a second."""
DYING = 5.0
_CHILD = "bridge.live.child"


class LiveEngineProcess:
    """The process, or none.

    Attributes:
        pace: of the stream that plays; None while none does.
        compute: seconds that a hop takes to make, 95 of 100 recent ones take less.
        step: how far it is with beginning.
        failed: why the stream could not begin, a sentence; empty while all is well.
        began: when it said its pace first, by `time.monotonic`; 0 before.
    """

    def __init__(self, memory: LiveMemory, factory: str, news: Callable[[], None]) -> None:
        """No process yet; `news` is called, from another thread, when there is something new to see."""
        self._memory = memory
        self._factory = factory
        self._news = news
        self._child: Spawned | None = None
        self._condemned = ""
        self._heard = 0.0
        self._stream = 0
        self._wanted = False
        self._forget()

    def _forget(self) -> None:
        self.pace: Pace | None = None
        self.compute = 0.0
        self.step: Step | None = None
        self.failed = ""
        self.began = 0.0

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._child.process.pid if self._child else None

    def begin(self, settings: LiveSettings, metre: Metre | None) -> None:
        """Begins a stream, in a process that is started if there is none; what played ends. `failed` says why not."""
        self._forget()
        if self._child and self._child.gone.is_set():
            self._bury(self._child)
        if self._child is None:
            files = self._memory.files
            shared = [getattr(files, field.name) for field in fields(files)]
            arguments = (self._factory, *(file.place for file in shared))
            try:
                process, wire = spawn(_CHILD, arguments, shared, "ABOVE_NORMAL_PRIORITY_CLASS")
            except OSError as error:
                self.failed = f"The live engine could not be started: {error}."
                return
            self._child, self._condemned = Spawned(process, wire), ""
            attend(self._child, "live engine", self._hear)
        self._wanted, self._heard = True, time.monotonic()
        self._stream += 1
        about = {"settings": asdict(settings), "metre": _plain(metre)}
        self._child.send(do="begin", stream=self._stream, **about)

    def change(self, settings: LiveSettings) -> None:
        """Other settings, from the next hop on."""
        if self._child:
            self._child.send(do="set", settings=asdict(settings))

    def keep_time(self, metre: Metre | None) -> None:
        """Where the beat is, from the next hop on."""
        if self._child:
            self._child.send(do="metre", metre=_plain(metre))

    def stop(self) -> None:
        """Ends the stream; the process keeps its model for the next one."""
        if self._child:
            self._child.send(do="stop")
        self._wanted = False
        self._forget()

    def tend(self) -> str:
        """Ends a process that hangs; gives why it is gone, as a sentence, and empty while it is well or not wanted."""
        child = self._child
        if child is None:
            return ""
        silent = time.monotonic() - self._heard
        patience = STUCK if self.pace else BEGINNING
        if self._wanted and silent > patience and not child.gone.is_set():
            self._condemned = f"gave no sign of life for {silent:.0f} s"
            child.end(DYING)
        if not child.gone.is_set() and not self._condemned:
            return ""
        why = self._condemned
        how = f"{why} and was ended" if why else child.how_it_ended()
        self._bury(child)
        return f"The live engine {how}."

    def end(self) -> None:
        """Ends the process."""
        if child := self._child:
            child.send(do="stop")
            child.end(DYING)
            self._bury(child)

    def _bury(self, child: Spawned) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(DYING)
        if child.gone.is_set():
            child.wire.close()
        self._child = None
        self._forget()

    def _hear(self, child: Spawned, message: Message) -> None:
        """On the process's own thread."""
        if child is not self._child or message.pop("stream") != self._stream:
            return  # It was given up, or speaks of what was before.
        self._heard = time.monotonic()
        said = message.pop("say")
        if said == "pace":
            self.began = self.began or self._heard
            self.step, self.pace = None, Pace(**message)
        elif said == "hops":
            self.compute = float(message["compute"])
        elif said == "step":
            self.step = Step(**message)
        elif said == "failed":
            self.failed = str(message["text"])
        self._news()


def _plain(metre: Metre | None) -> Message | None:
    return None if metre is None else asdict(metre)
