"""Programs and files of the system that tests need: a test whose part is missing is skipped by its name.

With CI=true it fails. `run.TEST_PARTS` is the table of all of them, so that `python3 run.py test` installs whatever is
asked for here.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from run import TEST_PARTS


def need(*parts: str) -> None:
    """Skips, or fails in CI, unless all these parts of `run.TEST_PARTS` are here."""
    missing = [
        f"{part} (Debian's {TEST_PARTS[part]})"
        for part in parts
        if not (shutil.which(part) or Path(part).exists())
    ]
    if missing:
        missed(", ".join(missing))


def missed(what: str) -> None:
    """A part is missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing part: {what}")
    pytest.skip(f"missing part: {what}")
