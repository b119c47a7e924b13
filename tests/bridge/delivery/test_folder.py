"""The watched folder: whole copies under free names, and a sentence where it cannot be."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from bridge.delivery.folder import FolderWay, copy_in, copy_into
from bridge.delivery.way import NotThere
from bridge.delivery_state import Delivery, Placement
from bridge.errors import BridgeError
from engine.errors import DiskError
from tests.small_disks import fill, small_disk

AUDIO = bytes(range(256)) * 4000


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "takes" / "20260101-1200_house_124bpm.wav"
    path.parent.mkdir()
    path.write_bytes(AUDIO)
    path.with_suffix(".json").write_text('{"prompt": "house"}')
    return path


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    folder = tmp_path / "watched"
    folder.mkdir()
    return folder


def delivery(path: Path) -> Delivery:
    return Delivery("d1", "take", path, "House", Placement("folder"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_take_is_copied_with_its_sidecar(take: Path, watched: Path) -> None:
    way = FolderWay(watched)
    assert way.ready() and way.detail() == str(watched)
    said = way.deliver(delivery(take))
    assert said == f"It lies in {watched / take.name}."
    assert (watched / take.name).read_bytes() == AUDIO
    assert (watched / take.name).with_suffix(".json").read_text() == '{"prompt": "house"}'
    assert take.read_bytes() == AUDIO and len(names(watched)) == 2


def test_nothing_is_overwritten(take: Path, watched: Path) -> None:
    (watched / f"{take.stem}.json").write_text("mine")
    (watched / f"{take.stem} 3.wav").write_text("mine")
    copies = [copy_into(watched, take) for _ in range(3)]
    assert [copy.name for copy in copies] == [f"{take.stem} {n}.wav" for n in (2, 4, 5)]
    assert all(copy.read_bytes() == AUDIO for copy in copies)
    assert (watched / f"{take.stem}.json").read_text() == "mine"
    assert (watched / f"{take.stem} 3.wav").read_text() == "mine"
    assert len(names(watched)) == 2 + 2 * 3


def test_a_copy_is_known_again_unless_it_was_changed(take: Path, watched: Path) -> None:
    assert copy_in(watched, take) is None
    (watched / take.name).write_text("mine")
    copy = copy_into(watched, take)
    assert copy_in(watched, take) == copy
    copy.write_bytes(AUDIO[:-1] + b"x")
    assert copy_in(watched, take) is None


def test_many_at_once_get_a_name_each(take: Path, watched: Path) -> None:
    copies: list[Path] = []
    threads = [
        threading.Thread(target=lambda: copies.append(copy_into(watched, take))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(copies)) == 8 and all(copy.read_bytes() == AUDIO for copy in copies)
    assert len(names(watched)) == 16


def test_a_take_without_a_sidecar(take: Path, watched: Path) -> None:
    take.with_suffix(".json").unlink()
    assert copy_into(watched, take).read_bytes() == AUDIO and names(watched) == [take.name]


def test_a_disk_without_links(take: Path, watched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: Path) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    copies = [copy_into(watched, take), copy_into(watched, take)]
    assert copies[0].name == take.name and copies[1].name == f"{take.stem} 2.wav"
    assert all(copy.read_bytes() == AUDIO for copy in copies) and len(names(watched)) == 4


def test_a_folder_that_is_gone_is_waited_for(take: Path, watched: Path) -> None:
    way = FolderWay(watched)
    watched.rmdir()
    assert not way.ready() and str(watched) in way.detail()
    with pytest.raises(NotThere):
        way.deliver(delivery(take))
    watched.mkdir()
    assert way.ready() and way.deliver(delivery(take))
    assert not FolderWay(None).ready() and "settings" in FolderWay(None).detail()


def test_a_take_that_is_gone(take: Path, watched: Path) -> None:
    take.unlink()
    with pytest.raises(BridgeError, match="not there any more"):
        FolderWay(watched).deliver(delivery(take))
    assert names(watched) == []


@pytest.mark.parametrize("free", [0, 2**17])
def test_a_full_disk_is_named_and_left_as_it_was(take: Path, tmp_path: Path, free: int) -> None:
    with small_disk(tmp_path / "stick", 2**22) as stick:
        fill(stick, free=free)
        with pytest.raises(DiskError, match=r"full .*are free|full, .*needed"):
            copy_into(stick, take)
        assert names(stick) == ["filling"]


def test_a_folder_that_may_only_be_read(take: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", 2**22) as stick:
        subprocess.run(["mount", "-o", "remount,ro", str(stick)], check=True)
        with pytest.raises(
            DiskError, match=r"was not copied into .*stick: Read-only file system\."
        ):
            copy_into(stick, take)
        assert names(stick) == []
