"""The scores of takes, read from their sidecars on a thread of their own, and written as MIDI files.

Knows sidecars and scores; nothing of jobs or devices. A score that is missing or damaged is None.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bridge.errors import BridgeError
from bridge.events import Publish, ScoreRead
from bridge.state import Take
from bridge.takes import sidecar
from engine.composing.midi_files import write_midi
from engine.composing.score import Score
from engine.errors import LongtakeError

KEPT = 64
"""How many takes keep their scores in memory; the longest has about 0.2 MB."""


class Scores:
    """Reads scores in the background; `ScoreRead` tells each that was asked for."""

    def __init__(self, publish: Publish) -> None:
        """No thread runs before the first call of `ask`."""
        self._publish = publish
        self._worker = ThreadPoolExecutor(1, "scores")
        self._known: OrderedDict[Path, tuple[int, Score | None]] = OrderedDict()

    def ask(self, take: Take) -> None:
        """Queues a take; calls come from one thread or many and return at once."""
        self._worker.submit(self._read, take)

    def write(self, take: Take, path: Path | None = None) -> Path:
        """Writes a take's notes as a MIDI file, beside the take if no path is given; where it stands now.

        Raises:
            BridgeError: `bad_args` if nothing is known of the take's notes, `io` if the file cannot be written.
        """
        path = sidecar.notes_path(take.path) if path is None else path
        score = sidecar.read_score(take.path)
        if score is None or not len(score.notes):
            raise BridgeError(
                "bad_args", f"The notes of {take.name} are not known, so there are none to write."
            )
        try:
            write_midi(score, path)
        except LongtakeError as error:
            raise BridgeError("io", str(error)) from error
        return path

    def close(self) -> None:
        """Reads no more."""
        self._worker.shutdown(cancel_futures=True)

    def _read(self, take: Take) -> None:
        now = sidecar.stamp(take.path)
        before, score = self._known.pop(take.path, (None, None))
        if before != now:
            score = sidecar.read_score(take.path)
        self._known[take.path] = now, score
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        self._publish(ScoreRead(take.id, score))
