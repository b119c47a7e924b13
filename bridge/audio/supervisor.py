"""Keeps the audio process alive: starts it, tells it what is wanted, kills it when it hangs, starts it again.

Knows the rings and what the child tells; the devices themselves only by name. One thread watches; calls from outside
note what is wanted and return. The child is spawned, so the program's main module is imported there once more: it
must start nothing on import, as ours do not.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from bridge.audio import listing
from bridge.audio.complaints import Complaints
from bridge.audio.devices import audio_devices, choose, found_under
from bridge.audio.live.memory import BEATS, LiveMemory
from bridge.audio.process import Ask, Direction, Files, Told, Wish, main
from bridge.audio.ring_buffer import RingBuffer
from bridge.errors import BridgeError

RETRY = (0.2, 1.0, 3.0)
"""Seconds to wait before the first, second and every later new start."""
ANSWER_WITHIN = 20.0
"""Seconds a new wish may take; drivers are slow, but one that takes longer hangs."""
LOOK_EVERY = 5.0
"""Seconds between two looks for devices that come and go while one is open."""
STILL, LOOKED = 50, 0.1
"""Looks in a row, and seconds between two, without a turn of its pump: it hangs, though it was asked nothing.

Counted, so that a machine that stands still as a whole does not take its awakening for that.
"""
START_WITHIN = 120.0
"""Seconds until a new process may first answer: on a busy machine Python alone takes its time to start."""

_log = logging.getLogger(__name__)


class AudioSupervisor:
    """The audio process, seen from the bridge.

    Attributes:
        output: ring that the device plays from.
        input: ring that the device records into.
        live: the memory of the live stream: board, rings, and the files by which other processes share it.
    """

    def __init__(self, on_change: Callable[[Told], None], *, asio: bool = False) -> None:
        """Makes the rings; `start` makes the process. `on_change` is called from the watching thread."""
        self.output = RingBuffer()
        self.input = RingBuffer()
        self.live = LiveMemory()
        self._on_change = on_change
        self._asio = asio
        self._lock = threading.Lock()
        self._ask = Ask(Wish(), Wish())
        self._inputs: dict[str, Wish] = {}
        self._told = Told()
        self._found: Told | None = None
        self._telling = threading.Lock()
        self._pipe: Connection | None = None
        self._process: Any = None
        self._answer_by = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="audio-watch", daemon=True)
        self._looking = threading.Thread(target=self._look, name="audio-look", daemon=True)

    @property
    def told(self) -> Told:
        """How things stand, as last told."""
        return self._told

    @property
    def pid(self) -> int | None:
        """Of the audio process, while it lives."""
        return self._process.pid if self._process and self._process.is_alive() else None

    def start(self) -> None:
        """Starts the process; it tells of its devices when it is ready."""
        self._thread.start()
        self._looking.start()

    def want(self, side: Direction, wish: Wish, by: str = "recorder") -> int:
        """Changes what is wanted of one side; the result comes as a change of that number or a later one.

        An input is open as long as anybody wants it, who is named in `by`. There is one: whoever wants another one
        than somebody else who plays or records is refused, since what sounds now comes first.

        Raises:
            BridgeError: `busy`.
        """
        with self._lock:
            if side == "input":
                wish = self._shared(wish, by)
            change: dict[str, Any] = {side: wish, "number": self._ask.number + 1}
            self._ask = replace(self._ask, **change)
            self._send()
            return self._ask.number

    def wish(self, side: Direction) -> Wish:
        """What is wanted of one side."""
        return self._ask.output if side == "output" else self._ask.input

    def tell_again(self) -> None:
        """Calls `on_change` with how things stand, since something else changed."""
        self._tell(None)

    def close(self) -> None:
        """Kills the process."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _shared(self, wish: Wish, by: str) -> Wish:
        """The input that is to be open now."""
        others = [other for name, other in self._inputs.items() if name != by]
        for other in others if wish.on else []:
            if self._device(wish.device) != (used := self._device(other.device)):
                raise BridgeError(
                    "busy",
                    f"The input {used} is in use; use it here too, or end what uses it there first.",
                )
        self._inputs.pop(by, None)
        if wish.on:
            self._inputs[by] = wish
        return next(iter(self._inputs.values()), Wish())

    def _device(self, wanted: str) -> str:
        """The name of an input as it is known; that of the default one for ''."""
        found = choose(self._told.devices, wanted, output=False)
        return found.name if found else wanted

    def _send(self) -> None:
        if self._pipe is None:
            return
        try:
            self._pipe.send(self._ask)
            self._answer_by = max(self._answer_by, time.monotonic() + ANSWER_WITHIN)
        except OSError:  # It has just ended; the next one is told when it starts.
            pass

    def _watch(self) -> None:
        failures = 0
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._live()
            except Exception:
                _log.exception("The audio process could not be started")
            if time.monotonic() - began > 10:
                failures = 0
            wait = RETRY[min(failures, len(RETRY) - 1)]
            failures += 1
            self._closing.wait(wait)

    def _live(self) -> None:
        """One life of the process."""
        context = multiprocessing.get_context("spawn")
        pipe, far = context.Pipe()
        heard, said = context.Pipe(duplex=False)
        files = Files(
            (self.output.file, self.output.capacity),
            (self.input.file, self.input.capacity),
            self.live.files,
        )
        process = context.Process(target=main, args=(far, files, self._asio, said), daemon=True)
        process.start()
        far.close()
        said.close()
        complaints = Complaints(heard)
        with self._lock:
            self._pipe, self._process = pipe, process
            self._answer_by = time.monotonic() + START_WITHIN
            self._send()
        try:
            self._listen(pipe, process)
        finally:
            with self._lock:
                self._pipe = None
            process.kill()
            process.join()
            pipe.close()
        if not self._closing.is_set():
            problem = self._told.problem or "The audio process ended and is started again."
            last = "; ".join(complaints.last())
            _log.warning("%s%s", problem, f" It said last: {last}" if last else "")
            self._tell(replace(self._told, output=None, input=None, problem=problem))

    def _listen(self, pipe: Connection, process: Any) -> None:
        turns, turned, still = float(self.live.board.numbers[BEATS]), False, 0
        while not self._closing.is_set():
            before, turns = turns, float(self.live.board.numbers[BEATS])
            turned = turned or turns != before  # Without an audio system there is no pump.
            still = still + 1 if turned and turns == before and not self._answer_by else 0
            if pipe.poll(LOOKED):
                try:
                    told: Told = pipe.recv()
                except (EOFError, OSError):
                    return
                self._answer_by = 0.0
                self._tell(told)
            elif not process.is_alive():
                return
            elif 0.0 < self._answer_by < time.monotonic() or still > STILL:
                self._tell(replace(self._told, problem="The audio driver hangs and is restarted."))
                return

    def _look(self) -> None:
        """Lists the devices anew while streams are open, under which the process cannot."""
        while not self._closing.wait(LOOK_EVERY):
            told = self._told
            opened = [one.device for one in (told.output, told.input) if one]
            if not opened:
                continue
            jack = any(device.host_api == "JACK" for device in opened)
            if found := listing.look(asio=self._asio, jack=not jack):
                devices = found_under(told.devices, tuple(audio_devices(*found)), opened, jack=jack)
                if devices != told.devices and self._told.looked == told.looked:
                    self._found = replace(told, devices=devices)
                    self.tell_again()

    def _tell(self, told: Told | None) -> None:
        with self._telling:
            told = told or self._told
            # The process lists what there was when it opened its first stream.
            if self._found and self._found.looked == told.looked:
                told = replace(told, devices=self._found.devices)
            self._told = told
            try:
                self._on_change(told)
            except Exception:
                _log.exception("A change of the audio devices could not be taken in")
