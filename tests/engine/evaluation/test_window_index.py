from pathlib import Path

import numpy as np
import pytest

from engine.errors import LongtakeError, SpecError
from engine.evaluation import window_index
from engine.evaluation.window_index import Asked, WindowIndex

WIDTH = 8
SIZES = (5, 1, 9, 4, 7, 3, 11)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that end inside sounds."""
    monkeypatch.setattr(window_index, "BLOCK", 6)
    monkeypatch.setattr(window_index, "ASKED", 5)


def unit(count: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, WIDTH)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def parts(vectors: np.ndarray):
    return ((2.5 * place, vector) for place, vector in enumerate(vectors))


def filled(folder: Path) -> WindowIndex:
    index = WindowIndex(folder, WIDTH, "mark")
    for number, count in enumerate(SIZES):
        assert index.add(f"s{number}", 10, number, parts(unit(count, number))) == count
    return index


def brute(vectors: np.ndarray, own: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances and places by comparing with everything at once."""
    known = np.concatenate([unit(count, n) for n, count in enumerate(SIZES)])
    known = known.astype(np.float16).astype(np.float32)
    owners = np.repeat(np.arange(1, len(SIZES) + 1), SIZES)
    apart = 1 - vectors @ known.T
    apart[owners[None] == own[:, None]] = np.inf
    order = np.argsort(apart, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(apart, order, axis=1), order


@pytest.mark.parametrize("k", [1, 3])
def test_the_search_equals_brute_force(tmp_path: Path, k: int):
    with filled(tmp_path) as index:
        vectors, own = unit(23, 99), np.arange(23) % (len(SIZES) + 1)
        found, places = index.nearest(vectors, k, own)
    distances, order = brute(vectors, own, k)
    np.testing.assert_allclose(found, distances, atol=1e-6)
    np.testing.assert_array_equal(places, order)


def test_of_equals_the_first_is_found(tmp_path: Path):
    same = unit(1, 0)
    with WindowIndex(tmp_path, WIDTH, "m") as index:
        for number in range(20):
            index.add(f"s{number:02d}", 1, 1, parts(np.repeat(same, 1 + number % 3, axis=0)))
        _, places = index.nearest(same, 4, np.array([1]))
        assert places.tolist() == [[1, 2, 3, 4, 5][:4]]
        (match, *_) = index.matches([Asked("q", 0.0, same[0], own=1)])
        assert (match.other, match.other_start) == ("s01", 0.0)


def test_every_window_is_asked_for_among_other_sounds(tmp_path: Path):
    with filled(tmp_path) as index:
        asked = list(index.all())
        assert [one.name for one in asked] == [
            f"s{n}" for n, count in enumerate(SIZES) for _ in range(count)
        ]
        assert [one.start for one in asked[:5]] == [0.0, 2.5, 5.0, 7.5, 10.0]
        matches = list(index.matches(index.all()))
    own = np.repeat(np.arange(1, len(SIZES) + 1), SIZES)
    distances, order = brute(np.stack([one.vector for one in asked]), own, 1)
    assert [match.distance for match in matches] == pytest.approx(
        distances[:, 0].tolist(), abs=1e-6
    )
    names = [one.name for one in asked]
    assert [match.other for match in matches] == [names[place] for place in order[:, 0]]


def test_one_sound_alone_has_no_neighbour(tmp_path: Path):
    with WindowIndex(tmp_path, WIDTH, "m") as index:
        assert list(index.matches([Asked("q", 0.0, unit(1, 0)[0])])) == []
        index.add("one", 1, 1, parts(unit(3, 0)))
        assert list(index.matches(index.all())) == []


def test_it_goes_on_where_it_was_killed(tmp_path: Path):
    def dies():
        yield 0.0, unit(1, 0)[0]
        raise KeyboardInterrupt

    with filled(tmp_path) as index:
        before = index.windows
        with pytest.raises(KeyboardInterrupt):
            index.add("lost", 1, 1, dies())
    # As a process leaves it that dies while it writes.
    with (tmp_path / "windows.dat").open("ab") as file:
        file.write(b"\x7f" * 13)
    with WindowIndex(tmp_path, WIDTH, "mark") as index:
        assert (index.windows, index.sounds) == (before, len(SIZES))
        assert (tmp_path / "windows.dat").stat().st_size == before * index.record.itemsize
        assert not index.has("lost", 1, 1)
        assert index.has("s3", 10, 3)
        assert not index.has("s3", 10, 4)
        index.add("after", 1, 1, parts(unit(2, 50)))
        (match,) = index.matches([Asked("q", 0.0, unit(2, 50)[1])])
        assert (match.other, match.other_start) == ("after", 2.5)


def test_sounds_whose_windows_were_lost_are_heard_again(tmp_path: Path):
    filled(tmp_path).close()
    path = tmp_path / "windows.dat"
    path.write_bytes(path.read_bytes()[:-1])
    with WindowIndex(tmp_path, WIDTH, "mark") as index:
        assert [index.has(f"s{n}", 10, n) for n in range(len(SIZES))] == [True] * 6 + [False]
        assert index.windows == sum(SIZES[:-1])
        index.add("s6", 10, 6, parts(unit(SIZES[6], 6)))
        (match,) = index.matches([Asked("q", 0.0, unit(SIZES[6], 6)[-1])])
        assert (match.other, match.distance) == ("s6", pytest.approx(0.0, abs=1e-3))
    path.unlink()
    with WindowIndex(tmp_path, WIDTH, "mark") as index:
        assert (index.windows, index.sounds) == (0, 0)


def test_what_changed_or_is_gone_is_found_no_more(tmp_path: Path):
    with filled(tmp_path) as index:
        old = unit(SIZES[2], 2)[0]
        index.add("s2", 11, 5, parts(unit(2, 70)))
        assert index.forget(lambda name: name == "s4") == 1
        matches = list(index.matches([Asked("q", 0.0, old), Asked("q", 0.0, unit(7, 4)[0])]))
        assert all(match.distance > 1e-3 for match in matches)
        assert {match.other for match in index.matches(index.all())} <= {
            "s0",
            "s1",
            "s2",
            "s3",
            "s5",
            "s6",
        }
        (match,) = index.matches([Asked("q", 0.0, unit(2, 70)[1])])
        assert (match.other, match.distance) == ("s2", pytest.approx(0.0, abs=1e-3))


def test_another_claps_index_and_no_index_are_refused(tmp_path: Path):
    filled(tmp_path / "a").close()
    before = (tmp_path / "a/windows.dat").read_bytes()
    for width, mark in ((WIDTH, "other"), (WIDTH // 2, "other"), (2 * WIDTH, "mark")):
        with pytest.raises(SpecError, match="another CLAP"):
            WindowIndex(tmp_path / "a", width, mark)
    assert (tmp_path / "a/windows.dat").read_bytes() == before
    (tmp_path / "b").mkdir()
    (tmp_path / "b/sounds.sqlite").write_text("no table, but long enough to be looked at" * 30)
    with pytest.raises(SpecError, match="no index"):
        WindowIndex(tmp_path / "b", WIDTH, "mark")
    (tmp_path / "c").touch()
    with pytest.raises(LongtakeError, match="cannot be written"):
        WindowIndex(tmp_path / "c", WIDTH, "mark")
