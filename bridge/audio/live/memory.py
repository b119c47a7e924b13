"""What audio process, live engine and bridge share: rings of samples, and a board of numbers that nobody waits for.

    device -> `input` -> pump -> `heard` (44.1 kHz) -> engine -> `made` -> pump -> `output` -> device
                         pump -> `taken` -> bridge, while it records

The pump is the thread in the audio process that moves all samples (`pump.py`). All memory outlives each process, so
that any of them may be killed and another goes on. Knows nothing of devices or settings' names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.audio.live.timeline import CAPACITY, Timeline
from bridge.audio.ring_buffer import RingBuffer
from bridge.shared_file import SharedFile

Frames = NDArray[np.float32]
RATE = 44_100
"""Hz: of `heard`, `made` and `taken`, whatever the devices have."""
INPUT, HEARD, TAKEN = 1 << 17, 1 << 19, 1 << 18
"""Frames of the rings; `heard` holds more than the longest hop."""
MADE = 1 << 20
"""Frames of what was made: half of it is more than the longest delay, 4 beats at 24 BPM."""
COLUMNS, COLUMN = 512, 0.02
"""Columns of waveform that are kept, and their length in seconds."""

# Set by the bridge, read by the pump.
ON, DELAY, WET, GAIN, MONITOR, FREEZE, FROZEN_SECONDS, DRY_IF_LATE, RECORD, LEAD = range(10)
# Told by the pump, read by the bridge.
BEATS, LATE, DRY, DRIFT, FEEDBACK, LATENCY, AT, AT_TIME, MOMENT, NEEDS = range(16, 26)
METERS = 32  # in peak, in rms, out peak, out rms: two channels each


class Board:
    """Numbers by their place, each a single aligned store: no reader sees half of one.

    Set by the bridge:
        ON: 1 while live is on.
        DELAY: seconds from input to output, without the devices' own.
        WET, MONITOR, FREEZE, DRY_IF_LATE, RECORD: as in `LiveSettings`; 1 is on.
        GAIN: of the input, a factor.
        FROZEN_SECONDS: how much is repeated.
        LEAD: seconds that are written ahead of the output device.

    Told by the pump:
        BEATS: turns of the pump so far; standing still means that it hangs.
        LATE: hops, or pieces of one, that were not there when they were due, or that the pump itself played too late.
        DRY: 1 while nothing comes from the engine.
        DRIFT: ppm that the output's clock is faster than the input's; nan where there is one clock.
        FEEDBACK: 1 since the input was found to be our own output; the output is silent till ON is set anew.
        LATENCY: frames of the output device between an input frame's callback and its output's, as it really is; 0
            while unknown.
        AT, AT_TIME: position of `heard` whose sound passes the input's plug, and when, s of `time.perf_counter`; to be
            read by `plug`.
        MOMENT: columns of waveform so far.
        NEEDS: seconds between an input frame's callback and its output's that the path itself takes, LEAD included:
            what is made of an input in no time is in time with that DELAY. 0 while unknown.
    """

    def __init__(self, file: SharedFile | None = None) -> None:
        """Makes the memory, or takes the one that was made."""
        self.file = file or SharedFile.create((64 + 2 * COLUMNS) * 8)
        self.numbers: NDArray[np.float64] = np.ndarray(64, np.float64, self.file.map)
        self.columns: NDArray[np.float64] = np.ndarray(
            (2, COLUMNS), np.float64, self.file.map, 64 * 8
        )
        """Peaks of input and output by column, the newest at (MOMENT - 1) % COLUMNS."""

    def plug(self) -> tuple[int, float] | None:
        """AT and AT_TIME as they belong together; None while they are not known, or are just being told."""
        at, time = float(self.numbers[AT]), float(self.numbers[AT_TIME])
        if not time > 0.0 or at != float(self.numbers[AT]):
            return None
        return int(at), time

    def tell_plug(self, at: int, time: float) -> None:
        """Tells what `plug` gives."""
        self.numbers[AT_TIME] = np.nan
        self.numbers[AT] = at
        self.numbers[AT_TIME] = time


class Made:
    """What the engine made, by position: [`start`, `stop`) is there, counted as the frames of `heard` it answers.

    One process writes, one reads. A writer that begins calls `begin`; what was there is gone then.
    """

    def __init__(self, capacity: int = MADE, file: SharedFile | None = None) -> None:
        """Makes the memory, or takes the one that was made; `capacity` is a power of two."""
        self.capacity = capacity
        self.file = file or SharedFile.create(64 + capacity * 8)
        self._places: NDArray[np.int64] = np.ndarray(8, np.int64, self.file.map)
        self._frames: Frames = np.ndarray((capacity, 2), np.float32, self.file.map, 64)

    def begin(self, position: int) -> None:
        """Starts anew at a position of `heard`."""
        self._places[1] = 0  # Empty while the start moves.
        self._places[0] = position
        self._places[1] = position

    def write(self, frames: Frames) -> None:
        """Writes [N, 2] at the end."""
        end = int(self._places[1])
        indices = np.arange(end, end + len(frames)) & (self.capacity - 1)
        self._frames[indices] = frames
        self._places[1] = end + len(frames)

    @property
    def span(self) -> tuple[int, int]:
        """From where to where there is something."""
        stop = int(self._places[1])
        return max(int(self._places[0]), stop - self.capacity // 2), stop

    def read(self, start: int, stop: int) -> Frames:
        """A copy of [stop - start, 2], all of it within `span`."""
        return self._frames[np.arange(start, stop) & (self.capacity - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class LiveFiles:
    """The memory, as it is handed to another process."""

    input: SharedFile
    heard: SharedFile
    made: SharedFile
    output: SharedFile
    taken: SharedFile
    board: SharedFile


class LiveMemory:
    """All of it.

    Attributes:
        input: what the input device hears, at its rate.
        heard: the same at 44.1 kHz, gain included; its positions are those `arrived`.
        made: what the engine made of it.
        output: what the output device adds to what it plays, at its rate.
        taken: what is heard at 44.1 kHz, while RECORD is set.
        board: settings and readings.
    """

    def __init__(self, files: LiveFiles | None = None) -> None:
        """Makes the memory, or takes the one that was made."""
        self.input = RingBuffer(INPUT, files and files.input)
        self.heard = RingBuffer(HEARD, files and files.heard)
        self.made = Made(MADE, files and files.made)
        self.output = Timeline(CAPACITY, files and files.output)
        self.taken = RingBuffer(TAKEN, files and files.taken)
        self.board = Board(files and files.board)

    @property
    def files(self) -> LiveFiles:
        """What another process needs to share it."""
        parts = (self.input, self.heard, self.made, self.output, self.taken, self.board)
        return LiveFiles(*(part.file for part in parts))
