"""The audio measurements of `longtake bench bridge`, with a real JACK server (dummy driver) and our real audio process.

As a program it runs one measurement, so that each has its own process and JACK server, and prints the result as a line
of
JSON: `python -m benchmarks._audio freewheel SECONDS` or `... overruns PERIOD MINUTES ENGINE`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bridge.app import AppOptions, build
from bridge.audio.ring_buffer import RingBuffer
from bridge.audio.system import AudioSystem
from bridge.settings_table import Settings
from bridge.state import Take, TransportState
from bridge.takes.recordings import PendingRecording, RecordingDraft

RATE = 44_100
ROOT = Path(__file__).parents[1]
TAKE = 61.7
"""Length of the take that loops for an hour, s: not a multiple of any period."""
HELD = 8.0
"""Seconds; JACK's freewheel drops a client that keeps it waiting for 10."""


@contextmanager
def jack_server(period: int) -> Iterator[Any]:
    """A JACK server with the dummy driver, and a client; child processes find it through the environment."""
    import jack

    name = f"bench{os.getpid()}"
    os.environ |= {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    os.environ["JACK_NO_AUDIO_RESERVATION"] = "1"
    command = ["jackd", "--realtime", "-S", "--name", name, "-d", "dummy"]
    command += ["-r", str(RATE), "-p", str(period)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    jack.set_error_function(lambda message: None)
    jack.set_info_function(lambda message: None)
    try:
        yield _client(jack, server)
    finally:
        server.kill()
        server.wait()


def _client(jack: Any, server: subprocess.Popen[bytes]) -> Any:
    end = time.monotonic() + 30.0
    while time.monotonic() < end and server.poll() is None:
        try:
            return jack.Client("bench", no_start_server=True)
        except jack.JackError:
            time.sleep(0.1)
    raise RuntimeError("jackd did not start.")


class Judge:
    """Receives two channels and counts the samples that differ from the looped take; makes JACK wait for the ring."""

    def __init__(self, client: Any, ring: RingBuffer, take: np.ndarray, frames: int) -> None:
        """Starts at the first sound; `full` after so many frames."""
        self._ring = ring
        self.heard = self.wrong = 0
        self.full = threading.Event()
        self._frames = frames
        self._length = len(take)
        self._wanted = np.concatenate((take, take[:8192]))
        self._ports = [client.inports.register(f"in_{side}") for side in (1, 2)]
        client.set_process_callback(self._process)
        client.activate()
        end = time.monotonic() + 30.0
        while len(found := client.get_ports("PortAudio.*:out_", is_audio=True)) < 2:
            if time.monotonic() > end:
                raise RuntimeError("no audio arrives at JACK")
            time.sleep(0.05)
        for source, port in zip(found, self._ports, strict=False):
            client.connect(source, port)

    def _process(self, count: int) -> None:
        heard = np.stack([port.get_array() for port in self._ports], 1)
        if self.heard == 0:
            loud = np.flatnonzero(heard.any(axis=1))
            heard = heard[loud[0] :] if len(loud) else heard[:0]
        if self.heard < self._frames and len(heard):
            at = self.heard % self._length
            self.wrong += int((heard != self._wanted[at : at + len(heard)]).any(axis=1).sum())
            self.heard += len(heard)
        if self.heard >= self._frames:
            self.full.set()
        end = time.monotonic() + HELD
        while self.heard and self._ring.fill < count and time.monotonic() < end:
            time.sleep(0.0002)


def freewheel(seconds: float) -> dict[str, float]:
    """Loops a take for so long, as fast as JACK can, and compares every sample with the file."""
    rng = np.random.default_rng(0)
    take = rng.uniform(0.1, 0.5, (round(TAKE * RATE), 2)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder, jack_server(512) as client:
        path = Path(folder) / "take.wav"
        soundfile.write(path, take, RATE, subtype="FLOAT")
        audio = AudioSystem(lambda event: None, TransportState, _no_take)
        audio.start()
        try:
            while not audio.player.rate:
                time.sleep(0.05)
            judge = Judge(client, audio.supervisor.output, take, round(seconds * RATE))
            began = time.monotonic()
            audio.player.set_loop(True, None)
            client.set_freewheel(True)
            audio.player.play(Take("t", path, "t", "generate", TAKE, RATE, 2, 0.0))
            judge.full.wait()
            spent = time.monotonic() - began
            client.set_freewheel(False)
        finally:
            audio.close()
    return {"heard": judge.heard / RATE, "wrong": judge.wrong, "spent": spent}


def overruns(period: int, minutes: float, engine: str) -> dict[str, float]:
    """Plays a take in real time while the engine renders others; counts late callbacks and gaps."""
    late = 0

    def count(_: float) -> None:
        nonlocal late
        late += 1

    with tempfile.TemporaryDirectory() as home, jack_server(period) as client:
        os.environ["LONGTAKE_HOME"] = home
        app = build(AppOptions(engine=engine, change=_only_audio))
        session = app.session
        app.start()
        try:
            job = session.generate("house 124 BPM", seconds_total=30.0, seed=1)
            while (
                not (made := session.jobs.get(job.id)).finished
                or not session.playback.state().device
            ):
                time.sleep(0.1)
            session.playback.set_loop(True)
            session.playback.play(session.find(made.id))
            time.sleep(1.0)
            client.set_xrun_callback(count)
            client.activate()
            before, begun = session.levels().underruns, 0
            end = time.monotonic() + minutes * 60.0
            while time.monotonic() < end:
                if session.jobs.get(job.id).finished:
                    begun += 1
                    job = session.generate("techno 130 BPM", seconds_total=60.0, seed=begun)
                time.sleep(0.25)
            found: dict[str, float] = {
                "late": late,
                "underruns": session.levels().underruns - before,
            }
        finally:
            app.close()
    return found | {"rendered": begun - 1, "callbacks": round(minutes * 60.0 * RATE / period)}


def _only_audio(settings: Settings) -> Settings:
    return replace(
        settings,
        midi=replace(settings.midi, enabled=False),
        osc=replace(settings.osc, enabled=False),
        audio=replace(settings.audio, enabled=True, output="JACK: system"),
    )


def _no_take(draft: RecordingDraft) -> PendingRecording:
    raise RuntimeError("nothing is recorded here")


def measured(*arguments: object) -> subprocess.Popen[str]:
    """Starts one measurement in its own process; `result` waits for it."""
    command = [sys.executable, "-m", "benchmarks._audio", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> dict[str, float]:
    """The result of a measurement.

    Raises:
        RuntimeError: if it failed; its output is on standard error.
    """
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("the measurement failed")
    return json.loads(said.splitlines()[-1])


def main(argv: Sequence[str]) -> int:
    """Runs one measurement."""
    kind, *rest = argv
    found = (
        freewheel(float(rest[0]))
        if kind == "freewheel"
        else overruns(int(rest[0]), float(rest[1]), rest[2])
    )
    print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
