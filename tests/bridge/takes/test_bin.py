"""Laws of the bin: a take goes in and comes back whole, and what nobody wants back goes to the system's bin."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.events import Event, Notice, TakeAdded, TakeRemoved
from bridge.state import Search, Take
from bridge.takes import bin
from bridge.takes.library import Library
from tests.bridge.parts import library_in, wait_for
from tests.bridge.takes.test_library import add, written


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The system's bin, where it can be looked into."""
    folder = tmp_path / "system"
    folder.mkdir()
    monkeypatch.setattr(
        "bridge.takes.bin.send2trash", lambda path: shutil.move(str(path), str(folder))
    )
    return folder


@pytest.fixture
def take(library: Library, system: Path) -> Iterator[Take]:
    made = add(library)
    made.path.with_suffix(".mid").write_bytes(b"MThd")
    yield made


def files_of(take: Take) -> list[Path]:
    return list(take.path.parent.glob(f"{take.id}.*"))


def bytes_of(take: Take) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files_of(take)}


def binned(take: Take) -> bool:
    """Looked at while the files move, so that none is opened."""
    return not files_of(take) and bin.place(take.path).is_dir()


def test_a_take_comes_back_as_it_was_with_all_its_files(
    library: Library, told: list[Event], take: Take
) -> None:
    library.change(take.id, rating=4, name="Night drive")
    wait_for(lambda: written(take)["rating"] == 4)
    before = bytes_of(take)
    shown = library.get(take.id)
    assert set(before) == {f"{take.id}.wav", f"{take.id}.json", f"{take.id}.mid"}
    library.delete(take.id)
    wait_for(lambda: binned(take))
    assert library.search(Search()) == []
    assert library.restore(take.id) == shown
    assert library.search(Search()) == [shown]
    wait_for(lambda: bytes_of(take) == before)
    assert [type(event) for event in told[-2:]] == [TakeRemoved, TakeAdded]
    assert told[-1] == TakeAdded(shown, again=True)
    library.close()
    assert bytes_of(take) == before
    assert not (take.path.parent / bin.FOLDER).exists()


def test_deleting_and_taking_back_at_once_is_as_if_nothing_was(
    library: Library, take: Take
) -> None:
    before = bytes_of(take)
    for _ in range(5):
        library.delete(take.id)
        library.restore(take.id)
    library.change(take.id, rating=3)
    library.close()
    assert {name: data for name, data in bytes_of(take).items() if not name.endswith("json")} == {
        name: data for name, data in before.items() if not name.endswith("json")
    }
    assert written(take)["rating"] == 3


def test_a_take_in_the_bin_is_not_found_again_and_its_name_is_not_given_away(
    library: Library, take: Take, tmp_path: Path
) -> None:
    library.delete(take.id)
    wait_for(lambda: binned(take))
    assert library.reconcile() == 0
    assert library.search(Search()) == []
    assert library.reserve(take.id) == f"{take.id}-2"
    other = library_in(tmp_path)
    other.reconcile()
    assert other.search(Search()) == []
    assert binned(take), "another Longtake leaves it there"
    other.close()


def test_what_is_not_in_the_bin_cannot_come_back(library: Library, take: Take) -> None:
    for which in (take.id, "nobody"):
        with pytest.raises(BridgeError, match="not in the bin"):
            library.restore(which)
    library.delete(take.id)
    library.restore(take.id)
    with pytest.raises(BridgeError, match="not in the bin"):
        library.restore(take.id)


def test_what_somebody_took_from_the_bin_is_told_and_not_shown(
    library: Library, told: list[Event], take: Take
) -> None:
    library.delete(take.id)
    wait_for(lambda: binned(take))
    wait_for(lambda: not library.changes.owed())
    shutil.rmtree(bin.place(take.path))
    before = len(told)
    with pytest.raises(BridgeError, match=re.escape(f"{take.name} is no longer in the bin.")):
        library.restore(take.id)
    assert told[before:] == []
    assert library.search(Search()) == []


