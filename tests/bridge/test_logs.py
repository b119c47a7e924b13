"""What the log keeps: an error that comes thousands of times pushes nothing out, and a full disk is said once."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import logs
from bridge.logs import TRACE_EVERY, TRACES, RareTraces
from tests.small_disks import fill, small_disk

LOG = logging.getLogger("tests.bridge.test_logs")


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    path = logs.start(tmp_path, "info", as_json=True, console=io.StringIO())
    assert path
    return path


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    yield
    for handler in [handler for handler in root.handlers if getattr(handler, "longtake", False)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(before)


def fails(detail: str = "") -> None:
    try:
        raise ZeroDivisionError(detail)
    except ZeroDivisionError:
        LOG.exception("It failed")


def test_twenty_thousand_errors_push_nothing_out_of_the_log(log_file: Path) -> None:
    LOG.info("long ago")
    for number in range(20_000):
        fails("x" * 1000 + str(number))
    LOG.warning("at last")
    assert [path.name for path in log_file.parent.iterdir()] == [log_file.name]
    text = log_file.read_text()
    assert "long ago" in text and "at last" in text
    assert TRACES <= text.count("Traceback") <= TRACES + 2


def test_what_was_left_out_is_counted_and_other_lines_pass() -> None:
    now = [0.0]
    rare = RareTraces(lambda: now[0])

    def passes(line: int, *, trace: bool = True) -> str | None:
        error = (ValueError, ValueError("x"), None) if trace else None
        record = logging.LogRecord("x", logging.ERROR, "a.py", line, "text", None, error)
        return record.more if rare.filter(record) else None  # type: ignore[attr-defined]

    assert [passes(1) for _ in range(TRACES + 5)] == [""] * TRACES + [None] * 5
    assert passes(2) == ""
    assert [passes(1, trace=False) for _ in range(100)] == [""] * 100
    now[0] = TRACE_EVERY
    assert [passes(1), passes(1)] == [" (5 more like it were left out)", None]
    now[0] = 1e6
    assert passes(1) == " (1 more like it were left out)"


def test_lines_of_json_say_what_was_left_out() -> None:
    record = logging.LogRecord("x", logging.ERROR, "a.py", 1, "text %d", (1,), None)
    record.more = " (2 more)"
    assert json.loads(logs.JsonLines().format(record))["text"] == "text 1 (2 more)"


def test_lines_go_to_the_file_and_the_console(tmp_path: Path) -> None:
    console = io.StringIO()
    assert logs.start(tmp_path, "info", console=console) == tmp_path / "longtake.log"
    logging.getLogger("a").info("caf\udce9 電")
    assert r"a: caf\udce9 電" in (tmp_path / "longtake.log").read_text(encoding="utf-8")
    assert "INFO    a: caf" in console.getvalue()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_its_place_is_no_log(tmp_path: Path) -> None:
    console = io.StringIO()
    os.mkfifo(tmp_path / "longtake.log")
    assert logs.start(tmp_path, "info", console=console) is None
    assert "no ordinary file" in console.getvalue()


def test_a_full_disk_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with small_disk(tmp_path / "stick", 2**20) as disk:
        logs.start(disk, "info", console=io.StringIO())
        fill(disk)
        for _ in range(500):
            logging.getLogger("a").info("a line that has no place")
        said = capsys.readouterr().err
        assert said.count("cannot be written") == 1
        assert f"the disk {disk} is full" in said
        assert "Traceback" not in said
        logs.start(tmp_path, "info", console=io.StringIO())
