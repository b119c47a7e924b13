"""A recording becomes a score: its beat where it clearly has one, its tune where it clearly is one voice.

Whatever is loud must be accounted for by strokes or by the notes of one voice, or else the recording is more than they
are, as a band is, and the score says nothing. Nothing is quantised: beats are counted from the recording's beginning,
so that a score is exact at any tempo. Knows nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.composing.score import CHORD, NOTE, SECTION, Score
from engine.hearing.frames import RATE, Signal, loudness
from engine.hearing.pitch import HOP, Contour, contour
from engine.hearing.pulse import tempo as tempo_of
from engine.hearing.strokes import Onsets, listened, strokes
from engine.hearing.tune import tones
from engine.sound.audio import Samples

PARTS = (("drums", "Drums"), ("lead", ""))
STROKE_SECONDS = 0.1
"""Length of a stroke's note."""
LOUD_DB = -25.0
"""Frames further below the loud ones do not matter."""
MOMENT = 2.0
"""What a beat falls in, s."""
AROUND = (0.02, 0.12)
"""What belongs to a stroke, s before and after its onset."""
CLEAN = 0.1
"""Frames whose sound repeats itself less exactly than this are not one voice alone."""
SUNG = 0.5
"""Share of the loud frames that the notes of a tune must account for."""
SPOKEN, SYLLABLE = 1.5, 0.18
"""As many strokes per second as speech has consonants; among them, notes that are shorter (median, s) are vowels."""
STRUCK = 0.6
"""Share of the onsets that must be strokes in a beat."""
OFTEN = 0.5
"""Fewest strokes per second of a beat, and at least `FEWEST` in all."""
FEWEST = 3
ACCOUNTED = 0.45
"""Share of the energy outside the notes that the strokes of a beat must account for."""
FALLS_DB, DOUBT_DB = 8.0, 40.0
"""How far a beat without a tune must fall between its strokes, and how much further in whole doubt of what they are."""
DOUBTFUL = 0.3
"""Strokes beside a tune must be in less doubt: its notes begin like strokes at times."""


@dataclass(frozen=True, slots=True)
class Account:
    """What accounts for a recording, in shares and seconds as the constants of this module mean them.

    `falls` is from the 95th to the 30th hundredth of the levels of a moment, dB; `doubt` is the mean doubt of each
    onset that it is a drum.
    """

    sung: float
    note_seconds: float
    struck: float
    strokes_per_second: float
    strokes: int
    accounted: float
    falls: float
    doubt: float

    @property
    def percussive(self) -> bool:
        """Whether it clearly has a beat."""
        often = self.strokes >= FEWEST and self.strokes_per_second >= OFTEN
        alone = self.falls >= FALLS_DB + DOUBT_DB * self.doubt
        clear = self.doubt < DOUBTFUL if self._sung else alone
        return often and clear and self.struck >= STRUCK and self.accounted >= ACCOUNTED

    @property
    def tuneful(self) -> bool:
        """Whether it clearly has a tune. Strokes that make no beat are the consonants of speech."""
        return self._sung and (self.percussive or self.strokes_per_second < SPOKEN)

    @property
    def _sung(self) -> bool:
        vowels = self.strokes_per_second >= SPOKEN and self.note_seconds < SYLLABLE
        return self.sung >= SUNG and not vowels


def heard(samples: Samples, tempo: float | None = None, beats_per_bar: float = 4) -> Score | None:
    """What a recording plays.

    Args:
        samples: [C, N] at 44.1 kHz, of any length; what is not finite is silence.
        tempo: BPM in which the score counts; None for that of its onsets.
        beats_per_bar: of the score, in quarter notes.

    Returns:
        A score that knows "drums", "melody" or both; None where neither is clear, as in speech, a full mix or silence.
    """
    return written(listened(samples), contour(samples), tempo, beats_per_bar)


def written(
    onsets: Onsets, voice: Contour, tempo: float | None = None, beats_per_bar: float = 4
) -> Score | None:
    """The score of what was heard; arguments and result as for `heard`."""
    melody = tones(voice, onsets.times[~onsets.drums])
    found = account(onsets, voice, melody)
    if not found.tuneful and not found.percussive:
        return None
    beat = strokes(onsets)[: None if found.percussive else 0]
    melody = melody[: None if found.tuneful else 0]
    if tempo is None:
        tempo = _tempo(beat, melody)
    return Score(
        tempo=tempo,
        beats_per_bar=beats_per_bar,
        parts=np.array(PARTS, "U32"),
        notes=np.concatenate(
            [
                _notes(0, beat, np.full(len(beat), STROKE_SECONDS), tempo),
                _notes(1, melody, melody["seconds"], tempo),
            ]
        ),
        chords=np.zeros(0, CHORD),
        sections=np.zeros(0, SECTION),
        known=frozenset(
            group
            for group, clear in (("drums", found.percussive), ("melody", found.tuneful))
            if clear
        ),
    )


def _tempo(beat: NDArray[np.void], melody: NDArray[np.void]) -> float:
    """That of the beat, or of the tune if there is none."""
    if len(beat):
        return tempo_of(beat["time"], beat["pitch"])
    return tempo_of(melody["time"], np.zeros(len(melody), int))


def account(onsets: Onsets, voice: Contour, melody: NDArray[np.void]) -> Account:
    """What strokes and notes account for, of frames and of energy."""
    power = 10 ** (voice.level.astype(np.float64) / 10)
    loud = voice.level > loudness(voice.level) + LOUD_DB
    seconds = len(power) * HOP / RATE
    in_notes = _covered(len(power), melody["time"], melody["time"] + melody["seconds"])
    in_notes &= voice.noise < CLEAN
    drums = onsets.times[onsets.drums]
    in_strokes = _covered(len(power), drums - AROUND[0], drums + AROUND[1]) & ~in_notes
    rest = ~in_notes & ~in_strokes
    struck, left = float(power[in_strokes].sum()), float(power[rest].sum())
    return Account(
        sung=float(in_notes[loud].mean()) if loud.any() else 0.0,
        note_seconds=float(np.median(melody["seconds"])) if len(melody) else 0.0,
        struck=float(onsets.drums.mean()) if len(onsets.times) else 0.0,
        strokes_per_second=len(drums) / seconds,
        strokes=len(drums),
        accounted=struck / max(struck + left, 1e-20),
        falls=_falls(voice.level),
        doubt=float(1 - onsets.likelihoods.max(axis=1).mean()) if len(onsets.times) else 1.0,
    )


def _falls(level: Signal) -> float:
    """The median fall of all loud moments, so that a fade is none."""
    length = round(MOMENT * RATE / HOP)
    moments = level[: max(1, len(level) // length) * length].reshape(-1, min(length, len(level)))
    top, low = np.quantile(moments, (0.95, 0.3), axis=1)
    return float(np.median((top - low)[top > top.max() + LOUD_DB]))


def _covered(
    frames: int, starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which frames lie in any of these spans (s)."""
    first, last = (np.clip(np.round(x * RATE / HOP), 0, frames).astype(int) for x in (starts, ends))
    steps = np.zeros(frames + 1, np.intp)
    np.add.at(steps, first, 1)
    np.add.at(steps, last, -1)
    return np.cumsum(steps)[:-1] > 0


def _notes(
    part: int, found: NDArray[np.void], seconds: NDArray[np.float64], tempo: float
) -> NDArray[np.void]:
    made = np.zeros(len(found), NOTE)
    made["part"], made["pitch"], made["velocity"] = part, found["pitch"], found["velocity"]
    made["start"], made["duration"] = found["time"] * tempo / 60, seconds * tempo / 60
    return made
