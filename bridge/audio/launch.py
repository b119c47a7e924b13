"""A take that waits for its boundary, and in how many frames that comes. Knows the deck; no device and no thread.

The grid is the transport's while that runs. While it stands, the bars of what sounds are the grid, so that takes
follow each other in time without a DAW.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.audio.deck import Deck, Loaded
from bridge.audio.feeder import Feeder
from bridge.audio.sources import Source
from bridge.ports import Cue
from bridge.state import Quantize, Take, TransportState
from bridge.transport import next_boundary, quantum

SOON = 0.02
"""Seconds before its boundary at which a launch is settled to the sample; until then it follows the tempo."""
BARELY = 1e-3
"""Quarter notes after a boundary, beyond any rounding."""


@dataclass(slots=True)
class Launch:
    """A take that begins at a boundary in quarter notes: the first that can still be met, once that is known."""

    loaded: Loaded
    take: Take
    quantize: Quantize
    cue: Cue
    boundary: float | None = None

    def seconds(self, grid: TransportState) -> float:
        """From a moment of the grid to the boundary; 0 when the grid stands or went back, which is not waited for."""
        step = quantum(self.quantize, grid.signature)
        left = self._on(grid) - grid.beat
        return 0.0 if not grid.playing or left > step + 1 else left * 60.0 / grid.tempo

    def delay(self, grid: TransportState, rate: int) -> int | None:
        """Frames at `rate` Hz of the device to the boundary, or None while it is far away.

        Args:
            grid: as it is when what is written next is heard.
            rate: of the device.
        """
        self.boundary = self._on(grid)
        seconds = self.seconds(grid)
        return None if seconds > SOON else max(0, round(seconds * rate))

    def _on(self, grid: TransportState) -> float:
        """The boundary, as far as it is known, or else the next."""
        if self.boundary is not None:
            return self.boundary
        return next_boundary(grid.beat, self.quantize, grid.signature)


class Launches:
    """The one take that waits, if any; every caller holds the feeder's lock."""

    def __init__(
        self, feeder: Feeder, deck: Deck, transport: Callable[..., TransportState]
    ) -> None:
        """Nothing waits."""
        self._feeder, self._deck, self._transport = feeder, deck, transport
        self.waiting: Launch | None = None

    def grid(self, quantize: Quantize | None) -> Quantize | None:
        """The grid that a launch would wait for, or None if there is none."""
        transport = self._transport()
        quantize = quantize or transport.quantize
        runs = transport.playing or self._bars_of_deck(transport) is not None
        return quantize if runs and quantum(quantize, transport.signature) else None

    def wait(self, source: Source, take: Take, quantize: Quantize, cue: Cue) -> None:
        """Has a take wait, in place of the one that waited."""
        self.drop()
        loaded = Loaded(source, take, take.job_id or None, loops=take.loop)
        self.waiting = Launch(loaded, take, quantize, cue, self._first(quantize))
        self._feeder.awaiting = True

    def drop(self) -> None:
        """Nothing waits any more."""
        if self.waiting:
            self.waiting.loaded.source.close()
        self._forget()

    def begin(self) -> None:
        """Begins what waits, once its boundary is near; called before each block."""
        launch = self.waiting
        if launch is None:
            return
        transport = self._transport()
        grid = None if transport.playing else self._bars_of_deck(transport)
        if grid is None:
            heard = self._feeder.next_heard()
            if heard is None:
                return
            grid = self._transport(heard)
        delay = launch.delay(grid, self._feeder.rate)
        if delay is not None:
            self._forget()
            self._deck.load(launch.loaded, launch.cue, delay)

    def seconds(self) -> float | None:
        """Until what waits is heard, about; None if nothing waits."""
        if self.waiting is None:
            return None
        transport = self._transport()
        if transport.playing:
            return self.waiting.seconds(transport)
        grid = self._bars_of_deck(transport)
        return self.waiting.seconds(grid) + self._feeder.waiting() if grid else 0.0

    def _first(self, quantize: Quantize) -> float | None:
        """The first boundary after the place where the deck begins; None once it is heard, or the transport runs.

        What was told to play first would otherwise give way before its first frame.
        """
        transport, voice = self._transport(), self._deck.sounding
        grid = self._bars_of_deck(transport)
        if transport.playing or grid is None or voice is None or voice.sounded:
            return None
        return next_boundary(grid.beat + BARELY, quantize, grid.signature)

    def _forget(self) -> None:
        self.waiting = None
        self._feeder.awaiting = False

    def _bars_of_deck(self, transport: TransportState) -> TransportState | None:
        """The bars of the take that sounds, at what is written next; None if nothing sounds or it has no tempo."""
        now, voice = self._deck.now, self._deck.sounding
        tempo = now.take.tempo if now and now.take else None
        if now is None or now.take is None or voice is None or not tempo:
            return None
        place = voice.position / voice.source.sample_rate - voice.ahead()
        signature = (now.take.beats_per_bar, 4)
        return replace(
            transport, tempo=tempo, beat=place * tempo / 60.0, playing=True, signature=signature
        )
