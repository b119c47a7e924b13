"""MIDI files as scores, to play a clip with another sound, and scores as MIDI files, to go on in a DAW.

A file is never followed blindly: one that is too large, damaged or no MIDI file is refused in a sentence.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
from numpy.typing import NDArray

from engine.composing.chord_estimation import estimate_chords
from engine.composing.instruments import program_of
from engine.composing.midi_events import (
    CONTROL,
    CUE,
    DRUM_CHANNEL,
    END,
    MARKER,
    META,
    METRE,
    NOTE_ON,
    PROGRAM,
    TEMPO,
    TEXT,
    TRACK_NAME,
    Clock,
    Event,
    read_events,
    tempi,
)
from engine.composing.midi_marks import Mark, chords_in, marks, sections_in
from engine.composing.midi_parts import SILENCE, SUSTAIN, Voice, players, roles, voices
from engine.composing.mix import DRUMS
from engine.composing.notation import BEATS_PER_BAR, TEMPI
from engine.composing.score import CHORD, NOTE, ROLES, Score
from engine.errors import LongtakeError
from engine.whole_files import whole

MOST_SECONDS, MOST_NOTES, MOST_BYTES, MOST_PARTS = 600, 20_000, 8 << 20, 64
_MOST_EVENTS, _MOST_MARKS = 10 * MOST_NOTES, 5_000
_DEFAULT_TEMPO = 120.0
_DEFAULT_BAR = 4.0
_SHORTEST = 1 / 32
"""Quarter notes of a note without length."""
_OVERHANG = 0.125
"""Quarter notes by which a note may hang over the last bar."""
_TUNE_WEIGHT = 0.5
"""What a tune says about the chords, beside an accompaniment."""
_TICKS = 480
_METAS = (TEXT, TRACK_NAME, MARKER, CUE, END, TEMPO, METRE)
_PITCHED_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]
_MACHINE_KIT = 25


def read_midi(source: Path | str | bytes, *, trim: bool = False) -> Score:
    """The score of a MIDI file of format 0, 1 or 2 (its patterns one after another).

    The score has the file's tempo that holds longest, halved or doubled into 30 to 300 BPM, and every note sounds when
    the file's tempo map says; where another tempo holds, its beats are therefore not the file's, but warped. It has
    the first time signature. A track's channel is a part; `known` are the groups of these parts, the chords if they
    are written in the file by `write_midi` or heard clearly, the players if the file names programs, and the form if
    its markers name sections.

    Args:
        source: the file, or what is in it.
        trim: whether empty bars at the beginning are left out.

    Raises:
        LongtakeError: names the file and what is wrong: it is not there, no MIDI file, damaged, without notes, longer
            than 600 s, larger than 8 MiB, or has more than 20 000 notes or 64 parts.
    """
    name, data = _contents(source)
    try:
        return _score(data, trim=trim)
    except ValueError as error:
        raise LongtakeError(f"{name} cannot be used as a MIDI file: {error}.") from error


def midi_seconds(score: Score) -> float:
    """The length of a clip in seconds: whole bars, to the end of the last one with notes or sections.

    A note that hangs over by less than a thirty-second does not make another bar.
    """
    bars = max(1, math.ceil((score.end - _OVERHANG) / score.beats_per_bar))
    return bars * score.beats_per_bar * 60 / score.tempo


def _contents(source: Path | str | bytes) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        name, data = "The MIDI clip", source
    else:
        path = Path(source)
        name = path.name
        if not path.is_file():
            raise LongtakeError(f"There is no MIDI file {str(path)!r}.")
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise LongtakeError(f"{name} cannot be read: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise LongtakeError(f"{name} is too large for a MIDI file: at most {MOST_BYTES >> 20} MiB.")
    return name, data


def _score(data: bytes, *, trim: bool) -> Score:
    header, read = read_events(data)
    events: list[Event] = []
    struck = 0
    for event in read:
        if _is_used(event):
            events.append(event)
            struck += event.message == NOTE_ON and event.data[1] > 0
        if struck > MOST_NOTES:
            raise ValueError(f"it has more than {MOST_NOTES} notes")
        if len(events) > _MOST_EVENTS:
            raise ValueError(f"it has more than {_MOST_EVENTS} events")
    events.sort(key=lambda event: event.tick)
    parts = voices(events)
    if not parts:
        raise ValueError("it has no notes")
    if len(parts) > MOST_PARTS:
        raise ValueError(f"it has {len(parts)} parts, more than {MOST_PARTS}")
    changes = [(tick, _bpm(seconds)) for tick, seconds in tempi(events)]
    clock = Clock.of(header.division, [(tick, 60 / bpm) for tick, bpm in changes])
    last = max(note.end for part in parts for note in part.notes)
    if clock.at(last) > MOST_SECONDS:
        raise ValueError(f"it is {clock.at(last):.1f} s long, more than {MOST_SECONDS}")
    tempo = _usual_tempo(clock, changes, last)
    bar = _beats_per_bar(events)
    drop = 0.0
    if trim:
        first = min(note.start for part in parts for note in part.notes)
        drop = float(clock.at(first)) * tempo / 60 // bar * bar
    return _assembled(parts, events, (clock, tempo, drop), bar)


def _is_used(event: Event) -> bool:
    if event.status == META:
        return event.meta in _METAS
    if event.message == CONTROL:
        return event.data[0] == SUSTAIN or event.data[0] in SILENCE
    return event.message <= NOTE_ON or event.message == PROGRAM


def _bpm(seconds: float) -> float:
    """The tempo of a quarter note's length; a round one where the file means it, as far as microseconds can say."""
    tempo = round(60 / seconds, 2)
    meant = tempo > 0 and round(60e6 / tempo) == round(seconds * 1e6)
    return tempo if meant else 60 / seconds


