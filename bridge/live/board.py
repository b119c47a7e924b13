"""Between the board's numbers and what people see: settings as they are written there, meters and waveforms as read."""

from __future__ import annotations

import numpy as np

from bridge.audio.live.memory import (
    COLUMN,
    COLUMNS,
    DRIFT,
    DRY_IF_LATE,
    FREEZE,
    FROZEN_SECONDS,
    GAIN,
    METERS,
    MOMENT,
    MONITOR,
    WET,
    Board,
)
from bridge.live.delay import beats
from bridge.live_state import LiveLevels
from bridge.state import TransportState
from engine.live_settings import LiveSettings


def mix(board: Board, settings: LiveSettings, transport: TransportState) -> None:
    """Writes what decides over what is heard, but for the delay."""
    for place, value in (
        (WET, settings.wet),
        (GAIN, 10.0 ** (settings.input_gain / 20.0)),
        (MONITOR, settings.monitor),
        (FREEZE, settings.freeze),
        (FROZEN_SECONDS, settings.freeze_bars * beats("bar", transport)),
        (DRY_IF_LATE, settings.late == "dry"),
    ):
        board.numbers[place] = float(value)


def levels(board: Board) -> LiveLevels:
    """Meters and waveforms."""
    heard, rms, played, played_rms = (
        tuple(map(float, board.numbers[place : place + 2]))
        for place in range(METERS, METERS + 8, 2)
    )
    moment = int(board.numbers[MOMENT])
    columns = board.columns[:, np.arange(max(0, moment - COLUMNS), moment) % COLUMNS]
    waves = (tuple(map(float, row)) for row in columns)
    return LiveLevels(heard, rms, played, played_rms, moment, COLUMN, *waves)


def drift(board: Board) -> float | None:
    """By how much the output's clock is faster than the input's, ppm; None where there is one clock."""
    found = float(board.numbers[DRIFT])
    return None if np.isnan(found) else round(found, 1)
