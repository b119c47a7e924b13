"""Laws of shared memory: both processes see it, and whoever is killed leaves no file and no warning behind."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from bridge.shared_file import SharedFile
from tests.small_disks import fill, small_disk


def files() -> set[Path]:
    """What such memory could have left where files lie."""
    places = (Path(tempfile.gettempdir()), Path("/dev/shm"))
    return {path for place in places for path in place.glob("longtake-*") if path.is_file()}


def double(file: SharedFile) -> None:
    file.map[:4] = bytes(2 * byte for byte in file.map[:4])


def test_a_spawned_process_sees_the_same_memory() -> None:
    before = files()
    file = SharedFile.create(4096)
    assert file.size == 4096 and not any(bytes(file.map))
    file.map[:4] = bytes((1, 2, 3, 4))
    process = multiprocessing.get_context("spawn").Process(target=double, args=(file,))
    process.start()
    process.join(60)
    assert file.map[:4] == bytes((2, 4, 6, 8))
    assert files() == before


@pytest.mark.skipif(os.name == "nt", reason="ends a process by a signal")
def test_a_killed_owner_leaves_neither_file_nor_warning() -> None:
    before = files()
    code = (
        "import os, signal; from bridge.audio.ring_buffer import RingBuffer; ring = RingBuffer();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, b"")
    assert files() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file behind it")
def test_an_array_that_still_looks_into_it_keeps_the_memory_and_nothing_else() -> None:
    file = SharedFile.create(4096)
    [handle] = file.inherited
    view = np.frombuffer(file.map, np.float32)
    file.map[:4] = np.float32(0.5).tobytes()
    memory = file.map
    del file
    assert view[0] == 0.5
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)
    with pytest.raises(BufferError):
        memory.close()
    del view
    memory.close()


def test_memory_by_name_is_the_same_in_both_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, whose named memory stands here in a table: it exists once for each name."""
    made: dict[str, mmap.mmap] = {}
    monkeypatch.setattr(
        "bridge.shared_file._named",
        lambda name, size: made.setdefault(name, mmap.mmap(-1, size)),
    )
    file = SharedFile("longtake-abc:4096")
    assert (file.size, file.inherited, file.place) == (4096, (), "longtake-abc:4096")
    child = pickle.loads(pickle.dumps(file))
    assert child.map is file.map
    assert child.size == 4096
    assert SharedFile("longtake-abd:4096").map is not file.map


@pytest.mark.skipif(os.name == "nt", reason="it has names there")
def test_a_name_means_nothing_where_there_are_none() -> None:
    with pytest.raises(OSError, match="no memory longtake-abc"):
        SharedFile("longtake-abc:4096")


def test_where_memory_for_files_is_full_it_lies_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "shm", 2**20) as memory:
        monkeypatch.setattr("bridge.shared_file.MEMORY", str(memory))
        file = SharedFile.create(2**22)
        file.map[-4:] = b"last"
        assert bytes(file.map[-4:]) == b"last"
        assert list(memory.iterdir()) == []
        inside = SharedFile.create(2**19)
        inside.map[:] = bytes(2**19)
        assert fill(memory).stat().st_size <= 2**19
