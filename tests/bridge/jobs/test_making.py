"""Laws of a take that is whole: no full disk and no busy index loses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.events import Notice, Remarked
from bridge.jobs.making import WAITS
from bridge.state import Job, JobRequest
from bridge.takes.listing import index_path
from engine.sound.takes import read_settings
from engine.spec import GenerationSpec
from tests.bridge.fake_engine import REMARK, RemarkingEngine, sound
from tests.bridge.parts import Bench, wait_for
from tests.small_disks import fill, small_disk

REQUEST = JobRequest(GenerationSpec(prompt="house", seconds_total=2.0, seed=7))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "stick", 2**22) as stick:
        yield stick


def waiting(bench: Bench) -> Job:
    """A job whose take no disk takes."""
    bench.queue.start()
    job = bench.session.jobs.submit(REQUEST)
    wait_for(lambda: [n for n in bench.told(Notice) if WAITS in n.text])
    return job


def test_a_take_waits_in_memory_until_there_is_space(disk: Path) -> None:
    bench = Bench(disk)
    filling = fill(disk, free=2**16)
    job = waiting(bench)
    assert bench.session.jobs.get(job.id).state == "running"
    [notice] = [n for n in bench.told(Notice) if WAITS in n.text]
    assert (notice.level, notice.code) == ("error", "io")
    assert f"the disk {disk} is full" in notice.text
    filling.unlink()
    assert bench.ended(job).state == "done"
    [take] = bench.session.takes.search()
    samples, _ = soundfile.read(take.path, dtype="float32")
    np.testing.assert_array_equal(samples.T, sound(job.spec))
    assert len([n for n in bench.told(Notice) if WAITS in n.text]) == 1
    bench.close()


def test_to_cancel_the_job_drops_the_take(disk: Path) -> None:
    bench = Bench(disk)
    filling = fill(disk, free=2**16)
    job = waiting(bench)
    bench.session.jobs.cancel(job.id)
    assert bench.ended(job).state == "cancelled"
    filling.unlink()
    again = bench.ended(bench.session.jobs.submit(REQUEST))
    assert again.state == "done"
    assert [take.job_id for take in bench.session.takes.search()] == [again.id]
    bench.close()
    assert list((disk / "takes").glob(".*")) == []


def test_a_take_that_waits_at_the_end_is_owed(disk: Path) -> None:
    bench = Bench(disk)
    filling = fill(disk, free=2**16)
    job = waiting(bench)
    bench.close()
    filling.unlink()
    again = Bench(disk)
    assert again.session.jobs.get(job.id).state == "interrupted"
    again.close()


def test_what_the_engine_remarks_is_told_and_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path, RemarkingEngine())
    bench.queue.start()
    job = bench.ended(bench.session.jobs.submit(REQUEST))
    assert bench.told(Notice) == [Notice("warning", "", REMARK)]
    assert bench.told(Remarked) == [Remarked(job.id, REMARK)]
    assert read_settings(bench.session.find(job.id).path)["remarks"] == [REMARK]
    bench.close()


def test_an_index_that_is_held_costs_neither_job_nor_take(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    index = index_path(bench.library.folder, tmp_path / "data")
    holder = sqlite3.connect(index, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    bench.queue.start()
    job = bench.ended(bench.session.jobs.submit(REQUEST))
    assert job.state == "done"
    [take] = bench.session.takes.search()
    assert bench.session.takes.get(job.take_ids[0]) == take
    assert bench.session.find(job.id).path.is_file()
    holder.execute("ROLLBACK")
    holder.close()
    wait_for(lambda: [n for n in bench.told(Notice) if str(index) in n.text])
    bench.close()
    again = Bench(tmp_path)
    assert again.library.reconcile() == 1
    assert again.session.takes.search() == [take]
    again.close()