def test_a_file_of_the_same_name_is_never_written_over(take: Take) -> None:
    bin.put(take.path)
    take.path.with_suffix(".json").write_text("{}")
    with pytest.raises(FileExistsError):
        bin.give_back(take.path)
    assert take.path.with_suffix(".json").read_text() == "{}"
    assert {path.suffix for path in bin.place(take.path).iterdir()} == {".wav", ".json", ".mid"}


def test_a_take_that_cannot_be_moved_stays_whole_and_is_listed_again(
    library: Library, told: list[Event], take: Take, monkeypatch: pytest.MonkeyPatch, system: Path
) -> None:
    before, real = bytes_of(take), Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path.suffix == ".json" and path.parent == take.path.parent:
            raise PermissionError(13, "another program has it", str(path))
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    library.delete(take.id)
    wait_for(lambda: isinstance(told[-1], Notice))
    assert [type(event) for event in told[-3:]] == [TakeRemoved, TakeAdded, Notice]
    assert bytes_of(take) == before
    assert library.search(Search()) == [take]
    library.close()
    assert bytes_of(take) == before, "what stayed is not passed on"
    assert list(system.iterdir()) == []


def test_closing_passes_on_to_the_system_what_nobody_wanted_back(
    library: Library, take: Take, system: Path
) -> None:
    before = bytes_of(take)
    library.delete(take.id)
    library.close()
    assert {path.name: path.read_bytes() for path in system.iterdir()} == before
    assert not (take.path.parent / bin.FOLDER).exists()


def test_a_system_without_a_bin_is_told_of_at_the_next_start_and_loses_nothing(
    library: Library, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "no bin on this disk", str(path))

    monkeypatch.setattr("bridge.takes.bin.send2trash", refuse)
    before = bytes_of(take)
    library.delete(take.id)
    library.close()
    held = bin.place(take.path)
    assert {path.name: path.read_bytes() for path in held.iterdir()} == before
    yesterday = time.time() - bin.STALE - 60
    os.utime(held, (yesterday, yesterday))
    told: list[Event] = []
    again = library_in(tmp_path, told.append)
    again.reconcile()
    wait_for(lambda: [event for event in told if isinstance(event, Notice)])
    again.close()
    [notice] = [event for event in told if isinstance(event, Notice)]
    assert bin.FOLDER in notice.text and take.id in notice.text
    assert {path.name: path.read_bytes() for path in held.iterdir()} == before


def test_what_a_run_that_died_left_goes_to_the_system_a_day_later(
    library: Library, take: Take, tmp_path: Path, system: Path
) -> None:
    before = bytes_of(take)
    bin.put(take.path)
    yesterday = time.time() - bin.STALE - 60
    os.utime(bin.place(take.path), (yesterday, yesterday))
    again = library_in(tmp_path)
    again.reconcile()
    again.close()
    assert {path.name: path.read_bytes() for path in system.iterdir()} == before


def test_takes_whose_disk_was_unplugged_stay_listed_and_make_no_folder(
    library: Library, told: list[Event], take: Take
) -> None:
    library.delete(take.id)
    library.restore(take.id)
    wait_for(lambda: not library.changes.owed())
    folder, away = take.path.parent, take.path.parent.with_name("unplugged")
    folder.rename(away)
    before = len(told)
    for act in (lambda: library.delete(take.id), lambda: library.change(take.id, name="Mine")):
        with pytest.raises(BridgeError, match="There is no folder"):
            act()
    with pytest.raises(FileNotFoundError):
        bin.put(take.path)
    assert not folder.exists()
    assert (library.search(Search()), told[before:]) == ([take], [])
    away.rename(folder)
    library.delete(take.id)
    wait_for(lambda: binned(take))


def test_a_take_whose_sound_is_gone_is_said_and_shown_no_longer(
    library: Library, told: list[Event], take: Take
) -> None:
    other = add(library, seed=2)
    wait_for(lambda: not library.changes.owed())
    take.path.unlink()
    other.path.unlink()
    with pytest.raises(BridgeError, match="is gone"):
        library.delete(take.id)
    with pytest.raises(BridgeError, match="is gone"):
        library.change(other.id, rating=3)
    assert told[-2:] == [TakeRemoved(take.id), TakeRemoved(other.id)]
    assert library.search(Search()) == []
    assert written(other)["rating"] == 0
