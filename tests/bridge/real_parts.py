"""Real parts for tests: one JACK server, and an ear and a mouth on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bridge.audio.ring_buffer import EXPECTING, RingBuffer

RATE = 44_100
PERIOD = 512
INPUT, OUTPUT = "PortAudio.*:in_", "PortAudio.*:out_"
"""Ports of our own devices."""
PATIENCE = 120.0
HELD = 8.0
"""Seconds; JACK's freewheel drops a client that keeps it waiting for 10."""
"""Seconds a test waits for what must come; passing tests never wait so long."""
STARTING = 30.0
"""Seconds a JACK server has to answer; another one is started then."""
ENDS_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
"""Before a command: it is killed when the tests are, where the system can do that."""
HANGING = 400.0
"""Seconds after which a test is taken to wait inside JACK's library, which waits for its server without end."""


def until(true: Callable[[], Any], seconds: float = PATIENCE, what: str = "it") -> Any:
    """What `true` gives as soon as it is something; fails after a while."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.01)
    return found


def jack_ports() -> str | None:
    """The ports of the running server, a line each; None when it does not answer."""
    with suppress(subprocess.TimeoutExpired):
        asked = subprocess.run(
            ["jack_lsp"], capture_output=True, text=True, check=False, timeout=10
        )
        return asked.stdout if asked.returncode == 0 else None
    return None


class JackServer:
    """jackd with its dummy driver; every child of the tests finds it through the environment."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self.period = PERIOD
        self.rate = RATE
        self.name = f"longtake{os.getpid()}"
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        os.environ["JACK_NO_START_SERVER"] = "1"
        os.environ["JACK_NO_AUDIO_RESERVATION"] = "1"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; without real time where that is not allowed."""
        self.kill()
        for scheduling in ("--realtime", "--no-realtime", "--no-realtime"):
            arguments = [*ENDS_WITH_US, "jackd", scheduling, "-S", "--name", self.name]
            arguments += [
                "-d",
                "dummy",
                "-r",
                str(self.rate),
                "-p",
                str(self.period),
                "-C",
                "2",
                "-P",
                "2",
            ]
            with self._log.open("ab") as log:
                process = self._process = subprocess.Popen(arguments, stdout=log, stderr=log)
            end = time.monotonic() + STARTING
            while process.poll() is None and time.monotonic() < end:
                if self.answers():
                    return
                time.sleep(0.05)
            self.kill()
        raise AssertionError(f"jackd does not start: {self._log.read_text()[-2000:]}")

    def answers(self) -> bool:
        return jack_ports() is not None

    def end(self) -> None:
        """Lets it end by itself."""
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self.kill()

    def kill(self) -> None:
        """As pulling the plug."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Kills the server of whoever does not come back: that ends every wait for it, with an error."""
        timer = threading.Timer(HANGING, self.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def sweep(self) -> None:
        """Removes what killed servers left behind, before the first client here has looked at it."""
        if "jackd" not in (process.info["name"] for process in psutil.process_iter(["name"])):
            for left in Path("/dev/shm").glob("jack*"):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)


@contextmanager
def jack_client(name: str) -> Iterator[Any]:
    """A client of the running server."""
    import jack  # It looks for JACK's library at once, which is on no machine without the server.

    jack.set_error_function(lambda message: None)
    jack.set_info_function(lambda message: None)
    client = jack.Client(name, no_start_server=True)
    try:
        yield client
    finally:
        client.deactivate()
        client.close()


class Ear:
    """Records two channels from the first sound on."""

    def __init__(self, client: Any, frames: int) -> None:
        self.samples = np.zeros((frames, 2), np.float32)
        self.count = 0
        self.full = threading.Event()
        self._open = True
        self.hold(None)
        self.client = client
        self._ports = [client.inports.register(f"in_{side}") for side in (1, 2)]
        client.set_process_callback(self._process)
        client.activate()

    def hold(self, ring: RingBuffer | None, sound: int = 0) -> None:
        """Keeps JACK waiting until the ring has the next of `sound` frames; without a ring, no more."""
        self._ring, self._sound = ring, sound

    def _process(self, frames: int) -> None:
        self._record(frames)
        end = time.monotonic() + HELD
        while (
            (ring := self._ring)
            and ring.fill < frames
            and (0 < self.count < self._sound or ring.counter(EXPECTING))
            and time.monotonic() < end
        ):
            time.sleep(0.0002)

    def _record(self, frames: int) -> None:
        heard = [port.get_array() for port in self._ports]
        if not self._open or (self.count == 0 and not (heard[0].any() or heard[1].any())):
            return
        room = min(frames, len(self.samples) - self.count)
        for side in (0, 1):
            self.samples[self.count : self.count + room, side] = heard[side][:room]
        self.count += room
        if room < frames:
            self._open = False
            self.full.set()

    def listen_to(self, pattern: str) -> None:
        """Connects to the two outputs whose names match, once they are there."""

        def ports() -> list[Any]:
            return self.client.get_ports(pattern, is_audio=True, is_output=True)

        found = until(lambda: len(ports()) >= 2 and ports(), what=pattern)
        for source, port in zip(found, self._ports, strict=False):
            if not port.is_connected_to(source):
                self.client.connect(source, port)

    def fill(self) -> np.ndarray:
        """What was recorded once all the room is used, from the first frame that is not silent."""
        assert self.full.wait(PATIENCE), f"{self.count} frames of {len(self.samples)} were heard"
        return self.heard()

    def heard(self) -> np.ndarray:
        """What was recorded so far, from the first frame that is not silent."""
        loud = np.flatnonzero(self.samples[: self.count].any(axis=1))
        return self.samples[loud[0] : self.count] if len(loud) else self.samples[:0]


