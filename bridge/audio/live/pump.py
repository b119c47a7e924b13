"""The pump: the thread in the audio process through which all live sound goes, a little ahead of the output device.

Every few ms it takes what came in, writes it for the engine, mixes what is due and writes that for the device. What it
is to do stands on the board, and what it found; it waits for nobody. Knows no library and no settings' names.
"""

from __future__ import annotations

import math
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Literal, NoReturn

import numpy as np

from bridge.audio.live.hearing import Hearing
from bridge.audio.live.history import History
from bridge.audio.live.memory import (
    AT_TIME,
    BEATS,
    DELAY,
    DRIFT,
    DRY,
    DRY_IF_LATE,
    FEEDBACK,
    FREEZE,
    FROZEN_SECONDS,
    LATE,
    LATENCY,
    LEAD,
    MONITOR,
    NEEDS,
    ON,
    RATE,
    RECORD,
    WET,
    LiveMemory,
)
from bridge.audio.live.meters import Meters
from bridge.audio.live.mixer import EASE, FADE, Mix, Mixer
from bridge.audio.live.placing import Placing, Side, beside
from bridge.audio.live.sending import Sending
from bridge.audio.live.watch import Watch
from bridge.audio.stream import Stream

TURN, LONGEST, IDLE = 0.004, 0.01, 0.02
"""Seconds between two turns: while live is on, at least and, with a long lead, at most; and while it is off."""
LOOK = 0.1
"""Seconds between two questions whether there is something to look at for feedback."""
MEASURE = 0.05
"""Seconds between two looks at how the clocks stand."""
SLACK = 0.005
"""Seconds that are written beyond what the next callback takes, at least."""
DRY_AFTER = RATE
"""Samples without music, after which nothing comes from the engine."""


