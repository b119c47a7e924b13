"""Laws of the journal: the last word on each job counts, whatever line the end of the process cut."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.delivery_state import Placement
from bridge.jobs.journal import LONGEST, Journal
from bridge.state import Job, JobState
from engine.spec import GenerationSpec
from tests.small_disks import fill, small_disk

STATES: tuple[JobState, ...] = ("queued", "running", "done", "failed", "cancelled", "interrupted")


def job(number: int, state: JobState = "queued") -> Job:
    spec = GenerationSpec(prompt=f"song {number} ü", keep=((0.0, 1.5),), init_audio="/x.wav")
    return Job(
        f"j{number}",
        f"r{number}",
        "inpaint",
        state,
        spec,
        total=3,
        placement=Placement("reaper", "beat", 16.5, track="Gitarre ä", tempo=120.0),
        created=float(number),
    )


@settings(deadline=None)  # it writes files
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(STATES)), max_size=30))
def test_what_is_owed_is_what_was_said_last(
    tmp_path_factory, story: list[tuple[int, JobState]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "jobs.jsonl"
    journal = Journal(path)
    for number, state in story:
        journal.note(job(number, state))
    journal.close()
    last = dict(story)
    owed = {f"j{n}" for n, state in last.items() if state in ("queued", "running", "interrupted")}
    for _ in range(2):  # a second crash lists them again
        again = Journal(path)
        assert {j.id for j in again.read()} == owed
        again.close()


def test_a_job_comes_back_with_all_that_makes_it_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "jobs.jsonl")
    journal.note(replace(job(1), take_ids=("a",), state="running", index=2))
    journal.close()
    [found] = Journal(tmp_path / "jobs.jsonl").read()
    assert found.state == "interrupted"
    assert found.error
    same = replace(found, state="running", error="")
    assert same == replace(job(1), take_ids=("a",), state="running", index=2)


@pytest.mark.parametrize("cut", range(2, 200, 22))
def test_a_half_line_costs_only_itself(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "jobs.jsonl"
    journal = Journal(path)
    journal.note(job(1))
    journal.note(job(2))
    journal.close()
    path.write_bytes(path.read_bytes()[:-cut])
    assert [j.id for j in Journal(path).read()] == ["j1"]


def test_rubbish_and_other_versions_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    journal = Journal(path)
    journal.note(job(1))
    journal.close()
    other = json.loads(path.read_text().splitlines()[-1])
    other["owed"]["id"] = "j2"
    other["owed"]["spec"]["colour"] = "blue"
    lines = ["", "{half", "[]", "3", '{"owed": 4}', json.dumps(other)]
    path.write_text(path.read_text() + "\n".join(lines) + "\n")
    assert [j.id for j in Journal(path).read()] == ["j1"]


def test_the_file_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    journal = Journal(path)
    for number in range(LONGEST):
        journal.note(job(number))
        journal.note(job(number, "done"))
    assert len(path.read_bytes().splitlines()) <= LONGEST
    journal.close()
    assert Journal(path).read() == []
    assert path.read_bytes() == b""


def test_a_line_that_a_full_disk_cuts_costs_no_later_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "stick", 2**20) as disk:
        path = disk / "jobs.jsonl"
        journal = Journal(path)
        journal.note(job(1))
        filling = fill(disk)
        for number in range(2, 40):
            journal.note(job(number))
        assert caplog.text.count("a crash would lose jobs") == 1
        assert f"the disk {disk} is full" in caplog.text
        filling.unlink()
        journal.note(job(40))
        journal.close()
        assert [j.id for j in Journal(path).read()] == [f"j{n}" for n in range(1, 41)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_its_place_is_not_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(tmp_path / "jobs.jsonl")
    journal = Journal(tmp_path / "jobs.jsonl")
    assert journal.read() == []
    journal.note(job(1))
    journal.close()
    assert "no ordinary file" in caplog.text
