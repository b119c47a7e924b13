"""The half of `longtake bench live` that waits: the stream between the ports of a real JACK server, in real time.

As a program it runs the measurement and prints the result as a line of JSON:
`python -m benchmarks._live_devices MINUTES MODEL PERIOD`. The input is mixed into the output, so that its place there
tells the latency to the sample; a floor of noise in the input tells gaps from rests. Knows the bridge as a whole.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import psutil

from benchmarks._audio import ROOT, _only_audio, jack_server
from bridge.app import App, AppOptions, build
from bridge.audio.live.memory import LATENCY
from engine.live_settings import LiveSettings
from engine.training.corpus.beatbox import beatbox

RATE = 44_100
PROMPT = "Instruments: Drums | Genre: Funk"
FLOOR = 1e-3
GAP = 64
"""Samples of exact silence that are a gap."""
LOOKED, EVERY = 2, 10
"""A latency is found in so many seconds of sound, each so many seconds."""
STARTING = 300.0


class Loop:
    """Plays into the input and records the output in the same callback, by one count of frames."""

    def __init__(self, client: Any, sound: np.ndarray, frames: int) -> None:
        # Not zeros, which take no memory at first.
        self.heard = np.full(frames, np.nan, np.float32)
        self.at = self.xruns = 0
        self._client, self._sound = client, sound
        self._outs = [client.outports.register(f"out_{side}") for side in (1, 2)]
        self._ins = [client.inports.register(f"in_{side}") for side in (1, 2)]
        client.set_process_callback(self._process)
        client.set_xrun_callback(self._overrun)
        client.activate()
        for pattern, ports, inwards in (
            ("PortAudio.*:in_", self._outs, True),
            ("PortAudio.*:out_", self._ins, False),
        ):
            self._join(pattern, ports, inwards)

    def _join(self, pattern: str, ports: list[Any], inwards: bool) -> None:
        client = self._client
        kind = {"is_input": True} if inwards else {"is_output": True}
        while len(found := client.get_ports(pattern, is_audio=True, **kind)) < 2:
            time.sleep(0.05)
        for mine, theirs in zip(ports, found, strict=False):
            for other in client.get_all_connections(theirs) if inwards else []:
                client.disconnect(other, theirs)
            client.connect(*((mine, theirs) if inwards else (theirs, mine)))

    def _process(self, frames: int) -> None:
        places = np.arange(self.at, self.at + frames) % len(self._sound)
        for port in self._outs:
            port.get_array()[:] = self._sound[places]
        part = self.heard[self.at : self.at + frames]
        part[:] = self._ins[0].get_array()[: len(part)]
        self.at += frames

    def _overrun(self, _: float) -> None:
        self.xruns += 1

    def latency(self, start: int) -> int:
        """Frames from what was played to what was heard, by the sound from a frame on."""
        count, most = LOOKED * RATE, 4 * RATE
        played = self._sound[np.arange(start, start + count) % len(self._sound)]
        heard = self.heard[start : start + count + most]
        size = 1 << (len(heard) + count).bit_length()
        likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size)), size)
        return int(np.argmax(likeness[:most]))

    def gaps(self, start: int) -> int:
        """Runs of exact silence from a frame on."""
        silent = np.concatenate(([0], (self.heard[start : self.at] == 0).astype(np.int8), [0]))
        edges = np.flatnonzero(np.diff(silent))
        return int(((edges[1::2] - edges[::2]) >= GAP).sum())


def measured(minutes: float, model: str, period: int) -> dict[str, Any]:
    """Runs the measurement in a process and with a server of its own.

    Raises:
        RuntimeError: if it failed; its output is on standard error.
    """
    command = [sys.executable, "-m", "benchmarks._live_devices", str(minutes), model, str(period)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError("the measurement failed")
    return json.loads(done.stdout.splitlines()[-1])


def _run(minutes: float, model: str, period: int) -> dict[str, Any]:
    sound = beatbox(3, 100.0, 8)[0][0]
    sound = sound + FLOOR * np.random.default_rng(0).standard_normal(len(sound))
    settings = LiveSettings(prompt=PROMPT, model=model, wet=0.5)
    with tempfile.TemporaryDirectory() as home, jack_server(period) as client:
        os.environ["LONGTAKE_HOME"] = home
        app = build(AppOptions(change=_only_audio, takes=False, live=settings))
        app.start()
        try:
            while not app.session.playback.state().device:
                time.sleep(0.1)
            began = time.monotonic()
            _started(app)
            beginning = time.monotonic() - began
            loop = Loop(client, sound.astype(np.float32), round((minutes * 60 + 5) * RATE))
            facts = _watched(app, loop, minutes)
        finally:
            app.close()
    return facts | {"starting": beginning}


def _started(app: App) -> None:
    live = app.session.live
    live.start()
    end = time.monotonic() + STARTING
    while live.state().phase != "on" or live.state().dry:
        if live.state().phase == "failed" or time.monotonic() > end:
            raise RuntimeError(f"live does not begin: {live.state()}")
        time.sleep(0.1)


def _watched(app: App, loop: Loop, minutes: float) -> dict[str, Any]:
    live, processes = app.session.live, psutil.Process()
    time.sleep(5.0)
    late, begun, memory = live.state().late, loop.at, 0.0
    loads: list[float] = []
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end:
        time.sleep(0.5)
        loads.append(live.state().load)
        if not memory and loop.at > 60 * RATE:
            memory = _memory(processes)
    state = live.state()
    places = range(begun, loop.at - (LOOKED + 4) * RATE, EVERY * RATE)
    found = [loop.latency(place) for place in places]
    return {
        "hop_ms": state.hop_ms,
        "load": float(np.median(loads)),
        "load_most": max(loads),
        "told_ms": state.latency_ms,
        "frames": float(app.session.live._devices.memory.board.numbers[LATENCY]),  # type: ignore[attr-defined]
        "found": sorted(set(found)),
        "late": state.late - late,
        "hops": (loop.at - begun) / RATE * 1000 / state.hop_ms,
        "gaps": loop.gaps(begun),
        "xruns": loop.xruns,
        "memory": [memory, _memory(processes)],
        "machine": psutil.getloadavg()[0],
    }


def _memory(process: psutil.Process) -> float:
    """MB of the bridge and its children."""
    family = [process, *process.children(recursive=True)]
    return sum(one.memory_info().rss for one in family) / 1e6


def main(argv: Sequence[str]) -> int:
    """Runs the measurement."""
    minutes, model, period = argv
    print(json.dumps(_run(float(minutes), model, int(period))), flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    sys.exit(main(sys.argv[1:]))
