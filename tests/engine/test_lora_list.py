"""LoRA files and their strengths as text, and back."""

from pathlib import Path

import pytest

from engine.errors import SpecError
from engine.lora_list import LoraFile, lora_files, lora_list


def test_files_and_strengths_from_text() -> None:
    assert lora_files("") == ()
    assert lora_files("a.safetensors:0.8, b.safetensors") == (
        LoraFile(Path("a.safetensors"), 0.8),
        LoraFile(Path("b.safetensors"), 1.0),
    )
    assert lora_files("C:/x/a.safetensors")[0].path == Path("C:/x/a.safetensors")
    with pytest.raises(SpecError, match="from -10 to 10"):
        lora_files("a.safetensors:11")


def test_a_home_is_followed_and_nobodys_home_is_no_crash() -> None:
    assert lora_files("~/a.safetensors")[0].path == Path.home() / "a.safetensors"
    assert lora_files("~nosuchuser/a:2")[0] == LoraFile(Path("~nosuchuser/a"), 2.0)


def test_what_is_written_is_read_back() -> None:
    files = tuple(
        LoraFile(Path(name), strength)
        for name, strength in [("a", 0.0), ("b:0.5", 10.0), ("c\nd", 0.25), ("/e f/g", 1.0)]
    )
    assert lora_files(lora_list(files)) == files
    assert lora_list(()) == ""
    with pytest.raises(SpecError, match="comma"):
        lora_list([LoraFile(Path("a,b"))])
