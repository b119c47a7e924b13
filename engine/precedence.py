"""Which settings give way to what is asked for now, for every front end. Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def agreed(values: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Values without those settings of the musician's that what is asked for now takes the place of.

    A MIDI file takes the place of chords and form, and they of it; either settles where the notes come from. A length
    in seconds takes the place of one in bars, and it of that.
    """
    clip, chart = bool(asked.get("midi")), bool(asked.get("chords") or asked.get("form"))
    gone = {"chords", "form", "score"} if clip else {"midi", "score"} if chart else set[str]()
    for length, other in (("seconds_total", "bars"), ("bars", "seconds_total")):
        if asked.get(length) is not None:
            gone = gone | {other}
    return {name: value for name, value in values.items() if name not in gone or asked.get(name)}
