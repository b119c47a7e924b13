"""One run of live: both devices, the engine and the board, made to agree turn by turn.

All of it on one thread (`control.py`), to which each turn gives how things stand. Knows nothing of the session.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any, Literal

from bridge.audio.live.memory import (
    DELAY,
    DRY,
    FEEDBACK,
    LATE,
    LATENCY,
    LEAD,
    NEEDS,
    ON,
    RATE,
)
from bridge.audio.process import Told
from bridge.events import Notice, Publish
from bridge.live import board
from bridge.live.delay import Delay, found, soonest
from bridge.live.devices import LiveDevices
from bridge.live.engine import LiveEngineProcess
from bridge.live.in_time import Boundary, When, metre, moved
from bridge.live_state import LiveState
from engine.live_settings import BEGUN_WITH, MIXED, LiveSettings, Metre, Pace

HOWLS = (
    "The input hears the output, which would howl: wear headphones, or turn the output down or the microphone away, "
    "and start live again."
)
GONE = "An audio device is gone; live goes on when it is back."
OPEN_WITHIN = 10.0
"""Seconds that the devices have to open before live is said to wait for them."""
BEAT_WITHIN = 1.0
"""Seconds that the input has to tell its time, before a stream begins without a beat."""
STEADY = 20.0
"""Seconds after which an engine that dies has lived."""
EARLY_DEATHS = 3
"""After so many deaths in a row of engines that had not lived, it has failed."""
UNPACED = 0.1
"""Seconds from input to output beyond what the path needs, before the engine has said what it needs."""
SAME = 0.001
"""Seconds by which a delay may be off before it is set anew: a clock from outside has a tempo that trembles."""
SETTLED = 0.5
"""Seconds for which what a stream begins with is left alone, before another begins: each step of a knob is not one."""
SWITCHES = 0.05
"""Seconds in which the pump sees that it was switched off."""
_log = logging.getLogger(__name__)


class Stream:
    """What runs between `begin` and `end`."""

    def __init__(
        self, devices: LiveDevices, publish: Publish, transport: When, engine: str, lead: float
    ) -> None:
        """Nothing runs yet; `engine` is a dotted path, `lead` the seconds written ahead of the output."""
        self._devices = devices
        self._board = devices.memory.board
        self._publish = publish
        self._transport = transport
        self._engine = LiveEngineProcess(devices.memory, engine, lambda: None)
        self._lead = lead
        self._start()

    def _start(self) -> None:
        self._sent: LiveSettings | None = None
        self._wanted: dict[str, Any] = {}
        self._turned = 0.0
        self._metre: Metre | None = None
        self._boundary: Boundary | None = None
        self._pace: Pace | None = None
        self._delay: Delay | None = None
        self._said = ""
        self._path = self._lead
        self._apart = 0.0
        self._deaths = 0
        self._played = False
        self._began = time.monotonic()
        self._late = float(self._board.numbers[LATE])

    def begin(self) -> None:
        """Opens the input and switches the pump on: the input is heard until the engine plays."""
        self._start()
        self._devices.want_input(True)
        self._board.numbers[LEAD] = self._lead
        self._board.numbers[ON] = 1.0

    def end(self) -> None:
        """Switches it off; the engine keeps its model."""
        self._board.numbers[ON] = 0.0
        self._devices.want_input(False)
        self._engine.stop()
        time.sleep(SWITCHES)

    def forget(self) -> None:
        """Ends the engine's process."""
        self._engine.end()

    def turn(self, settings: LiveSettings) -> LiveState:
        """Does what is to be done now; how it is then, `failed` if it is to be ended."""
        self._devices.want_input(True)
        told, transport = self._devices.told, self._transport(None)
        if problem := self._broken():
            self._publish(Notice("error", "engine", problem))
            return LiveState("failed", problem=problem)
        board.mix(self._board, settings, transport)
        self._place(settings, told)
        self._direct(settings)
        return self._state(settings, told)

    def _broken(self) -> str:
        """Why it cannot go on, a sentence; an engine that died is begun again."""
        if self._board.numbers[FEEDBACK]:
            return HOWLS
        began = self._engine.began
        if cause := self._engine.tend():
            lived = began > 0.0 and time.monotonic() - began > STEADY
            self._deaths = 1 if lived else self._deaths + 1
            self._sent = None
            if self._deaths >= EARLY_DEATHS:
                return f"{cause} It did so {EARLY_DEATHS} times in a row; live is off."
            self._publish(Notice("warning", "engine", f"{cause} It starts again."))
        return self._engine.failed

    def _place(self, settings: LiveSettings, told: Told) -> None:
        """Sets when the music answers."""
        if told.input and told.output:
            correction = self._devices.correction() or 0.0
            self._apart = told.input.latency + told.output.latency + correction
        self._path = max(self._path, float(self._board.numbers[NEEDS]))
        self._pace = self._engine.pace or self._pace
        least = soonest(self._pace, self._path) if self._pace else self._path + UNPACED
        before, after = (
            self._delay,
            found(settings.delay, least, self._apart, self._transport(None)),
        )
        if before and after.name == before.name and abs(after.seconds - before.seconds) < SAME:
            return
        self._delay = after
        self._board.numbers[DELAY] = after.seconds
        said = f"{settings.delay} {after.name}" if after.problem else ""
        if self._pace and said != self._said:
            self._said = said
            if said:
                self._publish(Notice("warning", "out_of_range", after.problem))

    def _direct(self, settings: LiveSettings) -> None:
        """Has the engine make what is wanted."""
        beat = metre(self._board, self._transport, self._metre)
        sent = self._sent
        if sent is None and beat is None and self._waits_for_beat(settings):
            return
        if sent is None or self._differs(settings, sent):
            self._sent, self._metre, self._boundary = settings, beat, None
            self._engine.begin(settings, beat)
            return
        if moved(self._metre, beat):
            self._metre = beat
            self._engine.keep_time(beat)
        wanted = replace(self._due(settings, sent), **_of(sent, *MIXED, *BEGUN_WITH))
        if wanted != sent:
            self._sent = wanted
            self._engine.change(wanted)

    def _differs(self, settings: LiveSettings, sent: LiveSettings) -> bool:
        """Whether another stream is wanted, and for a while the same."""
        wanted, now = _of(settings, *BEGUN_WITH), time.monotonic()
        if wanted != self._wanted:
            self._wanted, self._turned = wanted, now
        return wanted != _of(sent, *BEGUN_WITH) and now - self._turned > SETTLED

    def _waits_for_beat(self, settings: LiveSettings) -> bool:
        """Whether hops are to be parts of a beat, and the input may soon tell where that is."""
        soon = time.monotonic() - self._began < BEAT_WITHIN
        return soon and settings.delay != "soonest" and self._transport(None).playing

    def _due(self, settings: LiveSettings, sent: LiveSettings) -> LiveSettings:
        """The settings, with the words that are sent until the launch grid lets others in."""
        words = {"prompt": sent.prompt, "prompt_b": sent.prompt_b}
        held = replace(settings, **words)
        if held == settings:
            self._boundary = None
            return settings
        now, early = self._transport(None), self._early()
        self._boundary = self._boundary or Boundary(now, early)
        if not self._boundary.due(now, early):
            return held
        self._boundary = None
        return settings

    def _early(self) -> float:
        """Seconds before it is heard that a change goes to the engine: in the middle of the hop before its first."""
        pace = self._pace
        return self._latency() - pace.latency / RATE + pace.seconds / 2 if pace else 0.0

    def _latency(self) -> float:
        """Seconds from plug to plug."""
        told = self._devices.told
        inside = float(self._board.numbers[DELAY])
        if told.output and (frames := float(self._board.numbers[LATENCY])):
            inside = frames / told.output.sample_rate
        return inside + self._apart

    def _begins(self) -> tuple[Literal["", "loading", "timing"], float]:
        """What the engine does before it plays, and how much of it is done."""
        step = self._engine.step
        if self._engine.pace or step is None:
            return "", 0.0
        return "timing" if step.stage == "timing" else "loading", round(step.index / step.total, 2)

    def _state(self, settings: LiveSettings, told: Told) -> LiveState:
        here = told.input is not None and told.output is not None
        pace = self._engine.pace
        stage, fraction = self._begins()
        self._played = self._played or (here and pace is not None)
        waits = not here and (self._played or time.monotonic() - self._began > OPEN_WITHIN)
        return LiveState(
            "waiting" if waits else "on" if self._played else "starting",
            dry=pace is None or bool(self._board.numbers[DRY] > 0.0),
            stage=stage,
            fraction=fraction,
            model=settings.model,
            input=told.input.device.name if told.input else "",
            output=told.output.device.name if told.output else "",
            hop_ms=round(1000.0 * pace.seconds, 1) if pace else 0.0,
            load=round(self._engine.compute / pace.seconds, 3) if pace else 0.0,
            latency_ms=round(1000.0 * self._latency(), 2),
            measured=self._devices.correction() is not None,
            late=round(float(self._board.numbers[LATE]) - self._late),
            drift_ppm=board.drift(self._board),
            problem=(told.problem or GONE) if waits else "",
        )


def _of(settings: LiveSettings, *names: str) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in names}
