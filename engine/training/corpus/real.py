"""Real recordings under free licences: downloaded from Debian, verified by hash, written in the layout of the corpus.

`python -m engine.training.corpus.real --out DIR` downloads the packages named in `real_music.tsv` with
`apt-get download`, extracts the listed files, and writes 44.1 kHz stereo WAV and JSON like the rest of the
corpus, kind "real". Licences and artists are in the table and in ATTRIBUTION.md. There is no beat grid, and a tempo
only if it could be measured reliably. Every tenth recording is held out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from engine.errors import LongtakeError
from engine.parsing import Parser
from engine.training.corpus.effects import PEAK, loudness
from engine.training.corpus.items import write_item
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal

_LOG = logging.getLogger(__name__)
_HELD_OUT_EVERY = 10
_LOUDNESS_LUFS = -14.0


@dataclass(frozen=True, slots=True)
class Recording:
    """One row of the table. `path` may name two stems, joined by " + ", that make the recording together."""

    package: str
    version: str
    path: str
    sha256: str
    licence: str
    artist: str
    title: str
    genres: str
    instruments: str
    moods: str
    tempo: str
    key: str

    @property
    def files(self) -> list[str]:
        """The files inside the package."""
        return self.path.split(" + ")

    def metadata(self, index: int) -> dict[str, Any]:
        """The metadata of the recording; `index` is its row."""
        facts: dict[str, Any] = {
            "kind": "real",
            "held_out": index % _HELD_OUT_EVERY == 0,
            "title": self.title,
            "artist": self.artist,
            "licence": self.licence,
            "source": f"Debian {self.package} {self.version}: {self.path}",
            "genres": _listed(self.genres),
            "instruments": _listed(self.instruments),
            "moods": _listed(self.moods),
        }
        if self.tempo:
            facts["tempo"] = float(self.tempo)
        if self.key:
            facts["key"] = self.key
        return facts


def _listed(text: str) -> list[str]:
    return text.split(", ") if text else []


def recordings() -> list[Recording]:
    """The committed table."""
    text = (resources.files("engine.training.corpus") / "real_music.tsv").read_text(
        encoding="utf-8"
    )
    return [
        Recording(**row)
        for row in csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    ]


def fetch(package: str, downloads: Path) -> Path:
    """Downloads a package unless it exists; returns the .deb.

    Raises:
        LongtakeError: if apt-get is missing or does not find the package.
    """
    found = sorted(downloads.glob(f"{package}_*.deb"))
    if not found:
        try:
            subprocess.run(
                ["apt-get", "download", package], cwd=downloads, check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise LongtakeError(
                f"Package {package} could not be downloaded; this needs apt-get on Debian 12."
            ) from error
        found = sorted(downloads.glob(f"{package}_*.deb"))
    return found[-1]


def extract(deb: Path, wanted: set[str]) -> dict[str, bytes]:
    """The contents of files in a package, by path; a path may continue inside a ZIP archive."""
    contents: dict[str, bytes] = {}
    with (
        subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE
        ) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            name = member.name.removeprefix("./")
            inner = {w.removeprefix(f"{name}/") for w in wanted if w.startswith(f"{name}/")}
            if name not in wanted and not (inner and member.isfile()):
                continue
            file = archive.extractfile(member)
            data = file.read() if file else b""
            if name in wanted:
                contents[name] = data
            else:
                with zipfile.ZipFile(io.BytesIO(data)) as pack:
                    contents |= {
                        f"{name}/{path}": pack.read(path) for path in inner & set(pack.namelist())
                    }
    return contents


def decode(contents: list[bytes]) -> Signal:
    """Mixes the stems of a recording, in 44.1 kHz stereo at the loudness of the corpus: [2, N] float32."""
    stems: list[Signal] = []
    for content in contents:
        read, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
        audio = np.asarray(soxr.resample(read, rate, SAMPLE_RATE), dtype=np.float32)
        stems.append(np.repeat(audio.T, 2, axis=0) if audio.shape[1] == 1 else audio.T[:2])
    mix = np.zeros((2, max(stem.shape[1] for stem in stems)), np.float32)
    for stem in stems:
        mix[:, : stem.shape[1]] += stem
    gain = min(
        10 ** ((_LOUDNESS_LUFS - loudness(mix)) / 20), PEAK / max(1e-6, float(np.abs(mix).max()))
    )
    return mix * np.float32(gain)


def main(arguments: list[str] | None = None) -> None:
    """Downloads, verifies and writes what is missing."""
    parser = Parser(prog="python -m engine.training.corpus.real", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="directory of the items")
    parser.add_argument(
        "--downloads",
        type=Path,
        default=None,
        help="folder for packages (default: OUT/packages)",
    )
    options = parser.parse_args(arguments)
    downloads = options.downloads or options.out / "packages"
    options.out.mkdir(parents=True, exist_ok=True)
    downloads.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    rows = list(enumerate(recordings()))
    for package in dict.fromkeys(row.package for _, row in rows):
        pending = [
            (i, r)
            for i, r in rows
            if r.package == package and not (options.out / f"real_{i:03d}.json").exists()
        ]
        if pending:
            contents = extract(
                fetch(package, downloads), {file for _, row in pending for file in row.files}
            )
            for index, row in pending:
                _write(options.out, index, row, contents)


def _write(directory: Path, index: int, row: Recording, contents: dict[str, bytes]) -> None:
    data = [contents[file] for file in row.files if file in contents]
    if len(data) != len(row.files) or hashlib.sha256(b"".join(data)).hexdigest() != row.sha256:
        _LOG.warning("%s does not match the table; skipped", row.path)
        return
    audio = decode(data)
    write_item(
        directory,
        f"real_{index:03d}",
        audio,
        {**row.metadata(index), "seconds": audio.shape[1] / SAMPLE_RATE},
    )
    _LOG.info(
        "real_%03d %6.1f s %s %s", index, audio.shape[1] / SAMPLE_RATE, row.package, row.title
    )


if __name__ == "__main__":
    main()
