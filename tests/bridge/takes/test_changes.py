"""Laws of changes: what is changed shows at once, and its files follow or it is taken back."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import BridgeError
from bridge.events import Event, Notice, TakeAdded, TakeChanged, TakeRemoved
from bridge.state import Search, Take
from bridge.takes import sidecar
from bridge.takes.library import Library
from engine.composing.score import Score
from tests.bridge.parts import library_in, wait_for
from tests.bridge.takes.test_library import ROOT, add, written


class SlowDisk:
    """Every sidecar waits to be written until `go`; then those in `full` find no space."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.go = self.gate.set
        self.waits = threading.Event()
        self.full: list[str] = []
        self.real = sidecar.write

    def write(self, take: Take, score: Score | None = None) -> None:
        self.waits.set()
        assert self.gate.wait(120.0)
        if take.name in self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.real(take, score)


@pytest.fixture
def slow_disk(
    monkeypatch: pytest.MonkeyPatch, library: Library
) -> Iterator[Callable[[], SlowDisk]]:
    """Makes the disk slow from now on."""
    made: list[SlowDisk] = []

    def begin() -> SlowDisk:
        made.append(SlowDisk())
        monkeypatch.setattr(sidecar, "write", made[-1].write)
        return made[-1]

    yield begin
    for disk in made:
        disk.go()
    library.close()


def test_changes_are_told_and_kept(library: Library, told: list[Event]) -> None:
    take = add(library)
    changed = library.change(take.id, rating=5, name="Better")
    assert changed == replace(take, rating=5, name="Better")
    assert told[-1] == TakeChanged(changed)
    wait_for(lambda: written(take)["rating"] == 5)
    assert (written(take)["name"], written(take)["spec"]) == ("Better", take.spec)
    assert "loudness_lufs" in written(take)
    wrongs: list[Any] = [{"rating": 6}, {"rating": -1}, {"name": "  "}]
    for wrong in wrongs:
        with pytest.raises(BridgeError):
            library.change(take.id, **wrong)
    assert library.search(Search(text="better")) == [changed]
    with pytest.raises(BridgeError):
        library.change("nobody", rating=1)


def test_a_change_waits_for_no_disk_and_none_is_lost_at_closing(
    library: Library, told: list[Event], slow_disk: Callable[[], SlowDisk]
) -> None:
    take, other = add(library), add(library, seed=2)
    disk = slow_disk()
    for stars in (1, 5, 3):
        library.change(take.id, rating=stars)
    library.change(other.id, name="Mine")
    assert [event.take.rating for event in told if isinstance(event, TakeChanged)] == [1, 5, 3, 0]
    assert library.search(Search(rating=3)) == [replace(take, rating=3)]
    assert library.reconcile() == 0
    assert written(take)["rating"] == 0
    disk.go()
    library.close()
    assert (written(take)["rating"], written(other)["name"]) == (3, "Mine")


def test_what_cannot_be_written_is_told_and_shown_as_the_files_have_it(
    library: Library, told: list[Event]
) -> None:
    take = add(library)
    beside = take.path.with_suffix(".json")
    beside.unlink()
    beside.mkdir()
    library.change(take.id, rating=5)
    wait_for(lambda: len(told) == 4)
    added, changed, back, notice = told
    assert isinstance(changed, TakeChanged) and isinstance(back, TakeChanged)
    assert (changed.take.rating, back.take.rating) == (5, 0)
    assert isinstance(notice, Notice) and notice.code == "io" and take.name in notice.text
    assert library.get(take.id) == back.take
    assert isinstance(added, TakeAdded)


def test_a_change_that_fails_does_not_undo_the_one_after_it(
    library: Library, told: list[Event], slow_disk: Callable[[], SlowDisk]
) -> None:
    take = add(library)
    disk = slow_disk()
    disk.full.append("Theirs")
    library.change(take.id, name="Theirs")
    assert disk.waits.wait(120.0)
    library.change(take.id, name="Mine")
    disk.go()
    library.close()
    assert [type(event) for event in told] == [TakeAdded, TakeChanged, TakeChanged]
    assert written(take)["name"] == "Mine"


def test_a_name_of_no_characters_is_kept_as_far_as_it_can_be(library: Library) -> None:
    take = add(library)
    assert library.change(take.id, name="caf\udce9").name == "caf?"
    library.close()
    assert written(take)["name"] == "caf?"


