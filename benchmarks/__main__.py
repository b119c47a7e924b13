"""`longtake bench [NAME]`: measures on this machine; every module of this folder with a `main(argv)` is a benchmark.

Without a name it is `engine`. Knows nothing of what is measured.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.errors import LongtakeError

DEFAULT = "engine"


def names() -> list[str]:
    """The names of all benchmarks."""
    return sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
    )


def main(argv: Sequence[str]) -> int:
    """Runs one benchmark; returns its exit code."""
    name, rest = (argv[0], argv[1:]) if argv and not argv[0].startswith("-") else (DEFAULT, argv)
    if name not in names():
        print(
            f"longtake bench: unknown benchmark {name!r}; choose {', '.join(names())}.",
            file=sys.stderr,
        )
        return 2
    try:
        return importlib.import_module(f"benchmarks.{name}").main(list(rest))
    except LongtakeError as error:
        print(f"longtake bench {name}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
