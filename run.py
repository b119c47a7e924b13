#!/usr/bin/env python3
"""Sets Longtake up on a bare machine, then runs it: `python3 run.py`, `python3 run.py render "House"`.

One file, standard library only; Windows, macOS, Linux. The first use makes `.venv` beside this file and installs the
pinned set; later ones start at once. `python3 run.py test` installs what the checks need and runs them all. Whatever
goes wrong half way, the next use begins cleanly. Old Pythons can read it as far as the sentence that refuses them.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)
NEEDED_GB = 4
TELL = "about 3 minutes, 400 MB to download, 2 GB on the disk, once"

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
    "jackd": "jackd2",
    "jack_midi_clock": "jack-midi-clock",
    "oscsend": "liblo-tools",
    "pd": "puredata-core",
    "pdsend": "puredata-utils",
    "ardour": "ardour",
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "espeak-ng": "espeak-ng",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2": "fluid-soundfont-gm",
    "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3": "musescore-general-soundfont-small",
}
"""Programs and files the tests use as real parts -> their Debian package."""

WITHOUT_DEPENDENCIES = ("tinysoundfont",)
"""For tests and training: its pyaudio has no wheels for Linux and macOS, and only live playback would use it."""

CPU_TORCH = "https://download.pytorch.org/whl/cpu"
"""Torch for Linux without CUDA's libraries, 2.5 GB less, for where no NVIDIA card is."""


class SetupError(Exception):
    """Why the set-up cannot go on: one sentence for the user."""


def main(argv: Sequence[str], root: Path | None = None) -> int:
    """Sets up what is missing and runs the command; gives the exit code where it comes back at all."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        print(
            "Longtake runs on Python 3.11 to 3.14; this is {}.{}. Get one of those from your "
            "package manager or python.org and use it here.".format(*sys.version_info)
        )
        return 1
    root = root or Path(__file__).resolve().parent
    extras = ["test"] if list(argv[:1]) == ["test"] else []
    try:
        ensure(root, extras)
    except (SetupError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing has to be cleaned up: the next use begins anew.", file=sys.stderr)
        return 130
    if extras:
        return run_checks(root, argv[1:])
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
    free = shutil.disk_usage(root).free / 1e9
    if free < NEEDED_GB and not python_of(root).exists():
        raise SetupError(f"Longtake needs {NEEDED_GB} GB of disk space; here are {free:.1f}.")
    system_packages(extras)
    environment, found = root / ".venv", stamp(root)
    print(f"Setting up Longtake in {environment}: {TELL}.", flush=True)
    began = time.monotonic()
    made_by = [*sys.version_info[:2], str(root)]
    # One without a stamp is somebody's own, which is only added to.
    usable = "key" in found and found.get("made_by") == made_by if found else True
    if not (usable and python_of(root).exists()):
        # Half of one, or another Python's, or one that was moved. What pip has fetched, it keeps elsewhere.
        shutil.rmtree(environment, ignore_errors=True)
    environment.mkdir(exist_ok=True)
    write_stamp(root, {"begun": time.time()})
    log = environment / "setup.log"
    log.write_text("", encoding="utf-8")
    if not python_of(root).exists():
        call([sys.executable, "-m", "venv", str(environment)], log)
    for command in pip_commands(root, extras):
        call(command, log)
    write_stamp(root, {"key": key(root), "extras": extras, "made_by": made_by})
    print(f"Ready after {time.monotonic() - began:.0f} s.\n", flush=True)


def pip_commands(root: Path, extras: Sequence[str]) -> Iterator[list[str]]:
    """The calls of pip that install the pinned set and the project itself, in place."""
    pip = [str(python_of(root)), "-m", "pip", "install", "--disable-pip-version-check"]
    pins = ["-c", str(root / "constraints.txt")]
    project = str(root) + ("[{}]".format(",".join(extras)) if extras else "")
    # The build's own tool comes first, so that pip needs no second environment to build the project in.
    yield [*pip, *pins, "setuptools"]
    yield [*pip, *pins, *torch_index(), "--no-build-isolation", "-e", project]
    if extras:
        yield [*pip, *pins, "--no-deps", *WITHOUT_DEPENDENCIES]


def torch_index() -> list[str]:
    """On Linux without an NVIDIA card: pip's option for the small torch, if its place can be reached."""
    if sys.platform != "linux" or shutil.which("nvidia-smi"):
        return []
    with contextlib.suppress(OSError):
        socket.create_connection(("download.pytorch.org", 443), timeout=3).close()
        return ["--extra-index-url", CPU_TORCH]
    return []


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
    # It inherits the lock: should this process be killed, the next one waits until the orphan has ended.
    process = subprocess.Popen(list(command), close_fds=False, **pipe)
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
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            os.set_inheritable(lock.fileno(), True)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                print("Another set-up is at work here; waiting for its end.", flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # The lock goes when the file is closed, also when the process dies.


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
        missing += [
            (package,)
            for name, package in TEST_PARTS.items()
            if not (shutil.which(name) or Path(name).is_file())
        ]
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


def checks(root: Path) -> dict[str, list[str]]:
    """Name -> command of every check."""
    python = str(python_of(root))
    scripts = python_of(root).parent
    return {
        "ruff check": [python, "-m", "ruff", "check", "."],
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "pyright": [python, "-m", "pyright"],
        "import linter": [str(scripts / "lint-imports"), "--no-cache"],
        # Real processes, sockets and sound servers take part: what fails on a busy machine gets one
        # more try, and the summary names it.
        "pytest": [
            *(python, "-m", "pytest", "--reruns", "1", "-rR"),
            *("--cov=engine", "--cov-fail-under=85"),
        ],
    }


def run_checks(root: Path, arguments: Sequence[str]) -> int:
    """Runs all checks and says of each how it went; with arguments it is pytest alone that gets them."""
    if arguments:
        return hand_over([str(python_of(root)), "-m", "pytest", *arguments])
    failed, results = [], []
    for name, command in checks(root).items():
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
