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


@pytest.mark.parametrize(
    ("written", "strength"),
    [
        (":.5", 0.5),
        (":-0.5", -0.5),
        (": 0.5", 0.5),
        (" : 0.5", 0.5),
        (":+2", 2.0),
        (":1.", 1.0),
        (":5e-1", 0.5),
        (":-.25", -0.25),
        ("", 1.0),
    ],
)
@pytest.mark.parametrize("path", ["x.safetensors", "C:\\a b\\x.safetensors", "C:/x", "/a:0/x"])
def test_strengths_as_people_write_them(path: str, written: str, strength: float) -> None:
    assert lora_files(f"{path}{written}, y") == (
        LoraFile(Path(path), strength),
        LoraFile(Path("y"), 1.0),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.safetensors:0,8", "a strength has a point"),
        ("a.safetensors:0,8, b", "a strength has a point"),
        ("a.safetensors:strong", "such as 0.8; it is 'strong'"),
        ("a.safetensors:", "such as 0.8; it is ''"),
        ("a.safetensors:nan", "it is 'nan'"),
        ("a:1e9", "from -10 to 10"),
    ],
)
def test_words_for_strengths_that_are_none(text: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        lora_files(text)


def test_a_home_is_followed_and_nobodys_home_is_no_crash() -> None:
    assert lora_files("~/a.safetensors")[0].path == Path.home() / "a.safetensors"
    assert lora_files("~nosuchuser/a:2")[0] == LoraFile(Path("~nosuchuser/a"), 2.0)


def test_what_is_written_is_read_back() -> None:
    files = tuple(
        LoraFile(Path(name), strength)
        for name, strength in [
            ("a", 0.0),
            ("b:0.5", 10.0),
            ("c\nd", 0.25),
            ("/e f/g", 1.0),
            ("h", -0.5),
        ]
    )
    assert lora_files(lora_list(files)) == files
    assert lora_list(()) == ""
    with pytest.raises(SpecError, match="comma"):
        lora_list([LoraFile(Path("a,b"))])
