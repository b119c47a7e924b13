"""The speed of the panel: time to a visible window, five thousand takes, and stalls while a take is generated.

    python -m benchmarks.panel [--takes 5000]

A stall is a gap between two iterations of the event loop, measured by a 1 ms timer in the loop. On a busy machine, the
CPU time beside each figure shows what the panel itself used. The model is the embedded one, in its own process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.parsing import Parser

START = """
import time; began = time.perf_counter()
import tempfile
from pathlib import Path
from bridge.app import build
from engine.presets import PresetStore
from gui.__main__ import application_for, open_window
from gui.window.surroundings import Surroundings
from gui.memory import Memory
application = application_for(["longtake"])
with tempfile.TemporaryDirectory() as folder:
    app = build()
    around = Surroundings(Memory(Path(folder) / "panel.ini"), PresetStore(), "", tuple(app.problems))
    window = open_window(app.session, around)
    while not window.windowHandle().isExposed():
        application.processEvents()
    window.grab()
    print(time.perf_counter() - began, time.process_time())
    window.close()
    app.close()
"""
"""What `longtake` does until the window is visible, with its own home folder; the engine starts later."""


@dataclass(frozen=True, slots=True)
class Stalls:
    """Gaps between iterations of the event loop: the longest, how many exceeded 50 ms, and the same in CPU time.

    On a busy machine, other programs cause gaps too; CPU time is the panel's own.
    """

    longest_ms: float
    over_50: int
    longest_cpu_ms: float
    over_50_cpu: int
    seconds: float
    cpu: float


class Watch:
    """Measures gaps in the event loop."""

    def __init__(self) -> None:
        from PyQt6.QtCore import Qt, QTimer

        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._turn)
        self._gaps: list[float] = []
        self._own: list[float] = []

    def during(self, work: Callable[[], None]) -> Stalls:
        """Measures gaps during `work`, which runs the event loop."""
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
    """Wall and CPU seconds from the interpreter's first line to a painted window, each in its own process."""
    times: list[tuple[float, float]] = []
    for _ in range(count):
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                [sys.executable, "-c", START],
                env=os.environ | {"LONGTAKE_HOME": home},
                capture_output=True,
                text=True,
                check=True,
            )
        wall, cpu = done.stdout.split()
        times.append((float(wall), float(cpu)))
    return times


def fill(folder: Path, count: int) -> None:
    """Writes takes with sidecars, all with the same short sound."""
    import random

    import numpy as np

    from bridge.state import Take
    from bridge.takes import sidecar
    from engine.sound.audio import write_audio
    from gui.compose.vocabulary import surprise

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
    options = Parser(prog="python -m benchmarks.panel", description=__doc__)
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


class Bench:
    """A window with many takes and the real engine, and user actions in it."""

    def __init__(self, folder: Path, takes: int) -> None:
        from bridge.engine_process.process import REAL_ENGINE, EngineProcess
        from gui.__main__ import application_for, open_window
        from gui.demo.studio import build_studio
        from gui.memory import Memory
        from gui.window.surroundings import Surroundings

        self.application = application_for(["longtake"])
        fill(folder / "takes", takes)
        engines: list[EngineProcess] = []

        def engine(publish: Any) -> EngineProcess:
            engines.append(EngineProcess(publish, REAL_ENGINE, "sketch"))
            return engines[0]

        studio = build_studio(folder, make_model=engine)
        self.engine, self.session, self.takes = engines[0], studio.session, takes
        studio.library.reconcile()
        around = Surroundings(Memory(folder / "panel.ini"), studio.presets)
        self.window = open_window(studio.session, around)

    def turn(self, seconds: float) -> None:
        """Runs the event loop."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            self.application.processEvents()
            time.sleep(0.0005)

    def until(self, ready: Callable[[], bool], seconds: float = 240.0) -> None:
        """Runs the event loop until `ready` returns true."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and not ready():
            self.turn(0.02)

    def scroll(self) -> None:
        """Scrolls to the end of the list."""
        view = self.window.takes
        bar = view.list.verticalScrollBar()
        while bar is not None and view.model.rowCount() < self.takes:
            bar.setValue(bar.value() + 400)
            self.turn(0.016)

    def search(self) -> None:
        """Searches while typing."""
        for text in ("h", "ho", "hou", "house", "house pia", "", "techno 12", "nothing", ""):
            self.window.takes.search.setText(text)
            self.turn(0.25)

    def load(self) -> None:
        """Starts the engine and waits for the model."""
        self.engine.start()
        self.until(lambda: self.session.models.state().phase == "ready")

    def generate(self) -> None:
        """Generates a take of two minutes with the embedded model, drawn as it grows."""
        window = self.window
        window.composer.prompt.show_text("Genre: House | Instruments: Drums, Bass | BPM: 124")
        self.session.parameters.set("seconds_total", 120.0)
        window.generate()
        self.until(lambda: window.viewer.take is not None and window.viewer.take.seconds > 119)

    def close(self) -> None:
        """Ends everything."""
        self.window.close()
        self.session.close()


def _window_figures(folder: Path, takes: int) -> dict[str, object]:
    bench, watch = Bench(folder, takes), Watch()
    bench.turn(0.5)
    figures: dict[str, object] = {
        "idle": watch.during(lambda: bench.turn(3.0)),
        "scroll": watch.during(bench.scroll),
        "search": watch.during(bench.search),
        "load_the_model": watch.during(bench.load),
        "generate_120_s": watch.during(bench.generate),
    }
    bench.close()
    return figures


if __name__ == "__main__":
    sys.exit(main())
