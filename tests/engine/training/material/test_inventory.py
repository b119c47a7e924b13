"""Laws of an inventory: every sound once, what is no use listed, and only what changed looked at."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioError, LongtakeError
from engine.training.material import inventory
from engine.training.material.dataset import Crops, all_items, items
from engine.training.material.inventory import INDEX, KEPT, LEFT_OUT, Inventory, sounds_below


def sound(path: Path, seconds: float = 1.0, rate: int = 44_100, channels: int = 2) -> Path:
    """A file of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    soundfile.write(path, 0.1 * rng.standard_normal((round(rate * seconds), channels)), rate)
    return path


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder as people have them."""
    folder = tmp_path / "music"
    sound(folder / "one.wav", 1.0)
    sound(folder / "one.mp3", 2.0, 48_000)
    sound(folder / "album" / "one.wav", 3.0, 22_050, 1)
    sound(folder / "album" / "two.flac", 1.0)
    sound(folder / ".hidden" / "x.wav")
    (folder / "album" / "two.txt").write_text("A slow tune.\nA sad tune.\n")
    (folder / "album" / "two.json").write_text('{"bpm": 90, "held_out": true}')
    (folder / "cover.jpg").write_bytes(b"no sound")
    (folder / "album" / "broken.wav").write_bytes(b"RIFF no sound")
    soundfile.write(folder / "album" / "silent.wav", np.zeros((44_100, 2)), 44_100)
    return folder


def test_files_of_one_name_are_all_there_in_order(music: Path) -> None:
    names = [item.name for item in all_items([music])]
    assert names == [
        "music/album/one.wav",
        "music/album/two.flac",
        "music/one.mp3",
        "music/one.wav",
    ]
    seconds = [item.frames / 44_100 for item in all_items([music])]
    assert seconds == pytest.approx([3.0, 1.0, 2.0, 1.0])


def test_what_is_no_use_is_counted_and_listed(
    music: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Inventory(music)
    assert "2 of 6 files" in caplog.text
    listed = dict(line.split("\t") for line in (music / KEPT / LEFT_OUT).read_text().splitlines())
    assert "cannot be read as audio" in listed["album/broken.wav"]
    assert "silent" in listed["album/silent.wav"]
    for path in list(sounds_below(music)):
        (music / path).write_bytes(b"")
    with pytest.raises(AudioError, match=f"No material in {music}"):
        items([music], held_out=False)
    with pytest.raises(LongtakeError, match="no folder"):
        Inventory(music / "nowhere")


def test_facts_are_of_the_split_and_of_the_item(music: Path) -> None:
    held = items([music], held_out=True)
    assert [item.path.name for item in held] == ["two.flac"]
    assert held[0].metadata == {
        "tempo": 90.0,
        "held_out": True,
        "captions": ["A slow tune.", "A sad tune."],
    }
    assert len(items([music], held_out=False)) == 3


def test_only_what_changed_is_looked_at(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    real = inventory.examined
    monkeypatch.setattr(
        inventory, "examined", lambda path: (looked.append(path.name), real(path))[1]
    )
    first = [Inventory(music).record(number) for number in range(4)]
    assert len(looked) == 6
    looked.clear()
    before = (music / KEPT / INDEX).stat().st_mtime_ns
    assert [Inventory(music).record(number) for number in range(4)] == first
    assert looked == [] and (music / KEPT / INDEX).stat().st_mtime_ns == before
    (music / "album" / "two.json").write_text('{"bpm": 91, "genre": "Jazz"}')
    assert not items([music], held_out=False)[1].metadata.get("held_out")
    assert looked == []
    sound(music / "one.wav", 1.5)
    (music / "one.mp3").unlink()
    assert [i.frames for i in all_items([music])] == [3 * 44_100, 44_100, 66_150]
    assert looked == ["one.wav"]


def test_a_table_tells_of_paths_and_names_those_that_are_gone(music: Path) -> None:
    table = music / "metadata.csv"
    table.write_text('file_name,bpm,caption\none.wav,100,"Fast, loud."\ngone.wav,90,\n')
    facts = {item.name: item.metadata for item in all_items([music])}
    assert facts["music/one.wav"] == {"tempo": 100.0, "captions": ["Fast, loud."]}
    assert "gone.wav\tis in" in (music / KEPT / LEFT_OUT).read_text()
    table.write_text("file_name,bpm\none.wav,101\n")
    assert all_items([music])[3].metadata == {"tempo": 101.0}
    table.unlink()
    assert all_items([music])[3].metadata == {}
    table.write_text("title\nSong\n")
    with pytest.raises(
        LongtakeError, match=r"metadata.csv names no sound; row 1: give .*file_name"
    ):
        Inventory(music)


def test_a_file_that_comes_after_its_row_has_its_facts(music: Path) -> None:
    (music / "metadata.csv").write_text("path,bpm\none.wav,90\nlater.wav,100\ngone.wav,80\n")
    Inventory(music)
    sound(music / "later.wav")
    facts = {item.name: item.metadata for item in all_items([music])}
    assert facts["music/later.wav"] == {"tempo": 100.0}
    assert facts["music/one.wav"] == {"tempo": 90.0}
    listed = (music / KEPT / LEFT_OUT).read_text()
    assert "gone.wav\tis in" in listed and "later.wav" not in listed


def test_a_row_of_no_use_leaves_its_file_out(music: Path, caplog: pytest.LogCaptureFixture) -> None:
    (music / "metadata.csv").write_text("path,bpm\none.wav,fast\none.mp3,100\n,90\n")
    for number in range(2):
        facts = {item.name: item.metadata for item in all_items([music])}
        assert "music/one.wav" not in facts and facts["music/one.mp3"] == {"tempo": 100.0}
        assert f"3 of {6 + number} files" in caplog.text
        caplog.clear()
        listed = (music / KEPT / LEFT_OUT).read_text()
        assert "one.wav\tmetadata.csv, row 1: tempo is 'fast'" in listed
        assert "metadata.csv, row 3\tgive the path" in listed
        sound(music / f"more{number}.wav")


def test_names_that_are_no_utf_8_are_listed_too(music: Path) -> None:
    try:
        (music / os.fsdecode(b"bad\xff.mp3")).write_bytes(b"no sound")
    except OSError:
        pytest.skip("names are UTF-8 here")
    (music / "metadata.jsonl").write_text('{"path": "\\udcfe.wav"}\n')
    assert len(Inventory(music)) == 4
    listed = (music / KEPT / LEFT_OUT).read_text(encoding="utf-8")
    assert "bad\\udcff.mp3\t" in listed and "\\udcfe.wav\tis in" in listed


@pytest.mark.parametrize("damage", ["cut", "cut inside", "kind", "more", "head", "nothing"])
def test_a_damaged_index_is_made_anew(music: Path, damage: str) -> None:
    (music / "metadata.csv").write_text("path,bpm\none.wav,90\n")
    exact = [(item.name, item.metadata) for item in all_items([music])]
    index = music / KEPT / INDEX
    content = index.read_bytes()
    lines = content.splitlines(keepends=True)
    index.write_bytes(
        {
            "cut": b"".join(lines[:3]),
            "cut inside": content[:-40],
            "kind": b"".join([*lines[:3], b'{"path": 1}\n', *lines[4:]]),
            "more": content + b"[" * 100_000,
            "head": b"[]\n" + b"".join(lines[1:]),
            "nothing": b"",
        }[damage]
    )
    assert [(item.name, item.metadata) for item in all_items([music])] == exact
    assert index.read_bytes() == content


def test_a_folder_that_may_not_be_written_has_its_index_elsewhere(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "user_cache_path", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert len(Inventory(music)) == 4
    assert list((tmp_path / "cache").rglob(INDEX))


def test_a_link_to_where_it_came_from_ends(music: Path) -> None:
    try:
        (music / "album" / "again").symlink_to(music, target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    assert len(list(sounds_below(music))) == 6


def test_crops_of_any_rate_are_real_and_another_process_has_the_same(music: Path) -> None:
    crops = Crops(items([music], held_out=False), 10_000)
    batch = crops.batch(8, np.random.default_rng(0))
    assert batch.shape == (8, 2, 10_000) and (batch.abs().amax(dim=(1, 2)) > 0.01).all()
    again = pickle.loads(pickle.dumps(crops))
    parts = [again.batch(8, np.random.default_rng(0), part) for part in (slice(3), slice(3, 8))]
    assert np.array_equal(np.concatenate(parts), batch)


def test_a_file_that_breaks_off_is_named_and_replaced(
    music: Path, caplog: pytest.LogCaptureFixture
) -> None:
    crops = Crops(items([music], held_out=False), 1000)
    (music / "one.mp3").unlink()
    batch = crops.batch(8, np.random.default_rng(0))
    assert (batch.abs().amax(dim=(1, 2)) > 0.01).all()
    assert "no file" in caplog.text
    for path in list(sounds_below(music)):
        (music / path).unlink()
    with pytest.raises(AudioError, match="disks"):
        crops.batch(1, np.random.default_rng(0))


def test_facts_of_a_damaged_kind_leave_their_sound_out(music: Path) -> None:
    (music / "one.json").write_text('{"tempo": "fast"}')
    assert len(all_items([music])) == 2  # one.wav and one.mp3 share it.
    assert "tempo is 'fast'" in (music / KEPT / LEFT_OUT).read_text()
    (music / "one.json").write_text(json.dumps({"tempo": 120}))
    assert len(all_items([music])) == 4
