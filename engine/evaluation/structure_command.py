"""`longtake evaluate structure`: the form of the music in one folder beside that in others (§4.4, Figure 4).

Each recording is heard alone, and of its self-similarity matrix no more is kept than is shown. Knows nothing of models.
"""

from __future__ import annotations

import argparse
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import AudioError, LongtakeError, SpecError
from engine.evaluation import folders
from engine.evaluation.figures import write_figures, writing
from engine.evaluation.intervals import Estimate, apart, difference, mean
from engine.evaluation.tables import number, share, table
from engine.parsing import Parser, within
from engine.whole_files import write_whole

SHORTEST = 60.0
"""s; what is shorter has no sections to find."""
MEASURES = {
    "boundaries": "boundaries",
    "per_minute": "boundaries a minute",
    "section": "length of a section, s",
    "novelty": "novelty of a boundary",
    "repetition": "share that returns",
    "starts": "starts with music",
    "ends": "ends by dying away",
    "holes": "holes",
}
SHARES = ("repetition", "starts", "ends")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was measured of the recordings in a folder, by name, how many could not be, and whether some are drawn."""

    rows: Mapping[str, Mapping[str, Any]]
    left: int
    drawn: bool


def main(argv: Sequence[str]) -> int:
    """Runs the command.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    arguments = _parser().parse_args(list(argv))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    folders.need("librosa", "matplotlib", "mir_eval")
    found: dict[str, dict[str, Path]] = {}
    for folder in (arguments.takes, *arguments.beside):
        name = folder.resolve().name
        if name in found:
            raise SpecError(
                f"Two folders are called {name}; rename one, so that they can be told apart."
            )
        found[name] = folders.recordings(folder)
    out: Path = arguments.out
    shown = _shown(found, arguments.shown)
    with writing(out):
        heard = {name: _heard(name, files, shown[name], arguments) for name, files in found.items()}
        _report(heard, arguments.seconds, out)
    log.info("the report is in %s", out / "README.md")
    return 0


def _shown(found: Mapping[str, Mapping[str, Path]], count: int) -> dict[str, list[str]]:
    """Which recordings of each folder are drawn: those of the same names, or some of each."""
    from engine.evaluation.sounds import spread

    common = sorted(set.intersection(*(set(files) for files in found.values())))
    return {name: spread(common or sorted(files), count) for name, files in found.items()}


def _heard(
    folder: str, files: Mapping[str, Path], shown: Sequence[str], arguments: argparse.Namespace
) -> Heard:
    from engine.evaluation import pictures
    from engine.evaluation.structure import Structure

    rows: dict[str, Mapping[str, Any]] = {}
    drawn: dict[str, Structure] = {}
    for number_, (name, path) in enumerate(files.items(), 1):
        try:
            form, seconds = _form(path, arguments.seconds)
        except LongtakeError as error:
            log.warning("left out: %s", error)
            continue
        rows[name] = measured(form, seconds)
        if name in shown:
            drawn[name] = form
        log.info("%s, %d of %d: %s", folder, number_, len(files), name)
    if not rows:
        raise AudioError(f"Nothing in {folder} is {SHORTEST:g} s of sound; give longer recordings.")
    if drawn:
        pictures.structures(drawn, {}, arguments.out / f"{folder}.png")
        pictures.binary(drawn, arguments.out / f"{folder}-binary.png")
    return Heard(rows, len(files) - len(rows), bool(drawn))


def _form(path: Path, seconds: float) -> tuple[Any, float]:
    import numpy as np

    from engine.evaluation.sounds import RATE
    from engine.evaluation.structure import structure
    from engine.sound.recordings import read_start

    samples = read_start(str(path), RATE, round(seconds * RATE))
    length = samples.shape[1] / RATE
    if length < SHORTEST or not np.any(np.abs(samples) > 1e-4):
        raise AudioError(f"{path} is no {SHORTEST:g} s of sound.")
    return structure(samples), length


