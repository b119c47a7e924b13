"""Laws of progress: stage, step and time left in a terminal; plain lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest

from engine.cli.progress import Bar, Lines, place, progress
from engine.updates import AudioBlock, LeadSheet, Remark, Step, Update

UPDATES = [
    Step("loading", 1, 1),
    Step("diffuse", 1, 2),
    Step("diffuse", 2, 2),
    AudioBlock(0, np.zeros((2, 500), np.float32)),
    AudioBlock(500, np.zeros((2, 500), np.float32)),
]


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that draws, wherever the tests run."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, updates: Sequence[Update] = UPDATES) -> str:
    with progress(1000, stream) as bar:
        for update in updates:
            bar.show(update)
    return stream.getvalue()


def test_a_terminal_gets_a_bar_for_each_stage() -> None:
    assert isinstance(progress(1000, Terminal()), Bar)
    told = shown(Terminal())
    for words in ("loading the model", "making music", "2/2", "turning it into sound", "100%"):
        assert words in told


def test_elsewhere_a_stage_is_a_plain_line() -> None:
    assert isinstance(progress(1000, io.StringIO()), Lines)
    assert shown(io.StringIO()).splitlines() == [
        "loading the model ...",
        "making music ...",
        "turning it into sound ...",
    ]


def test_a_remark_is_a_line_of_its_own_in_both() -> None:
    sentence = "Of the prompt [the end] was not read."
    assert sentence in shown(Terminal(), [Remark(sentence)])
    assert shown(io.StringIO(), [Remark(sentence)]) == f"{sentence}\n"


def test_a_block_counts_in_frames() -> None:
    assert place(UPDATES[4], 1000) == ("decode", 1000, 1000)
    assert place(UPDATES[1], 1000) == ("diffuse", 1, 2)


@pytest.mark.parametrize(
    ("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "unknown")]
)
def test_a_terminal_that_asks_for_plain_text_gets_lines(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert isinstance(progress(1000, Terminal()), Lines)
    assert "\x1b" not in shown(Terminal())


def test_a_console_without_unicode_gets_a_bar_too() -> None:
    """As one of Windows with cp1252."""

    class Console(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    stream = Console(raw, encoding="cp1252", errors="strict", write_through=True)
    with progress(1000, stream) as bar:
        assert isinstance(bar, Bar)
        for update in UPDATES:
            bar.show(update)
    assert b"making music" in raw.getvalue() and b"100%" in raw.getvalue()


def test_quiet_says_only_what_was_remarked() -> None:
    stream = io.StringIO()
    with progress(1000, stream, quiet=True) as shown:
        for update in [*UPDATES, Remark("It is quiet."), LeadSheet(None, "composed: a tune")]:
            shown.show(update)
    assert stream.getvalue() == "It is quiet.\n"


def test_a_reader_that_went_costs_no_take() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with progress(1000, Gone()) as lines:
        for update in UPDATES:
            lines.show(update)
