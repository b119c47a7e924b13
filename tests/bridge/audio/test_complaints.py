"""What a child writes to its standard error: in the log, bounded, and the last words of a crash."""

from __future__ import annotations

import logging
import multiprocessing
import os
from multiprocessing.connection import Connection

import pytest

from bridge.audio.complaints import LAST, MOST, Complaints, complain_to


def child(said: Connection, crash: bool) -> None:
    complain_to(said)
    for number in range(300):
        os.write(2, b"ALSA lib: again\n")
        os.write(2, b"caf\xe9 line %d\n" % number)
    os.write(2, b"x" * 100_000 + b"\n")
    if crash:
        raise ValueError("the reason")
    os.write(2, b"no end of line")


@pytest.mark.parametrize("crash", [False, True])
def test_each_line_is_logged_once_and_only_so_many_a_minute(
    caplog: pytest.LogCaptureFixture, crash: bool
) -> None:
    caplog.set_level(logging.DEBUG, "bridge.audio.complaints")
    context = multiprocessing.get_context("spawn")
    heard, said = context.Pipe(duplex=False)
    process = context.Process(target=child, args=(said, crash), daemon=True)
    process.start()
    said.close()
    complaints = Complaints(heard)
    process.join(60)
    last = complaints.last()
    logged = [record.getMessage() for record in caplog.records]
    assert len(logged) == MOST and len(set(logged)) == MOST
    assert max(map(len, logged)) < 600
    assert len(last) == LAST
    assert last[-1] == ("ValueError: the reason" if crash else "no end of line")
