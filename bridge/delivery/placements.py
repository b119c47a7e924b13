"""From the words of a musician or a program (`selection`, `beat 16`, `new`) to a `Placement`, settled at that moment.

Knows where the DAW stands only by what it is given.
"""

from __future__ import annotations

import math

from bridge.delivery.targets import TARGETS, target
from bridge.delivery_state import BELOW, NEW, At, Placement
from bridge.errors import BridgeError
from bridge.state import TransportState
from engine.errors import choices

PLACES = ("playhead", "selection", "beat N", "time N", "end")
"""What a place may be called: N in quarter notes or seconds from the start of the song."""
_LONGEST = 256
_FARTHEST = 1e7


def placement(
    name: str, place: str, track: str, form: str, transport: TransportState | None
) -> Placement:
    """Where a take is to lie.

    Args:
        name: the target.
        place: one of `PLACES`; empty is the selection where there is one, else the playhead.
        track: `new`, `below`, a name or a number from 1; empty is the selected one.
        form: `item`, `take` or `clip`; empty is what the target takes first.
        transport: where the DAW stands; None if it has not said.

    Raises:
        BridgeError: `out_of_range` or `bad_args`, with what would be right.
    """
    known = target(name)
    chosen = form or known.forms[0]
    if chosen not in known.forms:
        raise BridgeError(
            "out_of_range", f"{known.title} takes {choices(known.forms)}; it was {form[:40]!r}."
        )
    if track and (not known.tracks or (track in (NEW, BELOW) and track not in known.tracks)):
        raise BridgeError("out_of_range", f"{known.title} takes no track {track[:40]!r}.")
    if len(track) > _LONGEST:
        raise BridgeError("too_long", f"A track's name has at most {_LONGEST} characters.")
    at, position, length = _placed(place.strip(), name, transport)
    tempo = transport.tempo if transport and transport.tempo_known else 0.0
    return Placement(
        name,
        at=at,
        position=position,
        length=length,
        track=track,
        form=chosen,
        tempo=tempo,
        words=place.strip(),
    )


def _placed(place: str, name: str, transport: TransportState | None) -> tuple[At, float, float]:
    """How the place is told, its position, and the length that is selected."""
    word, _, number = place.partition(" ")
    known = TARGETS[name]
    if word in ("", "selection") and transport and transport.selection and known.at:
        start, end = (max(each, 0.0) for each in transport.selection)
        return "beat", start, end - start
    if word == "selection":
        raise BridgeError(
            "bad_args", f"Nothing is selected in {known.title}, or it has not said so."
        )
    if word in ("", "playhead") and not number:
        at = max(transport.beat, 0.0) if transport else 0.0  # Before the song is a count-in.
        return ("beat", at, 0.0) if transport and known.at else ("playhead", 0.0, 0.0)
    if word not in known.at:
        if not known.at:
            raise BridgeError(
                "out_of_range", f"{known.title} takes no place; it was {place[:40]!r}."
            )
        raise BridgeError("out_of_range", f"A place is {choices(PLACES)}; it was {place[:40]!r}.")
    if word == "end" and not number:
        return "end", 0.0, 0.0
    try:
        position = float(number)
    except ValueError:
        position = math.nan
    if word not in ("beat", "time") or not 0 <= position <= _FARTHEST:
        raise BridgeError("bad_args", f"A place is {choices(PLACES)}; it was {place[:40]!r}.")
    return word, position, 0.0
