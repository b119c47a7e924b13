"""`longtake bench bridge`: latency of the bridge, lost messages, memory, and audio dropouts.

The bridge runs in its own process and folder, and is accessed over UDP as from a DAW; its engine keeps all cores busy
like a real one, unless `--engine` names another. Audio needs jackd (`_audio.py`): an hour in freewheel mode, and real
time at two periods at once, beside the real engine. Knows nothing of models or the panel.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks import _audio
from bridge.engine_process.process import REAL_ENGINE
from bridge.osc.packet import decode, encode
from bridge.state import Search, Take
from bridge.takes.index import Index
from engine.parsing import Parser
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Step, Update

ROOT = Path(__file__).parents[1]
BUSY = "benchmarks.bridge:BusyEngine"
QUICK = "benchmarks.bridge:QuickEngine"
RATE = 44_100
PERIODS = (256, 512)
"""Frames per callback."""


class QuickEngine:
    """Yields silence immediately."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Yields one step and one block."""
        yield Step("diffuse", 1, 1)
        yield AudioBlock(0, np.zeros((2, spec.frames(RATE)), np.float32))


class BusyEngine:
    """Keeps every core busy for 0.1 s per step, like a model, and then yields silence."""

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Yields a thousand steps."""
        rng = np.random.default_rng(0)
        matrix = rng.standard_normal((1024, 1024), np.float32)
        for index in range(1000):
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                matrix @ matrix  # pyright: ignore[reportUnusedExpression]
            yield Step("diffuse", index + 1, 1000)
        yield AudioBlock(0, np.zeros((2, spec.frames(RATE)), np.float32))


class Peer:
    """A client of a running bridge."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        """Connects."""
        self.process = process
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 2**20)
        self.socket.connect(("127.0.0.1", port))

    def send(self, address: str, *arguments: Any) -> None:
        """Sends a message."""
        self.socket.send(encode(address, arguments))

    def receive(self, seconds: float) -> tuple[str, list[Any]] | None:
        """The next message, or None on timeout."""
        self.socket.settimeout(max(seconds, 1e-4))
        try:
            [message] = decode(self.socket.recv(65_536))
        except OSError:
            return None
        return message.address, list(message.arguments)

    def until(self, address: str, seconds: float = 30.0) -> list[Any]:
        """The arguments of the next message to `address`."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            message = self.receive(left)
            if message and message[0] == address:
                return message[1]
        raise TimeoutError(f"no {address} in {seconds:g} s")

    def memory(self) -> float:
        """Resident memory of the bridge without its children, MB."""
        return psutil.Process(self.process.pid).memory_info().rss / 1e6


