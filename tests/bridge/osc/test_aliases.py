"""Positions of every host that is read, each with the place it means in quarter notes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.osc.aliases import Heard, transport_change
from bridge.osc.packet import Value
from bridge.state import TransportState

METRES = [(4, 4), (3, 4), (6, 8), (7, 8), (5, 4), (2, 2), (12, 8)]


def beat(address: str, value: Value, metre: tuple[int, int] = (4, 4)) -> float | None:
    change = transport_change(Heard(), address, [value], TransportState(signature=metre))
    return change.get("beat")


def bitwig(beats: float, metre: tuple[int, int]) -> str:
    """As DrivenByMoss writes a position: bar.quarter.sixteenth:hundredths of a sixteenth, all but the last from 1."""
    bars, rest = divmod(math.floor(beats * 400), 400 * (4 * metre[0] // metre[1]))
    quarters, rest = divmod(rest, 400)
    return f"{bars + 1}.{quarters + 1}.{rest // 100 + 1}:{rest % 100:02d}"


def reaper(beats: float, metre: tuple[int, int]) -> str:
    """As Reaper writes a position: bar.beat.hundredths, in beats of the metre."""
    bars, rest = divmod(math.floor(beats * metre[1] / 4 * 100), 100 * metre[0])
    return f"{bars + 1}.{rest // 100 + 1}.{rest % 100:02d}"


@pytest.mark.parametrize("metre", METRES)
@given(beats=st.floats(0, 4000))
def test_a_place_in_bitwig_is_exact_to_its_hundredth(metre: tuple[int, int], beats: float) -> None:
    found = beat("/beat/str", bitwig(beats, metre), metre)
    assert found is not None
    assert -1e-6 <= beats - found <= 0.0025 + 1e-6


@pytest.mark.parametrize("metre", METRES)
@given(beats=st.floats(-64, 4000))
def test_a_place_in_reaper_is_exact_to_its_hundredth(metre: tuple[int, int], beats: float) -> None:
    found = beat("/beat/str", reaper(beats, metre), metre)
    assert found is not None
    assert -1e-6 <= beats - found <= 0.01 * 4 / metre[1] + 1e-6


@pytest.mark.parametrize(
    ("address", "value", "metre", "quarters"),
    [
        ("/beat/str", "12.3.2:50", (4, 4), 46.375),
        ("/beat/str", "1.1.4:00", (4, 4), 0.75),
        ("/beat/str", "12.3.4", (4, 4), 46.75),
        ("/beat/str", "2.1.1:00", (6, 8), 3.0),
        ("/beat/str", "12.3.45", (4, 4), 46.45),
        ("/beat/str", "3.2.50", (3, 4), 7.5),
        ("/beat/str", "2.4.00", (6, 8), 4.5),
        ("/beat/str", "-1.1.00", (4, 4), -8.0),
        ("/beat/str", "3.2", (4, 4), 9.0),
        ("/live/song/get/current_song_time", 12.5, (6, 8), 12.5),
        ("/live/song/get/beat", 12, (7, 8), 12.0),
    ],
)
def test_where_a_host_is(
    address: str, value: Value, metre: tuple[int, int], quarters: float
) -> None:
    assert beat(address, value, metre) == pytest.approx(quarters)


@pytest.mark.parametrize(
    "value", ["", "12", "stopped", "00:01:02.500", "1.2.3.4.5", "1.2.3:4:5", "1.2.x"]
)
def test_what_is_no_place_moves_nothing(value: str) -> None:
    assert beat("/beat/str", value) is None


def test_a_place_beyond_all_songs_is_refused() -> None:
    with pytest.raises(BridgeError, match="No place in a song"):
        beat("/beat/str", "9999999999.1.00")
