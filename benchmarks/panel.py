"""How quick the panel is: start to visible window, five thousand takes, and stalls while a take is made.

    python -m benchmarks.panel [--takes 5000]

A stall is a gap between two turns of the event loop, measured by a timer of 1 ms in the loop itself. On a busy machine
the CPU time beside each figure says what the panel itself took. Knows the panel and its demo; no model.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

START = """
import time; began = time.perf_counter()
import sys, tempfile
from pathlib import Path
from PyQt6.QtCore import QObject, QEvent
from gui.__main__ import application_for, open_window
from gui.demo.studio import build_studio
from gui.main_window import Surroundings
from gui.memory import Memory
application = application_for(["longtake"])
folder = tempfile.TemporaryDirectory()
studio = build_studio(Path(folder.name))
window = open_window(studio.session, Surroundings(Memory(Path(folder.name) / "panel.ini"), studio.presets))
while not window.windowHandle().isExposed():
    application.processEvents()
window.grab()
print(time.perf_counter() - began, time.process_time())
window.close(); studio.session.close()
"""


@dataclass(frozen=True, slots=True)
class Stalls:
    """Gaps between turns of the event loop: the longest, how many were over 50 ms, and the same in CPU time.

    On a machine that is busy with other things the gaps are theirs too; the CPU time is the panel's own.
    """

    longest_ms: float
    over_50: int
    longest_cpu_ms: float
    over_50_cpu: int
    seconds: float
    cpu: float


class Watch:
    """Measures gaps while it is open."""

    def __init__(self) -> None:
        from PyQt6.QtCore import Qt, QTimer

        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._turn)
        self._gaps: list[float] = []
        self._own: list[float] = []

    def during(self, work: Callable[[], None]) -> Stalls:
        """Measures what `work`, which turns the event loop, does to it."""
        self._gaps.clear()
        self._own.clear()
        self._last = began = time.perf_counter()
        self._last_own = cpu = time.thread_time()
        self._timer.start()
        work()
        self._turn()
        self._timer.stop()
        took, worked = time.perf_counter() - began, time.thread_time() - cpu
        gaps, own = ([gap * 1000 for gap in each] for each in (self._gaps, self._own))
        return Stalls(
            round(max(gaps), 1),
            sum(gap > 50 for gap in gaps),
            round(max(own), 1),
            sum(gap > 50 for gap in own),
            round(took, 2),
            round(worked, 2),
        )

    def _turn(self) -> None:
        now, own = time.perf_counter(), time.thread_time()
        self._gaps.append(now - self._last)
        self._own.append(own - self._last_own)
        self._last, self._last_own = now, own


def start_times(count: int) -> list[tuple[float, float]]:
    """Wall and CPU seconds from the interpreter's first line to a painted window, each in a process of its own."""
    times: list[tuple[float, float]] = []
    for _ in range(count):
        done = subprocess.run(
            [sys.executable, "-c", START], capture_output=True, text=True, check=True
        )
        wall, cpu = done.stdout.split()
        times.append((float(wall), float(cpu)))
    return times


def fill(folder: Path, count: int) -> None:
    """Writes takes with their sidecars, all of the same short sound."""
    import random

    import numpy as np

    from bridge import sidecar
    from bridge.state import Take
    from engine.audio import write_audio
    from gui.vocabulary import surprise

    dice, rng = random.Random(1), np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    sound = folder.parent / "sound.wav"
    write_audio(sound, rng.uniform(-0.5, 0.5, (2, 44_100)).astype(np.float32), 44_100)
    for number in range(count):
        form = surprise(dice)
        path = folder / f"20260101-{number:06d}_take.wav"
        os.link(sound, path)
        sidecar.write(
            Take(
                path.stem,
                path,
                form.write(),
                "generate",
                1.0,
                44_100,
                2,
                1.7e9 + number,
                tempo_asked=form.tempo,
                key=form.key,
                seed=number,
                model="sketch",
                prompt=form.write(),
            )
        )


def main(argv: list[str] | None = None) -> int:
    """Measures everything and prints it as JSON."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.panel", description=__doc__)
    options.add_argument("--takes", type=int, default=5000)
    options.add_argument("--starts", type=int, default=3)
    chosen = options.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    times = start_times(chosen.starts)
    figures: dict[str, object] = {
        "start_wall_s": round(min(wall for wall, _ in times), 3),
        "start_cpu_s": round(min(cpu for _, cpu in times), 3),
        "load": [round(value, 1) for value in os.getloadavg()],
    }
    with tempfile.TemporaryDirectory() as folder:
        figures |= _window_figures(Path(folder), chosen.takes)
    print(json.dumps(figures, indent=1, default=str))
    return 0


def _window_figures(folder: Path, takes: int) -> dict[str, object]:
    from gui.__main__ import application_for, open_window
    from gui.demo.engine import DemoEngine
    from gui.demo.studio import build_studio
    from gui.main_window import Surroundings
    from gui.memory import Memory

    application = application_for(["longtake"])
    fill(folder / "takes", takes)
    studio = build_studio(folder, DemoEngine(pace=0.02))
    studio.library.reconcile()
    window = open_window(studio.session, Surroundings(Memory(folder / "panel.ini"), studio.presets))
    watch, view = Watch(), window.takes

    def turn(seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            application.processEvents()
            time.sleep(0.0005)

    def scroll() -> None:
        bar = view.list.verticalScrollBar()
        while bar is not None and view.model.rowCount() < takes:
            bar.setValue(bar.value() + 400)
            turn(0.016)

    def search() -> None:
        for text in ("h", "ho", "hou", "house", "house pia", "", "techno 12", "nothing", ""):
            view.search.setText(text)
            turn(0.25)

    def generate() -> None:
        window.composer.prompt.show_text("Genre: House | Instruments: Drums, Bass | BPM: 124")
        studio.session.set("seconds_total", 30.0)
        window.generate()
        until = time.perf_counter() + 240
        while time.perf_counter() < until and (
            window.viewer.take is None or window.viewer.take.seconds < 29
        ):
            turn(0.02)

    turn(0.5)
    figures: dict[str, object] = {
        "idle": watch.during(lambda: turn(3.0)),
        "scroll": watch.during(scroll),
        "search": watch.during(search),
        "generate_30_s": watch.during(generate),
    }
    window.close()
    studio.session.close()
    return figures


if __name__ == "__main__":
    sys.exit(main())
