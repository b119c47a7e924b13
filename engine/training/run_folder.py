"""The folder of a run: one training works in it at a time, and it goes on as it was begun.

Knows nothing of what the settings mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from engine.errors import LongtakeError, SpecError
from engine.training.checkpointing import begun
from engine.training.group import Group
from engine.whole_files import remove_parts, write_whole

NO_FLAGS = {"times": "--batch", "stage": "stage", "lora": "lora"}
"""Settings that no flag has the name of."""


@contextmanager
def at_work(run: Path, group: Group) -> Iterator[None]:
    """Keeps a folder to this training until the end of the block, without what a killed one was writing there.

    Raises:
        LongtakeError: if another training is at work in it.
        SpecError: if it cannot be a folder.
    """
    lock = FileLock(run / "lock", timeout=0)
    if group.first:
        try:
            run.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise LongtakeError(
                f"Another training is at work in {run}; wait for its end."
            ) from None
        except OSError as error:
            raise SpecError(
                f"{run} cannot be the folder of a run ({error}); name another with --run."
            ) from None
        remove_parts(run)
    try:
        group.barrier()
        yield
    finally:
        lock.release()


def keep_settings(path: Path, now: Mapping[str, Any]) -> None:
    """Writes how a run is begun, or checks that one that has a checkpoint goes on as it was.

    Args:
        path: of what was written, in the run's folder.
        now: settings, some of which may be settings again.

    Raises:
        LongtakeError: if it was begun otherwise; names the first difference.
    """
    now = json.loads(json.dumps(now))
    asked = _flat(now)
    if not (path.exists() and begun(path.parent)):
        write_whole(path, json.dumps(now, indent=1) + "\n")
        return
    try:
        before = _flat(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError) as error:
        raise LongtakeError(
            f"{path} cannot be read ({error}); delete it, and the run goes on with the settings of this line."
        ) from None
    for name, value in before.items():
        if asked.get(name) != value:
            raise LongtakeError(
                f"{path.parent} was begun {_said(name, value)}; go on with that, or use another folder."
            )


def _said(name: str, value: Any) -> str:
    """A setting as the flag that was given."""
    flag = NO_FLAGS.get(name, f"--{name.replace('_', '-')}")
    if value is None:
        return f"without {flag}"
    return f"with {flag} {' '.join(map(str, value)) if isinstance(value, list) else value}"


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in settings by their own names; a run of another kind has others."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value) if isinstance(value, dict) else {name: value}
    return found
