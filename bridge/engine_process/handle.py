"""A running engine process as its parent sees it: what it owes, and whether it works.

Knows nothing of models or takes; `process.py` decides what is asked and when it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil

from bridge.engine_process.spawning import Spawned, attend, spawn
from bridge.engine_process.vigil import Limits, Vigil
from bridge.engine_process.wire import Message, SharedSlots

WORKING = 0.05
"""Share of one core from which a process is taken to compute."""
_NEXT = "it starts again, and the next job works."


@dataclass(slots=True, eq=False)
class ChildProcess(Spawned):
    """An engine process; `condemned` says why it is ended by us."""

    slots: SharedSlots
    vigil: Vigil
    condemned: str = ""
    _processor_time: float = 0.0

    def ask(self, work: int | str, **message: Any) -> None:
        """Sends work that it then owes; under the lock of its vigil."""
        self.vigil.asked(work)
        self.send(**message)

    def worked(self, seconds: float) -> bool:
        """Whether it computed during the last `seconds`, that is since the last call."""
        try:
            times = psutil.Process(self.process.pid).cpu_times()
        except psutil.Error:
            return False
        before, self._processor_time = self._processor_time, times.user + times.system
        return self._processor_time - before > WORKING * seconds

    def cause(self) -> str:
        """Why it ended, as a sentence."""
        how = f"{self.condemned} and was ended" if self.condemned else self.how_it_ended()
        return f"The engine process {how}; {_NEXT}"


def started(
    factory: str, limits: Limits, heard: Callable[[ChildProcess, Message], None]
) -> ChildProcess:
    """Starts an engine process; `heard` gets what it says, on a thread of its own.

    On Linux the process ends together with the thread that calls this.

    Raises:
        OSError: if the system cannot start it.
    """
    slots = SharedSlots()
    # Lower than audio and OSC; elsewhere than on Windows the child lowers its own.
    process, wire = spawn(
        "bridge.engine_process.child",
        (factory, slots.file.place),
        (slots.file,),
        "BELOW_NORMAL_PRIORITY_CLASS",
    )
    child = ChildProcess(process, wire, slots, Vigil(limits))
    attend(child, "engine", heard)
    return child
