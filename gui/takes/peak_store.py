"""Reads peaks of takes in a thread of its own and keeps them, so that lists and waveforms never wait for a disk.

Knows files and `peaks`; no widget. What was asked for last is read first: it is what the musician looks at now.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from engine.errors import AudioError
from gui.takes.peaks import Peaks, read_peaks

log = logging.getLogger(__name__)

THUMBNAIL = 160
"""Columns of the small waveforms in lists."""
WHOLE_KEPT = 24
"""How many takes keep their fine peaks; small ones are kept for all that were seen."""
WAITING = 64
"""More than a screenful is not waited for: who scrolled past a take has no need of it."""

Thumbnail = np.ndarray[tuple[int, int], np.dtype[np.float32]]


class PeakStore(QObject):
    """Peaks by path.

    Signals:
        ready: peaks of a path can be had now.
        failed: a path cannot be read, with a sentence.
    """

    ready = pyqtSignal(object)
    failed = pyqtSignal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Condition()
        self._wanted: OrderedDict[Path, None] = OrderedDict()
        self._whole: OrderedDict[Path, Peaks] = OrderedDict()
        self._small: dict[Path, Thumbnail] = {}
        self._bad: set[Path] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._read, name="peaks", daemon=True)
        self._thread.start()

    def whole(self, path: Path) -> Peaks | None:
        """Fine peaks, or None and `ready` follows."""
        with self._lock:
            known = self._whole.get(path)
        if known is None:
            self._want(path)
        return known

    def thumbnail(self, path: Path) -> Thumbnail | None:
        """Lows and highs [2, THUMBNAIL] scaled to the loudest, or None and `ready` follows."""
        known = self._small.get(path)
        if known is None and path not in self._bad:
            self._want(path)
        return known

    def keep(self, path: Path, peaks: Peaks) -> None:
        """Takes peaks that are known already, such as those of a take that was just drawn while it grew."""
        with self._lock:
            self._remember(path, peaks)

    def retry(self, path: Path) -> None:
        """A file is there again that could not be read."""
        self._bad.discard(path)

    def close(self) -> None:
        """Ends the thread."""
        with self._lock:
            self._closed = True
            self._wanted.clear()
            self._lock.notify()
        self._thread.join(2.0)

    def _want(self, path: Path) -> None:
        with self._lock:
            self._wanted[path] = None
            self._wanted.move_to_end(path)
            while len(self._wanted) > WAITING:
                self._wanted.popitem(last=False)
            self._lock.notify()

    def _read(self) -> None:
        while True:
            with self._lock:
                while not self._wanted and not self._closed:
                    self._lock.wait()
                if self._closed:
                    return
                path, _ = self._wanted.popitem(last=True)
            try:
                peaks = read_peaks(path)
            except AudioError as error:
                log.info("No peaks of %s: %s", path, error)
                self._bad.add(path)
                self._tell(path, str(error))
                continue
            with self._lock:
                self._remember(path, peaks)
            self._tell(path, "")

    def _tell(self, path: Path, problem: str) -> None:
        if self._closed:
            return
        if problem:
            self.failed.emit(path, problem)
        else:
            self.ready.emit(path)

    def _remember(self, path: Path, peaks: Peaks) -> None:
        self._whole[path] = peaks
        self._whole.move_to_end(path)
        while len(self._whole) > WHOLE_KEPT:
            self._whole.popitem(last=False)
        low, high = peaks.columns(0.0, max(peaks.seconds, 1e-3), THUMBNAIL)
        loudest = max(float(high.max(initial=0.0)), -float(low.min(initial=0.0)), 1e-4)
        self._small[path] = np.stack([low, high]) / np.float32(loudest)
