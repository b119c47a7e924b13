"""The deliveries on disk: what is owed to a DAW that is closed, and the last that were made, through every restart.

One JSON file, written whole after each change of state. Knows nothing of targets or threads.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from bridge.broken_file import set_aside
from bridge.delivery_state import Delivery, Placement
from engine.disks import why
from engine.errors import PresetError
from engine.whole_files import read_small, write_whole

_log = logging.getLogger(__name__)


class Owed:
    """The file; calls come one at a time."""

    def __init__(self, path: Path) -> None:
        """Names the file; its folder is made when it is missing."""
        self._path = path
        self._warned = False

    def read(self) -> list[Delivery]:
        """The deliveries of the last run, oldest first; what cannot be read is logged and left out."""
        try:
            said: Any = json.loads(read_small(self._path))
        except FileNotFoundError:
            return []
        except OSError as error:
            _log.warning("%s cannot be read, and is begun anew: %r", self._path, error)
            return []
        except (ValueError, RecursionError) as error:
            with suppress(PresetError):
                kept = set_aside(self._path)
                _log.warning("The deliveries are begun anew: %r; the file is now %s", error, kept)
            return []
        found: list[Delivery] = []
        rows = cast(list[Any], said) if isinstance(said, list) else []
        for row in rows:
            try:
                found.append(_delivery(row))
            except (TypeError, KeyError, ValueError) as error:
                _log.warning("A delivery in %s is left out: %r", self._path, error)
        return found

    def write(self, deliveries: Iterable[Delivery]) -> None:
        """Writes all of them; a disk that fails is logged once, until it works again."""
        rows = [asdict(each) | {"path": str(each.path)} for each in deliveries]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(rows, indent=1) + "\n")
            self._warned = False
        except OSError as error:
            if not self._warned:
                self._warned = True
                reason = why(self._path, error)
                _log.error(
                    "%s cannot be written, so a crash would lose deliveries: %s", self._path, reason
                )


def _delivery(row: dict[str, Any]) -> Delivery:
    placement = Placement(**row["placement"])
    values: dict[str, Any] = row | {"path": Path(row["path"]), "placement": placement}
    found = Delivery(**values)
    for one in (found, placement):
        _check(one)
    return found


def _check(one: Delivery | Placement) -> None:
    """Whether each field has its type.

    Raises:
        TypeError: if one has not.
    """
    for name, wanted in get_type_hints(type(one)).items():
        value = getattr(one, name)
        if get_origin(wanted) is Literal:
            right = value in get_args(wanted)
        else:
            right = isinstance(value, (int, float) if wanted is float else wanted)
        if not right:
            raise TypeError(f"{name} is {value!r}")
