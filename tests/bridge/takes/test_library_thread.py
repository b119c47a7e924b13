"""Laws of the library's own thread: what is changed shows at once, and its files follow or it is taken back."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import BridgeError
from bridge.events import Event, Notice, TakeAdded, TakeChanged
from bridge.state import Search, Take
from bridge.takes.library import INDEX, Library
from tests.bridge.parts import wait_for
from tests.bridge.takes.test_library import ROOT, add, written

UNWRITABLE = "\ud800"
"""A name that the index takes and no file can hold."""
SLOW_FILE = pytest.mark.skipif(
    not hasattr(os, "mkfifo"), reason="this system has no file that whoever reads it waits for"
)


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


@SLOW_FILE
def test_a_change_waits_for_no_disk_and_none_is_lost_at_closing(
    library: Library, told: list[Event]
) -> None:
    take, other = add(library), add(library, seed=2)
    beside = take.path.with_suffix(".json")
    beside.unlink()
    os.mkfifo(beside)  # Whoever reads it waits until somebody writes.
    for stars in (1, 5, 3):
        library.change(take.id, rating=stars)
    library.change(other.id, name="Mine")
    assert [event.take.rating for event in told if isinstance(event, TakeChanged)] == [1, 5, 3, 0]
    assert library.search(Search(rating=3)) == [replace(take, rating=3)]
    assert library.reconcile() == 0
    beside.write_text("{}")
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


@SLOW_FILE
def test_a_change_that_fails_does_not_undo_the_one_after_it(
    library: Library, told: list[Event]
) -> None:
    take = add(library)
    beside = take.path.with_suffix(".json")
    kept = beside.read_text()
    beside.unlink()
    os.mkfifo(beside)
    library.change(take.id, name=UNWRITABLE)
    with beside.open("w"):  # Opens once the change is being written.
        library.change(take.id, name="Mine")
        beside.unlink()
        beside.write_text(kept)
    library.close()
    assert [type(event) for event in told] == [TakeAdded, TakeChanged, TakeChanged]
    assert written(take)["name"] == "Mine"


def test_an_index_that_fails_is_an_error_in_a_sentence(library: Library, tmp_path: Path) -> None:
    take = add(library)
    with sqlite3.connect(tmp_path / INDEX) as other:
        other.execute("DROP TABLE takes")
    other.close()
    calls: list[Callable[[], object]] = [
        library.search,
        lambda: library.get(take.id),
        lambda: library.change(take.id, rating=1),
        lambda: library.delete(take.id),
        library.reconcile,
    ]
    for call in calls:
        with pytest.raises(BridgeError, match="index of the library") as error:
            call()
        assert error.value.code == "io"


def test_a_half_file_that_gets_its_name_while_the_folder_is_read_stops_nothing(
    library: Library, tmp_path: Path
) -> None:
    take = add(library)
    # What is listed and then is not there any more.
    (tmp_path / f".{take.id}.json.0123abcd.tmp").symlink_to(tmp_path / "renamed")
    assert library.reconcile() == 0
    assert library.search(Search()) == [take]


@SLOW_FILE
def test_a_crash_before_the_sidecar_loses_the_change_and_not_the_take(
    library: Library, tmp_path: Path
) -> None:
    take = add(library)
    beside = take.path.with_suffix(".json")
    kept = beside.read_text()
    beside.unlink()
    os.mkfifo(beside)
    code = (
        "import os, sys; from pathlib import Path; from bridge.takes.library import Library;"
        "library = Library(Path(sys.argv[1]), print); library.change(sys.argv[2], rating=5);"
        "os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), take.id], cwd=ROOT)
    assert done.returncode == 9
    beside.unlink()
    beside.write_text(kept)
    again = Library(tmp_path, lambda event: None)
    assert again.get(take.id).rating == 5
    assert again.reconcile() == 1
    assert again.search(Search()) == [take]
    again.close()


DELETE = "library.delete(take);"
DELETE_AS_A_CHANGE_FAILS = (
    "beside = library.get(take).path.with_suffix('.json');"
    "kept = beside.read_text(); beside.unlink(); os.mkfifo(beside);"
    "library.change(take, name='\\ud800'); writing = beside.open('w');"
    "library.delete(take); beside.unlink(); beside.write_text(kept); writing.close();"
)


def told_by(code: str, folder: Path, take: Take, share: Path) -> list[str]:
    """Runs code in a process with a home of its own, as the bin is the user's; gives the kinds of the events."""
    code = (
        "import os, sys; from pathlib import Path; from bridge.takes.library import Library;"
        "library, take = Library(Path(sys.argv[1]), print), sys.argv[2];"
        f"{code} library.close()"
    )
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


def test_a_bin_that_takes_nothing_gives_the_take_back(library: Library, tmp_path: Path) -> None:
    take = add(library)
    (tmp_path / "no folder").touch()
    told = told_by(DELETE, tmp_path, take, tmp_path / "no folder")
    assert told == ["TakeRemoved", "TakeAdded", "Notice"]
    assert take.path.exists()
    assert library.search(Search()) == [take]


def test_delete_goes_to_the_bin(library: Library, tmp_path: Path) -> None:
    take = add(library)
    assert told_by(DELETE, tmp_path, take, tmp_path / "home" / "share") == ["TakeRemoved"]
    assert not take.path.exists()
    assert not take.path.with_suffix(".json").exists()
    binned = {p.name for p in tmp_path.rglob("*") if "files" in p.parts}
    assert {take.path.name, take.path.with_suffix(".json").name} <= binned
    assert library.search(Search()) == []


@SLOW_FILE
def test_a_take_deleted_while_its_change_fails_stays_deleted(
    library: Library, tmp_path: Path
) -> None:
    take = add(library)
    told = told_by(DELETE_AS_A_CHANGE_FAILS, tmp_path, take, tmp_path / "home" / "share")
    assert told == ["TakeChanged", "TakeRemoved"]
    assert not take.path.exists()
    assert library.search(Search()) == []


@SLOW_FILE
def test_a_change_survives_that_another_longtake_starts_before_it_is_written(
    library: Library, tmp_path: Path
) -> None:
    first, take = add(library, seed=1), add(library, seed=2)
    beside = first.path.with_suffix(".json")
    first.path.unlink()
    beside.unlink()
    os.mkfifo(beside)  # Who writes the first waits here, and the second waits behind it.
    library.change(first.id, rating=1)
    library.change(take.id, rating=5)
    library.change(take.id, name="Mine")
    other = Library(tmp_path, lambda event: None)
    other.reconcile()
    assert other.get(take.id).rating == 0, "the files do not say it yet"
    beside.write_text("{}")
    library.close()
    assert (other.get(take.id).rating, other.get(take.id).name) == (5, "Mine")
    assert (written(take)["rating"], written(take)["name"]) == (5, "Mine")
    assert other.reconcile() == 0
    other.close()
