import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import CheckpointError
from engine.public.fetching import Download, checksum, fetch, read_page
from tests.engine.public.file_server import FileServer

CONTENT = bytes(range(256)) * 5000
SUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer().serving() as server:
        server.files["/weights.bin"] = CONTENT
        yield server


def of(server: FileServer, sum: str = SUM) -> Download:
    return Download(f"{server.address}/weights.bin?download=1", sum)


def test_a_file_comes_whole(server: FileServer, tmp_path: Path):
    assert of(server).name == "weights.bin"
    path = fetch(of(server), tmp_path / "folder" / "weights.bin")
    assert path.read_bytes() == CONTENT
    assert [each.name for each in path.parent.iterdir()] == ["weights.bin"]
    server.files.clear()
    assert fetch(of(server), path) == path


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_what_broke_off_goes_on(knows_ranges: bool, server: FileServer, tmp_path: Path):
    server.knows_ranges = knows_ranges
    server.cut["/weights.bin"] = 1000
    with pytest.raises(
        CheckpointError, match="cannot be reached; try again later, what came stays"
    ):
        fetch(of(server), tmp_path / "weights.bin")
    assert not (tmp_path / "weights.bin").exists()
    assert fetch(of(server), tmp_path / "weights.bin").read_bytes() == CONTENT
    assert server.ranges == (["bytes=1000-"] if knows_ranges else [])


def test_one_that_came_to_its_end_is_only_checked(server: FileServer, tmp_path: Path):
    (tmp_path / ".weights.bin.incomplete").write_bytes(CONTENT)
    assert fetch(of(server), tmp_path / "weights.bin").read_bytes() == CONTENT


def test_another_file_is_refused_and_not_kept(server: FileServer, tmp_path: Path):
    with pytest.raises(CheckpointError, match="was damaged in the download, or is another file"):
        fetch(of(server, "md5:0"), tmp_path / "weights.bin")
    assert not list(tmp_path.iterdir())


def test_checksums_are_the_usual_ones(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"hello\n")
    assert checksum(path, "md5") == "md5:b1946ac92492d2347c6235b4d2611184"
    # `git hash-object a`
    assert checksum(path, "git") == "git:ce013625030ba8dba906f756967f9e9ca394464a"


def test_what_is_not_there_is_said(server: FileServer, tmp_path: Path):
    gone = Download(f"{server.address}/gone.bin")
    with pytest.raises(CheckpointError, match=r"gone\.bin was refused: 404"):
        fetch(gone, tmp_path / "gone.bin")
    nowhere = "http://127.0.0.1:9/record"
    with pytest.raises(CheckpointError, match="cannot be reached"):
        fetch(Download(nowhere), tmp_path / "record")
    with pytest.raises(CheckpointError, match="cannot be reached"):
        read_page(nowhere)
    assert read_page(f"{server.address}/weights.bin") == CONTENT
