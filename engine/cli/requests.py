"""The request of each command: from what was asked to a `GenerationSpec`.

The headers of recordings are read here, so that what is no recording is refused at once. Knows nothing of torch or of
the command line's words.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.composing.notation import beats_per_bar_in, tempo_in
from engine.composing.score import score_in
from engine.errors import AudioError, SpecError
from engine.precedence import agreed
from engine.sound.recordings import recording_seconds
from engine.sound.takes import read_settings, read_spec
from engine.spec import DEFAULTS, RANDOM_SEEDS, GenerationSpec

ADDED_SECONDS = 15.0
"""Default length that `continue` adds, s."""

VARIATION = 0.3
"""Default variation of `vary`."""

WHOLE = ("seconds_total", "bars", "form", "loop")
"""What a preset says of a take's length: not for one that goes on from a recording."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command was asked for.

    Attributes:
        typed: parameters that beat all others.
        base: parameters of a preset or of a batch.
        audio: the recording or take, for the commands that have one.
    """

    typed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    base: Mapping[str, Any] = field(default_factory=dict[str, Any])
    audio: Path = Path()

    def values(self, without: tuple[str, ...] = ()) -> dict[str, Any]:
        """All parameters, where they agree; the base without some."""
        base = {name: value for name, value in self.base.items() if name not in without}
        return agreed(base, self.typed) | dict(self.typed)


def render(asked: Asked) -> GenerationSpec:
    """Music from a prompt."""
    return GenerationSpec.from_dict(asked.values())


def transform(asked: Asked) -> GenerationSpec:
    """A recording restyled after a prompt; as long as the recording, unless a length is given."""
    _length(asked.audio, asked.values())
    return GenerationSpec.from_dict(asked.values() | _from(asked.audio))


def continue_(asked: Asked) -> GenerationSpec:
    """A recording with new music after it; the default prompt and tempo are those of the recorded take."""
    given = _prompted(asked)
    length = _length(asked.audio, given)
    bars = given.pop("bars", None)
    added = given.get("seconds_total", ADDED_SECONDS) if bars is None else bars * _bar(asked, given)
    given["seconds_total"] = length + added
    return GenerationSpec.from_dict(given | _from(asked.audio) | {"keep": [[0.0, length]]})


def inpaint(asked: Asked) -> GenerationSpec:
    """A recording with the spans in `keep` kept and the rest generated."""
    given = _prompted(asked)
    length = _length(asked.audio, given)
    if "keep" not in given:
        raise SpecError(
            "inpaint needs --keep, the spans of the recording to keep, such as --keep 0:8,16:24."
        )
    given["keep"] = [[start, min(end, length)] for start, end in given["keep"] if start < length]
    if not given["keep"]:
        raise SpecError(f"Nothing to keep lies within the {length:g} s of {asked.audio}.")
    return GenerationSpec.from_dict(given | _from(asked.audio))


def vary(asked: Asked) -> GenerationSpec:
    """A take's own settings and notes, or other chords, moved towards another seed."""
    amount = asked.typed.get("variation", VARIATION)
    spec = read_spec(asked.audio).varied(amount, secrets.randbelow(RANDOM_SEEDS))
    typed = {name: value for name, value in asked.typed.items() if name != "variation"}
    return GenerationSpec.from_dict(Asked(typed, spec.to_dict()).values())


def _prompted(asked: Asked) -> dict[str, Any]:
    given = asked.values(WHOLE)
    if "prompt" in given:
        return given
    try:
        return given | {"prompt": read_spec(asked.audio).prompt}
    except AudioError as error:
        # Raises if the recording itself is invalid, which matters more.
        _length(asked.audio, given)
        raise SpecError(
            f"Add a prompt after {asked.audio}: it has no prompt of its own."
        ) from error


def _bar(asked: Asked, given: Mapping[str, Any]) -> float:
    """Length of a bar of what is continued, s."""
    prompt, own, played = str(given["prompt"]), GenerationSpec(), None
    with contextlib.suppress(AudioError):  # No take of ours: the prompt must say it.
        settings = read_settings(asked.audio)
        own, played = GenerationSpec.from_dict(settings["spec"]), score_in(settings)
    tempo = given.get("tempo") or tempo_in(prompt) or own.tempo or (played and played.tempo)
    beats = given.get("beats_per_bar") or beats_per_bar_in(prompt) or own.beats_per_bar or 4
    if tempo is None:
        raise SpecError(
            f"A length in bars needs a tempo, and {asked.audio} says none: add --tempo, or give --seconds."
        )
    return beats * 60.0 / tempo


def _from(path: Path) -> dict[str, Any]:
    # Absolute: the settings must reproduce the take from any folder.
    return {"init_audio": str(path.resolve())}


def _length(path: Path, given: Mapping[str, Any]) -> float:
    first, last = given.get("init_span", DEFAULTS["init_span"])
    return recording_seconds(str(path), (first, last))
