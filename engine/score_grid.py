"""A score as rows at the latent rate: what plays when, for the transformer's grid beside the metre (§2.2).

Each group of a score has rows of its own, and one that is 1 where the group is known: pitches for bass, harmony and
melody, strokes for the drums, tones of the chords, who plays, and the form. `place_grid` tells a model how far it is
from the beginning and the end. Knows nothing of prompts and networks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.composing.instruments import INSTRUMENTS
from engine.composing.mix import DRUMS
from engine.composing.score import GROUPS, ROLES, Score, chord_of

Rows = NDArray[np.float32]
PITCHES = {"bass": (24, 60), "harmony": (28, 100), "melody": (45, 100)}
"""Lowest and highest pitch of each group's rows; a note beyond them is moved by octaves."""
ONSETS = 2
"""Parts of a latent frame that onsets are told in, so that they are exact to 23 ms."""
HELD = 0.5
"""A pitch that goes on, of one that begins."""
STROKES = (
    (35, 36),
    (37, 38, 39, 40),
    (42, 44),
    (46,),
    (41, 43, 45, 47, 48, 50),
    (49, 51, 52, 53, 55, 57, 59),
)
"""Kick, snare and clap, closed hat, open hat, toms, cymbals, by General MIDI's pitches; any other is a last kind."""
PLAYERS = (*INSTRUMENTS, *DRUMS)
SECTIONS = (
    ("intro",),
    ("verse", "theme", "groove", "phrase", "loop", "hit"),
    ("chorus", "hook", "drop", "climax"),
    ("bridge", "development", "break"),
    ("breakdown",),
    ("build", "prechorus"),
    ("solo",),
    ("outro", "coda", "ending"),
)
"""Names of sections that mean the same; others are verses."""
LETTERS = "ABCD"
NEAR_BARS, NEAR_SECONDS = (1.0, 4.0), (1.0, 4.0, 16.0, 64.0)
"""How fast what tells of a boundary fades with the distance to it: of a section, and of the piece."""
PLACE_ROWS = 2 * len(NEAR_SECONDS) + 1
_LOUD = 0.4
"""Of a note's value, what does not depend on its velocity."""


def _pitched(group: str) -> int:
    low, high = PITCHES[group]
    return high - low + 1 + ONSETS


SIZES = {
    "drums": (len(STROKES) + 1) * ONSETS,
    "bass": _pitched("bass"),
    "harmony": _pitched("harmony"),
    "melody": _pitched("melody"),
    "chords": 24,
    "players": len(PLAYERS),
    "form": 1 + len(SECTIONS) + len(LETTERS) + 2 * len(NEAR_BARS),
}
"""Rows of each group, without its flag."""
SCORE_ROWS = sum(SIZES.values()) + len(GROUPS)


def group_rows(group: str) -> slice:
    """Where a group lies in a score's rows; the first one is its flag."""
    first = 0
    for name in GROUPS:
        if name == group:
            break
        first += SIZES[name] + 1
    return slice(first, first + SIZES[group] + 1)


def score_grid(score: Score | None, start: float, frames: int, latent_rate: float) -> Rows:
    """The rows of a score.

    Args:
        score: None for one that says nothing.
        start: where in the score the first frame begins, s; it may be negative.
        frames: T.
        latent_rate: latent frames per second, Hz.

    Returns:
        [SCORE_ROWS, T] in [0, 1]; all zero for groups that are not known.
    """
    rows = np.zeros((SCORE_ROWS, frames), np.float32)
    if score is None:
        return rows
    clock = _Clock(score.tempo, start, frames, latent_rate)
    for group in GROUPS:
        if group in score.known:
            own = rows[group_rows(group)]
            own[0] = 1
            _DRAWN.get(group, _draw_notes)(own[1:], score, clock, group)
    return rows


def place_grid(start: float, total: float, frames: int, latent_rate: float) -> Rows:
    """Where the frames lie in a piece: nearness to its beginning and its end, and whether it is over.

    Args:
        start: where in the piece the first frame begins, s.
        total: length of the piece, s.
        frames: T.
        latent_rate: latent frames per second, Hz.

    Returns:
        [PLACE_ROWS, T] in [0, 1].
    """
    time = start + np.arange(frames) / latent_rate
    scales = np.array(NEAR_SECONDS)[:, None]
    begun = np.exp(-np.maximum(time, 0) / scales)
    left = np.exp(-np.maximum(total - time, 0) / scales)
    return np.concatenate([begun, left, (time >= total)[None]]).astype(np.float32)


