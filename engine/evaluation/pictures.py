"""The plots of the report: self-similarity and novelty, onsets and timbre by strength, tempi, distances.

Knows nothing of how the figures were measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.intervals import Estimate
from engine.evaluation.structure import ALIKE, FRAME_RATE, NOVEL, Structure
from engine.evaluation.transfer import KEPT, MOVED, Strength
from engine.whole_files import whole


def structures(
    shown: Mapping[str, Structure], written: Mapping[str, Sequence[float]], path: Path
) -> None:
    """A column per piece: the matrix with its boundaries, and below it the novelty, with those that are written."""
    figure = _figure(2.6 * len(shown), 3.7)
    axes = figure.subplots(
        2, len(shown), squeeze=False, sharex="col", gridspec_kw={"height_ratios": [4, 1]}
    )
    for column, (name, form) in enumerate(shown.items()):
        matrix, curve = axes[0, column], axes[1, column]
        seconds = len(form.similarity) / FRAME_RATE
        matrix.imshow(
            form.similarity,
            extent=(0, seconds, seconds, 0),
            vmin=0,
            vmax=1,
            cmap="magma",
            interpolation="nearest",
        )
        matrix.set_title(name, fontsize=9)
        curve.plot(np.arange(len(form.novelty)) / FRAME_RATE, form.novelty, linewidth=0.8)
        curve.axhline(NOVEL, color="grey", linewidth=0.5, linestyle=":")
        for time in written.get(name, ()):
            curve.plot(time, 0.46, "v", color="black", markersize=3)
        curve.set_ylim(0, 0.5)
        curve.set_xlabel("s", fontsize=8)
        for time in form.boundaries:
            matrix.axvline(time, color="white", linewidth=0.4, alpha=0.6)
            curve.axvline(time, color="tab:red", linewidth=0.6)
        if column:
            matrix.set_yticklabels([])
            curve.set_yticklabels([])
        for axis in (matrix, curve):
            axis.tick_params(labelsize=7)
    axes[1, 0].set_ylabel("novelty", fontsize=8)
    _save(figure, path)


def binary(shown: Mapping[str, Structure], path: Path) -> None:
    """A matrix per piece in black and white, as in Figure 4: black where two moments sound alike."""
    figure = _figure(2.2 * len(shown), 2.5)
    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for axis, (name, form) in zip(axes, shown.items(), strict=True):
        seconds = len(form.similarity) / FRAME_RATE
        alike = form.similarity > ALIKE
        axis.imshow(alike, extent=(0, seconds, seconds, 0), cmap="Greys", interpolation="nearest")
        axis.set_title(name, fontsize=9)
        axis.tick_params(labelsize=7)
    _save(figure, path)


def strengths(curve: Sequence[Strength], chosen: Strength, ceiling: float, path: Path) -> None:
    """Onsets kept and timbre moved by strength, and the default chosen from them."""
    figure = _figure(5.5, 3.4)
    axis = figure.subplots()
    levels = [point.level for point in curve]
    axis.plot(levels, [point.onsets for point in curve], "o-", label="onsets kept (F1)")
    axis.plot(levels, [point.moved for point in curve], "s-", label="timbre moved")
    axis.axhline(KEPT, color="tab:blue", linewidth=0.6, linestyle=":")
    axis.axhline(MOVED, color="tab:orange", linewidth=0.6, linestyle=":")
    axis.axhline(ceiling, color="grey", linewidth=0.6, label="onsets found in the recording")
    axis.axvline(chosen.level, color="black", linewidth=0.8, label="default strength")
    axis.set_xlabel("strength (init_noise_level)")
    axis.set_ylim(-0.1, 1.2)
    axis.legend(fontsize=8)
    _save(figure, path)


def tempi(rows: Sequence[Sequence[Any]], path: Path) -> None:
    """Measured against requested tempo, a pair in each row, with lines for half, equal and double."""
    figure = _figure(4.2, 3.8)
    axis = figure.subplots()
    axis.plot(*zip(*rows, strict=True), "o", markersize=4)
    lowest, highest = min(row[0] for row in rows), max(row[0] for row in rows)
    for factor in (0.5, 1.0, 2.0):
        axis.plot(
            (lowest, highest), (factor * lowest, factor * highest), color="grey", linewidth=0.6
        )
    axis.set_xlabel("requested BPM")
    axis.set_ylabel("BPM measured")
    axis.set_ylim(40, 260)
    _save(figure, path)


def distances(shown: Mapping[str, NDArray[np.int64]], path: Path) -> None:
    """Shares of windows by their distance to the nearest one: counts in equal bins from 0 to 2."""
    figure = _figure(6.0, 3.2)
    axis = figure.subplots()
    ends = [np.flatnonzero(counts)[-1] + 1 for counts in shown.values() if counts.any()]
    bins = max([*ends, 20])
    wide = -(-bins // 60)
    for name, counts in shown.items():
        coarse = np.pad(counts, (0, -len(counts) % wide)).reshape(-1, wide).sum(axis=1)
        edges = np.arange(len(coarse) + 1) * wide * 2 / len(counts)
        axis.stairs(coarse / max(counts.sum(), 1), edges, label=name)
    axis.set_xlim(0, bins * 2 / len(next(iter(shown.values()))))
    axis.set_xlabel("distance to the nearest window (1 - cosine)", fontsize=8)
    axis.set_ylabel("share of windows", fontsize=8)
    axis.tick_params(labelsize=7)
    axis.legend(fontsize=8)
    _save(figure, path)


def opinions(shown: Mapping[str, Mapping[str, Estimate]], path: Path) -> None:
    """A column per question, a row per system: mean opinions with their intervals."""
    systems = list(dict.fromkeys(name for each in shown.values() for name in each))
    figure = _figure(1.2 + 1.7 * len(shown), 1.1 + 0.34 * len(systems))
    axes = figure.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    for axis, (question, found) in zip(axes, shown.items(), strict=True):
        for name, (value, low, high) in found.items():
            row = systems.index(name)
            axis.plot((low, high), (row, row), color="grey", linewidth=1.2)
            axis.plot(value, row, "o", color="tab:blue", markersize=5)
        binary = all(0 <= estimate[0] <= 1 for estimate in found.values())
        axis.set_xlim(*((-0.05, 1.05) if binary else (0.9, 5.1)))
        axis.set_xticks((0, 0.5, 1) if binary else range(1, 6))
        axis.set_title(question, fontsize=9)
        axis.grid(axis="x", linewidth=0.3)
        axis.tick_params(labelsize=8)
    axes[0].set_yticks(range(len(systems)), systems)
    axes[0].set_ylim(len(systems) - 0.5, -0.5)
    _save(figure, path)


def _figure(width: float, height: float) -> Any:
    # Without pyplot: needs no window system and keeps no global state.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        figure.savefig(part, format="png", dpi=110)
