"""Laws of lists of takes: a prompt a line or a table a take; what is wrong is named with its place."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from engine.cli.batch import Entry, read_batch, typed_text
from engine.errors import SpecError


def test_a_line_is_a_prompt_and_comments_and_blank_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeff# mine\r\n\r\n  warm hoüse  \r\nF# minor piano\r\n#end".encode())
    assert [(entry.name, entry.values) for entry in read_batch(str(path))] == [
        ("1", {"prompt": "warm hoüse"}),
        ("2", {"prompt": "F# minor piano"}),
    ]
    assert read_batch(str(path))[1].place == f"{path}, line 4"


def test_a_table_is_a_take_of_any_parameters(tmp_path: Path) -> None:
    path = tmp_path / "album.toml"
    path.write_text(
        'length = 20\npreset = "A"\nprompt = "all"\n'
        '[intro]\nbpm = 90\nmidi = "clips/a.mid"\n'
        '[[verse]]\nseed = 4\npreset = "B"\n[[verse]]\nkeep = [[0, 1.5]]\nloop = true\n'
    )
    general = {"seconds_total": 20.0, "prompt": "all"}
    clip = str((tmp_path / "clips" / "a.mid").resolve())
    assert read_batch(str(path)) == [
        Entry("intro", f"{path}, [intro]", general | {"tempo": 90.0, "midi": clip}, "A"),
        Entry("verse-1", f"{path}, [[verse]] number 1", general | {"seed": 4}, "B"),
        Entry(
            "verse-2",
            f"{path}, [[verse]] number 2",
            general | {"keep": ((0.0, 1.5),), "loop": True},
            "A",
        ),
    ]


def test_an_object_a_line_is_a_take_with_an_id(tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(
        '\ufeff{"id": "a1", "prompt": "höuse", "length": 2, "bpm": 90}\n\n'
        '{"prompt": "x", "midi": "a.mid", "preset": "A", "seed": 3}\r\n{"id": 7, "prompt": "y\u2028z"}',
        encoding="utf-8",
    )
    clip = str((tmp_path / "a.mid").resolve())
    first = {"prompt": "höuse", "seconds_total": 2.0, "tempo": 90.0}
    assert read_batch(str(path)) == [
        Entry("a1", f"{path}, line 1", first),
        Entry("3", f"{path}, line 3", {"prompt": "x", "midi": clip, "seed": 3}, "A"),
        Entry("7", f"{path}, line 4", {"prompt": "y\u2028z"}),
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 2 is not valid JSON"),
        ('["x"]', 'line 2: a take is an object, as {"id": "a", "prompt": "warm house"}'),
        ('{"id": 1.5}', "line 2: id is a name in quotes, or a whole number."),
        ('{"id": " "}', "line 2: id is a name in quotes, or a whole number."),
        ('{"id": "one"}', "line 2: the id one is that of "),
        ('{"secnds": 3}', "line 2: there is no setting secnds; did you mean seconds?"),
        (
            '{"length": 1, "seconds": 2}',
            "line 2: length and seconds are the same setting; keep one.",
        ),
        ('{"steps": "many"}', "line 2: steps must be a whole number"),
    ],
)
def test_what_is_wrong_in_an_object_is_named_with_its_line(
    tmp_path: Path, line: str, sentence: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": "one", "prompt": "x"}\n' + line)
    with pytest.raises(SpecError) as raised:
        read_batch(str(path))
    assert f"{path}, {sentence}" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a]\nsecnds = 3", "[a]: there is no setting secnds; did you mean seconds?"),
        ("[a]\nvolume = 3", "[a]: there is no setting volume."),
        ("[a]\nlength = 'long'", "[a]: seconds_total must be a number from 0.05 to 600 s"),
        ("[a]\n[[b]]\nbpm = 1", "[[b]] number 1: tempo must be a number from 30 to 300"),
        ("[a]\nbpm = 90\ntempo = 90", "[a]: bpm and tempo are the same setting; keep one."),
        ("[a]\npreset = 3", "[a]: preset is the name of one"),
        ("bpm = 1000", "bad.toml: tempo must be"),
        ("a = [", "is not valid TOML"),
        ("bpm = 90", "has no takes"),
        ("", "has no takes"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(SpecError) as raised:
        read_batch(str(path))
    assert sentence in str(raised.value) and str(path) in str(raised.value)


def test_what_is_no_list_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00a")
    wrong = {
        "missing": "There is no file",
        "bytes": "no text in UTF-8",
        ".": "this is no ordinary file",
        "\0": "cannot be read as a list",
    }
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        wrong["pipe"] = "this is no ordinary file"
    for name, sentence in wrong.items():
        with pytest.raises(SpecError, match=sentence):
            read_batch(str(tmp_path / name) if name != "\0" else name)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("\ufeffhöuse\n".encode(), "höuse\n"),
        ("höuse".encode("cp1252"), "höuse"),
        (b"", ""),
    ],
)
def test_standard_input_is_text_in_utf_8_or_the_terminals_encoding(
    content: bytes, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="cp1252"))
    assert typed_text() == text


def test_a_list_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"# x\nhouse\npiano\n")))
    assert [entry.values["prompt"] for entry in read_batch("-")] == ["house", "piano"]
