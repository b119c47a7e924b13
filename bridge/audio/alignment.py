"""The metronome in the time of the input: what comes in when a click is heard, and what a cable adds to that.

Devices tell how far they are from their plugs, as far as they know: converters, drivers and Bluetooth add what only a
loop from output to input shows. Knows player and rings; nothing of files or takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bridge.audio.device_clock import DeviceClock
from bridge.audio.intake import Intake
from bridge.audio.metronome import ClickTrack, clicks
from bridge.audio.player import Player
from bridge.audio.ring_buffer import RingBuffer
from bridge.audio.sources import Frames
from bridge.errors import BridgeError
from bridge.takes.recordings import SILENCE

TURN = 0.005
LATE = 0.25
"""Seconds in which a device tells of its time, if it ever does."""
FARTHEST = 6.0
"""Seconds that lie between no click and its place in the input."""
TEMPO = 113.0
"""BPM of the clicks that measure: no hum of 50 or 60 Hz falls together with them."""
BARS = 2
EARLY, LATEST = 0.05, 0.45
"""Seconds around the expected time in which a click may come back."""
APART = 0.001
"""Seconds that the clicks of one measurement may differ by, but for two of them."""
LIKE = 0.25
"""Correlation with a click, over which it is one."""

Turn = Callable[[], bool]
"""Called for as long as something is waited for; gives whether to go on."""


class Alignment:
    """Output and input while both are open; `clock` is the input's."""

    def __init__(self, player: Player, output: RingBuffer, intake: Intake, clock: DeviceClock):
        self._player = player
        self._output = output
        self._intake = intake
        self._clock = clock

    def heard(self, track: ClickTrack, before: int, extra: float, turn: Turn) -> int:
        """Plays a track; gives the position in the input of what is played when its frame `before` is heard.

        Args:
            track: begins now.
            before: frames of the track.
            extra: seconds from output to input beyond what the devices tell.
            turn: holds what comes in meanwhile.

        Raises:
            BridgeError: `no_device` if the output goes away.
        """
        position = self._player.add_click(track) + before
        told_by = 0.0
        while turn():
            if not self._player.rate:
                raise BridgeError("no_device", "The audio output went away during the count-in.")
            self._clock.take(self._intake.moment())
            if self._output.read >= position:
                told_by = told_by or time.monotonic() + LATE
                if self._clock.sure or time.monotonic() > told_by:
                    break
            time.sleep(TURN)
        heard = self._player.heard_at(position)
        start = None if heard is None else self._clock.position(heard + extra)
        if start is None or abs(start - self._intake.position) > FARTHEST * self._intake.rate:
            return (
                self._intake.position
            )  # No clock, or one that is none, or it was stopped meanwhile.
        while self._intake.position < start and turn():
            time.sleep(TURN)
        return start

    def measured(self, turn: Callable[[], Frames]) -> float:
        """Plays clicks and gives by how many seconds they come back later than the devices tell.

        Raises:
            BridgeError: `not_audio` if they do not come back.
        """
        rate = self._intake.rate
        track = ClickTrack(self._player.rate or 1, TEMPO, (4, 4))
        track.frames = round(4 * BARS * track.step)
        start = self.heard(track, 0, 0.0, lambda: len(turn()) >= 0)
        begin = start - round(EARLY * rate)
        parts = [self._intake.since(begin)]
        end = start + round((4 * BARS * 60.0 / TEMPO + LATEST) * rate)
        while self._intake.position < end:
            parts.append(turn())
            time.sleep(TURN)
        return came_back(np.concatenate(parts), rate) - EARLY


def came_back(heard: Frames, rate: int) -> float:
    """When the first click comes, in seconds from the first frame of [N, 2] that has all of `measured`'s clicks.

    Raises:
        BridgeError: `not_audio` if too few are found, or at different distances.
    """
    loudest = heard[:, int(np.square(heard).sum(axis=0).argmax())]
    step = 60.0 / TEMPO * rate
    track = clicks(rate, TEMPO, (4, 4), BARS)[:, 0]
    found: list[int] = []
    for beat in range(4 * BARS):
        place = round(beat * step)
        sound = track[place : place + round(0.03 * rate)]
        span = loudest[place : place + round((EARLY + LATEST) * rate) + len(sound)]
        lag = _like(span, sound)
        if lag is not None:
            found.append(lag)
    middle = float(np.median(found)) if found else 0.0
    right = [lag for lag in found if abs(lag - middle) <= APART * rate]
    if len(right) < 4 * BARS - 2:
        raise BridgeError(
            "not_audio",
            "The clicks did not come back; connect the output with the input by a cable, or hold the microphone to "
            "the speaker, and turn both up.",
        )
    return float(np.median(right)) / rate


def _like(span: NDArray[np.float32], sound: NDArray[np.float32]) -> int | None:
    """Where in a span a sound lies, whatever its polarity; None if nowhere."""
    if len(span) < len(sound) or np.abs(span).max(initial=0.0) <= SILENCE:
        return None
    alike = np.abs(np.correlate(span, sound, "valid"))
    lag = int(alike.argmax())
    energy = float(np.square(span[lag : lag + len(sound)]).sum() * np.square(sound).sum())
    return lag if alike[lag] > LIKE * np.sqrt(energy) else None
