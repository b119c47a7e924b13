"""Laws of sharing tests out: a file stays whole, and so does the bridge, which the others let go first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.sharing import BEHIND

ROOT = Path(__file__).parents[1]
TEST = """
import os, time
import pytest

nice = getattr(os, "nice", int)  # Windows has none.

@pytest.mark.parametrize("number", range(8))
def test_it(number):
    time.sleep(0.02)
    print("worker", os.environ["PYTEST_XDIST_WORKER"], nice(0), __file__)
"""


def test_a_file_stays_with_one_worker_and_so_does_the_bridge(tmp_path: Path) -> None:
    for name in (
        "bridge/test_a",
        "bridge/far/test_b",
        "engine/test_a",
        "engine/test_b",
        "gui/test_a",
    ):
        path = tmp_path / "tests" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEST)
    (tmp_path / "conftest.py").write_text("from tests.conftest import *")
    line = [sys.executable, "-m", "pytest", "-rP", "--import-mode=importlib", "--numprocesses=2"]
    done = subprocess.run(
        [*line, f"--rootdir={tmp_path}", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "40 passed" in done.stdout, done.stdout + done.stderr
    workers = defaultdict[str, set[str]](set)
    nice = defaultdict[bool, set[int]](set)
    for worker, how, path in re.findall(r"worker (\w+) (\d+) .*/tests/(.+)\.py", done.stdout):
        bridge = path.startswith("bridge/")
        workers["bridge" if bridge else path].add(worker)
        nice[bridge].add(int(how))
    assert set(workers) == {"bridge", "engine/test_a", "engine/test_b", "gui/test_a"}
    assert all(len(one) == 1 for one in workers.values())
    assert len(set[str]().union(*workers.values())) == 2
    if hasattr(os, "nice"):
        assert nice == {True: {os.nice(0)}, False: {max(os.nice(0), BEHIND)}}