class _Clock:
    """From quarter notes of a score to frames of a window."""

    def __init__(self, tempo: float, start: float, frames: int, rate: float) -> None:
        self.scale, self.start, self.frames = 60 / tempo * rate, start * rate, frames
        self.beats = (np.arange(frames) + self.start) / self.scale
        """Where each frame begins, in quarter notes."""

    def place(self, beats: NDArray[np.floating]) -> NDArray[np.floating]:
        """In frames from the beginning of the window."""
        return np.asarray(beats, np.float64) * self.scale - self.start

    def spans(
        self, starts: NDArray[np.floating], lengths: NDArray[np.floating]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Of those that are heard in the window: which, their first frame, and the one after their last."""
        first, last = self.place(starts), self.place(np.add(starts, lengths))
        heard = np.flatnonzero((last > 0) & (first < self.frames) & (last > first))
        begin = np.clip(np.floor(first[heard]), 0, self.frames - 1).astype(np.intp)
        end = np.clip(np.ceil(last[heard]), begin + 1, self.frames).astype(np.intp)
        return heard, begin, end


def _notes_of(score: Score, group: str) -> NDArray[np.void]:
    roles = np.array([ROLES.get(str(role), "harmony") for role, _ in score.parts])
    mine = np.flatnonzero(roles == group)
    return score.notes[np.isin(score.notes["part"], mine)]


def _draw_notes(rows: Rows, score: Score, clock: _Clock, group: str) -> None:
    """Pitches: a note's loudness where it begins, half of it while it goes on; then onsets at any pitch."""
    low, high = PITCHES[group]
    notes = _notes_of(score, group)
    pitches = notes["pitch"].astype(int)
    pitches += 12 * np.maximum(-((pitches - low) // 12), 0)
    pitches -= 12 * np.maximum(-((high - pitches) // 12), 0)
    loudness = _loudness(notes)
    for which, begin, end in zip(*clock.spans(notes["start"], notes["duration"]), strict=True):
        row, loud = rows[pitches[which] - low], loudness[which]
        row[begin:end] = np.maximum(row[begin:end], HELD * loud)
    place = clock.place(notes["start"])
    for which in np.flatnonzero((place >= 0) & (place < clock.frames)):
        row = rows[pitches[which] - low]
        row[int(place[which])] = max(row[int(place[which])], loudness[which])
    _draw_onsets(rows[-ONSETS:], place, loudness)


def _draw_drums(rows: Rows, score: Score, clock: _Clock, group: str) -> None:
    notes = _notes_of(score, group)
    kinds = np.array([_KINDS.get(int(pitch), len(STROKES)) for pitch in notes["pitch"]], int)
    place, loudness = clock.place(notes["start"]), _loudness(notes)
    for kind in range(len(STROKES) + 1):
        mine = kinds == kind
        _draw_onsets(rows[kind * ONSETS : (kind + 1) * ONSETS], place[mine], loudness[mine])


def _draw_onsets(rows: Rows, place: NDArray[np.floating], loudness: NDArray[np.floating]) -> None:
    """Onsets at places in frames, in the row of their part of the frame."""
    inside = (place >= 0) & (place < rows.shape[1])
    part = np.floor(place[inside] * ONSETS).astype(np.intp)
    np.maximum.at(rows, (part % ONSETS, part // ONSETS), loudness[inside])


def _draw_chords(rows: Rows, score: Score, clock: _Clock, group: str) -> None:
    """Pitch classes that the chord has, then its lowest; none where there is no chord."""
    which, begins, ends = clock.spans(score.chords["start"], score.chords["beats"])
    for row, begin, end in zip(score.chords[which], begins, ends, strict=True):
        chord = chord_of(row)
        classes = sorted(chord.pitch_classes)
        rows[:, begin:end] = 0
        rows[classes, begin:end] = 1
        if classes:
            rows[12 + chord.lowest % 12, begin:end] = 1


def _draw_players(rows: Rows, score: Score, clock: _Clock, group: str) -> None:
    """Who plays: 1 from the bar of a part's note to that of its last one, but for rests of more than a bar."""
    bar = score.beats_per_bar
    for index, (_, name) in enumerate(score.parts):
        if str(name) not in _PLAYERS:
            continue
        notes = score.notes[score.notes["part"] == index]
        bars = np.unique(
            np.concatenate(
                [notes["start"] // bar, (notes["start"] + notes["duration"] - 1e-3) // bar]
            )
        )
        _, begin, end = clock.spans(bars * bar, np.full(len(bars), bar))
        for first, last in zip(begin, end, strict=True):
            rows[_PLAYERS[str(name)], first:last] = 1


def _draw_form(rows: Rows, score: Score, clock: _Clock, group: str) -> None:
    """Energy, kind and letter of the section, and nearness to its beginning and its end."""
    sections = score.sections
    spans = clock.spans(sections["start"], sections["beats"])
    for which, begin, end in zip(*spans, strict=True):
        section = sections[which]
        rows[:, begin:end] = 0
        rows[0, begin:end] = section["energy"]
        rows[1 + _NAMES.get(str(section["name"]), 1), begin:end] = 1
        letter = LETTERS.find(str(section["letter"]))
        if letter >= 0:
            rows[1 + len(SECTIONS) + letter, begin:end] = 1
        bars = (clock.beats[begin:end] - section["start"]) / score.beats_per_bar
        total, near = section["beats"] / score.beats_per_bar, np.array(NEAR_BARS)[:, None]
        rows[-2 * len(NEAR_BARS) :, begin:end] = np.concatenate(
            [np.exp(-np.maximum(bars, 0) / near), np.exp(-np.maximum(total - bars, 0) / near)]
        )


def _loudness(notes: NDArray[np.void]) -> NDArray[np.float64]:
    return _LOUD + (1 - _LOUD) * notes["velocity"] / 127


_DRAWN: dict[str, Callable[[Rows, Score, _Clock, str], None]] = {
    "drums": _draw_drums,
    "chords": _draw_chords,
    "players": _draw_players,
    "form": _draw_form,
}
"""How a group's rows are drawn; the others are notes."""
_KINDS = {pitch: kind for kind, pitches in enumerate(STROKES) for pitch in pitches}
_PLAYERS = {name: row for row, name in enumerate(PLAYERS)}
_NAMES = {name: row for row, names in enumerate(SECTIONS) for name in names}
