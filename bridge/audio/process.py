"""The child process that holds the audio devices: PortAudio, its callbacks, and nothing that could make them late.

It may be killed at any moment; that is the only way out when a device vanishes, because PortAudio's `stop` and `close`
then hang for ever. It ends by itself when a stream dies or its parent is gone. What it does is asked through a pipe
(`Ask`) and told through it (`Told`); samples go through the rings. PortAudio's own names appear nowhere else.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any, Literal

from bridge.audio.callbacks import play, record
from bridge.audio.complaints import complain_to
from bridge.audio.devices import audio_devices, choose
from bridge.audio.listing import lists
from bridge.audio.live.memory import LiveFiles, LiveMemory
from bridge.audio.live.pump import Pump
from bridge.audio.ring_buffer import CALLS, RATE, RingBuffer
from bridge.audio.stream import Stream
from bridge.shared_file import SharedFile
from bridge.state import AudioDevice

POLL = 0.1
RESCAN = 2.0
"""Seconds between two looks for a device that is missing."""
SWITCH = 0.0005
"""Seconds that a callback may wait for the pump to let it go on, rather than Python's 5 ms."""
FIRST_CALL = 0.3
"""Seconds a device has for its first callback, before its latency is told without it."""
STALLED = 5.0
"""Seconds without a callback after which an open device counts as gone."""

Direction = Literal["output", "input"]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which device is wanted, if any: '' is the default one, rate None its own, block 0 what the host likes."""

    on: bool = False
    device: str = ""
    sample_rate: int | None = None
    block: int = 0
    latency: Literal["low", "high"] = "high"


@dataclass(frozen=True, slots=True)
class Ask:
    """What the parent wants from now on; `number` counts its asks."""

    output: Wish
    input: Wish
    number: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """A device in use: its own latency in seconds."""

    device: AudioDevice
    sample_rate: int
    latency: float


@dataclass(frozen=True, slots=True)
class Told:
    """How things stand after ask `number`; `problem` is a sentence when a wish could not be met.

    `looked` is when the devices were listed, in seconds of `time.perf_counter`: under an open stream that stays.
    """

    devices: tuple[AudioDevice, ...] = ()
    output: Open | None = None
    input: Open | None = None
    problem: str = ""
    number: int = 0
    looked: float = 0.0


@dataclass(frozen=True, slots=True)
class Files:
    """The memory that outlives the process: the rings of player and recorder with their capacity, and live's."""

    output: tuple[SharedFile, int]
    input: tuple[SharedFile, int]
    live: LiveFiles


