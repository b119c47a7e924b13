"""A take is dragged out of the window into another program, with a real pointer on a real X server."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gui.takes.drag_parts import TARGET
from tests.screen import screen

ROOT = Path(__file__).parents[3]
PATIENCE, SOON = 180.0, 40.0
"""Seconds that a program may need to start, and to answer."""
TRIES = 3
"""A hand that lets go before the other program consented tries again, and so may the test on a busy machine."""

pytestmark = pytest.mark.real_parts("Xvfb", "openbox", "xdotool")


@pytest.fixture
def windows() -> Iterator[dict[str, str]]:
    """The environment of a program whose window is to be on a screen."""
    with screen() as environment:
        yield environment | {"QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}


class Program:
    """One of the two programs, and what it says in lines of JSON."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.gui.takes.drag_parts", *arguments]
        self.process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def says(self, word: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The next thing it says that has this word; empty when it says none in time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                said = self._said.get(timeout=left)
                if word in said:
                    return said
        return {}

    def forget(self) -> None:
        """What it said so far counts no more."""
        self._said = queue.Queue()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(json.loads(line))


def drag(
    environment: dict[str, str], start_at: list[int], end_at: tuple[int, int], target: Program
) -> dict[str, Any]:
    """Presses, moves until the target feels it, lets go; what the target says then, empty if it felt nothing."""

    def pointer(*arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], env=environment, check=True)
        time.sleep(0.04)

    target.forget()
    pointer("mousemove", *start_at)
    pointer("mousedown", 1)
    steps = 24
    for step in range(1, steps + 1):
        x = round(start_at[0] + (end_at[0] - start_at[0]) * step / steps)
        y = round(start_at[1] + (end_at[1] - start_at[1]) * step / steps)
        pointer("mousemove", x, y)
    felt = target.says("over", SOON)
    # On a busy machine the other side's consent takes its time; the pointer is not let go before it can be there.
    for step in range(8):
        pointer("mousemove", end_at[0] + step % 2, end_at[1])
        time.sleep(0.1)
    pointer("mouseup", 1)
    return target.says("dropped", SOON) if felt else {}


@pytest.mark.parametrize("grip", ["row", "handle", "notes"])
def test_a_take_is_dragged_into_another_program(
    windows: dict[str, str], tmp_path: Path, grip: str
) -> None:
    target = Program(windows, "target")
    panel = Program(windows, "panel", str(tmp_path))
    try:
        assert target.says("ready")
        places = panel.says("path")
        middle = (TARGET[0] + TARGET[2] // 2, TARGET[1] + TARGET[3] // 2)
        dropped: dict[str, Any] = {}
        for _ in range(TRIES):
            dropped = dropped or drag(windows, places[grip], middle, target)
        left = Path(places["path"]).with_suffix(".mid" if grip == "notes" else ".wav")
        assert dropped == {"dropped": [str(left)], "action": "CopyAction"}
        assert left.exists()
    finally:
        panel.end()
        target.end()
