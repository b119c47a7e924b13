"""The command `longtake`: no argument opens the panel, `serve` runs the bridge, the rest goes to `engine.cli`.

Knows only where to send what it is given, and imports nothing before it knows.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence

PANEL = "gui.__main__"
BRIDGE = "bridge.__main__"
ENGINE = "engine.cli.main"
BENCHMARKS = "benchmarks.__main__"

ELSEWHERE = {"panel": PANEL, "serve": BRIDGE, "config": BRIDGE, "bench": BENCHMARKS}
"""Commands that are not the engine's. `panel` is for giving the panel arguments; the bridge sees its command's name."""

NAMES = {PANEL: "panel", BRIDGE: "bridge", BENCHMARKS: "benchmarks", ENGINE: "engine"}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `longtake`; gives the exit code."""
    share_processors()
    argv = list(sys.argv[1:] if argv is None else argv)
    module, rest = destination(argv)
    if module == PANEL and not has_screen():
        print(
            "longtake: there is no screen here for the panel. 'longtake serve' runs without one, "
            "'longtake render' makes a take; 'longtake --help' tells more.",
            file=sys.stderr,
        )
        return 1
    try:
        command: Callable[[Sequence[str]], int] = importlib.import_module(module).main
    except (ImportError, OSError) as error:
        # A missing system library shows as either: Qt's as an ImportError, PortAudio's as an OSError.
        print(
            f"longtake: the {NAMES[module]} cannot start: {str(error).rstrip('.')}. "
            "'python3 run.py' installs what is missing, or says how.",
            file=sys.stderr,
        )
        return 1
    return command(rest)


def destination(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The module that takes these arguments, and what it is given."""
    if not argv:
        return PANEL, []
    module = ELSEWHERE.get(argv[0])
    if module is None:
        return ENGINE, list(argv)
    return module, list(argv if module == BRIDGE else argv[1:])


def share_processors() -> None:
    """Lets torch's idle threads sleep, here and in every child, before anything loads torch.

    By default they spin, which beside a DAW - another program that wants the same cores - made a take wait seven times
    as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def has_screen() -> bool:
    """Whether Qt will find a screen; where it finds none, it ends the program without a word to a musician."""
    return sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )


if __name__ == "__main__":
    sys.exit(main())
