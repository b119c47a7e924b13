"""A file under its final name is complete, whatever happened while it was written."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.whole_files import LARGEST, patiently, read_small, read_text, whole, write_whole


def test_the_name_appears_only_with_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "take.json"
    with whole(path) as part:
        part.write_bytes(b"half")
        assert not path.exists()
        assert part.parent == path.parent, "renaming must not cross file systems"
        part.write_bytes(b"all of it")
    assert path.read_bytes() == b"all of it"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("interruption", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, interruption: BaseException
) -> None:
    path = tmp_path / "take.json"
    write_whole(path, "old")
    with pytest.raises(type(interruption)), whole(path) as part:
        part.write_text("half of the new")
        raise interruption
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    write_whole(path, "Grüße")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_bytes() == "Grüße".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    write_whole(path, "old")
    with pytest.raises(FileNotFoundError), whole(path):
        pass
    assert path.read_text() == "old"


def test_a_missing_folder_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "missing" / "file.txt", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "queue.jsonl"
    write_whole(path, "old")
    script = (
        "import os, pathlib, signal, sys\n"
        "from engine.whole_files import whole\n"
        "with whole(pathlib.Path(sys.argv[1])) as part:\n"
        "    part.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, check=False)
    assert done.returncode in (-signal.SIGTERM, signal.SIGTERM)
    assert path.read_text() == "old"


def test_two_writers_at_once_do_not_share_a_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    with whole(path) as first, whole(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first", "the last to finish wins"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_file_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    plain, written = tmp_path / "plain", tmp_path / "written"
    plain.touch()
    write_whole(written, "text")
    assert written.stat().st_mode == plain.stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_others_may_not_read_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    write_whole(path, "token = 'secret'")
    path.chmod(0o600)
    write_whole(path, "token = 'other'")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="Windows lets few users make links")
@pytest.mark.parametrize("content", ["old", None], ids=["to a file", "to nothing yet"])
def test_a_link_stays_and_the_file_it_points_to_is_replaced(
    tmp_path: Path, content: str | None
) -> None:
    kept, link = tmp_path / "kept" / "settings.toml", tmp_path / "settings.toml"
    kept.parent.mkdir()
    if content is not None:
        kept.write_text(content)
    link.symlink_to(Path("kept") / "settings.toml")
    write_whole(link, "new")
    assert link.is_symlink()
    assert kept.read_text() == "new"
    assert sorted(tmp_path.rglob("*")) == [kept.parent, kept, link]


@pytest.mark.parametrize("letters", [251, 255])
def test_a_name_of_any_length_that_the_disk_takes_is_written(tmp_path: Path, letters: int) -> None:
    path = tmp_path / ("n" * letters)
    write_whole(path, "text")
    assert path.read_text() == "text"
    chinese = tmp_path / ("電" * 85)
    write_whole(chinese, "text")
    assert sorted(tmp_path.iterdir()) == sorted([path, chinese])


@pytest.mark.parametrize("ends", [b"a\nb\n", b"\xef\xbb\xbfa\r\nb\r\n"], ids=["plain", "Windows"])
def test_text_is_read_whatever_editor_wrote_it(tmp_path: Path, ends: bytes) -> None:
    (tmp_path / "file").write_bytes(ends)
    assert read_text(tmp_path / "file") == "a\nb\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_neither_waited_for_nor_replaced(tmp_path: Path, linked: bool) -> None:
    pipe = path = tmp_path / "pipe"
    os.mkfifo(pipe)
    if linked:
        path = tmp_path / "link"
        path.symlink_to(pipe)
    with pytest.raises(OSError, match="no ordinary file"):
        read_small(path)
    with pytest.raises(OSError, match="no ordinary file"):
        write_whole(path, "text")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert set(tmp_path.iterdir()) == {pipe, path}


def test_what_is_too_large_to_be_read_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(OSError, match="more than 64 MB"):
        read_small(tmp_path / "file")


def test_what_another_program_holds_for_a_moment_is_done_all_the_same() -> None:
    tries: list[int] = []

    def act() -> str:
        tries.append(len(tries))
        if len(tries) < 3:
            raise PermissionError(13, "The process cannot access the file")
        return "done"

    assert patiently(act) == "done"
    assert tries == [0, 1, 2]
    with pytest.raises(FileNotFoundError):
        patiently(lambda: Path("missing").stat(), 0.02)