def _usual_tempo(clock: Clock, changes: Sequence[tuple[int, float]], last: int) -> float:
    """The tempo that holds longest until the last note ends, in the range that pieces may have."""
    table = {0: _DEFAULT_TEMPO, **dict(changes)}
    seconds = np.diff(clock.at(np.minimum([*table, last], last)))
    held: Counter[float] = Counter()
    for bpm, length in zip(table.values(), seconds, strict=True):
        held[bpm] += length
    tempo = held.most_common(1)[0][0]
    while tempo < TEMPI[0]:
        tempo *= 2
    while tempo > TEMPI[1]:
        tempo /= 2
    return tempo


def _beats_per_bar(events: Sequence[Event]) -> float:
    """Quarter notes of a bar of the first time signature; four if it has none or an impossible one."""
    for event in events:
        if event.meta == METRE and len(event.data) >= 3:
            beats = event.data[1] * 4 / 2 ** event.data[2]
            return beats if BEATS_PER_BAR[0] <= beats <= BEATS_PER_BAR[1] else _DEFAULT_BAR
    return _DEFAULT_BAR


def _assembled(
    parts: Sequence[Voice],
    events: Sequence[Event],
    time: tuple[Clock, float, float],
    bar: float,
) -> Score:
    clock, tempo, drop = time

    def beats(ticks: Sequence[int] | NDArray[np.integer]) -> NDArray[np.float64]:
        return clock.at(ticks) * tempo / 60 - drop

    cast = roles(parts)
    rows = [(index, note) for index, part in enumerate(parts) for note in part.notes]
    starts, ends = beats([note.start for _, note in rows]), beats([note.end for _, note in rows])
    notes = np.empty(len(rows), NOTE)
    notes["part"] = [index for index, _ in rows]
    notes["pitch"] = [note.pitch for _, note in rows]
    notes["velocity"] = [note.velocity for _, note in rows]
    notes["start"], notes["duration"] = starts, np.maximum(ends - starts, _SHORTEST)
    texts = [event for event in events if event.meta in (TEXT, MARKER, CUE)][:_MOST_MARKS]
    places = beats([event.tick for event in texts])
    written = [
        Mark(max(0.0, float(beat)), event.text, event.meta != TEXT)
        for event, beat in zip(texts, places, strict=True)
        if beat <= MOST_SECONDS * tempo / 60
    ]
    whole_bars = math.ceil((float(ends.max()) - _OVERHANG) / bar) * bar
    sections = sections_in(written, notes, whole_bars)
    chords = chords_in(written)
    if not len(chords) and "chords" in cast:  # A tune or a bass alone leaves its chords open.
        chords = _heard(notes, cast, bar)
    known = {ROLES[role] for role in cast}
    pitched = [part for part, role in zip(parts, cast, strict=True) if role != "drums"]
    if all(part.program is not None for part in pitched or parts):
        known |= {"players"}
    known |= {"chords"} if len(chords) else set()
    known |= {"form"} if len(sections) else set()
    named = [(role, players(part, role)) for part, role in zip(parts, cast, strict=True)]
    return Score(tempo, bar, np.array(named, "U32"), notes, chords, sections, frozenset(known))


