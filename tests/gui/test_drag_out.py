"""A take is dragged out of the window into another program, with a real pointer on a real X server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gui.drag_parts import TARGET

PARTS = ("Xvfb", "openbox", "xdotool")
ROOT = Path(__file__).parents[2]
PATIENCE = 120

pytestmark = pytest.mark.real_parts


def missing() -> list[str]:
    return [part for part in PARTS if shutil.which(part) is None]


@pytest.fixture
def screen() -> Iterator[dict[str, str]]:
    """An X server with a window manager; its environment."""
    if missing() and os.environ.get("CI") != "true":
        pytest.skip(f"needs {', '.join(missing())}")
    assert not missing(), f"CI needs {', '.join(missing())}"
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=(write,),
    )
    os.close(write)
    with os.fdopen(read) as told:
        display = f":{told.readline().strip()}"
    environment = os.environ | {
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "PYTHONPATH": str(ROOT),
    }
    manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
    yield environment
    for process in (manager, server):
        process.terminate()
        process.wait(10)


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.gui.drag_parts", *arguments]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the program ended without a word"
    return json.loads(line)


def drag(environment: dict[str, str], start_at: list[int], end_at: tuple[int, int]) -> None:
    """Presses, moves in small steps with pauses (a drag needs real moves), lets go."""

    def pointer(*arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], env=environment, check=True)
        time.sleep(0.04)

    pointer("mousemove", *start_at)
    pointer("mousedown", 1)
    steps = 24
    for step in range(1, steps + 1):
        x = round(start_at[0] + (end_at[0] - start_at[0]) * step / steps)
        y = round(start_at[1] + (end_at[1] - start_at[1]) * step / steps)
        pointer("mousemove", x, y)
    time.sleep(0.4)
    pointer("mouseup", 1)


@pytest.mark.parametrize("grip", ["row", "handle"])
def test_a_take_is_dragged_into_another_program(
    screen: dict[str, str], tmp_path: Path, grip: str
) -> None:
    target = start(screen, "target")
    panel = start(screen, "panel", str(tmp_path))
    try:
        assert answer(target) == {"ready": True}
        places = answer(panel)
        middle = (TARGET[0] + TARGET[2] // 2, TARGET[1] + TARGET[3] // 2)
        drag(screen, places[grip], middle)
        dropped = answer(target)
        assert dropped == {"dropped": [places["path"]], "action": "CopyAction"}
        assert Path(places["path"]).exists()
    finally:
        for process in (panel, target):
            process.terminate()
            process.wait(PATIENCE)
