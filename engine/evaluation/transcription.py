"""Which notes does a listener hear? Spotify's Basic Pitch (Bittner et al. 2022, Apache-2.0), which nobody here trained.

Only the network's file is read from its package; frames of overlapping windows are joined here on one clock, and notes
decoded as in the paper (section 3.3), but without its guesses where no onset is heard, which hit less than they miss:
from each onset on until the note falls silent. Knows nothing of where a sound comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.evaluation.scores import Note
from engine.evaluation.sounds import RATE
from engine.model_files import package_folder
from engine.sound.audio import Samples

NETWORK_RATE = 22_050
HOP = 256
WINDOW = 2 * NETWORK_RATE - HOP
"""Samples that the network hears at once: 172 frames."""
FRAME_RATE = NETWORK_RATE / HOP
MARGIN, KEPT = 15, 141
"""Frames at a window's beginning that are dropped, and those after them that are kept; windows follow each other so."""
LOWEST = 21
"""MIDI pitch of the first of 88 keys."""
ONSET, SOUNDING = 0.5, 0.3
"""Least posterior of an onset, and of a note that sounds on."""
LATE = 0.02
"""By how much the network's onsets trail the score's, s; as all thresholds, measured on pieces of training seeds."""
SHORTEST, REST = 5, 11
"""Frames: notes no longer than this are dropped; after so many below `SOUNDING` a note has ended."""
BATCH = 16

Matrix = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the network hears: posteriors [frames, 88] of onsets and of sounding notes, 86 frames a second."""

    onsets: Matrix
    sounding: Matrix

    def notes(self) -> list[Note]:
        """By start."""
        times = np.maximum(np.arange(len(self.onsets) + 1) / FRAME_RATE - LATE, 0.0)
        return sorted(
            (
                Note(float(times[start]), float(times[end]), LOWEST + key)
                for start, end, key in decoded(self.onsets, self.sounding)
            ),
            key=lambda note: (note.start, note.pitch),
        )

    def chroma(self, start: float = 0.0, end: float = np.inf) -> Matrix:
        """[12], from C upwards: how much each pitch class sounds between two times, s."""
        last = len(self.sounding) if np.isinf(end) else round(end * FRAME_RATE)
        keys = self.sounding[round(start * FRAME_RATE) : last].sum(axis=0, dtype=np.float64)
        classes = (LOWEST + np.arange(len(keys))) % 12
        return np.bincount(classes, keys, minlength=12).astype(np.float64)


def heard(samples: Samples) -> Heard:
    """What is heard in [2, N] at 44.1 kHz.

    Raises:
        CheckpointError: if Basic Pitch is not installed.
    """
    mono = soxr.resample(samples.mean(axis=0), RATE, NETWORK_RATE).astype(np.float32)
    frames, step = len(mono) // HOP, KEPT * HOP
    count = max(-(-frames // KEPT), 1)
    padded = np.pad(mono, (MARGIN * HOP, WINDOW + step))
    windows = np.stack([padded[start * step :][:WINDOW] for start in range(count)])[:, :, None]
    found = [
        _network().run(None, {"serving_default_input_2:0": windows[first : first + BATCH]})
        for first in range(0, count, BATCH)
    ]
    kept = slice(MARGIN, MARGIN + KEPT)
    # Half the precision is plenty, and an evaluation keeps hundreds of these.
    onsets, sounding = (
        np.concatenate([part[place][:, kept] for part in found]).reshape(-1, 88)[:frames]
        for place in (0, 1)
    )
    return Heard(onsets.astype(np.float16), sounding.astype(np.float16))


def decoded(onsets: Matrix, sounding: Matrix) -> list[tuple[int, int, int]]:
    """Notes as (first frame, frame after the last, key) from posteriors [frames, 88].

    A note masks its neighbours a semitone away, where its own posterior spills over.
    """
    left = np.pad(sounding, ((0, 0), (1, 1)))
    peaks = (onsets[1:-1] > onsets[:-2]) & (onsets[1:-1] > onsets[2:]) & (onsets[1:-1] >= ONSET)
    notes: list[tuple[int, int, int]] = []
    # Backwards in time: a note ends where the next one of its pitch has begun.
    for before, key in np.argwhere(peaks)[::-1]:
        start = before + 1
        end = _silent_from(left[:, key + 1], start + 1)
        if end - start > SHORTEST:
            left[start:end, key : key + 3] = 0
            notes.append((int(start), int(end), int(key)))
    return notes


def _silent_from(curve: Matrix, frame: int) -> int:
    """The first of `REST` quiet frames of [frames], from `frame` on."""
    quiet = 0
    while frame < len(curve) and quiet < REST:
        quiet = quiet + 1 if curve[frame] < SOUNDING else 0
        frame += 1
    return frame - quiet


@cache
def _network() -> Any:
    import onnxruntime

    missing = "Notes are heard by Basic Pitch: pip install --no-deps basic-pitch."
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    path = package_folder("basic_pitch", missing) / "saved_models/icassp_2022/nmp.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
