"""What the live stream is at one moment, as frozen dataclasses. Knows nothing of devices, processes or behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LivePhase = Literal["off", "starting", "on", "waiting", "failed"]
"""`waiting`: a device is gone, and it goes on when that is back. `failed`: `problem` says why; it is off."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """The live stream.

    Attributes:
        dry: whether the input itself is heard since the engine starts, or starts again.
        stage: while an engine begins, what it does: "loading" its model, then "timing" hops; else empty.
        fraction: 0..1 of that.
        model: which is playing.
        input, output: readable names of the devices.
        hop_ms: how much is made at once.
        load: share of its time that a hop takes to make, 95 of 100 take less.
        latency_ms: from the input's plug to the output's, as the devices tell.
        measured: whether what lies between the two devices was measured (`Capture.measure`) and is in `latency_ms`.
        late: hops that came too late to be heard whole, since the start.
        drift_ppm: how much faster the output's clock runs than the input's; None where there is one clock.
        recording: seconds recorded so far; None while nothing is recorded.
        take_id: the last finished recording.
        problem: a sentence; empty while all is well.
    """

    phase: LivePhase = "off"
    dry: bool = False
    stage: Literal["", "loading", "timing"] = ""
    fraction: float = 0.0
    model: str = ""
    input: str = ""
    output: str = ""
    hop_ms: float = 0.0
    load: float = 0.0
    latency_ms: float = 0.0
    measured: bool = False
    late: int = 0
    drift_ppm: float | None = None
    recording: float | None = None
    take_id: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LiveLevels:
    """Meters and waveforms, to be polled; peaks in [0, 1+].

    Attributes:
        in_peak, in_rms, out_peak, out_rms: one value for each channel.
        moment: how many columns of waveform there ever were.
        seconds: length of a column.
        heard: the newest columns, oldest first: the largest absolute sample of the input in each.
        played: the same of what is heard, at the same times.
    """

    in_peak: tuple[float, ...] = ()
    in_rms: tuple[float, ...] = ()
    out_peak: tuple[float, ...] = ()
    out_rms: tuple[float, ...] = ()
    moment: int = 0
    seconds: float = 0.02
    heard: tuple[float, ...] = ()
    played: tuple[float, ...] = ()
