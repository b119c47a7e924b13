"""`python -m bridge [serve | COMMAND]`: the bridge without a screen, or what belongs to it.

The command `longtake` passes the words of `COMMANDS` here too. Knows only where to go.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence

COMMANDS = {
    "serve": "serve",
    "config": "config",
    "companion": "companion_command",
    "dawproject": "dawproject_command",
    "live": "terminal",
}
"""Word -> its module of this package."""


def main(argv: Sequence[str]) -> int:
    """Runs a command of the bridge; gives the exit code."""
    known = bool(argv) and argv[0] in COMMANDS
    module = importlib.import_module(f"bridge.{COMMANDS[argv[0] if known else 'serve']}")
    command: Callable[[list[str]], int] = module.main
    return command(list(argv[1:] if known else argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
