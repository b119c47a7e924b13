"""Laws of the index: a cache that may be lost or fail, quick enough for 10 000 takes (`longtake bench bridge`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.state import Search, Take
from bridge.takes.index import Index, move
from tests.small_disks import fill, small_disk


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "index")
    yield made
    made.close()


@pytest.fixture
def bare(tmp_path: Path) -> Take:
    return Take("t", tmp_path / "t.wav", "t", "generate", 30.0, 44_100, 2, 0.0, prompt="deep house")


def test_ten_thousand_takes(index: Index, bare: Take) -> None:
    index.put((replace(bare, id=f"t{n}", created=float(n), rating=n % 6), n) for n in range(10_000))
    assert len(index.search(Search(text="deep", rating=5, limit=10_000))) == 10_000 // 6
    assert [t.id for t in index.search(Search(limit=2, offset=100))] == ["t9899", "t9898"]
    assert len(index.stamps()) == 10_000


def test_what_is_put_comes_back_equal(index: Index, bare: Take) -> None:
    take = replace(
        bare, key="A minor", spec={"prompt": "ü", "keep": [[0.0, 1.5]]}, tempo_measured=123.8
    )
    index.put([(take, 7)])
    assert index.take("t") == take
    assert index.search(Search()) == [take]
    assert index.stamps() == {"t": 7}
    assert index.take("u") is None


def test_a_replaced_take_is_found_by_its_new_words_only(index: Index, bare: Take) -> None:
    index.put([(bare, 1)])
    index.put([(replace(bare, prompt="techno"), 2)])
    assert index.search(Search(text="house")) == []
    assert len(index.search(Search(text="techno"))) == 1
    index.drop(["t", "unknown"])
    assert index.search(Search(text="techno")) == []


def test_a_failed_put_leaves_all_as_it_was(index: Index, bare: Take) -> None:
    index.put([(bare, 1)])
    with pytest.raises(TypeError):
        index.put([(replace(bare, rating=5), 2), (replace(bare, id="u", spec={"x": object()}), 3)])
    assert index.search(Search()) == [bare]


def test_an_index_of_another_version_is_begun_anew(tmp_path: Path, bare: Take) -> None:
    index = Index(tmp_path / "index")
    index.put([(bare, 1)])
    index.close()
    with sqlite3.connect(tmp_path / "index") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    again = Index(tmp_path / "index")
    assert again.search(Search()) == []
    again.put([(bare, 1)])
    again.close()


def test_the_tempo_asked_counts_before_the_one_measured(index: Index, bare: Take) -> None:
    index.put([(replace(bare, tempo_asked=124.0, tempo_measured=93.0), 1)])
    index.put([(replace(bare, id="found", tempo_measured=110.0), 1)])
    assert index.search(Search(tempo=93.5)) == []
    assert [take.tempo for take in index.search(Search(tempo=124.0))] == [124.0]
    assert [take.tempo for take in index.search(Search(tempo=110.0))] == [110.0]


def test_a_file_that_is_held_by_another_program_is_kept_and_done_without(
    tmp_path: Path, bare: Take
) -> None:
    index = Index(tmp_path / "index")
    index.put([(bare, 1)])
    index.close()
    with held(tmp_path / "index"):
        without = Index(tmp_path / "index")
        assert "locked" in without.problem and str(tmp_path / "index") in without.problem
        without.put([(replace(bare, id="u"), 1)])
        assert list(without.stamps()) == ["u"]
        without.close()
    again = Index(tmp_path / "index")
    assert (again.problem, again.take("t")) == ("", bare)
    again.close()


def test_a_file_that_is_held_later_costs_nothing_that_is_known(
    index: Index, tmp_path: Path, bare: Take
) -> None:
    index.put([(bare, 1)])
    writer = sqlite3.connect(tmp_path / "index", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    index.put([(replace(bare, id="u", prompt="techno"), 2)])
    writer.execute("ROLLBACK")
    writer.close()
    assert (index.stamps(), index.emptied) == ({"t": 1, "u": 2}, False)
    assert [take.id for take in index.search(Search(text="house"))] == ["t"]
    assert "locked" in index.problem


def test_a_file_that_is_damaged_later_is_told_and_emptied(tmp_path: Path, bare: Take) -> None:
    troubles: list[str] = []
    index = Index(tmp_path / "index", lambda: troubles.append(index.problem))
    index.put([(bare, 1)])
    with sqlite3.connect(tmp_path / "index") as other:
        other.execute("DROP TABLE takes")
    other.close()
    assert index.stamps() == {}
    assert index.emptied
    assert len(troubles) == 1 and "no such table" in troubles[0]
    index.put([(bare, 1)])
    assert index.take("t") == bare
    index.close()
    with pytest.raises(BridgeError, match="closed"):
        index.stamps()


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path, bare: Take) -> None:
    (tmp_path / "file").touch()
    index = Index(tmp_path / "file" / "index")
    index.put([(bare, 1)])
    assert index.take("t") == bare
    assert str(tmp_path / "file" / "index") in index.problem
    index.close()


def test_a_full_disk_is_done_without(tmp_path: Path, bare: Take) -> None:
    with small_disk(tmp_path / "disk", 2**20) as disk:
        index = Index(disk / "index")
        index.put([(bare, 1)])
        fill(disk)
        many = [(replace(bare, id=f"t{n}", prompt="long " * 100), n) for n in range(1000)]
        index.put(many)
        assert len(index.stamps()) == 1001
        assert "full" in index.problem
        index.close()


def test_no_take_has_an_id_of_no_characters(index: Index) -> None:
    assert index.take("caf\udce9") is None


@pytest.mark.parametrize("rest", [True, False], ids=["after a crash", "closed"])
def test_an_index_from_among_the_takes_is_moved(tmp_path: Path, bare: Take, rest: bool) -> None:
    old, new = tmp_path / "takes" / ".index", tmp_path / "data" / "index"
    index = Index(old)
    index.put([(bare, 1)])
    if not rest:
        index.close()
    move(old, new)
    if rest:
        index.close()
    assert list(old.parent.iterdir()) == []
    again = Index(new)
    assert again.stamps() == {"t": 1}
    again.close()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program holds the file for itself."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    yield
    holder.execute("ROLLBACK")
    holder.close()
