"""What the last seconds of a stream's input play, for models with a score: strokes, and the tune of one voice.

Each hop listens to what is new, with enough before it to hear it in; the rest is remembered. Knows nothing of latents.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.composing.score import Score
from engine.hearing.drum_sounds import SOUNDS
from engine.hearing.listening import written
from engine.hearing.pitch import HOP, Contour, contour
from engine.hearing.strokes import Onsets, listened
from engine.latent_diffusion import LatentDiffusion
from engine.live.asking import Asking
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples

REMEMBERED = 6.0
"""What a score is of, s."""
AROUND, AGAIN = 1.0, 0.5
"""How much before the new is listened to, and how much of that is heard anew, s."""
MOST = 3.0
"""The most that is listened to at once, s: after a pause, what was before is forgotten."""
TEMPO = 120.0
"""In which a score counts where there is no beat: any serves, as it is read in seconds again."""


class Steering:
    """Listens to a stream."""

    def __init__(self, model: LatentDiffusion, asking: Asking) -> None:
        self._plays = model.spec.dit.grid
        self._asking = asking
        self._sound: Samples = np.zeros((2, 0), np.float32)
        self._end = self._listened = 0
        self._forget(0)

    def hear(self, samples: Samples) -> None:
        """The next input [2, any]."""
        if self._plays:
            self._end += samples.shape[1]
            sound = np.concatenate([self._sound, samples], axis=1)
            self._sound = sound[:, -round(MOST * SAMPLE_RATE) :].copy()

    def score(self, sample: int) -> Score | None:
        """What is played from the window's first input sample on, placed as `Asking.music_start` places it."""
        if not self._plays:
            return None
        self._listen()
        metre = self._asking.metre
        tempo = metre.tempo if metre else TEMPO
        first = self._frame * HOP
        onsets = replace(self._onsets, times=self._onsets.times - first / SAMPLE_RATE)
        found = written(onsets, self._voice, tempo)
        if found is None:
            return None
        notes = found.notes.copy()
        start = self._asking.music_start(sample) + (first - sample) / SAMPLE_RATE
        notes["start"] += start * tempo / 60
        return replace(found, notes=notes[notes["start"] >= 0])

    def _forget(self, frame: int) -> None:
        """Begins to remember at a frame of `HOP` samples."""
        self._frame = frame
        none: NDArray[np.float32] = np.zeros(0, np.float32)
        self._voice = Contour(none, none, none)
        self._onsets = Onsets(np.zeros(0), np.zeros((0, len(SOUNDS)), np.float32), none)

    def _listen(self) -> None:
        """Listens to what is new since the last time."""
        there = self._end - self._sound.shape[1]
        first = max(-(-there // HOP), (self._listened - round(AROUND * SAMPLE_RATE)) // HOP, 0)
        self._listened = self._end
        sound = self._sound[:, first * HOP - there :]
        anew = first + round((AROUND - AGAIN) * SAMPLE_RATE / HOP)
        if not self._frame <= anew <= self._frame + len(self._voice.level):
            self._forget(first)
            anew = first
        kept = max(self._frame, self._end // HOP - round(REMEMBERED * SAMPLE_RATE / HOP))
        self._voice = self._spliced(contour(sound), first, anew, kept)
        self._onsets = self._added(listened(sound), first, anew, kept)
        self._frame = kept

    def _spliced(self, heard: Contour, first: int, anew: int, kept: int) -> Contour:
        """The pitch of frames from `kept` on, from `anew` on as it is heard now, from `first` on."""

        def joined(name: str) -> NDArray[np.float32]:
            before, now = getattr(self._voice, name), getattr(heard, name)
            return np.concatenate(
                [before[kept - self._frame : anew - self._frame], now[anew - first :]]
            )

        return Contour(*map(joined, ("pitch", "noise", "level")))

    def _added(self, heard: Onsets, first: int, anew: int, kept: int) -> Onsets:
        """The onsets from frame `kept` on, from `anew` on as they are heard now; times from the stream's beginning."""
        times = heard.times + first * HOP / SAMPLE_RATE
        edge = anew * HOP / SAMPLE_RATE
        before = (self._onsets.times >= kept * HOP / SAMPLE_RATE) & (self._onsets.times < edge)
        now = times >= edge
        return Onsets(
            np.append(self._onsets.times[before], times[now]),
            np.concatenate([self._onsets.likelihoods[before], heard.likelihoods[now]]),
            np.append(self._onsets.levels[before], heard.levels[now]),
        )
