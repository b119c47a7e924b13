"""Figures with their intervals, and tables of them, in Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

ROLES = {"piece": "held-out pieces", "again": "their reconstructions", "take": "takes"}
"""Role in a pair -> name in a report."""
UNKNOWN = "-"
"""A figure of nothing."""


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a bar in a cell would end it, and is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def share(estimate: Sequence[float]) -> str:
    """As '52% (41 to 60)'."""
    if math.isnan(estimate[0]):
        return UNKNOWN
    return f"{estimate[0]:.0%}" + _between([100 * end for end in estimate[1:]], ".0f")


def points(estimate: Sequence[float]) -> str:
    """A difference of shares, as '-12 points (-20 to -3)'."""
    value, *ends = (100 * one for one in estimate)
    return f"{value:+.0f} points" + _between(ends, "+.0f")


def number(estimate: Sequence[float], digits: int = 2) -> str:
    """As '1.43 (1.38 to 1.47)'."""
    if math.isnan(estimate[0]):
        return UNKNOWN
    return f"{estimate[0]:.{digits}f}" + _between(estimate[1:], f".{digits}f")


def _between(ends: Sequence[float], form: str) -> str:
    """The interval in brackets; nothing where one sound alone was measured."""
    low, high = ends
    return f" ({low:{form}} to {high:{form}})" if math.isfinite(low) else ""


def yes(value: bool) -> str:
    """A word."""
    return "yes" if value else "no"
