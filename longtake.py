"""The command `longtake`: no argument opens the panel, `serve` runs the bridge, the rest goes to `engine.cli`.

`live` is the bridge's with devices and the engine's with a file.

Only dispatches, and imports nothing else before it knows where to.
"""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import NoReturn

PANEL = "gui.__main__"
BRIDGE = "bridge.__main__"
ENGINE = "engine.cli.main"
BENCHMARKS = "benchmarks.__main__"

STOPPED = 130

ELSEWHERE = {
    "panel": PANEL,
    "serve": BRIDGE,
    "config": BRIDGE,
    "companion": BRIDGE,
    "dawproject": BRIDGE,
    "bench": BENCHMARKS,
}
"""Commands outside the engine. `panel` passes arguments to the panel; the bridge also gets the command's name."""

MUSIC = (".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3", ".opus", ".mid", ".midi",
         ".m4a", ".mp4", ".mov", ".aac", ".3gp", ".webm", ".mkv", ".mka", ".wma", ".wv")  # fmt: skip

NAMES = {PANEL: "panel", BRIDGE: "bridge", BENCHMARKS: "benchmarks", ENGINE: "engine"}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `longtake`; returns the exit code, 130 where Ctrl-C came before a command could see to it."""
    share_processors()
    write_whatever_comes()
    argv = list(sys.argv[1:] if argv is None else argv)
    module, rest = destination(argv)
    if module == PANEL and not has_screen():
        print(
            "longtake: the panel needs a screen, and there is none. 'longtake serve' runs without one, "
            "'longtake render' makes a take; see 'longtake --help'.",
            file=sys.stderr,
        )
        return 1
    try:
        with leaving_at_once():
            command: Callable[[Sequence[str]], int] = importlib.import_module(module).main
    except (ImportError, OSError) as error:
        # Raised for missing system libraries: ImportError by Qt, OSError by PortAudio.
        print(
            f"longtake: the {NAMES[module]} cannot start: {str(error).rstrip('.')}. "
            "'python3 run.py' installs what is missing, or explains how to.",
            file=sys.stderr,
        )
        return 1
    try:
        return command(rest)
    except KeyboardInterrupt:
        print("longtake: stopped.", file=sys.stderr)
        return STOPPED


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """Ctrl-C ends the program at once: while modules are loaded, an exception may be taken for a fault of theirs."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        os.write(2, b"longtake: stopped.\n")
        os._exit(STOPPED)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or current_thread() is not main_thread():
        yield
        return
    signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def destination(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The module for these arguments, and the arguments to pass on."""
    if not argv:
        return PANEL, []
    if argv[0] == "live" and not any(part.startswith("--file") for part in argv):
        return BRIDGE, list(argv)
    module = ELSEWHERE.get(argv[0])
    if module is None and is_music(argv[0]):
        return PANEL, list(argv)
    if module is None:
        return ENGINE, list(argv)
    return module, list(argv if module == BRIDGE else argv[1:])


def is_music(argument: str) -> bool:
    """Whether it is a file that the panel opens: what a double click or "Open with" gives."""
    return argument.lower().endswith(MUSIC) and os.path.isfile(argument)


def share_processors() -> None:
    """Makes torch's idle threads sleep, here and in child processes; must run before torch is imported.

    By default they spin, which made a take seven times slower beside a DAW that competes for the same cores.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def write_whatever_comes() -> None:
    """Signs that the terminal lacks become escapes; Python would end with a traceback, after the work is done."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def has_screen() -> bool:
    """Whether Qt will find a screen; without one, Qt aborts the program without a helpful message."""
    return sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )


if __name__ == "__main__":
    sys.exit(main())
