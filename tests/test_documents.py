"""Laws of the documents: no dead links, and every command the README names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import longtake
import run
from engine.cli.commands import MAKING
from engine.cli.main import PASSED_ON

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "presets/*.md", "bridge/**/*.md")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", text)
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_left_to_be_filled_in(document: Path) -> None:
    assert re.findall(r"@[A-Z][A-Z0-9]+@", document.read_text(encoding="utf-8")) == []


def test_every_command_the_readme_names_is_there() -> None:
    named = set(re.findall(r"`longtake ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    known = {*MAKING, *PASSED_ON, *longtake.ELSEWHERE, "info", "models"}
    assert named and named <= known
    assert {*MAKING, "info", "models", "train", "serve", "bench"} <= named


def test_the_readme_begins_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line.strip() for line in lines if line.startswith("    python3 run.py")]
    assert commands[0] == "python3 run.py" and commands[1].startswith("python3 run.py render ")
    assert lines.index(f"    {commands[0]}") < 10


def test_the_readme_promises_what_the_set_up_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for download, disk in (run.CPU_GB, run.CUDA_GB, run.TESTS_GB):
        assert f"{download} GB to download, {disk} GB on the disk" in readme


def test_every_test_the_readme_names_is_there() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    named = re.findall(r"`(test_\w+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert named and [name for name in named if f"def {name}(" not in tests] == []
