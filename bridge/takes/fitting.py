"""Fits a take to an exact tempo: asked 124, measured 123.8, and now 124.0. A new take; the old one stays.

The stretching itself is Signalsmith Stretch, an optional part (`pip install 'longtake[stretch]'`). Knows the library;
nothing of jobs, queues or devices. Works on a thread of its own, one take after the other.
"""

from __future__ import annotations

import importlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import BridgeError, code_of
from bridge.events import Notice, Publish
from bridge.state import Take
from bridge.takes import sidecar
from bridge.takes.library import Library
from engine.composing.notation import TEMPI
from engine.composing.score import Score
from engine.errors import LongtakeError
from engine.sound.audio import read_audio

SLOWEST, QUICKEST = 0.5, 2.0
"""Ratios of new to old tempo beyond which stretching is audible."""
_log = logging.getLogger(__name__)


class Fitting:
    """Fits takes in the background; `TakeAdded` tells of each, a `Notice` of what failed."""

    def __init__(self, library: Library, publish: Publish) -> None:
        """No thread runs before the first call of `fit`."""
        self._library = library
        self._publish = publish
        self._worker = ThreadPoolExecutor(1, "fitting")

    def fit(self, take: Take, tempo: float | None) -> None:
        """Queues a take; None means the tempo it was asked to have.

        Raises:
            BridgeError: `bad_args` if the take has no tempo to start from or to reach, `out_of_range`, `not_loaded`
                without the library that stretches.
        """
        tempo = tempo or take.tempo_asked
        if take.tempo_measured is None or tempo is None:
            raise BridgeError(
                "bad_args", f"{take.name} has no pulse that was measured and can be fitted."
            )
        if not SLOWEST <= tempo / take.tempo_measured <= QUICKEST:
            raise BridgeError(
                "out_of_range",
                f"{take.name} runs at {take.tempo_measured:g} BPM and can be fitted to "
                f"{take.tempo_measured * SLOWEST:g} to {take.tempo_measured * QUICKEST:g}; it was {tempo:g}.",
            )
        _stretch()
        self._worker.submit(self._run, take, tempo)

    def close(self) -> None:
        """Finishes the take that is being fitted and drops those that wait."""
        self._worker.shutdown(cancel_futures=True)

    def _run(self, take: Take, tempo: float) -> None:
        try:
            self._fit(take, tempo)
        except LongtakeError as error:
            self._publish(Notice("error", code_of(error), str(error)))
        except Exception:
            _log.exception("%s could not be fitted", take.id)
            self._publish(
                Notice("error", "internal", f"{take.name} could not be fitted to {tempo:g} BPM.")
            )

    def _fit(self, take: Take, tempo: float) -> None:
        audio = read_audio(take.path)
        ratio = tempo / (take.tempo_measured or tempo)
        samples = stretched(audio.samples, audio.sample_rate, ratio)
        if take.spec.get("bars") and tempo == take.tempo_asked:
            # Whole bars at this tempo were asked for, and the file already has their exact length.
            samples = _with_frames(samples, audio.samples.shape[1])
        score, line = fitted_score(sidecar.read_score(take.path), take, tempo)
        fitted = replace(take, tempo_asked=tempo, rating=0, favourite=False, lead_sheet=line)
        self._library.add_made(fitted, samples, f"fitted-{take.job_id or 'capture'}", score)


def fitted_score(score: Score | None, take: Take, tempo: float) -> tuple[Score | None, str]:
    """What a take plays once its beats are those of `tempo`, and the line that says so.

    The score's beats are those of the tempo that was asked for, even if they were measured to be a little off. A score
    at a tempo that no score may have is left out.
    """
    if score is None:
        return None, take.lead_sheet
    quicker = score.tempo * tempo / (take.tempo_asked or take.tempo_measured or tempo)
    line = take.lead_sheet.replace(f", {score.tempo:.4g} BPM, ", f", {quicker:.4g} BPM, ", 1)
    possible = TEMPI[0] <= quicker <= TEMPI[1]
    return replace(score, tempo=quicker) if possible else None, line


def stretched(samples: NDArray[np.float32], sample_rate: int, ratio: float) -> NDArray[np.float32]:
    """The same sound, `ratio` times as fast at its original pitch.

    Args:
        samples: [C, N].
        sample_rate: Hz.
        ratio: new tempo over old; the result has round(N / ratio) frames.

    Raises:
        BridgeError: `not_loaded` without the library that stretches.
    """
    stretch = _stretch()
    stretch.preset(samples.shape[0], sample_rate)
    stretch.timeFactor = ratio
    made = np.asarray(stretch.process(np.ascontiguousarray(samples, np.float32)), np.float32)
    made = _with_frames(made.reshape(samples.shape[0], -1), round(samples.shape[1] / ratio))
    # Overlapping grains may add up to a little more than the original's peak.
    peak = float(np.abs(made).max(initial=0.0))
    limit = max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    return made * np.float32(limit / peak) if peak > limit else made


def _with_frames(samples: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Cut or padded with silence to so many frames."""
    missing = max(frames - samples.shape[1], 0)
    return np.pad(samples[:, :frames], ((0, 0), (0, missing)))


def _stretch() -> Any:
    try:
        return importlib.import_module("python_stretch").Signalsmith.Stretch()
    except ImportError as error:
        raise BridgeError(
            "not_loaded",
            "Fitting a take to a tempo needs one more part: install it on the panel's page Settings, or with "
            "pip install 'longtake[stretch]'.",
        ) from error
