"""What the words of a place mean, for each target, and what is said of words that mean nothing."""

from __future__ import annotations

import pytest

from bridge.delivery.placements import placement
from bridge.delivery.targets import TARGETS
from bridge.delivery_state import Placement
from bridge.errors import BridgeError
from bridge.state import TransportState

STANDS = TransportState(tempo=96.0, tempo_known=True, beat=17.25, source="daw")
SELECTED = TransportState(tempo=96.0, tempo_known=True, beat=17.25, selection=(8.0, 24.0))
BEFORE = TransportState(tempo=96.0, tempo_known=True, beat=-2.5, selection=(-4.0, 4.0))
"""In the count-in before the song."""


@pytest.mark.parametrize(
    ("place", "transport", "at", "position", "length"),
    [
        ("", STANDS, "beat", 17.25, 0.0),
        ("playhead", STANDS, "beat", 17.25, 0.0),
        ("playhead", SELECTED, "beat", 17.25, 0.0),
        ("", SELECTED, "beat", 8.0, 16.0),
        ("selection", SELECTED, "beat", 8.0, 16.0),
        ("", None, "playhead", 0.0, 0.0),
        ("playhead", None, "playhead", 0.0, 0.0),
        ("beat 16", None, "beat", 16.0, 0.0),
        (" beat 0.5 ", STANDS, "beat", 0.5, 0.0),
        ("time 12.5", STANDS, "time", 12.5, 0.0),
        ("end", STANDS, "end", 0.0, 0.0),
        ("playhead", BEFORE, "beat", 0.0, 0.0),
        ("selection", BEFORE, "beat", 0.0, 4.0),
    ],
)
def test_places(
    place: str, transport: TransportState | None, at: str, position: float, length: float
) -> None:
    found = placement("reaper", place, "new", "", transport)
    assert (found.at, found.position, found.length) == (at, position, length)
    assert found.words == place.strip()
    assert found.tempo == (96.0 if transport else 0.0)


def test_what_is_asked_is_the_same_wherever_the_daw_stands() -> None:
    early = placement("reaper", "playhead", "below", "take", STANDS)
    late = placement("reaper", "playhead", "below", "take", SELECTED)
    assert early.asked == late.asked
    assert early.asked != placement("reaper", "end", "below", "take", STANDS).asked


WRONG = {
    ("cubase", "", "", ""): ("out_of_range", "reaper, ableton"),
    ("reaper", "selection", "", ""): ("bad_args", "Nothing is selected in Reaper"),
    ("reaper", "somewhere", "", ""): ("out_of_range", "playhead, selection, beat N, time N or end"),
    ("reaper", "beat", "", ""): ("bad_args", "beat N"),
    ("reaper", "beat -1", "", ""): ("bad_args", "beat N"),
    ("reaper", "beat nan", "", ""): ("bad_args", "beat N"),
    ("reaper", "time 1e9", "", ""): ("bad_args", "time N"),
    ("reaper", "end 3", "", ""): ("bad_args", "end"),
    ("reaper", "", "", "clip"): ("out_of_range", "item or take"),
    ("folder", "beat 3", "", ""): ("out_of_range", "takes no place"),
    ("folder", "", "new", ""): ("out_of_range", "takes no track"),
    ("bitwig", "", "below", ""): ("out_of_range", "takes no track"),
    ("reaper", "", "x" * 300, ""): ("too_long", "256"),
}


@pytest.mark.parametrize("asked", WRONG)
def test_what_cannot_be_is_said(asked: tuple[str, str, str, str]) -> None:
    code, words = WRONG[asked]
    with pytest.raises(BridgeError, match=words) as refused:
        placement(*asked, None)
    assert refused.value.code == code


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_takes_a_placement_without_words(name: str) -> None:
    for transport in (None, STANDS, SELECTED):
        found = placement(name, "", "", "", transport)
        assert found.form == TARGETS[name].forms[0]
        assert isinstance(found, Placement)
