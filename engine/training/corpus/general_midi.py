"""Reads a MIDI file, renders it with a soundfont, names its programs. Knows nothing of where the file is from."""

from __future__ import annotations

from typing import Any

import mido
import numpy as np
import tinysoundfont

from engine.composing.instruments import program_name
from engine.composing.midi_events import TEMPO, read_events
from engine.errors import LongtakeError
from engine.training.corpus.effects import loudness, master, reverb
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal
from engine.training.corpus.soundfonts import font_path

Message = Any
"""A `mido.Message`, which is untyped; its `time` is in seconds from the start."""
Score = tuple[Message, ...]
"""Channel messages in order."""
_DRUMS = 9
_TEMPO = 500_000
"""Microseconds a quarter note, where a file names none."""
_TAIL_SECONDS = 3.0
_LOUDNESS_LUFS = -14.0
_BEND_CENTRE = 8192


def read_midi(data: bytes) -> Score:
    """Parses a file of format 0 or 1 with times in ticks per quarter note.

    Raises:
        LongtakeError: if it is not such a file.
    """
    try:
        header, read = read_events(data)
        if header.format == 2 or header.division < 0:
            raise ValueError("its times are not in ticks per quarter note of one piece")
        events = sorted(read, key=lambda event: event.tick)
    except ValueError as error:
        raise LongtakeError(f"This is not a Standard MIDI File: {error}.") from error
    score: list[Message] = []
    tick, seconds, tempo = 0, 0.0, _TEMPO
    for event in events:
        seconds += mido.tick2second(event.tick - tick, header.division, tempo)
        tick = event.tick
        if event.meta == TEMPO:
            tempo = int.from_bytes(event.data[1:4], "big")
        elif event.message:
            score.append(mido.Message.from_bytes([event.status, *event.data]).copy(time=seconds))
    return tuple(score)


def played(score: Score) -> dict[str, int]:
    """Number of notes per instrument, most first; percussion is "Drums"."""
    programs = dict.fromkeys(range(16), 0)
    counts: dict[str, int] = {}
    for message in score:
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on" and message.velocity:
            drums = message.channel == _DRUMS
            name = "Drums" if drums else program_name(programs[message.channel])
            if name:
                counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def varied(score: Score, semitones: int, speed: float) -> Score:
    """The same piece transposed (percussion stays) and faster or slower."""

    def moved(message: Message) -> Message:
        change: dict[str, float] = {"time": message.time / speed}
        if message.type in ("note_on", "note_off") and message.channel != _DRUMS:
            change["note"] = min(max(message.note + semitones, 0), 127)
        return message.copy(**change)

    return tuple(moved(message) for message in score)


def play(score: Score, font: str, seed: int) -> Signal:
    """Renders with all controllers and pitch bends, adds reverb and masters.

    Returns:
        [2, N] float32 at 44.1 kHz, peak at most -1 dBFS; the file's time 0 is sample 0.
    """
    # A new synth, so that channel state does not carry over to the next piece.
    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    handle = synth.sfload(str(font_path(font)))
    for channel in range(16):
        _select(synth, handle, channel, 0)
    blocks: list[Signal] = []
    done = 0
    for message in score:
        until = round(message.time * SAMPLE_RATE)
        if until > done:
            blocks.append(_generate(synth, until - done))
            done = until
        _send(synth, handle, message)
    blocks.append(_generate(synth, round(_TAIL_SECONDS * SAMPLE_RATE)))
    return _mixed(np.concatenate(blocks).T.copy(), seed)


def _generate(synth: tinysoundfont.Synth, samples: int) -> Signal:
    return np.frombuffer(synth.generate(samples), dtype=np.float32).reshape(-1, 2).copy()


def _send(synth: tinysoundfont.Synth, handle: int, message: Message) -> None:
    match message.dict():
        case {"type": "note_on", "channel": channel, "note": note, "velocity": velocity} if (
            velocity
        ):
            synth.noteon(channel, note, velocity)
        case {"type": "note_on" | "note_off", "channel": channel, "note": note}:
            synth.noteoff(channel, note)
        case {"type": "control_change", "channel": channel, "control": control, "value": value}:
            synth.control_change(channel, control, value)
        case {"type": "program_change", "channel": channel, "program": program}:
            _select(synth, handle, channel, program)
        case {"type": "pitchwheel", "channel": channel, "pitch": pitch}:
            synth.pitchbend(channel, pitch + _BEND_CENTRE)


def _select(synth: tinysoundfont.Synth, handle: int, channel: int, program: int) -> None:
    drums = channel == _DRUMS
    try:
        synth.program_select(channel, handle, 128 if drums else 0, program, drums)
    except RuntimeError:  # A kit the font does not have.
        synth.program_select(channel, handle, 128 if drums else 0, 0, drums)


def _mixed(dry: Signal, seed: int) -> Signal:
    rng = np.random.default_rng([0x5F, seed])
    dry *= np.float32(10 ** ((-20 - loudness(dry)) / 20))
    room = reverb(dry, float(rng.uniform(0.7, 1.8)), float(rng.uniform(0.4, 0.8)), rng)
    mix = dry + np.float32(rng.uniform(0.08, 0.2)) * room
    fade = SAMPLE_RATE // 2
    mix[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return master(mix, _LOUDNESS_LUFS)
