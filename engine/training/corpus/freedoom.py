"""Real melodies and harmony: the MIDI files of the game Freedoom (BSD), through the corpus' soundfonts.

`longtake train freedoom --out DIR` downloads Debian's package, extracts the pieces listed in `freedoom.tsv` from its
WADs, verifies each by hash, and writes them in the layout of the corpus. Further renderings of a piece use the other
soundfont, another key and another tempo. Every tenth piece is held out, with all its renderings.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import struct
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from engine.composing.instruments import FONTS
from engine.parsing import Parser
from engine.training.corpus.general_midi import Score, play, played, read_midi, varied
from engine.training.corpus.items import write_item
from engine.training.corpus.oscillators import SAMPLE_RATE
from engine.training.corpus.real import extract, fetch

_LOG = logging.getLogger(__name__)
_PACKAGE = "freedoom"
_HELD_OUT_EVERY = 10
_VARIATIONS = ((0, 1.0), (2, 1.06), (-2, 0.94), (5, 1.1))
"""Semitones and speed of each rendering."""
_HEARD_SHARE = 0.02
_NAMED = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """One row of the table; `tempo` in BPM and `metre` are empty if the file has no constant one."""

    wad: str
    lump: str
    sha256: str
    tempo: str
    metre: str
    genres: str


def pieces() -> list[Piece]:
    """The committed table."""
    text = (resources.files("engine.training.corpus") / "freedoom.tsv").read_text(encoding="utf-8")
    return [Piece(**row) for row in csv.DictReader(io.StringIO(text), delimiter="\t")]


def lumps(wad: bytes) -> dict[str, bytes]:
    """The named lumps of a WAD."""
    _, count, directory = struct.unpack("<4sii", wad[:12])
    found: dict[str, bytes] = {}
    for index in range(count):
        start, size, name = struct.unpack_from("<ii8s", wad, directory + 16 * index)
        found[name.rstrip(b"\0").decode("ascii")] = wad[start : start + size]
    return found


def metadata(index: int, piece: Piece, score: Score, speed: float) -> dict[str, Any]:
    """The metadata of a rendering."""
    notes = played(score)
    heard = [name for name, count in notes.items() if count > _HEARD_SHARE * sum(notes.values())]
    facts: dict[str, Any] = {
        "kind": "song",
        "held_out": index % _HELD_OUT_EVERY == 0,
        "licence": "BSD-3-Clause",
        "artist": "Freedoom contributors",
        "source": f"Debian {_PACKAGE}: {piece.wad} {piece.lump}",
        "genres": piece.genres.split(", "),
        "instruments": heard[:_NAMED],
    }
    if piece.tempo:
        facts["tempo"] = round(float(piece.tempo) * speed, 3)
    if piece.metre:
        facts["metre"] = piece.metre
        over, under = map(int, piece.metre.split("/"))
        facts["beats_per_bar"] = over * 4 / under
    return facts


def main(arguments: list[str] | None = None) -> None:
    """Downloads, verifies and renders what is missing."""
    parser = Parser(prog="longtake train freedoom", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="directory of the items")
    parser.add_argument("--renderings", type=int, default=1, choices=range(1, len(_VARIATIONS) + 1))
    parser.add_argument(
        "--downloads", type=Path, help="folder for packages (default: OUT/packages)"
    )
    options = parser.parse_args(arguments)
    downloads = options.downloads or options.out / "packages"
    downloads.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    rows = pieces()
    paths = {f"usr/share/games/doom/{row.wad}" for row in rows}
    contents = extract(fetch(_PACKAGE, downloads), paths)
    wads = {Path(path).name: lumps(data) for path, data in contents.items()}
    for rendering in range(options.renderings):
        for index, row in enumerate(rows):
            data = wads.get(row.wad, {}).get(row.lump, b"")
            if hashlib.sha256(data).hexdigest() != row.sha256:
                _LOG.warning("%s %s does not match the table; skipped", row.wad, row.lump)
            else:
                _write(options.out, (index, rendering), row, read_midi(data))


def _write(directory: Path, number: tuple[int, int], piece: Piece, score: Score) -> None:
    index, rendering = number
    name = f"freedoom_{index:03d}_{rendering}"
    if (directory / f"{name}.json").exists():
        return
    semitones, speed = _VARIATIONS[rendering]
    score = varied(score, semitones, speed)
    audio = play(score, FONTS[(index + rendering) % len(FONTS)], seed=1000 * rendering + index)
    seconds = audio.shape[1] / SAMPLE_RATE
    write_item(directory, name, audio, {**metadata(index, piece, score, speed), "seconds": seconds})
    _LOG.info("%s %6.1f s %s", name, seconds, piece.lump)