def main(pipe: Connection, files: Files, asio: bool, said: Connection) -> None:
    """Runs until the parent is gone or a stream dies; what libraries write to standard error goes into `said`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business.
    complain_to(said)
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    if asio:
        os.environ["SD_ENABLE_ASIO"] = "1"
    asks: queue.Queue[Ask] = queue.Queue()
    threading.Thread(target=_listen, args=(pipe, asks), daemon=True).start()
    sys.setswitchinterval(SWITCH)
    rings: dict[Direction, RingBuffer] = {
        "output": RingBuffer(files.output[1], files.output[0]),
        "input": RingBuffer(files.input[1], files.input[0]),
    }
    live = LiveMemory(files.live)
    try:
        import sounddevice  # pyright: ignore[reportMissingTypeStubs]
    except OSError as error:
        problem = f"There is no audio system here ({error}): install PortAudio."
        while True:
            pipe.send(Told(problem=problem, number=asks.get().number))
    pump = Pump(live)
    threading.Thread(target=pump.run, name="pump", daemon=True).start()
    _Devices(sounddevice, pipe, rings, pump).run(asks)


def _listen(pipe: Connection, asks: queue.Queue[Ask]) -> None:
    """Ends the process with its parent, wherever the other thread hangs."""
    try:
        while True:
            asks.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)


class _Devices:
    """Keeps the wished streams open."""

    def __init__(
        self, sd: Any, pipe: Connection, rings: dict[Direction, RingBuffer], pump: Pump
    ) -> None:
        self._sd = sd
        self._pipe = pipe
        self._rings = rings
        self._pump = pump
        self._streams: dict[Direction, Any] = {}
        self._open: dict[Direction, Open] = {}
        self._calls: dict[Direction, tuple[int, float]] = {}
        self._wishes: dict[Direction, Wish] = {"output": Wish(), "input": Wish()}
        self._told: Told | None = None
        self._number = 0
        self._looked = 0.0
        self._since_scan = 0.0

    def run(self, asks: queue.Queue[Ask]) -> None:
        self._settle()
        while True:
            try:
                ask = asks.get(timeout=POLL)
                self._number = ask.number
                wishes: dict[Direction, Wish] = {"output": ask.output, "input": ask.input}
                for side, wish in wishes.items():
                    if wish != self._wishes[side]:
                        self._wishes[side] = wish
                        self._close(side)
                if self._stale():
                    for side in tuple(self._streams):
                        self._close(side)
                self._settle(answer=True)
            except queue.Empty:
                self._watch()

    def _stale(self) -> bool:
        """Whether a device is wished that PortAudio does not know, and would after it starts again."""
        known = audio_devices(*lists(self._sd))
        return any(
            wish.on
            and side not in self._streams
            and not choose(known, wish.device, output=side == "output")
            for side, wish in self._wishes.items()
        )

    def _watch(self) -> None:
        for side, stream in self._streams.items():
            if not stream.active or self._stalled(side):
                # stop() and close() would never return, so this process ends here.
                self._pipe.send(
                    Told(problem=f"The {side} device {self._open[side].device.name} is gone.")
                )
                os._exit(1)
        self._since_scan += POLL
        missing = any(w.on and s not in self._streams for s, w in self._wishes.items())
        if self._since_scan >= RESCAN and (missing or not self._streams):
            self._since_scan = 0.0
            self._settle()

    def _stalled(self, side: Direction) -> bool:
        calls = self._rings[side].counter(CALLS)
        before, quiet = self._calls.get(side, (-1, 0.0))
        quiet = quiet + POLL if calls == before else 0.0
        self._calls[side] = (calls, quiet)
        return quiet > STALLED

    def _settle(self, *, answer: bool = False) -> None:
        """Opens what is wished and not open yet, after a new look at the devices where that is possible."""
        if not self._streams:
            self._sd._terminate()
            self._sd._initialize()
            self._looked = time.perf_counter()
        listed = audio_devices(*lists(self._sd))
        problems: list[str] = []
        for side, wish in self._wishes.items():
            if wish.on and side not in self._streams:
                problems += self._begin(side, wish, listed)
        told = Told(
            tuple(listed),
            self._open.get("output"),
            self._open.get("input"),
            " ".join(problems),
            self._number,
            self._looked,
        )
        if answer or self._told is None or replace(told, looked=self._told.looked) != self._told:
            self._told = told
            self._pipe.send(told)

    def _begin(self, side: Direction, wish: Wish, listed: dict[AudioDevice, int]) -> list[str]:
        device = choose(listed, wish.device, output=side == "output")
        if device is None:
            name = f"device {wish.device}" if wish.device else "device"
            return [f"There is no audio {side} {name} here."]
        rates = [wish.sample_rate, device.sample_rate]
        problem = ""
        for rate in dict.fromkeys(rate for rate in rates if rate):
            try:
                self._streams[side] = self._started(side, wish, device, listed[device], rate)
                return []
            except self._sd.PortAudioError as error:
                problem = str(error.args[0]) if error.args else str(error)
        return [f"{device.name} cannot be opened: {problem}."]

    def _started(
        self, side: Direction, wish: Wish, device: AudioDevice, index: int, rate: int
    ) -> Any:
        channels = min(2, device.outputs if side == "output" else device.inputs)
        ring = self._rings[side]
        if side == "input" or ring.counter(RATE) != rate:
            ring.clear()
        build = self._sd.OutputStream if side == "output" else self._sd.InputStream
        facts = Stream(rate, device.id, device.host_api)
        live = self._pump.memory
        callback = (
            play(ring, live.output, channels, facts)
            if side == "output"
            else record((ring, live.input), channels, facts)
        )
        stream = build(
            samplerate=rate,
            blocksize=wish.block,
            device=index,
            channels=channels,
            dtype="float32",
            latency=wish.latency,
            extra_settings=self._extra(device),
            callback=callback,
        )
        facts.latency = float(stream.latency)
        before = ring.counter(CALLS)
        stream.start()
        until = time.perf_counter() + FIRST_CALL
        while ring.counter(CALLS) == before and time.perf_counter() < until:
            time.sleep(0.001)
        # The clock of the callback is the better one: to PortAudio's other figure JACK adds nothing of its own.
        latency = facts.found or float(stream.latency)
        self._open[side] = Open(device, round(stream.samplerate), latency)
        self._pump.meet(side, facts)
        return stream

    def _extra(self, device: AudioDevice) -> Any:
        # In shared mode Windows has one rate for all; it converts when it is asked to.
        return self._sd.WasapiSettings(auto_convert=True) if device.host_api == "WASAPI" else None

    def _close(self, side: Direction) -> None:
        stream = self._streams.pop(side, None)
        self._open.pop(side, None)
        self._calls.pop(side, None)
        self._pump.meet(side, None)
        if stream is not None:
            stream.close()
