"""Laws of the clock follower: jitter does not move the tempo, a new tempo is followed, positions are exact."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.midi.clock import LOST_AFTER, PER_QUARTER, ClockFollower, roundest

PERIOD = 512 / 44_100


def ticks(
    tempo: float, count: int, *, period: float = PERIOD, seed: int = 0, begin: float = 0.0
) -> np.ndarray:
    """Times of clock ticks as JACK hands them over: at the next period, with a sender's own lateness."""
    rng = np.random.default_rng(seed)
    ideal = begin + np.arange(count) * 60 / tempo / PER_QUARTER + rng.uniform(0, 0.0005, count)
    phase = rng.uniform()
    return (np.ceil(ideal / period + phase) - phase) * period


def told(follower: ClockFollower, times: np.ndarray) -> list[float]:
    changes = [follower.tick(float(time)) for time in times]
    return [change["tempo"] for change in changes if "tempo" in change]


@pytest.mark.parametrize("tempo", [60, 90, 120, 124, 128, 140, 174])
@pytest.mark.parametrize("period", [64 / 48_000, PERIOD])
def test_jitter_of_a_period_never_moves_the_tempo(tempo: float, period: float) -> None:
    for seed in range(4):
        follower = ClockFollower()
        follower.start()
        tempi = told(follower, ticks(tempo, 64 * PER_QUARTER, period=period, seed=seed))
        assert len(tempi) > 50
        assert max(abs(found - tempo) for found in tempi) < 0.1


@pytest.mark.parametrize("tempo", [123.8, 97.3, 100.55])
def test_a_tempo_that_is_not_round_is_found_and_then_stays(tempo: float) -> None:
    for seed in range(4):
        follower = ClockFollower()
        follower.start()
        tempi = told(follower, ticks(tempo, 64 * PER_QUARTER, seed=seed))
        assert max(abs(found - tempo) for found in tempi) < 0.5
        settled = tempi[16:]
        assert max(abs(found - tempo) for found in settled) < 0.1


def test_nothing_is_said_before_a_beat_has_come() -> None:
    follower = ClockFollower()
    assert told(follower, ticks(120, PER_QUARTER - 1, period=0.001)) == []
    assert follower.tempo is None


def test_a_new_tempo_is_followed_within_a_few_beats() -> None:
    follower = ClockFollower()
    follower.start()
    told(follower, ticks(120, 16 * PER_QUARTER))
    end = 16 * 0.5
    tempi = told(follower, ticks(140, 8 * PER_QUARTER, seed=1, begin=end))
    assert tempi[-1] == 140.0
    assert set(tempi) <= {120.0, 140.0}


def test_position_counts_ticks_and_follows_start_stop_continue_and_song_position() -> None:
    follower = ClockFollower()
    assert follower.start() == {"playing": True, "beat": 0.0}
    told(follower, ticks(120, 36))
    assert follower.beat == 1.5
    assert follower.stop() == {"playing": False, "beat": 1.5}
    told(follower, ticks(120, 24, begin=1.0))
    assert follower.beat == 1.5
    assert follower.locate(32) == {"beat": 8.0}
    assert follower.go_on() == {"playing": True, "beat": 8.0}


def test_a_clock_that_paused_is_measured_anew() -> None:
    follower = ClockFollower()
    told(follower, ticks(120, 200))
    assert follower.running(200 / 48 + 0.1)
    assert not follower.running(200 / 48 + LOST_AFTER + 0.1)
    tempi = told(follower, ticks(90, 200, begin=60.0))
    assert tempi[-1] == 90.0


def test_the_roundest_number_within_the_margin_is_told() -> None:
    assert roundest(123.81, 0.3) == 124.0
    assert roundest(123.81, 0.05) == 123.8
    assert roundest(123.81, 0.001) == 123.81


@pytest.mark.parametrize("lost", [True, False])
def test_a_machine_that_stalls_does_not_move_the_tempo(lost: bool) -> None:
    rng = np.random.default_rng(5)
    for seed in range(4):
        times = ticks(128, 64 * PER_QUARTER, seed=seed)
        for _ in range(6):
            begin, long = rng.uniform(2, times[-1]), rng.uniform(0.02, 0.25)
            if lost:  # The sender stood still too, as a program behind an xrun does.
                times[times >= begin] += long
            else:
                times[(times >= begin) & (times < begin + long)] = begin + long
        follower = ClockFollower()
        follower.start()
        assert set(told(follower, times)) == {128.0}
