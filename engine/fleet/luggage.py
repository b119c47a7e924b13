"""The files that a take is made from, on their way to a machine that does not have them.

Settings name files of the machine they were written on; an engine elsewhere gets their bytes and settings that name
its own copies. Knows nothing of clusters.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from engine.errors import AudioError
from engine.sound.takes import sidecar_path
from engine.spec import PARAMETERS, GenerationSpec

Luggage = Mapping[str, bytes]
"""Path -> content."""
NAMES = tuple(name for name, known in PARAMETERS.items() if known.kind == "path")
"""Parameters that name a file."""


def packed(path: str) -> Luggage:
    """A file, and the sidecar beside it, from which the engine reads what a take plays.

    Raises:
        AudioError: if it cannot be read.
    """
    try:
        found = {path: Path(path).read_bytes()}
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror or error}.") from error
    beside = sidecar_path(Path(path))
    if beside.is_file():
        found[str(beside)] = beside.read_bytes()
    return found


def named(spec: GenerationSpec) -> list[str]:
    """The files that a spec names."""
    return [path for name in NAMES if (path := getattr(spec, name)) is not None]


def retold(text: str, here: GenerationSpec, asked: GenerationSpec) -> str:
    """A sentence about the copies of a spec, as one about the files that were asked for."""
    for name in NAMES:
        if (copy := getattr(here, name)) is not None:
            text = text.replace(copy, getattr(asked, name))
    return text


@contextmanager
def unpacked(spec: GenerationSpec, files: Mapping[str, Luggage]) -> Iterator[GenerationSpec]:
    """The spec with copies of its files, under their own names, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="longtake-") as folder:
        moved: dict[str, str] = {}
        for name in NAMES:
            path = getattr(spec, name)
            if path is None:
                continue
            place = Path(folder) / name
            place.mkdir()
            for each, content in files[path].items():
                (place / Path(each).name).write_bytes(content)
            moved[name] = str(place / Path(path).name)
        yield replace(spec, **moved)
