"""A running engine process as its parent sees it: started, spoken to, and ended by force with all its own children.

Knows nothing of models or takes; `process.py` decides what is asked and when it ends.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, cast

import psutil

from bridge.engine_process.vigil import Limits, Vigil
from bridge.engine_process.wire import Message, SharedSlots, Wire

# On Windows: no console window, and a lower priority than audio and OSC; elsewhere the child lowers its own.
_FLAGS = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(
    subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0
)
WORKING = 0.05
"""Share of one core from which a process is taken to compute."""
_NEXT = "it starts again, and the next job works."
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class ChildProcess:
    """An engine process; `gone` is set when it has said its last word, `condemned` says why it is ended by us."""

    process: subprocess.Popen[bytes]
    wire: Wire
    slots: SharedSlots
    vigil: Vigil
    last_words: deque[str] = field(default_factory=lambda: deque[str](maxlen=5))
    gone: threading.Event = field(default_factory=threading.Event)
    condemned: str = ""
    _processor_time: float = 0.0

    def send(self, **message: Any) -> None:
        """Sends a message; that the child is gone is noticed by its reader, not here."""
        with contextlib.suppress(OSError, ValueError):
            self.wire.send(**message)

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

    def end(self, patience: float) -> None:
        """Ends it by force with all that it started; one that a driver holds is left behind after `patience`, s."""
        with contextlib.suppress(psutil.Error):
            for each in psutil.Process(self.process.pid).children(recursive=True):
                each.kill()
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        if not self.gone.wait(patience):
            _log.error("The engine process %d cannot be ended; a driver holds it", self.process.pid)

    def cause(self) -> str:
        """Why it ended, as a sentence."""
        if self.condemned:
            return f"The engine process {self.condemned} and was ended; {_NEXT}"
        code = self.process.wait()
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            hint = ", perhaps because memory ran out" if name == "SIGKILL" else ""
            return f"The engine process was ended by {name}{hint}; {_NEXT}"
        last = f": {self.last_words[-1]}" if self.last_words else ""
        return f"The engine process ended with code {code}{last}; {_NEXT}"


def started(
    factory: str, limits: Limits, heard: Callable[[ChildProcess, Message], None]
) -> ChildProcess:
    """Starts an engine process; `heard` gets what it says, on a thread of its own.

    On Linux the process ends together with the thread that calls this.

    Raises:
        OSError: if the system cannot start it.
    """
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
            factory,
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
    wire = Wire(cast(IO[bytes], process.stdout), cast(IO[bytes], process.stdin))
    child = ChildProcess(process, wire, slots, Vigil(limits))
    threading.Thread(target=_read_words, args=(child,), name="engine log", daemon=True).start()
    threading.Thread(target=_listen, args=(child, heard), name="engine ear", daemon=True).start()
    return child


def _listen(child: ChildProcess, heard: Callable[[ChildProcess, Message], None]) -> None:
    try:
        while (message := child.wire.receive()) is not None:
            heard(child, message)
    finally:
        child.gone.set()


def _read_words(child: ChildProcess) -> None:
    """What the child writes to standard error goes to our log; the last lines may explain its end."""
    for line in cast(IO[bytes], child.process.stderr):
        text = line.decode(errors="replace").rstrip()
        child.last_words.append(text)
        _log.info("engine: %s", text)
