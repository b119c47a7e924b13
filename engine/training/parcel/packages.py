"""The packages that a machine with PyTorch, transformers, SciPy and numba still lacks, as files of a folder.

What is lacking follows from what the packages themselves ask for: all that ours need, less all that theirs bring. They
come as wheels for the other machine's Python, at the releases of `constraints.txt`, or as the files that are installed
here, when it runs the same Python. Nothing is installed there: the folder is put on the path. Knows nothing of what
the packages do.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from engine.errors import LongtakeError

OURS = ("soundfile", "soxr", "platformdirs", "psutil")
"""What composing, training and `longtake bench gpu` import; evaluating takes is for the machine at home."""
ALONE = ("tinysoundfont",)
"""Used without what it asks for: pyaudio, which it never imports here."""
THEIRS = ("torch", "transformers", "scipy", "numba")
"""What the other machine has, with all that these ask for."""
PYTHON = "3.12"
PLATFORMS = (*(f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 17)), "manylinux2014_x86_64")
WITHOUT = ("tests", "__pycache__")
"""Folders of packages that nothing imports."""


def lacking() -> dict[str, str]:
    """Name and release of every package that the other machine lacks, by what is installed here.

    Raises:
        LongtakeError: if a package is not installed here; says which.
    """
    there = _with_needs(THEIRS)
    names = [*dict.fromkeys([*_with_needs(OURS), *ALONE])]
    return {name: _version(name) for name in sorted(names) if name not in there}


def install(folder: Path, *, here: bool = False) -> dict[str, str]:
    """Puts what is lacking into a folder for `sys.path`.

    Args:
        folder: empty or new.
        here: take the files that are installed here; they fit only where this Python's release and Linux on x86-64
            run. Otherwise wheels for Python 3.12 are downloaded.

    Returns:
        Name and release of each package.

    Raises:
        LongtakeError: if the wheels cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = lacking()
    if here:
        for name in names:
            _copy(metadata.distribution(name), folder)
    else:
        with tempfile.TemporaryDirectory() as wheels:
            _download(names, Path(wheels))
            for wheel in sorted(Path(wheels).glob("*.whl")):
                _unpack(wheel, folder)
    return names


def fits_here() -> bool:
    """Whether this machine's own packages would run on the other one."""
    ours = (sys.platform, platform.machine(), "{}.{}".format(*sys.version_info))
    return ours == ("linux", "x86_64", PYTHON)


def _with_needs(roots: Iterable[str]) -> set[str]:
    """Canonical names of packages and of all that they ask for, without extras, as far as installed here."""
    found: set[str] = set()
    waiting: list[str] = [canonicalize_name(name) for name in roots]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _needs(name)
    return found


def _needs(name: str) -> Iterator[str]:
    try:
        asked = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for line in asked:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError as error:
        raise LongtakeError(
            f"The parcel needs the package {name}, which is not installed here: "
            "'python3 run.py lint' installs what the tests and the parcel need."
        ) from error


def _download(names: dict[str, str], folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"]
    command += [f"--platform={name}" for name in PLATFORMS]
    command += ["--dest", str(folder), *(f"{name}=={version}" for name, version in names.items())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise LongtakeError(
            f"The wheels for Python {PYTHON} could not be downloaded: {' '.join(said[-2:])} "
            "With this Python on the other machine, '--packages here' takes those of this environment."
        )


def _unpack(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if _is_used(name)])


def _copy(distribution: metadata.Distribution, folder: Path) -> None:
    for file in distribution.files or ():
        # Programs and headers lie outside the packages' folder.
        if ".." not in file.parts and _is_used(file.as_posix()):
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target)


def _is_used(name: str) -> bool:
    parts = name.split("/")
    return not set(parts) & set(WITHOUT) and not parts[0].endswith(".data")
