"""Laws of the index: a cache that may be lost, and quick enough for ten thousand takes (`longtake bench bridge`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.state import Search, Take
from bridge.takes.index import Index


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


def test_the_measured_tempo_counts_before_the_one_asked(index: Index, bare: Take) -> None:
    index.put([(replace(bare, tempo_asked=124.0, tempo_measured=93.0), 1)])
    assert index.search(Search(tempo=124.0)) == []
    assert len(index.search(Search(tempo=93.5))) == 1
