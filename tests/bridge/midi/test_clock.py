"""Laws of the clock follower: jitter does not move the tempo, a new tempo is followed, positions are exact."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.midi.clock import LOST_AFTER, PER_QUARTER, ClockFollower

PERIOD = 512 / 44_100


def ticks(
    tempo: float, count: int, *, period: float = PERIOD, seed: int = 0, begin: float = 0.0
) -> np.ndarray:
    """Times of clock ticks as JACK hands them over: at the next period, with a sender's own lateness."""
    return late(begin + np.arange(count) * 60 / tempo / PER_QUARTER, period, seed)


def paced(tempi: np.ndarray, *, period: float = PERIOD, seed: int = 0) -> np.ndarray:
    """Times of ticks, as above, of which each has a tempo of its own."""
    ideal = np.concatenate(([0.0], np.cumsum(60 / tempi / PER_QUARTER)[:-1]))
    return late(ideal, period, seed)


def late(ideal: np.ndarray, period: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    ideal = ideal + rng.uniform(0, 0.0005, len(ideal))
    phase = rng.uniform()
    return (np.ceil(ideal / period + phase) - phase) * period


def followed(follower: ClockFollower, times: np.ndarray) -> np.ndarray:
    """The tempo that is told at each tick."""
    tempi = []
    for time in times:
        follower.tick(float(time))
        tempi.append(follower.tempo or 0.0)
    return np.array(tempi)


def told(follower: ClockFollower, times: np.ndarray) -> list[float]:
    changes = [follower.tick(float(time)) for time in times]
    return [change["tempo"] for change in changes if "tempo" in change]


@pytest.mark.parametrize("tempo", [60, 90, 120, 124, 128, 140, 174])
@pytest.mark.parametrize("period", [64 / 48_000, 256 / 48_000, PERIOD, 1024 / 48_000])
def test_jitter_of_a_period_never_moves_the_tempo(tempo: float, period: float) -> None:
    for seed in range(2):
        follower = ClockFollower()
        follower.start()
        tempi = told(follower, ticks(tempo, 64 * PER_QUARTER, period=period, seed=seed))
        assert len(tempi) > 50
        assert max(abs(found - tempo) for found in tempi) < (0.1 if period < 0.02 else 0.25)


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


STEPS = [(120, 60), (140, 70), (180, 88), (300, 100), (60, 120), (100, 300), (90, 270), (120, 140)]


@pytest.mark.parametrize("before, after", [*STEPS, (200, 60.5), (120, 126), (120, 118), (120, 121)])
@pytest.mark.parametrize("period, beats", [(64 / 44_100, 2), (PERIOD, 3), (1024 / 44_100, 4.5)])
def test_a_new_tempo_is_followed_within_a_beat_or_two(
    before: float, after: float, period: float, beats: float
) -> None:
    """Two beats, or the second that it takes to know any tempo from the longest periods."""
    tempi = np.repeat([before, after], (16 * PER_QUARTER, 20 * PER_QUARTER))
    for seed in range(2):
        found = followed(ClockFollower(), paced(tempi, period=period, seed=seed))
        since = found[16 * PER_QUARTER :]
        allowed = round(beats * PER_QUARTER) if after > 200 or beats > 4 else 2 * PER_QUARTER
        assert np.abs(since[allowed:] / after - 1).max() < 0.016
        assert np.abs(since[16 * PER_QUARTER :] / after - 1).max() < (0.01 if beats > 4 else 0.002)


@pytest.mark.parametrize("ratio", np.geomspace(0.31, 3.0, 9).tolist())
def test_a_step_by_any_ratio_is_followed(ratio: float) -> None:
    before = 100.0 if ratio > 1 else 200.0
    tempi = np.repeat([before, before * ratio], (8 * PER_QUARTER, 8 * PER_QUARTER))
    found = followed(ClockFollower(), paced(tempi, period=128 / 48_000))
    assert np.abs(found[10 * PER_QUARTER + 6 :] / (before * ratio) - 1).max() < 0.016


@pytest.mark.parametrize("change", [60.0, -60.0])
@pytest.mark.parametrize("period", [64 / 48_000, PERIOD])
def test_a_ramp_is_followed_as_it_goes(change: float, period: float) -> None:
    """60 BPM in 16 s: two beats behind are 4 to 5 BPM."""
    tempi = [120.0] * 16 * PER_QUARTER
    while abs(tempi[-1] - 120.0) < abs(change):
        tempi.append(tempi[-1] + change / 16 * 60 / tempi[-1] / PER_QUARTER)
    ideal = np.array(tempi + [120.0 + change] * 12 * PER_QUARTER)
    found = followed(ClockFollower(), paced(ideal, period=period))
    behind = np.abs(found - ideal)[16 * PER_QUARTER :]
    assert behind.max() < 5.0
    assert behind[-2 * PER_QUARTER :].max() < 0.25


@pytest.mark.parametrize("period", [64 / 48_000, 256 / 48_000, PERIOD])
@pytest.mark.parametrize("lost", [True, False])
def test_ticks_that_are_lost_or_come_twice_do_not_move_the_tempo(period: float, lost: bool) -> None:
    rng = np.random.default_rng(3)
    times = ticks(124, 64 * PER_QUARTER, period=period)
    places = np.sort(rng.choice(np.arange(8 * PER_QUARTER, len(times)), 8, replace=False))
    times = np.delete(times, places) if lost else np.insert(times, places, times[places])
    found = followed(ClockFollower(), times)
    assert np.abs(found[found > 0] - 124.0).max() < 0.1


@pytest.mark.parametrize("period", [64 / 48_000, PERIOD])
@pytest.mark.parametrize("early", [True, False])
def test_when_a_tick_was_due_is_known_within_a_millisecond(period: float, early: bool) -> None:
    """Whether the ticks of a period come at its start, as JACK's do, or at its end."""
    for tempo in (90.0, 120.0, 127.3):
        ideal = np.arange(16 * PER_QUARTER) * 60 / tempo / PER_QUARTER
        round_ = np.floor if early else np.ceil
        times = round_(ideal / period + 0.3) * period - 0.3 * period
        follower = ClockFollower()
        follower.early = early
        follower.start()
        off = []
        for due, time in zip(ideal, times, strict=True):
            change = follower.tick(float(time))
            if change and follower.tempo:
                assert change.get("beat") == pytest.approx(due * tempo / 60)
                off.append(follower.due - due)
        assert np.abs(off[16:]).max() < 0.001
        assert np.ptp(off[16:]) < 0.001


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
