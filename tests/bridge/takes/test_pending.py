"""Laws of a take that is being written: a disk that fails costs nothing, and is named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.events import Event, Notice, TakeAdded
from bridge.state import Search
from bridge.takes.library import Library
from bridge.takes.pending import Draft
from engine.errors import DiskError
from engine.registry import SKETCH
from engine.spec import GenerationSpec
from engine.updates import AudioBlock
from tests.bridge.fake_engine import sound
from tests.bridge.parts import captured
from tests.small_disks import fill, small_disk

SPEC = GenerationSpec(prompt="house", seconds_total=1.0, seed=1).resolved(SKETCH)


def test_a_take_that_the_disk_does_not_take_is_kept_elsewhere_and_listed(
    tmp_path: Path, told: list[Event]
) -> None:
    with small_disk(tmp_path / "stick", 2**18) as stick:
        library = Library(stick / "takes", told.append, tmp_path / "data")
        pending = library.begin(Draft("generate", SPEC, 44_100, 2, "j1"))
        for start in range(0, 44_100, 8192):
            pending.write(AudioBlock(start, sound(SPEC)[:, start : start + 8192]))
        take = pending.finish()
        assert take.path.parent == tmp_path / "data" / "rescued"
        notice, added = told
        assert added == TakeAdded(take)
        assert isinstance(notice, Notice) and notice.level == "warning"
        assert f"the disk {stick} is full" in notice.text
        assert str(take.path.parent) in notice.text
        samples, _ = soundfile.read(take.path, dtype="float32")
        np.testing.assert_array_equal(samples.T, sound(SPEC))
        library.change(take.id, rating=5)
        library.close()
        again = Library(stick / "takes", told.append, tmp_path / "data")
        assert again.reconcile() == 0
        assert [found.rating for found in again.search(Search())] == [5]
        again.close()


def test_a_recording_that_the_disk_does_not_take_is_kept_elsewhere_too(
    tmp_path: Path, told: list[Event]
) -> None:
    samples = np.random.default_rng(0).uniform(-0.4, 0.4, (2, 48_000)).astype(np.float32)
    with small_disk(tmp_path / "stick", 2**18) as stick:
        library = Library(stick / "takes", told.append, tmp_path / "data")
        take = captured(library, samples, 48_000, "beatbox")
        read, _ = soundfile.read(take.path, dtype="float32")
        np.testing.assert_array_equal(read.T, samples)
        assert take.path.parent == tmp_path / "data" / "rescued"
        assert library.search(Search()) == [take]
        assert any(isinstance(e, Notice) and str(stick) in e.text for e in told)
        assert list((stick / "takes").iterdir()) == []
        library.close()


def test_where_no_disk_takes_it_it_can_be_finished_later(tmp_path: Path, told: list[Event]) -> None:
    with small_disk(tmp_path / "stick", 2**21) as stick:
        library = Library(stick / "takes", told.append, stick / "data")
        filling = fill(stick)
        pending = library.begin(Draft("generate", SPEC, 44_100, 2, "j1"))
        pending.write(AudioBlock(0, sound(SPEC)))
        with pytest.raises(DiskError, match=f"the disk {stick} is full"):
            pending.finish()
        filling.unlink()
        take = pending.finish()
        assert take.path.parent == library.folder
        assert library.search(Search()) == [take]
        library.close()


def test_a_folder_that_is_gone_is_a_disk_that_takes_nothing(
    library: Library, told: list[Event], tmp_path: Path
) -> None:
    library.folder.rename(tmp_path.with_name("elsewhere"))
    try:
        pending = library.begin(Draft("generate", SPEC, 44_100, 2, "j1"))
        pending.write(AudioBlock(0, sound(SPEC)))
        take = pending.finish()
        assert take.path.is_file()
        assert take.path.parent == library.refuge
    finally:
        library.close()
        tmp_path.with_name("elsewhere").rename(tmp_path.with_name("put back"))


def test_a_folder_that_is_read_only_is_listed_and_its_new_takes_go_elsewhere(
    tmp_path: Path, told: list[Event]
) -> None:
    with small_disk(tmp_path / "stick", 2**20) as stick:
        soundfile.write(stick / "idea.wav", np.zeros((800, 1)), 8000)
        subprocess.run(["mount", "-o", "remount,ro", str(stick)], check=True)
        library = Library(stick, told.append, tmp_path / "data")
        assert library.reconcile() == 1
        pending = library.begin(Draft("generate", SPEC, 44_100, 2, "j1"))
        pending.write(AudioBlock(0, sound(SPEC)))
        take = pending.finish()
        assert take.path.parent == library.refuge
        assert {found.id for found in library.search(Search())} == {"idea", take.id}
        library.change("idea", rating=3)
        library.close()
        assert [e.text for e in told if isinstance(e, Notice) and e.level == "error"] == [
            "idea could not be changed on the disk: Read-only file system."
        ]
        # Where our own data cannot be written either, the index lives in memory.
        again = Library(stick, told.append, stick / "data")
        assert again.reconcile() == 1
        assert again.get("idea").rating == 0
        again.close()
