"""Errors for the user: each has one sentence that says what is wrong and what to do.

Knows nothing of torch, files or models. The command line prints the sentence and exits with 2; the bridge sends
it as `/longtake/error`; the panel shows it in its status bar.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LongtakeError(Exception):
    """Base class of all errors whose text is meant for the user."""


class SpecError(LongtakeError):
    """An invalid request: a missing prompt, a value out of range, an unknown choice."""


class AudioError(LongtakeError):
    """Audio that cannot be used: not audio, empty, not finite, not writable."""


class DiskError(AudioError):
    """A file that its disk does not take: full, gone, read-only. What was made may still go elsewhere."""


class CheckpointError(LongtakeError):
    """Weights that are missing, damaged, or do not fit the network; names the file and the keys."""


class ShapeError(LongtakeError):
    """An input of the wrong shape for a network."""


class PresetError(LongtakeError):
    """A preset or settings file with an unknown key or an invalid value; names the file and the key."""


def known(kind: str) -> type[LongtakeError]:
    """The class of that name if it is one of these, else the base class: for errors that come from another process."""
    ours = (SpecError, AudioError, DiskError, CheckpointError, ShapeError, PresetError)
    return next((each for each in ours if each.__name__ == kind), LongtakeError)


def sentence(error: BaseException) -> str:
    """An error for people: ours says what it is, the others at least what they are."""
    if isinstance(error, LongtakeError):
        return str(error)
    if memory_ran_out(error):
        return "There was not enough memory; ask for a shorter take or a smaller model."
    return f"{type(error).__name__}: {error}"


def memory_ran_out(error: BaseException) -> bool:
    """Whether there was too little memory, of this machine or of its card."""
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower()


def choices(known: Iterable[str]) -> str:
    """Joins names for use in a message: `a, b or c`."""
    names = [str(name) for name in known]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the known name that is most like this word; empty if none is."""
    names = {name.strip("-").casefold(): name for name in known}
    typed = word.strip("-").casefold()
    begun = [name for small, name in names.items() if typed and small.startswith(typed)]
    near = begun[:3] or [names[small] for small in difflib.get_close_matches(typed, names, 1)]
    return f"; did you mean {choices(near)}?" if near else ""