def _heard(notes: NDArray[np.void], cast: Sequence[str], bar: float) -> NDArray[np.void]:
    """The chords that the pitched notes make."""
    weights = np.array([{"drums": 0.0, "lead": _TUNE_WEIGHT}.get(role, 1.0) for role in cast])
    weight = weights[notes["part"]]
    pitched = notes[weight > 0]
    if not len(pitched):
        return np.empty(0, CHORD)
    starts = pitched["start"].astype(float)
    spans = np.stack([starts, starts + pitched["duration"]], axis=1)
    return estimate_chords(pitched["pitch"].astype(int), spans, weight[weight > 0], bar)


def write_midi(score: Score, path: Path) -> None:
    """Writes a file of format 1 that appears whole: a track for tempo, sections and chords, and one for each part.

    A part has a channel of its own with its program, drums have channel 10; from the fifteenth pitched part on they
    share the last channel. `read_midi` gives the notes back to a tick, 1/480 of a quarter note, and the parts, tempo,
    bar, chords and sections as they are.

    Raises:
        LongtakeError: if the file cannot be written.
    """
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS, charset="utf-8")
    file.tracks.append(_track(_conductor(score)))
    channels = iter(_PITCHED_CHANNELS)
    channel = 0
    for index in range(len(score.parts)):
        if score.parts[index][0] == "drums":
            file.tracks.append(_track(_part(score, index, DRUM_CHANNEL)))
        else:
            channel = next(channels, channel)
            file.tracks.append(_track(_part(score, index, channel)))
    try:
        with whole(path) as part:
            file.save(str(part))
    except OSError as error:
        raise LongtakeError(f"{path} cannot be written: {error.strerror}.") from error


def _conductor(score: Score) -> list[tuple[int, Any]]:
    over, under = _signature(score.beats_per_bar)
    events = [
        (0, mido.MetaMessage("set_tempo", tempo=round(60e6 / score.tempo))),
        (0, mido.MetaMessage("time_signature", numerator=over, denominator=under)),
    ]
    for mark in marks(score.sections, score.chords):
        kind = "marker" if mark.shown else "text"
        events.append((_tick(mark.beat), mido.MetaMessage(kind, text=mark.text)))
    return events


def _signature(beats: float) -> tuple[int, int]:
    """The time signature of a bar, with the largest note value that divides it; in thirty-seconds if none does."""
    for under in (4, 8, 16, 32):
        if abs(beats * under / 4 - round(beats * under / 4)) < 1e-6:
            return round(beats * under / 4), under
    return max(1, round(beats * 8)), 32


def _part(score: Score, index: int, channel: int) -> list[tuple[int, Any]]:
    role, instrument = map(str, score.parts[index])
    events: list[tuple[int, Any]] = [
        (0, mido.MetaMessage("track_name", name=f"{instrument} ({role})"))
    ]
    if "players" in score.known:
        kit = _MACHINE_KIT if instrument == DRUMS[1] else 0
        program = kit if role == "drums" else program_of(instrument)
        events.append((0, mido.Message("program_change", channel=channel, program=program)))
    struck: list[tuple[int, int, Any]] = []
    for note in score.notes[score.notes["part"] == index]:
        start = _tick(note["start"])
        end = max(start + 1, _tick(float(note["start"]) + float(note["duration"])))
        pitch, velocity = int(note["pitch"]), min(max(int(note["velocity"]), 1), 127)
        on = mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
        off = mido.Message("note_off", channel=channel, note=pitch)
        struck += [(start, 1, on), (end, 0, off)]
    struck.sort(key=lambda each: each[:2])
    return [*events, *((tick, message) for tick, _, message in struck)]


def _tick(beat: float) -> int:
    return max(0, round(float(beat) * _TICKS))


def _track(events: list[tuple[int, Any]]) -> mido.MidiTrack:
    """A track of messages with their ticks, in order."""
    ticks = [0, *(tick for tick, _ in events)]
    return mido.MidiTrack(
        message.copy(time=tick - before)
        for before, (tick, message) in zip(ticks, events, strict=False)
    )
