"""Laws of being stopped: the clean-up is not interrupted, what was ignored stays so, and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.cli.signals import stoppable

ROOT = Path(__file__).parents[3]
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

ENDLESS = """
import itertools, sys, time
import numpy as np
from engine.cli.main import main
from engine.updates import AudioBlock

class Endless:
    def generate(self, spec):
        for index in itertools.count():
            yield AudioBlock(1000 * index, np.zeros((2, 1000), np.float32))
            if index == 3:
                open(sys.argv[2], "w").close()
            time.sleep(0.01)

sys.exit(main(["render", "House", "--out", sys.argv[1]], Endless()))
"""


@posix
@pytest.mark.parametrize(
    ("name", "raised", "code"),
    [
        ("SIGINT", KeyboardInterrupt, ()),
        ("SIGTERM", SystemExit, (143,)),
        ("SIGHUP", SystemExit, (129,)),
    ],
)
def test_each_unwinds_once_and_the_clean_up_goes_on(
    name: str, raised: type[BaseException], code: tuple[int, ...]
) -> None:
    number, before = getattr(signal, name), signal.getsignal(getattr(signal, name))
    signal.signal(number, signal.default_int_handler)  # Whoever runs the tests may have it ignored.
    cleaned: list[str] = []
    try:
        with pytest.raises(raised) as ended, stoppable():
            try:
                os.kill(os.getpid(), number)
                time.sleep(10)
            finally:
                os.kill(os.getpid(), number)  # Somebody is impatient.
                cleaned.append("all of it")
        assert ended.value.args == code and cleaned == ["all of it"]
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)


@posix
def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_may_run_a_command_too() -> None:
    ran: list[bool] = []

    def run() -> None:
        with stoppable():
            ran.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ran == [True]


@posix
@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129)])
def test_a_signal_stops_the_real_program_and_leaves_nothing(
    tmp_path: Path, number: int, code: int
) -> None:
    takes, begun = tmp_path / "takes", tmp_path / "begun"
    takes.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(takes / "take.wav"), str(begun)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts tests in the background has them ignore SIGINT, which a child would inherit.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.01)
    assert [path.suffix for path in takes.iterdir()] == [".tmp"]
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in err
    assert list(takes.iterdir()) == []


@posix
def test_a_terminal_that_is_closed_leaves_nothing(tmp_path: Path) -> None:
    """A real terminal: its bar cannot be drawn any more, and its end is a signal."""
    import pty

    takes, begun = tmp_path / "takes", tmp_path / "begun"
    takes.mkdir()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        line = [sys.executable, "-c", ENDLESS, str(takes / "take.wav"), str(begun)]
        os.execve(sys.executable, line, os.environ | {"TERM": "xterm"})
    while not begun.exists():
        os.read(terminal, 65_536)
    assert [path.suffix for path in takes.iterdir()] == [".tmp"]
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    assert list(takes.iterdir()) == []


@posix
def test_ctrl_c_while_modules_are_loaded_is_no_traceback() -> None:
    """An exception there may be taken for a fault of the module, as NumPy does."""
    code = """
import os, signal, sys, types
import longtake
signal.signal(signal.SIGINT, signal.default_int_handler)
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "engine.cli.main":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                import time; time.sleep(10)
            except KeyboardInterrupt:
                raise ImportError("a fault of the module")
sys.meta_path.insert(0, Slow())
sys.exit(longtake.main(["render", "x"]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "longtake: stopped.\n")
