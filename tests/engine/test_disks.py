"""Laws of a full disk: it is named, whoever noticed it and however little the library that wrote said of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from engine.disks import disk_of, need, why
from engine.errors import DiskError
from tests.small_disks import fill, small_disk


def test_a_full_disk_is_named_even_if_the_writer_says_system_error(tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", 2**20) as disk:
        path = disk / "folder" / "take.wav"
        path.parent.mkdir()
        assert disk_of(path) == disk
        assert why(path, RuntimeError("System error")) == f"the disk {disk} takes no more of it"
        fill(disk)
        for error in (RuntimeError("System error"), OSError(errno.ENOSPC, "no space")):
            assert why(path, error) == f"the disk {disk} is full (0.0 MB are free)"
        with pytest.raises(DiskError, match=rf"the disk {disk} is full.* 4\.0 MB are needed"):
            need(path, 4_000_000)


def test_a_disk_that_is_gone_is_not_taken_for_the_one_below_it(tmp_path: Path) -> None:
    said = why(tmp_path / "gone" / "take.wav", OSError(errno.ENOSPC, "no space"))
    assert said == "its disk is full, or gone"


def test_every_file_has_a_disk(tmp_path: Path) -> None:
    assert os.path.ismount(disk_of(tmp_path / "missing" / "file"))
    need(tmp_path / "file", 1000)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EROFS, "Read-only file system"), "Read-only file system"),
        (OSError(errno.ENAMETOOLONG, "x"), "its name is too long for this disk"),
        (ValueError("embedded null byte"), "embedded null byte"),
    ],
)
def test_other_causes_are_said_as_they_are(tmp_path: Path, error: Exception, said: str) -> None:
    assert why(tmp_path / "file", error).startswith(said)