class Mouth:
    """Plays samples [N, 2] into whatever it is connected to, once told to."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._samples = np.zeros((0, 2), np.float32)
        self._ports = [client.outports.register(f"out_{side}") for side in (1, 2)]
        client.set_process_callback(self._process)
        client.activate()

    def say(self, samples: np.ndarray) -> None:
        self._samples = samples

    @property
    def silent(self) -> bool:
        return len(self._samples) == 0

    def _process(self, frames: int) -> None:
        part, self._samples = self._samples[:frames], self._samples[frames:]
        for side, port in enumerate(self._ports):
            array = port.get_array()
            array[:] = 0
            array[: len(part)] = part[:, side]

    def speak_to(self, pattern: str) -> None:
        def ports() -> list[Any]:
            return self.client.get_ports(pattern, is_audio=True, is_input=True)

        found = until(lambda: len(ports()) >= 2 and ports(), what=pattern)
        for port, sink in zip(self._ports, found, strict=False):
            for other in self.client.get_all_connections(sink):
                self.client.disconnect(other, sink)
            self.client.connect(port, sink)


class Loop:
    """Plays noise into the input and records the output, by one count of frames."""

    def __init__(self, client: Any, seconds: float) -> None:
        rate = client.samplerate
        self.sound = (
            np.random.default_rng(1)
            .uniform(-0.5, 0.5, (round(seconds * rate), 2))
            .astype(np.float32)
        )
        self.heard = np.zeros_like(self.sound)
        self.at = 0
        self._outs = [client.outports.register(f"out_{side}") for side in (1, 2)]
        self._ins = [client.inports.register(f"in_{side}") for side in (1, 2)]
        self._client = client
        client.set_process_callback(self._process)
        client.activate()

    def _process(self, frames: int) -> None:
        at = self.at
        for side in (0, 1):
            out, back = self._outs[side].get_array(), self._ins[side].get_array()
            part = self.sound[at : at + frames, side]
            out[:] = 0.0
            out[: len(part)] = part
            self.heard[at : at + frames, side] = back[: len(part)]
        self.at = at + frames

    def join(self) -> None:
        """Connects both ends, again if they came back under the same names."""
        for pattern, ports, inwards in ((INPUT, self._outs, True), (OUTPUT, self._ins, False)):
            found = until(lambda p=pattern, i=inwards: self._found(p, i), what=pattern)
            for mine, theirs in zip(ports, found, strict=False):
                for other in self._client.get_all_connections(theirs) if inwards else []:
                    if other.name != mine.name:
                        self._client.disconnect(other, theirs)
                if not mine.is_connected_to(theirs):
                    self._client.connect(*((mine, theirs) if inwards else (theirs, mine)))

    def _found(self, pattern: str, inwards: bool) -> list[Any]:
        ports = self._client.get_ports(
            pattern, is_audio=True, is_input=inwards, is_output=not inwards
        )
        return ports if len(ports) >= 2 else []

    def until(self, at: int) -> None:
        until(lambda: self.at >= min(at, len(self.sound)), what=f"frame {at} of the loop")


class Wire:
    """A cable from outputs to inputs that is so many frames long."""

    def __init__(self, client: Any, frames: int) -> None:
        self.client = client
        self._under_way = [deque([np.zeros(frames, np.float32)]) for _ in (1, 2)]
        self._ins = [client.inports.register(f"in_{side}") for side in (1, 2)]
        self._outs = [client.outports.register(f"out_{side}") for side in (1, 2)]
        client.set_process_callback(self._process)
        client.activate()

    def _process(self, frames: int) -> None:
        for under_way, source, sink in zip(self._under_way, self._ins, self._outs, strict=True):
            line = np.concatenate((*under_way, source.get_array()))
            sink.get_array()[:] = line[:frames]
            under_way.clear()
            under_way.append(line[frames:].copy())

    def lead(self, pattern: str) -> None:
        """Begins at the two outputs whose names match, once they are there."""
        found = until(lambda: self._ports(pattern, is_output=True), what=pattern)
        for source, port in zip(found, self._ins, strict=False):
            self.client.connect(source, port)

    def follow(self, pattern: str) -> Callable[[], None]:
        """Ends at the two inputs whose names match, whenever they come and go, until what it gives is called."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.01):
                found = self._ports(pattern, is_input=True)
                for port, sink in zip(self._outs, found, strict=False):
                    with suppress(Exception):  # It may go at any moment.
                        for other in self.client.get_all_connections(sink):
                            if other.name != port.name:
                                self.client.disconnect(other, sink)
                        if not port.is_connected_to(sink):
                            self.client.connect(port, sink)

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        return lambda: (done.set(), watching.join())[1]

    def _ports(self, pattern: str, **kind: bool) -> list[Any]:
        found = self.client.get_ports(pattern, is_audio=True, **kind)
        return found if len(found) >= 2 else []


@contextmanager
def freewheel(ear: Ear, ring: RingBuffer, sound: int) -> Iterator[None]:
    """Time runs as fast as everybody can, and stands still while the ring waits for more of `sound` frames."""
    ear.hold(ring, sound)
    ear.client.set_freewheel(True)
    try:
        yield
    finally:
        ear.client.set_freewheel(False)
        ear.hold(None)
