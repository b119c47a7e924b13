"""Laws of the library: files are the truth, names are unique, what is lost is rebuilt, half files never show."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.errors import BridgeError
from bridge.events import Event, TakeAdded, TakeRemoved
from bridge.state import Search, Take
from bridge.takes.library import Library
from bridge.takes.pending import Draft
from engine.registry import SKETCH
from engine.sound.takes import read_spec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock
from tests.bridge.fake_engine import sound
from tests.bridge.parts import captured, index_in, library_in

ROOT = Path(__file__).parents[3]


def add(library: Library, prompt: str = "House | BPM: 124", job: str = "j1", **facts: Any) -> Take:
    wish = GenerationSpec(prompt=prompt, seconds_total=1.0, **{"seed": 1, **facts})
    spec = wish.resolved(SKETCH)
    pending = library.begin(Draft("generate", spec, 44_100, 2, job))
    pending.write(AudioBlock(0, sound(spec)))
    return pending.finish()


def written(take: Take) -> dict[str, Any]:
    """What its sidecar says."""
    return json.loads(take.path.with_suffix(".json").read_text())


def test_a_take_is_its_file_and_its_sidecar(library: Library, told: list[Event]) -> None:
    take = add(library, key="F# minor")
    samples, _ = soundfile.read(take.path, dtype="float32")
    spec = read_spec(take.path)
    np.testing.assert_array_equal(samples.T, sound(spec))
    assert spec == GenerationSpec.from_dict(take.spec)
    sidecar = written(take)
    assert (sidecar["name"], sidecar["tempo_asked"], sidecar["seed"]) == (take.name, 124.0, 1)
    assert told == [TakeAdded(take)]
    assert take.path.name.endswith("_house_124bpm_Fsharpm_s1_j1.wav")


@pytest.mark.parametrize(
    ("prompt", "key", "sign"),
    [
        ("slow piano in a minor key, Bb minor", "Bb minor", "Bbm"),
        ("Key: F# dorian", "F# dorian", "Fsharp"),
    ],
)
def test_a_key_that_the_prompt_says_is_the_takes(
    library: Library, prompt: str, key: str, sign: str
) -> None:
    take = add(library, prompt)
    assert take.key == written(take)["key"] == key
    assert f"_{sign}_" in take.path.name


def test_a_key_without_a_mode_is_left_to_what_is_measured(library: Library) -> None:
    take = add(library, "slow piano in C")
    assert take.key == take.key_measured


def test_nothing_shows_before_it_is_whole(library: Library, tmp_path: Path) -> None:
    spec = GenerationSpec(prompt="x", seconds_total=1.0, seed=1).resolved(SKETCH)
    pending = library.begin(Draft("generate", spec, 44_100, 2, "j1"))
    pending.write(AudioBlock(0, sound(spec)[:, :20_000]))
    shown = [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")]
    assert shown == []
    assert library.reconcile() == 0
    pending.discard()
    assert [p.name for p in tmp_path.iterdir()] == [".data"]


def test_the_same_second_and_seed_get_names_of_their_own(library: Library) -> None:
    spec = GenerationSpec(prompt="x", seconds_total=1.0, seed=1).resolved(SKETCH)
    draft = Draft("generate", spec, 44_100, 2, "j1", created=1e9)
    pending = [library.begin(draft) for _ in range(3)]
    for each in pending:
        each.write(AudioBlock(0, sound(spec)))
    takes = [each.finish() for each in pending]
    assert len({take.id for take in takes}) == 3
    assert all(take.path.is_file() for take in takes)


def test_a_lost_index_is_rebuilt_from_the_files(tmp_path: Path, told: list[Event]) -> None:
    library = library_in(tmp_path, told.append)
    takes = [add(library, f"song {n} 12{n} BPM", seed=n) for n in range(3)]
    library.change(takes[1].id, rating=4, favourite=True, name="The good one")
    before = library.search(Search())
    library.close()
    shutil.rmtree(tmp_path / ".data")
    again = library_in(tmp_path, told.append)
    assert again.search(Search()) == []
    assert again.reconcile() == 3
    assert again.search(Search()) == before
    assert [t.name for t in again.search(Search(rating=4))] == ["The good one"]
    assert again.reconcile() == 0
    again.close()


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100, None])
def test_a_damaged_index_is_rebuilt(
    tmp_path: Path, told: list[Event], damage: bytes | None
) -> None:
    library = library_in(tmp_path, told.append)
    takes = [add(library, f"song {n}", seed=n) for n in range(20)]
    library.close()
    index = index_in(tmp_path)
    if damage is None:
        content = bytearray(index.read_bytes())
        content[4096:] = os.urandom(len(content) - 4096)
        damage = bytes(content)
    index.write_bytes(damage)
    again = library_in(tmp_path, told.append)
    again.reconcile()
    assert {t.id for t in again.search(Search())} == {t.id for t in takes}
    again.close()


def test_a_damaged_or_lost_sidecar_costs_no_take(library: Library, tmp_path: Path) -> None:
    one, two, three = (add(library, seed=seed) for seed in (1, 2, 3))
    one.path.with_suffix(".json").write_text("{half")
    two.path.with_suffix(".json").unlink()
    three.path.with_suffix(".json").write_text("[" * 100_000)
    assert library.reconcile() == 3
    # The settings stand in the audio file as well.
    assert {t.seed for t in library.search(Search())} == {1, 2, 3}
    assert library.get(one.id).prompt == one.prompt


@pytest.mark.parametrize(
    "wrong",
    [
        {"rating": "five", "created": "yesterday", "favourite": 3, "kind": "song", "name": None},
        {"rating": 6, "created": float("nan"), "seconds": [1], "channels": "2", "spec": []},
        {
            "rating": 10**30,
            "created": 10**400,
            "sample_rate": True,
            "tempo_measured": {},
            "seed": "x",
        },
        {"rating": -1, "spec": {"prompt": 3}, "loop": "no", "job_id": 7, "key": [], "path": "/etc"},
    ],
)
def test_a_sidecar_with_wrong_values_costs_no_take(library: Library, wrong: dict[str, Any]) -> None:
    take, other = add(library, seed=1), add(library, seed=2)
    take.path.with_suffix(".json").write_text(json.dumps(written(take) | wrong))
    assert library.reconcile() == 1
    found = library.get(take.id)
    assert (found.rating, found.seconds, found.path) == (0, take.seconds, take.path)
    assert (found.sample_rate, found.channels) == (take.sample_rate, take.channels)
    assert {found.id, other.id} == {each.id for each in library.search(Search())}


def test_files_that_come_and_go_by_hand(
    library: Library, told: list[Event], tmp_path: Path
) -> None:
    take = add(library)
    soundfile.write(tmp_path / "guitar idea.wav", np.zeros((800, 1), np.float32), 8000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "notes.txt").write_text("not mine")
    assert library.reconcile() == 1
    found = library.get("guitar idea")
    assert (found.kind, found.seconds, found.sample_rate, found.channels) == (
        "capture",
        0.1,
        8000,
        1,
    )
    take.path.unlink()
    assert library.reconcile() == 1
    assert TakeRemoved(take.id) in told
    with pytest.raises(BridgeError):
        library.get(take.id)
    assert (tmp_path / "notes.txt").exists()


def test_half_files_of_a_run_that_died_are_removed_and_those_in_work_are_not(
    library: Library, told: list[Event], tmp_path: Path
) -> None:
    spec = GenerationSpec(prompt="house", seconds_total=1.0).resolved(SKETCH)
    died = library.begin(Draft("generate", spec, 44_100, 2, "j1"))
    died.write(AudioBlock(0, sound(spec)[:, :1000]))
    [half] = tmp_path.glob(".*.tmp")
    assert library.reconcile() == 0
    assert half.exists()
    long_ago = time.time() - 3600
    os.utime(half, (long_ago, long_ago))
    library.reconcile()
    assert not half.exists()
    died.discard()
    pending = library.begin(Draft("generate", spec, 44_100, 2, "j2"))
    pending.write(AudioBlock(0, sound(spec)))
    taken = pending.finish()
    assert library.reconcile() == 0
    assert told == [TakeAdded(taken)]


def test_a_flac_put_into_the_folder_is_a_take(library: Library, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "idea.flac", np.zeros((800, 1), np.float32), 8000)
    assert library.reconcile() == 1
    assert library.get("idea").seconds == 0.1


def test_two_libraries_share_a_folder(library: Library, tmp_path: Path) -> None:
    other = Library(tmp_path, lambda event: None, tmp_path / ".other")
    mine, theirs = add(library, job="j1"), add(other, job="j2")
    assert (library.reconcile(), other.reconcile()) == (1, 1)
    assert {take.id for take in library.search(Search())} == {mine.id, theirs.id}
    other.change(mine.id, rating=5)
    other.close()
    library.change(mine.id, favourite=True)
    library.close()
    assert (written(mine)["rating"], written(mine)["favourite"]) == (5, True)
    again = library_in(tmp_path)
    assert again.reconcile() == 0
    assert (again.get(mine.id).rating, again.get(mine.id).favourite) == (5, True)
    again.close()


def test_search(library: Library) -> None:
    house = add(library, "warm deep house, Rhodes, 124 BPM", seed=1)
    techno = add(library, "Genre: Techno | BPM: 132", seed=2, key="A minor")
    cafe = add(library, "bossa nova in a café, 90 BPM", seed=3)
    library.change(techno.id, rating=3)
    library.change(cafe.id, rating=5, favourite=True)

    def ids(**wish) -> set[str]:
        return {take.id for take in library.search(Search(**wish))}

    assert ids() == {house.id, techno.id, cafe.id}
    assert ids(text="hou") == {house.id}
    assert ids(text="DEEP rhodes") == {house.id}
    assert ids(text="café") == {cafe.id}
    assert ids(text="a minor") == {techno.id}
    assert ids(text="house techno") == set()
    assert ids(text='"; DROP TABLE takes; --') == set()
    assert ids(text="* OR NOT (") == set()
    assert ids(tempo=132.4) == {techno.id}
    assert ids(tempo=(85.0, 125.0)) == {house.id, cafe.id}
    assert ids(rating=3) == {techno.id, cafe.id}
    assert ids(favourite=True) == {cafe.id}
    assert ids(since=cafe.created + 1) == set()
    assert ids(kind="capture") == set()
    newest = [t.id for t in library.search(Search())]
    assert newest == [cafe.id, techno.id, house.id]
    assert [t.id for t in library.search(Search(limit=1, offset=1))] == [techno.id]


def test_search_without_fts5_gives_the_same(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, prompt in enumerate(("warm deep house", "Techno", "house of techno")):
        add(library, prompt, seed=n)
    wishes = [Search(text=text) for text in ("hou", "techno", "house techno", "arm", "")]
    with_fts = [library.search(wish) for wish in wishes]
    monkeypatch.setattr(library._index, "_full_text", False)
    assert [library.search(wish) for wish in wishes] == with_fts
    assert with_fts[3] == []


def test_a_recording_is_a_take_like_any(library: Library) -> None:
    samples = np.random.default_rng(0).uniform(-0.4, 0.4, (1, 24_000)).astype(np.float32)
    take = captured(library, samples, 48_000, "beatbox", tempo=96.0)
    assert (take.kind, take.seconds, take.channels, take.tempo_asked) == ("capture", 0.5, 1, 96.0)
    assert "_beatbox_96bpm_capture" in take.id
    read, rate = soundfile.read(take.path, dtype="float32", always_2d=True)
    np.testing.assert_array_equal(read.T, samples)
    assert rate == 48_000
    assert library.search(Search(kind="capture")) == [take]
