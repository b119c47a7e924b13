"""A process of ours with a wire to it, as its parent sees it: spawned, spoken to, ended with all its own children.

Knows nothing of what it does; `spawned.py` is the first thing that it does itself.
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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar, cast

import psutil

from bridge.engine_process.wire import Message, Wire
from bridge.shared_file import SharedFile

_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Spawned:
    """A process that runs; `gone` is set when it has said its last word."""

    process: subprocess.Popen[bytes]
    wire: Wire
    last_words: deque[str] = field(default_factory=lambda: deque[str](maxlen=5), init=False)
    gone: threading.Event = field(default_factory=threading.Event, init=False)

    def send(self, **message: Any) -> None:
        """Sends a message; that the process is gone is noticed by its reader, not here."""
        with contextlib.suppress(OSError, ValueError):
            self.wire.send(**message)

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

    def how_it_ended(self) -> str:
        """What follows the name of the process, as 'was ended by SIGSEGV'."""
        code = self.process.wait()
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            hint = ", perhaps because memory ran out" if name == "SIGKILL" else ""
            return f"was ended by {name}{hint}"
        last = f": {self.last_words[-1]}" if self.last_words else ""
        return f"ended with code {code}{last}"


Child = TypeVar("Child", bound=Spawned)


def spawn(
    module: str, arguments: Sequence[str], shared: Iterable[SharedFile], priority: str = ""
) -> tuple[subprocess.Popen[bytes], Wire]:
    """Starts `python -m module *arguments OUR_PID`, which inherits the shared memory.

    On Linux the process ends together with the thread that calls this. `priority` is the name of one of Windows'
    classes; elsewhere the child sets its own.

    Raises:
        OSError: if the system cannot start it.
    """
    # The same search path as here: an engine that is importable here is importable there.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)
    }
    process = subprocess.Popen(
        # With -P, what lies in the present folder is no module of ours.
        [sys.executable, "-P", "-m", module, *arguments, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        pass_fds=[handle for file in shared for handle in file.inherited],
        creationflags=_NO_WINDOW | getattr(subprocess, priority, 0),
    )
    return process, Wire(cast(IO[bytes], process.stdout), cast(IO[bytes], process.stdin))


def attend(child: Child, name: str, heard: Callable[[Child, Message], None]) -> None:
    """From now on `heard` gets what the child says, on a thread of its own, and the log what it writes."""
    threading.Thread(
        target=_read_words, args=(child, name), name=f"{name} log", daemon=True
    ).start()
    threading.Thread(target=_listen, args=(child, heard), name=f"{name} ear", daemon=True).start()


def _listen(child: Child, heard: Callable[[Child, Message], None]) -> None:
    try:
        while (message := child.wire.receive()) is not None:
            heard(child, message)
    finally:
        child.gone.set()


def _read_words(child: Spawned, name: str) -> None:
    """What the child writes to standard error goes to our log; the last lines may explain its end."""
    for line in cast(IO[bytes], child.process.stderr):
        text = line.decode(errors="replace").rstrip()
        child.last_words.append(text)
        _log.info("%s: %s", name, text)
