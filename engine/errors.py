"""Errors a user may meet: each carries one sentence that says what was wrong and what would be right.

Knows nothing of torch, files or models. The command line prints the sentence and exits with 2; the bridge sends
it as `/longtake/error`; the panel shows it in its status line.
"""

from __future__ import annotations

from collections.abc import Iterable


class LongtakeError(Exception):
    """Base of all errors whose text is meant for the user."""


class SpecError(LongtakeError):
    """A request that no model could fulfil: a missing prompt, a value out of range, an unknown choice."""


class AudioError(LongtakeError):
    """An audio file or array that cannot be used: not audio, empty, not finite, unwritable."""


class CheckpointError(LongtakeError):
    """Weights that are missing, damaged, or do not fit the network; names the file and the keys."""


class ShapeError(LongtakeError):
    """An array of the wrong shape at a network's door."""


class PresetError(LongtakeError):
    """A preset or settings file with an unknown key or a wrong value; names the file and the key."""


def choices(known: Iterable[str]) -> str:
    """Joins known names for the end of a message: `a, b or c`."""
    names = [str(name) for name in known]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"
