"""Where reports go: their folder, and figures as JSON that every reader takes.

Knows nothing of what was measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import DiskError
from engine.whole_files import write_whole


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Makes a folder for what the block writes into it.

    Raises:
        DiskError: if it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise DiskError(f"{folder} cannot be written: {error.strerror or error}.") from error


def write_figures(path: Path, figures: Mapping[str, Any]) -> None:
    """Writes them as JSON; what is undefined is null, since JSON has no NaN.

    Raises:
        OSError: if they cannot be written.
    """
    text = json.dumps(_defined(figures), ensure_ascii=False, indent=1, allow_nan=False)
    write_whole(path, text + "\n")


def _defined(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _defined(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