@contextmanager
def bridge(engine: str) -> Iterator[tuple[Peer, float]]:
    """A running bridge, and the seconds until its first answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    code = f"import sys; from bridge.serve import main; sys.exit(main(sys.argv[1:], {engine!r}))"
    flags = ["--port", str(port), "--no-audio", "--no-midi", "--log-level", "error"]
    with tempfile.TemporaryDirectory() as home:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", code, *flags], env=os.environ | {"LONGTAKE_HOME": home}, cwd=ROOT
        )
        peer = Peer(port, process)
        try:
            while process.poll() is None:
                with suppress(OSError):
                    peer.send("/longtake/ping")
                if peer.receive(0.01):
                    break
            yield peer, time.monotonic() - began
        finally:
            process.terminate()
            process.wait()


def quantiles(seconds: Sequence[float]) -> str:
    """Median, 99th percentile and worst, ms."""
    p50, p99, worst = np.quantile(seconds, (0.5, 0.99, 1.0)) * 1000
    return f"p50 {p50:.2f} ms   p99 {p99:.2f} ms   worst {worst:.2f} ms   (n = {len(seconds)})"


def start(count: int) -> str:
    """Seconds from the start of the process to its first answer."""
    times: list[float] = []
    for _ in range(count):
        with bridge(QUICK) as (_, seconds):
            times.append(seconds)
    return f"best {min(times):.2f} s   median {sorted(times)[count // 2]:.2f} s   (n = {count})"


def acknowledge(engine: str, count: int) -> str:
    """Round trips of `/longtake/generate` to its acknowledgement while a take is being made."""
    times: list[float] = []
    with bridge(engine) as (peer, _):
        peer.send("/longtake/generate", "busy", "house 124 BPM", "duration", 200.0)
        peer.until("/longtake/progress")
        time.sleep(1.0)
        for number in range(count):
            began = time.perf_counter()
            peer.send("/longtake/generate", f"r{number}", "techno 130 BPM", "duration", 10.0)
            while peer.until("/longtake/ack")[0] != f"r{number}":
                pass
            times.append(time.perf_counter() - began)
            peer.send("/longtake/cancel", f"r{number}")
            peer.until("/longtake/cancelled")
            time.sleep(0.01)
    return quantiles(times)


def flooded(engine: str, count: int) -> str:
    """Round trips of a ping right after 500 malformed packets."""
    rng = np.random.default_rng(0)
    killers = [
        b"#bundle\0" + bytes(7) + b"\1" + b"\xff\xff\xff\xfc",  # an element of size -4
        encode("/" + "*" * 20 + "!", (1,)),
        encode("/nothing", (1,)),
        b"/\xff\xfe\0,i\0\0\0\0\0\1",
    ]
    times: list[float] = []
    with bridge(engine) as (peer, _):
        peer.send("/longtake/generate", "busy", "house 124 BPM", "duration", 200.0)
        peer.until("/longtake/progress")
        for _ in range(count):
            for number in range(500):
                packet = killers[number % 5] if number % 5 < 4 else rng.bytes(40)
                peer.socket.send(packet)
            began = time.perf_counter()
            peer.send("/longtake/ping")
            peer.until("/longtake/pong")
            times.append(time.perf_counter() - began)
            time.sleep(0.05)
    return quantiles(times)


def burst(engine: str, count: int) -> str:
    """How many pings of a burst are answered."""
    with bridge(engine) as (peer, _):
        peer.send("/longtake/generate", "busy", "house 124 BPM", "duration", 200.0)
        peer.until("/longtake/ack")
        packet = encode("/longtake/ping", ())
        began = time.monotonic()
        for _ in range(count):
            peer.socket.send(packet)
        kept = 0
        while message := peer.receive(2.0):
            kept += message[0] == "/longtake/pong"
            if kept == count:
                break
        return f"{kept} of {count} answered in {time.monotonic() - began:.2f} s"


def memory(count: int) -> str:
    """Memory of the bridge after a tenth of the jobs and after all."""
    with bridge(QUICK) as (peer, _):
        peer.send("/longtake/subscribe")
        early = peer.memory()
        for number in range(count):
            peer.send("/longtake/generate", f"r{number}", "techno 130 BPM", "duration", 0.5)
            peer.until("/longtake/done")
            if number == count // 10:
                early = peer.memory()
        late = peer.memory()
    return f"{early:.1f} MB after {count // 10} jobs, {late:.1f} MB after {count}"


def search(count: int) -> str:
    """Various searches among so many takes."""
    words = ("deep", "warm", "dub", "house", "techno", "rhodes", "vinyl", "dusty", "acid", "choir")
    rng = np.random.default_rng(0)
    wishes = (
        Search(),
        Search(text="acid"),
        Search(text="deep dub ch"),
        Search(tempo=124.0),
        Search(rating=4, text="wa"),
        Search(favourite=True, since=count / 2),
        Search(offset=count - 200),
    )
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder) / "index")
        bare = Take("t", Path("t.wav"), "t", "generate", 30.0, RATE, 2, 0.0)

        def take(number: int) -> Take:
            prompt = " ".join(rng.choice(words, 5))
            spec = GenerationSpec(prompt=prompt).to_dict()
            tempo = float(rng.uniform(60, 180))
            rating, favourite = number % 6, number % 10 == 0
            return replace(
                bare,
                id=f"t{number}",
                created=float(number),
                prompt=prompt,
                tempo_measured=tempo,
                rating=rating,
                favourite=favourite,
                spec=spec,
            )

        index.put((take(number), number) for number in range(count))
        burnt = time.process_time()
        for _ in range(20):
            for wish in wishes:
                began = time.perf_counter()
                index.search(wish)
                times.append(time.perf_counter() - began)
        burnt = (time.process_time() - burnt) / len(times)
        index.close()
    return f"{quantiles(times)}   {burnt * 1000:.2f} ms of CPU time each"


def freewheel(seconds: float) -> str:
    """Samples of a looped take that differ from the file."""
    found = _audio.result(_audio.measured("freewheel", seconds))
    return f"{found['wrong']:.0f} of {found['heard']:.0f} s are wrong   (in {found['spent']:.0f} s)"


def overruns(minutes: float) -> Iterator[tuple[int, str]]:
    """Late callbacks and gaps at both periods, measured at the same time; yields (period, line)."""
    running = [
        (period, _audio.measured("overruns", period, minutes, REAL_ENGINE)) for period in PERIODS
    ]
    for period, process in running:
        found = _audio.result(process)
        yield (
            period,
            f"{found['late']:.0f} of {found['callbacks']:.0f} callbacks late, "
            f"{found['underruns']:.0f} gaps   ({found['rendered']:.0f} takes of 60 s rendered)",
        )


def _lines(wish: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """Yields (measurement, result, target)."""
    engine = wish.engine
    if not wish.audio_only:
        yield "start to first answer", start(5), "1 s"
        yield "acknowledge", acknowledge(engine, wish.acknowledges), "p99 20 ms"
        yield "ping behind 500 bad packets", flooded(engine, wish.floods), "50 ms"
        yield "burst", burst(engine, wish.messages), "all"
        yield "memory", memory(wish.jobs), "no growth"
        yield "search, 10 000 takes", search(10_000), "50 ms"
    if shutil.which("jackd") is None:
        yield "audio", "not measured: jackd not found", ""
        return
    yield "an hour in freewheel", freewheel(wish.freewheel), "0"
    for period, found in overruns(wish.minutes):
        yield f"real time, {period} frames", found, "0"


def main(argv: Sequence[str]) -> int:
    """Runs all measurements and prints a line for each, with its target."""
    parser = Parser(prog="longtake bench bridge", description=__doc__)
    parser.add_argument(
        "--engine",
        default=BUSY,
        help="dotted path of the engine that renders during the measurements",
    )
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--acknowledges", type=int, default=500)
    parser.add_argument("--floods", type=int, default=100)
    parser.add_argument("--freewheel", type=float, default=3600.0, help="seconds of audio")
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="minutes of real time at each period"
    )
    parser.add_argument(
        "--audio-only", action="store_true", help="run only the measurements that need jackd"
    )
    wish = parser.parse_args(argv)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before; engine {wish.engine}", flush=True)
    for what, found, target in _lines(wish):
        print(f"{what:28}  {found:76}  target {target}".rstrip(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
