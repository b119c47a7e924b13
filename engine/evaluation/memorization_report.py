"""The report on memorization (§4.5): how near takes come to the material, the nearest pairs to listen to, repeats.

Knows nothing of how windows were compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engine.evaluation import pictures
from engine.evaluation.figures import write_figures
from engine.evaluation.repeats import BINS, Tally
from engine.evaluation.sounds import RATE
from engine.evaluation.tables import table
from engine.evaluation.window_index import Match
from engine.sound.audio import write_audio
from engine.sound.recordings import read_start
from engine.whole_files import write_whole

SAID = {"takes": "takes", "beside": "music beside", "material": "the material itself"}
HEARD = 12.0
"""Seconds of an excerpt: a window and a little more."""


def report(
    found: Mapping[str, Tally], arguments: argparse.Namespace, unread: int, out: Path
) -> str:
    """Writes `README.md`, `figures.json`, `distances.png` and excerpts into a folder; returns the text.

    Raises:
        OSError: if they cannot be written.
    """
    pictures.distances(
        {SAID[name]: tally.histogram for name, tally in found.items()}, out / "distances.png"
    )
    excerpts = found["takes"].closest[: arguments.excerpts]
    for number, match in enumerate(excerpts, 1):
        for side, path, start in (
            ("take", arguments.takes / match.name, match.start),
            ("material", arguments.material / match.other, match.other_start),
        ):
            _excerpt(path, start, out / "excerpts" / f"{number:02d}-{side}.flac")
    figures = {
        "form": 1,
        "unread": unread,
        "replica": arguments.replica,
        **{name: _figures(tally) for name, tally in found.items()},
    }
    write_figures(out / "figures.json", figures)
    text = _text(found, arguments, unread, len(excerpts))
    write_whole(out / "README.md", text)
    return text


def _excerpt(path: Path, start: float, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    frames = round(HEARD * RATE)
    # From the beginning, since a compressed file may be a little shorter than its header says.
    heard = read_start(str(path), RATE, round(start * RATE) + frames)[:, round(start * RATE) :]
    write_audio(target, np.ascontiguousarray(heard), RATE, "16", overwrite=True)


def _figures(tally: Tally) -> dict[str, object]:
    return {
        "sounds": tally.sounds,
        "windows": tally.windows,
        "replicas": tally.replicas,
        "quantiles": {f"{share:g}": tally.quantile(share) for share in (0.01, 0.1, 0.5, 0.9)},
        "closest": [asdict(match) for match in tally.closest],
        "histogram": {
            f"{place * 2 / BINS:.3f}": int(count)
            for place, count in enumerate(tally.histogram)
            if count
        },
    }


def _text(
    found: Mapping[str, Tally], arguments: argparse.Namespace, unread: int, excerpts: int
) -> str:
    rows = [
        (
            SAID[name],
            tally.sounds,
            tally.windows,
            f"{tally.closest[0].distance:.4f}" if tally.closest else "-",
            *(f"{tally.quantile(share):.4f}" for share in (0.01, 0.1, 0.5)),
            tally.replicas,
        )
        for name, tally in found.items()
    ]
    heads = ("asked", "sounds", "windows", "nearest", "1 %", "10 %", "median", "with a replica")
    parts = [
        "# Memorization",
        f"Distances (1 - cosine in CLAP space) from each window to the nearest one of the material in "
        f"`{arguments.material.name}`; below {arguments.replica:g} two windows count as the same music. "
        f"The search is exact; {unread} files could not be read.",
        table(heads, rows),
        "![Distances](distances.png)",
        _beside(found),
        "## Nearest pairs\n\nListen to them: near in CLAP space is alike in sound, and need be no copy.",
        _pairs(found["takes"].closest, excerpts),
    ]
    if "material" in found:
        repeats = found["material"]
        parts += [
            f"## Repeats in the material\n\n{repeats.replicas} of {repeats.sounds} sounds have a passage that another "
            "sound has too. The paper found 5566 in 806,284.",
            _pairs(repeats.closest, 0),
        ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _beside(found: Mapping[str, Tally]) -> str:
    """How often takes come as near as hardly any music does that was not trained on."""
    if "beside" not in found:
        return ""
    bound = found["beside"].quantile(0.01)
    return (
        f"{found['takes'].nearer(bound):.1%} of the takes' windows are nearer than {bound:.4f}, which 1 % of the music "
        "beside is: much more than that would say that takes come from the material."
    )


def _pairs(closest: Sequence[Match], excerpts: int) -> str:
    rows = []
    for number, match in enumerate(closest, 1):
        links = "-"
        if number <= excerpts:
            ends = (f"[{side}](excerpts/{number:02d}-{side}.flac)" for side in ("take", "material"))
            links = ", ".join(ends)
        other = f"`{match.other}` at {match.other_start:.0f} s"
        rows.append(
            (f"`{match.name}` at {match.start:.0f} s", other, f"{match.distance:.4f}", links)
        )
    if not excerpts:
        rows = [row[:3] for row in rows]
    heads = ("sound", "nearest", "distance", "listen")
    return table(heads[: 4 if excerpts else 3], rows) if rows else "None."
