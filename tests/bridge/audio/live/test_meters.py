"""Laws of meters and waveforms: columns of one moment stand together, whatever the pieces and whichever comes first."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.live.memory import COLUMNS, METERS, MOMENT, Board
from bridge.audio.live.meters import SAMPLES, Meters


def noise(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 2)).astype(np.float32)


def peaks(sound: np.ndarray) -> np.ndarray:
    whole = len(sound) // SAMPLES
    return np.abs(sound[: whole * SAMPLES]).reshape(whole, 2 * SAMPLES).max(axis=1, initial=0.0)


@given(
    st.lists(st.integers(1, 3000), min_size=3, max_size=30),
    st.integers(0, 5000),
    st.integers(0, 999),
)
@settings(deadline=None)
def test_columns_are_the_peaks_of_one_moment(pieces: list[int], ahead: int, begin: int) -> None:
    board = Board()
    meters, total = Meters(board, begin), sum(pieces)
    heard, played = noise(1, total), noise(2, total + ahead)
    meters.take_output(begin, played[:ahead])
    at = 0
    for count in pieces:
        meters.take_output(begin + at + ahead, played[at + ahead : at + ahead + count])
        meters.take_input(heard[at : at + count])
        at += count
    columns = int(board.numbers[MOMENT])
    assert columns == total // SAMPLES
    shown = [
        board.columns[:, column % COLUMNS] for column in range(max(0, columns - COLUMNS), columns)
    ]
    wanted = np.stack([peaks(heard), peaks(played[:total])], axis=1)[-COLUMNS:]
    assert np.array_equal(np.array(shown).reshape(-1, 2), wanted)


def test_levels_are_told_and_fall_and_end() -> None:
    board = Board()
    meters = Meters(board, 0)
    for _ in range(100):
        meters.take_input(np.tile(np.array([0.5, -0.25], np.float32), (441, 1)))
    assert np.allclose(board.numbers[METERS : METERS + 4], [0.5, 0.25, 0.5, 0.25], atol=1e-3)
    for _ in range(100):
        meters.take_input(np.zeros((441, 2), np.float32))
    assert (board.numbers[METERS : METERS + 4] < 0.01).all()
    meters.take_output(0, np.ones((10, 2), np.float32))
    assert board.numbers[METERS + 4] == 1.0
    meters.still(output=True)
    assert not board.numbers[METERS + 4 : METERS + 8].any()
    assert board.numbers[METERS] > 0.0


def test_another_process_goes_on_with_the_columns() -> None:
    board = Board()
    Meters(board, 0).take_input(noise(1, 3 * SAMPLES))
    Meters(board, 99_999).take_input(noise(2, 2 * SAMPLES))
    assert board.numbers[MOMENT] == 5
    assert np.array_equal(board.columns[0, 3:5], peaks(noise(2, 2 * SAMPLES)))
