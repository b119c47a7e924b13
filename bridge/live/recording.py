"""Records what is heard of the live stream: frames that the pump puts aside become a take in the library.

A recording that grows longer than `LONGEST` goes on in another take. Knows the library only as the call that begins a
recording, and nothing of devices.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import numpy as np

from bridge.audio.live.memory import RATE, RECORD, LiveMemory
from bridge.errors import BridgeError, code_of
from bridge.events import Notice, Publish
from bridge.state import Take
from bridge.takes.recordings import PendingRecording, RecordingDraft
from engine.errors import LongtakeError

Begin = Callable[[RecordingDraft], PendingRecording]

LONGEST = 3600.0
"""Seconds of one take."""
TURN = 0.05
DRAINS = 0.3
"""Seconds without a frame after which nothing more comes of a recording that was ended."""
_log = logging.getLogger(__name__)


class LiveRecording:
    """One recording, from now on until `end`; the thread of its own does the rest.

    Attributes:
        seconds: recorded so far.
        take: the last that became of it.
        done: set when nothing more will.
    """

    def __init__(
        self, memory: LiveMemory, begin: Begin, draft: Callable[[], RecordingDraft], tell: Publish
    ) -> None:
        """Begins; `draft` describes each take as it begins."""
        self.seconds = 0.0
        self.take: Take | None = None
        self.done = threading.Event()
        self._memory = memory
        self._begin = begin
        self._draft = draft
        self._publish = tell
        self._ended = threading.Event()
        memory.taken.clear()
        memory.board.numbers[RECORD] = 1.0
        self._thread = threading.Thread(target=self._run, name="live recording", daemon=True)
        self._thread.start()

    @property
    def ending(self) -> bool:
        """Whether it was ended, and may still be written."""
        return self._ended.is_set()

    def end(self) -> None:
        """Ends it; the take follows."""
        self._memory.board.numbers[RECORD] = 0.0
        self._ended.set()

    def close(self, patience: float) -> None:
        """Ends it and waits; what cannot be finished now is at the next start."""
        self.end()
        self._thread.join(patience)

    def _run(self) -> None:
        pending: PendingRecording | None = None
        try:
            quiet = time.monotonic()
            while not self._ended.is_set() or time.monotonic() - quiet < DRAINS:
                frames, lost = self._memory.taken.take()
                if lost:
                    frames = np.concatenate([frames, np.zeros((lost, 2), np.float32)])
                if not len(frames):
                    time.sleep(TURN)
                    continue
                quiet = time.monotonic()
                pending = pending or self._begin(self._draft())
                pending.write(frames)
                self.seconds += len(frames) / RATE
                if pending.frames >= LONGEST * RATE:
                    pending = self._finish(pending)
        except LongtakeError as error:  # What was written is kept.
            self._publish(Notice("error", code_of(error), str(error)))
        except Exception:
            _log.exception("The live stream could not be recorded")
        finally:
            self._memory.board.numbers[RECORD] = 0.0
            self._finish(pending)
            self.done.set()

    def _finish(self, pending: PendingRecording | None) -> None:
        if pending is None:
            return
        try:
            self.take = pending.finish()
        except BridgeError as error:
            self._publish(Notice("error", code_of(error), str(error)))
        except Exception:
            _log.exception("A recording of the live stream could not be finished")
