"""The request of each command: from command-line arguments to a `GenerationSpec`.

The headers of recordings are read here, so that what is no recording is refused at once. Knows nothing of torch.
"""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path
from typing import Any

from engine.cli.flags import settings
from engine.errors import AudioError, SpecError
from engine.precedence import agreed
from engine.sound.recordings import recording_seconds
from engine.sound.takes import read_spec
from engine.spec import RANDOM_SEEDS, GenerationSpec

ADDED_SECONDS = 15.0
"""Default length that `continue` adds, s."""

VARIATION = 0.3
"""Default variation of `vary`."""


def render(arguments: argparse.Namespace) -> GenerationSpec:
    """Music from a prompt."""
    return GenerationSpec.from_dict(settings(arguments))


def transform(arguments: argparse.Namespace) -> GenerationSpec:
    """A recording restyled after a prompt; as long as the recording, unless a length is given."""
    recording_seconds(str(arguments.audio))
    return GenerationSpec.from_dict(settings(arguments) | _from(arguments.audio))


def continue_(arguments: argparse.Namespace) -> GenerationSpec:
    """A recording with new music after it; the default prompt is that of the recorded take."""
    given = _prompted(arguments)
    length = _length(arguments.audio)
    given["seconds_total"] = length + given.get("seconds_total", ADDED_SECONDS)
    return GenerationSpec.from_dict(given | _from(arguments.audio) | {"keep": [[0.0, length]]})


def inpaint(arguments: argparse.Namespace) -> GenerationSpec:
    """A recording with the spans in `keep` kept and the rest generated."""
    given = _prompted(arguments)
    length = _length(arguments.audio)
    if "keep" not in given:
        raise SpecError(
            "inpaint needs --keep, the spans of the recording to keep, such as --keep 0:8,16:24."
        )
    given["keep"] = [[start, min(end, length)] for start, end in given["keep"] if start < length]
    if not given["keep"]:
        raise SpecError(f"Nothing to keep lies within the {length:g} s of {arguments.audio}.")
    return GenerationSpec.from_dict(given | _from(arguments.audio))


def vary(arguments: argparse.Namespace) -> GenerationSpec:
    """A take's own settings and notes, or other chords, moved towards another seed."""
    moved = {"variation": VARIATION, "variation_seed": secrets.randbelow(RANDOM_SEEDS)}
    spec, asked = read_spec(arguments.audio), settings(arguments)
    moved["score_seed"] = spec.composer_seed
    return GenerationSpec.from_dict(agreed(spec.to_dict(), asked) | moved | asked)


def _prompted(arguments: argparse.Namespace) -> dict[str, Any]:
    given = settings(arguments)
    if "prompt" in given:
        return given
    try:
        return given | {"prompt": read_spec(arguments.audio).prompt}
    except AudioError as error:
        # Raises if the recording itself is invalid, which matters more.
        recording_seconds(str(arguments.audio))
        raise SpecError(
            f"Add a prompt after {arguments.audio}: it has no prompt of its own."
        ) from error


def _from(path: Path) -> dict[str, Any]:
    # Absolute: the settings must reproduce the take from any folder.
    return {"init_audio": str(path.resolve())}


def _length(path: Path) -> float:
    return recording_seconds(str(path))
