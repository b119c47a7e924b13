"""What a recording says about its music: the `acid` and `smpl` of a WAV file, the comments of a FLAC file.

Loops that are sold and bounces of DAWs have them. Knows nothing of takes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.errors import AudioError
from engine.sound import daw_chunks, flac
from engine.sound.about import MusicalFacts

_SMPL = 60
"""Bytes of a `smpl` with one loop."""


def musical_facts(path: Path) -> MusicalFacts | None:
    """What a file says about its music; None if it says nothing that is believed.

    A key from a WAV file has no mode: its chunks have none.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        found = daw_chunks.read(file, {b"acid": daw_chunks.ACID.size, b"smpl": _SMPL})
    if not found:
        return flac.musical_facts(path)
    try:
        shape = daw_chunks.shape_of(path)
    except AudioError:
        return None
    music = MusicalFacts()
    if b"acid" in found:
        music = daw_chunks.from_acid(found[b"acid"].content, shape)
    if b"smpl" in found and daw_chunks.all_loops(found[b"smpl"].content, shape):
        music = replace(music, loop=True)
    return None if music == MusicalFacts() else music