def measured(form: Any, seconds: float) -> dict[str, Any]:
    """The numbers of `MEASURES` for a `Structure` of so many seconds."""
    count = len(form.boundaries)
    heights = [
        float(form.novelty[round(time * len(form.novelty) / seconds)]) for time in form.boundaries
    ]
    return {
        "boundaries": count,
        "per_minute": 60 * count / seconds,
        "section": seconds / (count + 1),
        "novelty": sum(heights) / count if count else float("nan"),
        "repetition": form.repetition,
        "starts": form.starts,
        "ends": form.ends,
        "holes": form.holes,
        "seconds": seconds,
    }


def _report(heard: Mapping[str, Heard], seconds: float, out: Path) -> None:
    means = {
        name: {measure: _mean(one.rows, measure) for measure in MEASURES}
        for name, one in heard.items()
    }
    first, *others = heard
    behind = {
        other: {
            measure: _behind(heard[first].rows, heard[other].rows, measure) for measure in MEASURES
        }
        for other in others
    }
    figures = {
        "form": 1,
        "means": means,
        "behind": behind,
        "rows": {name: dict(one.rows) for name, one in heard.items()},
        "left_out": {name: one.left for name, one in heard.items()},
    }
    write_figures(out / "figures.json", figures)
    write_whole(out / "README.md", _text(heard, means, behind, seconds))


def _known(rows: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, Any]:
    """Those for which it is defined."""
    return {name: row[measure] for name, row in rows.items() if row[measure] == row[measure]}


def _mean(rows: Mapping[str, Mapping[str, Any]], measure: str) -> Estimate:
    return mean(list(_known(rows, measure).values()))


def _behind(
    ours: Mapping[str, Mapping[str, Any]], theirs: Mapping[str, Mapping[str, Any]], measure: str
) -> Estimate:
    """The mean of ours minus theirs: of recordings of the same names pair by pair, else of both sets."""
    one, two = _known(ours, measure), _known(theirs, measure)
    if set(ours) == set(theirs):
        both = [name for name in one if name in two]
        return difference([one[name] for name in both], [two[name] for name in both])
    return apart(list(one.values()), list(two.values()))


def _text(
    heard: Mapping[str, Heard],
    means: Mapping[str, Mapping[str, Estimate]],
    behind: Mapping[str, Mapping[str, Estimate]],
    seconds: float,
) -> str:
    first = next(iter(heard))
    rows = []
    for measure, said in MEASURES.items():
        told = share if measure in SHARES else number
        row = [said, *(told(means[name][measure]) for name in heard)]
        # Differences of shares too are numbers here, since the table has both.
        row += [number(found[measure]) for found in behind.values()]
        rows.append(row)
    counts = ", ".join(
        f"{len(one.rows)} in `{name}`" + (f" ({one.left} left out)" if one.left else "")
        for name, one in heard.items()
    )
    parts = [
        "# Structure",
        f"Self-similarity of the first {seconds:g} s at most of {counts}; what is shorter than {SHORTEST:g} s or "
        "cannot be read is left out. Boundaries are peaks of Foote's novelty; a passage returns if eight seconds of it "
        "sound alike elsewhere. In brackets: where 95 of 100 repetitions with other recordings would lie.",
        table(("", *heard, *(f"{first} minus {name}" for name in behind)), rows),
    ]
    for name in (name for name, one in heard.items() if one.drawn):
        parts.append(
            f"## {name}\n\n![Self-similarity and novelty]({name}.png)\n\nBinary, as in the paper's Figure 4:\n\n"
            f"![Binary self-similarity]({name}-binary.png)"
        )
    return "\n\n".join(parts) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="longtake evaluate structure",
        description="Self-similarity, sections and repetition of the music in folders, beside each other.",
    )
    add = parser.add_argument
    add("--takes", type=Path, required=True, help="folder of music")
    add("--beside", type=Path, nargs="+", default=[], help="folders to set beside it")
    add("--out", type=Path, default=Path("structure"), help="(default: structure)")
    add("--seconds", type=_length, default=600.0, help="at most so much of each (default: 600)")
    add("--shown", type=_count, default=5, help="recordings in a picture (default: 5)")
    return parser


def _count(word: str) -> int:
    return within(word, int, 0, math.inf, "it is a whole number, 0 or more")


def _length(word: str) -> float:
    return within(word, float, SHORTEST, 3600, f"it is {SHORTEST:g} to 3600 s")
