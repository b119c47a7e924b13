from pathlib import Path

import pytest

from engine.errors import SpecError
from engine.evaluation.published.prompts import Prompt, read_prompts


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "list.csv",
            'caption_id,track_id,caption,path\n859,1004034,"Slow, warm",34/1004034.mp3\n990,1007274,Fast,x\n',
            [Prompt("859", "Slow, warm", "1004034"), Prompt("990", "Fast", "1007274")],
        ),
        (
            "list.jsonl",
            '{"id": "a", "prompt": "Slow"}\n\n{"text": "Fast", "reference": 7}\n',
            [Prompt("a", "Slow", "a"), Prompt("2", "Fast", "7")],
        ),
        (
            "list.jsonl",
            '{"prompt": "Slow\u2028 warm \\ud83c"}\n{"prompt": "Fast"}\n',
            [Prompt("1", "Slow\u2028 warm \ufffd", "1"), Prompt("2", "Fast", "2")],
        ),
        (
            "list.txt",
            "# mine\nSlow\n\n Fast \n",
            [Prompt("1", "Slow", "1"), Prompt("2", "Fast", "2")],
        ),
    ],
)
def test_lists_in_three_forms(name: str, text: str, expected: list[Prompt], tmp_path: Path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_prompts(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("list.txt", "\n", "has no prompts"),
        ("list.jsonl", "Slow\n", "is no list of prompts"),
        ("list.jsonl", "[" * 200_000, "is no list of prompts"),
        ("list.jsonl", "[1]\n", "is not an object with a prompt"),
        ("list.csv", "id,sound\n1,Slow\n", "number 1 has no text under caption, prompt, text"),
        (
            "list.jsonl",
            '{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}',
            "two prompts with the name 1",
        ),
        ("list.jsonl", '{"id": "../x", "text": "a"}', "which no file can be called"),
        ("list.jsonl", '{"id": ".x", "text": "a"}', "which no file can be called"),
    ],
)
def test_what_is_no_list_is_said(name: str, text: str, said: str, tmp_path: Path):
    (tmp_path / name).write_text(text)
    with pytest.raises(SpecError, match=said):
        read_prompts(tmp_path / name)


def test_a_list_that_is_not_there(tmp_path: Path):
    with pytest.raises(SpecError, match="cannot be read as a list of prompts"):
        read_prompts(tmp_path / "list.csv")
