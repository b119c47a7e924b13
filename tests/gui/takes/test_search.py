"""Words, tempo and stars in one field."""

from __future__ import annotations

import pytest

from bridge.state import Search
from gui.takes.search import read_search


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", Search()),
        ("house  piano", Search(text="house piano")),
        ("house 124bpm", Search(text="house", tempo=124.0)),
        ("118-124 BPM dark", Search(text="dark", tempo=(118.0, 124.0))),
        ("124-118bpm", Search(tempo=(118.0, 124.0))),
        ("4* 98.5bpm", Search(tempo=98.5, rating=4)),
        ("4★", Search(rating=4)),
        ("808 bass", Search(text="808 bass")),
        ("9* x", Search(text="9* x")),
    ],
)
def test_reads_what_is_typed(typed: str, meant: Search) -> None:
    assert read_search(typed) == meant
