"""Laws of the musical time: who leads, how position runs on, when the next boundary comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.events import Event, TransportChanged
from bridge.state import QUANTIZES
from bridge.transport import SILENT_AFTER, Transport, next_boundary, quantum
from tests.bridge.parts import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def transport(clock: Clock, told: list[Event]) -> Transport:
    return Transport(told.append, clock)


@given(
    beat=st.floats(-1000, 1000),
    quantize=st.sampled_from(QUANTIZES),
    signature=st.tuples(st.integers(1, 16), st.sampled_from([2, 4, 8])),
)
def test_a_boundary_is_on_the_grid_at_or_after_now_and_less_than_one_step_away(
    beat: float, quantize: str, signature: tuple[int, int]
) -> None:
    boundary = next_boundary(beat, quantize, signature)  # type: ignore[arg-type]
    step = quantum(quantize, signature)  # type: ignore[arg-type]
    assert boundary >= beat
    if step == 0:
        assert boundary == beat
    else:
        assert boundary - beat < step
        distance = abs(boundary / step - round(boundary / step))
        assert distance < 1e-5


def test_bars_follow_the_signature() -> None:
    assert next_boundary(1.0, "bar", (3, 4)) == 3.0
    assert next_boundary(1.0, "bar", (7, 8)) == 3.5
    assert next_boundary(4.0, "4bar", (4, 4)) == 16.0
    assert next_boundary(4.0, "bar", (4, 4)) == 4.0


def test_position_runs_on_with_the_tempo_and_across_its_changes(
    transport: Transport, clock: Clock
) -> None:
    transport.change("osc", {"tempo": 120.0, "playing": True, "beat": 8.0})
    clock.now += 2
    assert transport.state().beat == pytest.approx(12.0)
    transport.change("osc", {"tempo": 60.0})
    clock.now += 2
    assert transport.state().beat == pytest.approx(14.0)
    transport.change("osc", {"playing": False})
    clock.now += 2
    assert transport.state().beat == pytest.approx(14.0)


def test_positions_over_osc_that_come_late_are_smoothed(transport: Transport, clock: Clock) -> None:
    """Up to a period of 1024 frames late: the least late of the last seconds tells how late the others are."""
    rng = np.random.default_rng(4)
    began = clock.now
    transport.change("osc", {"tempo": 120.0, "playing": True, "beat": 0.0})
    off = []
    for count in range(1, 200):
        due = began + count * 0.05
        clock.now = due + 0.001 + rng.uniform(0, 0.023)
        transport.change("osc", {"beat": (due - began) * 2.0})
        off.append((transport.state(began + 20.0).beat - 40.0) / 2.0)
    assert np.abs(off[80:]).max() < 0.003
    assert np.ptp(off[80:]) < 0.002
    transport.change("osc", {"beat": 64.0})
    assert transport.state().beat == pytest.approx(64.0)
    transport.change("osc", {"tempo": 90.0, "beat": 64.01})
    assert transport.state().beat == pytest.approx(64.01)


def test_a_position_may_be_that_of_another_moment(transport: Transport, clock: Clock) -> None:
    transport.change("midi", {"tempo": 60.0, "playing": True, "beat": 4.0}, at=clock.now + 0.25)
    assert transport.state().beat == pytest.approx(3.75)
    assert transport.state(clock.now + 1.25).beat == pytest.approx(5.0)


def test_the_stronger_source_leads_until_it_falls_silent(
    transport: Transport, clock: Clock
) -> None:
    transport.change("midi", {"tempo": 128.0})
    transport.change("osc", {"tempo": 90.0, "key": "A minor"})
    assert transport.state().tempo == 128.0
    assert transport.state().key == "A minor"
    clock.now += SILENT_AFTER + 0.1
    transport.change("osc", {"tempo": 90.0})
    assert (transport.state().tempo, transport.state().source) == (90.0, "osc")


def test_a_chosen_source_leads_alone(transport: Transport, clock: Clock) -> None:
    transport.set_source("manual")
    transport.change("link", {"tempo": 128.0})
    clock.now += 60
    transport.change("link", {"tempo": 128.0})
    assert not transport.state().tempo_known
    transport.change("manual", {"tempo": 99.0})
    assert transport.state().tempo == 99.0


def test_changes_are_told_once_and_a_steady_clock_is_not_news(
    transport: Transport, clock: Clock, told: list[Event]
) -> None:
    transport.change("midi", {"tempo": 120.0, "playing": True, "beat": 0.0})
    assert len(told) == 1
    for beat in range(1, 9):
        clock.now += 0.5
        transport.change("midi", {"tempo": 120.0, "playing": True, "beat": float(beat)})
    assert len(told) == 1
    transport.change("midi", {"beat": 64.0})
    last = told[-1]
    assert isinstance(last, TransportChanged) and last.transport.beat == 64.0


@pytest.mark.parametrize(
    "change",
    [
        {"tempo": 5.0},
        {"tempo": float("nan")},
        {"signature": (4, 3)},
        {"signature": (0, 4)},
        {"selection": (8.0, 4.0)},
        {"beat": float("inf")},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(transport: Transport, change: dict) -> None:  # type: ignore[type-arg]
    before = transport.state()
    with pytest.raises(BridgeError) as refused:
        transport.change("manual", change)  # type: ignore[arg-type]
    assert refused.value.code == "out_of_range"
    assert transport.state() == before


def test_unknown_sources_and_grids_name_the_known_ones(transport: Transport) -> None:
    with pytest.raises(BridgeError, match="manual, osc, daw, midi or link"):
        transport.set_source("sundial")  # type: ignore[arg-type]
    with pytest.raises(BridgeError, match="none, beat, bar, 2bar or 4bar"):
        transport.set_quantize("3bar")  # type: ignore[arg-type]
