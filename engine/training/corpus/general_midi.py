"""Reads a MIDI file, renders it with a soundfont, names its programs. Knows nothing of where the file is from."""

from __future__ import annotations

import io
from typing import Any

import mido
import numpy as np
import tinysoundfont

from engine.composing.instruments import INSTRUMENTS
from engine.errors import LongtakeError
from engine.training.corpus.effects import loudness, master, reverb
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal
from engine.training.corpus.soundfonts import font_path

Message = Any
"""A `mido.Message`, which is untyped; its `time` is in seconds from the start."""
Score = tuple[Message, ...]
"""Channel messages in order."""
_DRUMS = 9
_TAIL_SECONDS = 3.0
_LOUDNESS_LUFS = -14.0
_BEND_CENTRE = 8192
_FAMILIES: dict[range, str] = {
    range(31, 32): "Distorted Guitar",
    range(38, 40): "Synth Bass",
    range(50, 52): "Strings",
    range(54, 55): "Choir",
    range(58, 60): "Trumpet",
    range(62, 64): "Synth Brass",
    range(64, 68): "Saxophone",
    range(69, 70): "Oboe",
    range(72, 73): "Flute",
    range(80, 88): "Synth Lead",
    range(88, 96): "Synth Pad",
}
"""Programs that are not in the table of instruments."""


def read_midi(data: bytes) -> Score:
    """Parses a file of format 0 or 1 with times in ticks per quarter note.

    Raises:
        LongtakeError: if it is not such a file.
    """
    try:
        file = mido.MidiFile(file=io.BytesIO(data))
    except (OSError, EOFError, ValueError) as error:
        raise LongtakeError(f"This is not a Standard MIDI File ({error}).") from error
    if file.type == 2 or file.ticks_per_beat <= 0:
        raise LongtakeError("This is not a Standard MIDI File with ticks per quarter note.")
    score: list[Message] = []
    seconds = 0.0
    for message in file:
        seconds += message.time
        if not message.is_meta and message.type != "sysex":
            score.append(message.copy(time=seconds))
    return tuple(score)


def program_name(program: int) -> str | None:
    """A listener's name for a General MIDI program; None for sound effects and programs without a common name."""
    for instrument in INSTRUMENTS.values():
        if program in instrument.programs:
            return instrument.name
    return next((name for programs, name in _FAMILIES.items() if program in programs), None)


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
