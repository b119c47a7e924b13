"""A name that any text gives is one that Linux, macOS and Windows take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.file_names import LONGEST, encodable, safe

RESERVED = {"con", "prn", "aux", "nul"} | {f"{p}{n}" for p in ("com", "lpt") for n in "0123456789"}


@given(st.text(st.characters(), max_size=300), st.sampled_from(["", ".wav", "-7.toml"]))
def test_any_text_gives_a_name_that_every_system_takes(text: str, suffix: str) -> None:
    name = safe(text, suffix)
    assert name.endswith(suffix)
    assert 0 < len(name.encode()) <= LONGEST
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
    assert name[0] not in " ." and name[-1] not in " ."
    assert name.split(".")[0].strip().lower() not in RESERVED


@settings(deadline=None)  # it writes files
@given(st.text(st.characters(), min_size=1, max_size=300))
def test_a_disk_takes_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path: Path = tmp_path_factory.mktemp("names") / safe(text, ".wav")
    path.touch()
    assert path.is_file()


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("house", "house.wav"),
        ("電" * 90, "電" * 83 + ".wav"),
        ("a" * 249, "a" * 249 + ".wav"),
        ("a" * 300, "a" * 251 + ".wav"),
        ("aux", "_aux.wav"),
        ("COM1.old", "_COM1.old.wav"),
        ("auxiliary", "auxiliary.wav"),
        ("a/b: c?", "a-b- c-.wav"),
        ("", "_.wav"),
        ("..", "_.wav"),
        ("caf\udce9", "caf-.wav"),
    ],
)
def test_names(stem: str, name: str) -> None:
    assert safe(stem, ".wav") == name


def test_what_is_no_character_is_an_escape_that_json_reads_back() -> None:
    assert encodable("café 電 🎸") == "café 電 🎸"
    assert encodable("caf\udce9") == r"caf\udce9"