def test_a_half_file_that_gets_its_name_while_the_folder_is_read_stops_nothing(
    library: Library, tmp_path: Path
) -> None:
    take = add(library)
    # What is listed and then is not there any more.
    (tmp_path / f".{take.id}.json.0123abcd.tmp").symlink_to(tmp_path / "renamed")
    assert library.reconcile() == 0
    assert library.search(Search()) == [take]


OPEN = """
import errno, os, sys, threading
from pathlib import Path
from bridge.takes import sidecar
from bridge.takes import sidecar
from bridge.takes.library import Library
from engine.composing.score import Score
library, take = Library(Path(sys.argv[1]), print, Path(sys.argv[1]) / ".data"), sys.argv[2]
"""
"""What a process of its own begins with."""
CRASH = """
sidecar.write = lambda *_: threading.Event().wait()
library.change(take, rating=5)
os._exit(9)
"""
DELETE = "library.delete(take)"
DELETE_AS_A_CHANGE_FAILS = """
began, gate = threading.Event(), threading.Event()
def write(take, score=None):
    began.set()
    gate.wait()
    raise OSError(errno.ENOSPC, "full")
sidecar.write = write
library.change(take, rating=5)
began.wait()
library.delete(take)
gate.set()
"""


def test_a_crash_before_the_sidecar_loses_the_change_and_not_the_take(
    library: Library, tmp_path: Path
) -> None:
    take = add(library)
    done = subprocess.run([sys.executable, "-c", OPEN + CRASH, str(tmp_path), take.id], cwd=ROOT)
    assert done.returncode == 9
    again = library_in(tmp_path)
    assert again.get(take.id).rating == 5
    assert again.reconcile() == 1
    assert again.search(Search()) == [take]
    again.close()


def told_by(code: str, folder: Path, take: Take, share: Path) -> list[str]:
    """Runs code in a process with a home of its own, as the bin is the user's; gives the kinds of the events."""
    code = f"{OPEN}{code}\nlibrary.close()"
    home = folder / "home"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": os.getcwd()}
    environment |= {"XDG_DATA_HOME": str(share), "PYTHONIOENCODING": "utf-8:replace"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), take.id],
        env=environment,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return [line.split("(")[0] for line in done.stdout.splitlines()]


def test_what_was_deleted_is_in_the_systems_bin_when_all_is_closed(
    library: Library, tmp_path: Path
) -> None:
    take = add(library)
    assert told_by(DELETE, tmp_path, take, tmp_path / "home" / "share") == ["TakeRemoved"]
    assert not take.path.exists()
    assert not take.path.with_suffix(".json").exists()
    binned = {p.name for p in tmp_path.rglob("*") if "files" in p.parts}
    assert {take.path.name, take.path.with_suffix(".json").name} <= binned
    assert library.search(Search()) == []


def test_a_take_deleted_while_its_change_fails_stays_deleted(
    library: Library, tmp_path: Path
) -> None:
    take = add(library)
    told = told_by(DELETE_AS_A_CHANGE_FAILS, tmp_path, take, tmp_path / "home" / "share")
    assert told == ["TakeChanged", "TakeRemoved"]
    assert not take.path.exists()
    assert library.search(Search()) == []


def test_a_change_survives_that_another_longtake_starts_before_it_is_written(
    library: Library, tmp_path: Path, slow_disk: Callable[[], SlowDisk]
) -> None:
    first, take = add(library, seed=1), add(library, seed=2)
    disk = slow_disk()
    library.change(first.id, rating=1)
    first.path.unlink()
    library.change(take.id, rating=5)
    library.change(take.id, name="Mine")
    other = library_in(tmp_path)
    other.reconcile()
    assert other.get(take.id).rating == 0, "the files do not say it yet"
    disk.go()
    library.close()
    assert (other.get(take.id).rating, other.get(take.id).name) == (5, "Mine")
    assert (written(take)["rating"], written(take)["name"]) == (5, "Mine")
    assert other.reconcile() == 0
    other.close()


def test_who_plays_a_take_lets_it_go_before_it_is_binned(
    library: Library, told: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    take = add(library)
    story: list[str] = []

    def send2trash(path: Path) -> None:
        story.append(path.suffix)
        if len(story) < 4:  # As Windows says of a file that somebody still closes.
            raise PermissionError(13, "The process cannot access the file", str(path))

    monkeypatch.setattr("bridge.takes.bin.send2trash", send2trash)
    library.changes.let_go = lambda gone: story.append(gone.id)
    library.delete(take.id)
    library.close()
    assert story == [take.id, ".wav", ".wav", ".wav", ".json"]
    assert [type(event) for event in told] == [TakeAdded, TakeRemoved]
