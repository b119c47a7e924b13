"""The first thing that runs on the other machine: `python3 PARCEL.pyz COMMAND ...`, standard library only.

As `__main__.py` of the parcel it unpacks the archive beside itself, once, and hands the command over to `longtake`. A
run that came along is laid where `--run` says, unless there is one. Nothing is installed, and nothing is fetched.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

OLDEST = (3, 11)
CODE, SITE, FONTS, RUN = "code", "site", "fonts", "run"
"""Folders in the parcel: Longtake, the packages that are lacking, the soundfont, the parts of a run."""
PLANES = ".planes"
"""Suffix of weights in 16 bits whose high and low bytes lie apart, as they compress better so."""


def main(parcel: Path, argv: list[str]) -> NoReturn:
    """Unpacks the parcel and becomes the command, or says why it cannot."""
    if sys.version_info < OLDEST:
        sys.exit("longtake: the parcel needs Python {}.{} or newer.".format(*OLDEST))
    try:
        place = unpack(parcel)
    except (OSError, zipfile.BadZipFile) as error:
        sys.exit(f"longtake: {parcel} cannot be unpacked: {error}.")
    lay_run(place, argv)
    environment = surroundings(place, os.environ)
    command = [sys.executable, str(place / CODE / "longtake.py"), *argv]
    sys.stdout.flush()
    os.execve(command[0], command, environment)


def unpack(parcel: Path) -> Path:
    """The folder with the parcel's files: beside it, or where temporary files are if nothing may be written there.

    It appears whole, under a name that changes with the content; zip's own checksums are verified.
    """
    with zipfile.ZipFile(parcel) as archive:
        sums = "".join(f"{info.filename}:{info.CRC}\n" for info in archive.infolist())
        name = f"{parcel.stem}-{zlib.crc32(sums.encode()):08x}"
        folder = parcel.parent if os.access(parcel.parent, os.W_OK) else Path(tempfile.gettempdir())
        place = folder / name
        if not place.is_dir():
            made = Path(tempfile.mkdtemp(dir=folder, prefix=f".{name}-"))
            try:
                archive.extractall(made)
                for path in made.rglob(f"*{PLANES}"):
                    path.with_suffix("").write_bytes(together(path.read_bytes()))
                    path.unlink()
                made.rename(place)
            except (OSError, zipfile.BadZipFile):
                if not place.is_dir():  # Another process may have been faster.
                    raise
            finally:
                shutil.rmtree(made, ignore_errors=True)
    return place


def apart(data: bytes) -> bytes:
    """The bytes at even places, then those at odd ones."""
    return data[::2] + data[1::2]


def together(data: bytes) -> bytes:
    """The inverse of `apart`."""
    mixed = bytearray(len(data))
    middle = (len(data) + 1) // 2
    mixed[::2], mixed[1::2] = data[:middle], data[middle:]
    return bytes(mixed)


def lay_run(place: Path, argv: list[str]) -> None:
    """Copies the run that came along to the folder that `--run` names, if that does not exist yet."""
    named = [after for flag, after in pairwise(argv) if flag == "--run"]
    named += [one.partition("=")[2] for one in argv if one.startswith("--run=")]
    if named and (place / RUN).is_dir() and not Path(named[0]).exists():
        shutil.copytree(place / RUN, Path(named[0]) / "parts")


def surroundings(place: Path, environment: dict[str, str] | os._Environ[str]) -> dict[str, str]:
    """The environment of the command and its children: the packages of the machine come before the parcel's."""
    paths = [str(place / CODE), environment.get("PYTHONPATH", ""), str(place / SITE)]
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "LONGTAKE_SOUNDFONTS": str(place / FONTS),
        "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


if __name__ == "__main__":
    main(Path(sys.argv[0]).resolve(), sys.argv[1:])
