"""The arithmetic of delays: exact in beats, never shorter than what can be made, and said in numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.live.delay import beats, found, soonest
from bridge.state import TransportState
from engine.live_settings import DELAYS, Pace

TEMPOS = st.floats(30.0, 300.0)
SIGNATURES = st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (1, 1), (5, 4)])
LEASTS = st.floats(0.05, 6.0)
DEVICES = st.floats(0.0, 0.2)


def test_the_least_is_what_the_stream_needs_the_computing_and_the_path() -> None:
    pace = Pace(4.0, 2, 8, 0.2, 13_230, 0.1)
    assert soonest(pace, 0.04) == pytest.approx(0.3 + 0.15 + 0.04)
    assert found("soonest", 0.49, 0.03, TransportState()).seconds == 0.49


def test_beats_are_those_of_the_metre() -> None:
    eighths = TransportState(tempo=120.0, signature=(6, 8))
    assert beats("1", TransportState(tempo=120.0)) == 0.5
    assert beats("1", eighths) == 0.25 and beats("bar", eighths) == 1.5
    assert beats("1/2", TransportState(tempo=60.0)) == 0.5


@given(st.sampled_from(DELAYS), LEASTS, DEVICES, TEMPOS, SIGNATURES)
def test_from_plug_to_plug_it_is_exactly_so_many_beats_and_never_too_soon(
    wanted: str, least: float, devices: float, tempo: float, signature: tuple[int, int]
) -> None:
    transport = TransportState(tempo=tempo, signature=signature)
    delay = found(wanted, least, devices, transport)
    assert delay.seconds >= least - 1e-9
    if delay.name != "soonest":
        assert delay.seconds + devices == pytest.approx(beats(delay.name, transport), abs=1e-9)
    if wanted == delay.name:
        assert delay.problem == ""
    else:
        lengths = [beats(name, transport) for name in DELAYS if name != "soonest"]
        right = [length for length in lengths if length >= least + devices]
        assert beats(wanted, transport) < least + devices
        assert delay.seconds + devices == pytest.approx(min(right, default=least + devices))
        assert f"{1000 * (least + devices):.0f} ms" in delay.problem


def test_a_delay_that_is_too_short_says_what_is_used_instead() -> None:
    delay = found("1/2", 0.61, 0.03, TransportState(tempo=120.0))
    assert (delay.name, delay.seconds) == ("2", pytest.approx(0.97))
    assert delay.problem == (
        "The music needs 640 ms, and at 120 BPM the delay that was chosen is 250 ms: "
        "it answers after 2 beats, 1000 ms."
    )
    assert found("4", 3.0, 0.0, TransportState(tempo=120.0)).name == "soonest"
