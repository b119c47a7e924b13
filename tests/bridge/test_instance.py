"""One Longtake at a time over one folder of data, and a disk without locks is said in a sentence."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.instance import InstanceLock


def test_the_second_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path / "data")
    with pytest.raises(BridgeError, match="running already") as error:
        InstanceLock(tmp_path / "data")
    assert error.value.code == "busy"
    first.close()
    InstanceLock(tmp_path / "data").close()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BridgeError, match="cannot be used") as error:
        InstanceLock(tmp_path / "file" / "data")
    assert error.value.code == "io"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such disks")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(BridgeError, match=r"has no locks.*LONGTAKE_HOME") as error:
        InstanceLock(tmp_path / "data")
    assert error.value.code == "io"