class Pump:
    """Moves the samples of its `memory`."""

    def __init__(self, memory: LiveMemory, clock: Callable[[], float] = time.perf_counter) -> None:
        """Goes on with what stands on the board, which another process may have left."""
        self._clock = clock
        self.memory = memory
        self._streams: dict[str, Stream | None] = {"input": None, "output": None}
        self._numbers = memory.board.numbers
        self._in: Side | None = None
        self._out: Side | None = None
        self._on = self._numbers[ON] > 0.0
        self._quiet = 0
        self._begin()

    def _begin(self) -> None:
        """Nothing is moved yet."""
        heard = self.memory.heard.arrived
        self._dry = History(1 << 20, heard)
        self._meters = Meters(self.memory.board, heard)
        self._mixer = Mixer(self.memory.made, self._dry)
        self._watch = Watch()
        self._hearing: Hearing | None = None
        self._sending: Sending | None = None
        self._placing: Placing | None = None
        self._shift: int | None = None
        self._late = 0
        self._made_at = -DRY_AFTER
        self._measured = 0.0

    def meet(self, side: Literal["input", "output"], stream: Stream | None) -> None:
        """Another stream is open on one side, or none; from any thread."""
        self._streams[side] = stream

    def judge(self) -> None:
        """Looks for feedback, if it is time to; from another thread than `turn`."""
        self._watch.judge()

    def run(self) -> NoReturn:
        """Turns for ever; an error costs what was under way."""
        threading.Thread(target=self._judge, name="feedback", daemon=True).start()
        while True:
            try:
                self.turn()
            except Exception:
                traceback.print_exc(file=sys.stderr)
                self._begin()
            time.sleep(self._pause if self.busy else IDLE)

    def _judge(self) -> NoReturn:
        while True:
            self.judge()
            time.sleep(LOOK)

    @property
    def _pause(self) -> float:
        return min(LONGEST, max(TURN, float(self._numbers[LEAD]) / 4.0))

    @property
    def busy(self) -> bool:
        """Whether it has anything to do."""
        return self._on or self._sending is not None

    def turn(self) -> None:
        """Moves all there is to move now."""
        self._look()
        self._switch()
        if self.busy:
            self._hear()
            self._place()
            self._play()
        else:
            self.memory.input.clear()
        self._numbers[BEATS] += 1

    # --- what a turn does ---

    def _look(self) -> None:
        """Streams that were opened or closed."""
        input, output = self._streams["input"], self._streams["output"]
        if input is not (self._in and self._in.stream):
            self._in = input and Side(input)
            self._hearing = self._placing = None
            self._meters.still(output=False)
        if output is not (self._out and self._out.stream):
            self._out = output and Side(output)
            self._sending = self._placing = self._shift = None
            self._meters.still(output=True)
        for side in filter(None, (self._in, self._out)):
            side.look()

    def _switch(self) -> None:
        """Live is turned on or off."""
        on = self._numbers[ON] > 0.0
        if on and not self._on:
            self._begin()
            self._numbers[[LATE, FEEDBACK, LATENCY, AT_TIME, NEEDS]] = 0.0
        self._on = on
        self._quiet = 0 if on else self._quiet
        if not on and self._sending and self._quiet > EASE:
            self._sending = self._placing = None
            self._meters.still(output=True)
            self._meters.still(output=False)

    def _hear(self) -> None:
        if not (self._in and self._on):
            return
        memory = self.memory
        if self._hearing is None:
            self._hearing = Hearing(memory, self._in.stream.rate)
        frames = self._hearing.hear()
        self._dry.write(frames)
        self._meters.take_input(frames)

    def _place(self) -> None:
        """Finds which sample is due when."""
        if self._out and self._sending is None and self._on and self._out.sure:
            self._sending = Sending(self.memory.output, self._out.stream.rate, self._mixer.position)
        if not (self._in and self._out and self._hearing and self._sending):
            return
        if not (self._in.sure and self._out.sure):
            return
        placing = self._placing = self._placing or Placing(self._in, self._out)
        if (now := self._clock()) >= self._measured + MEASURE or placing.base is None:
            self._measured = now
            played = self._sending.position(beside(self._in, self._out))
            placing.look(played - self._hearing.position(self._in.last), RATE, now)
            self._sending.speed = placing.speed
            self._hearing.tell_plug()
        if placing.base is not None:
            self._shift = round(placing.base + self._numbers[DELAY] * RATE)

    def _play(self) -> None:
        sending = self._sending
        if not (sending and self._out):
            return
        rate = sending.rate
        lead = round(max(self._numbers[LEAD] * rate, self._out.stream.block + SLACK * rate))
        if behind := sending.outlet.behind:
            # A hole, because we were late ourselves.
            self._numbers[LATE] += self._shift is not None
            missed = sending.skip(behind, self._mixer.position)
            self._mixer.skip(missed)
            self._watch.skip(missed)
        count = self.memory.output.position + lead - sending.outlet.position
        if count > 0:
            at = self._mixer.position
            heard, left = self._mixer.mix(max(0, sending.reach(count) - at), self._wanted())
            sending.send(left, count)
            self._note(at, heard, left)
        self._tell(sending, lead / rate)

    def _wanted(self) -> Mix:
        numbers = self._numbers
        frozen = round(numbers[FROZEN_SECONDS] * RATE) if numbers[FREEZE] > 0.0 else 0
        return Mix(
            self._shift,
            self._hearing.begun if self._hearing else 0,
            wet=min(1.0, max(0.0, float(numbers[WET]))),
            dry_if_late=bool(numbers[DRY_IF_LATE] > 0.0),
            frozen=frozen,
            loud=self._on and not numbers[FEEDBACK] > 0.0,
            monitored=bool(numbers[MONITOR] > 0.0),
        )

    def _note(self, at: int, heard: np.ndarray, left: np.ndarray) -> None:
        """What was mixed at a position: for those who record it and look at it."""
        if self._numbers[RECORD] > 0.0:
            self.memory.taken.record(heard)
        self._quiet += len(heard)
        self._watch.take(left, None if self._mixer.frozen else self._shift)
        ahead = self._placing.ahead if self._placing else 0.0
        self._meters.take_output(round(at - ahead), left)
        if self._mixer.made:
            self._made_at = at
        if self._placing:
            self._watch.offer(self._dry, round(self._dry.stop + ahead))
        if self._watch.found:
            self._numbers[FEEDBACK] = 1.0

    def _tell(self, sending: Sending, lead: float) -> None:
        numbers, placing = self._numbers, self._placing
        numbers[LATE] += self._mixer.late - self._late
        self._late = self._mixer.late
        numbers[DRY] = float(self._mixer.position - self._made_at > DRY_AFTER)
        drift = placing.drift if placing else None
        numbers[DRIFT] = math.nan if drift is None else 1e6 * drift
        if placing and self._shift is not None:
            numbers[LATENCY] = (self._shift - placing.ahead) * sending.rate / RATE
        late = self._hearing.late if self._hearing else 0.0
        numbers[NEEDS] = lead + (FADE + sending.ahead) / RATE + late + 2.0 * self._pause
