"""Plays a MIDI file with a soundfont, and names its programs. Knows nothing of where the file comes from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import tinysoundfont

from engine.training.corpus.effects import loudness, master, reverb
from engine.training.corpus.instruments import INSTRUMENTS
from engine.training.corpus.midi_file import Message, MidiFile
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal
from engine.training.corpus.soundfonts import font_path

_DRUMS = 9
_TAIL_SECONDS = 3.0
_LOUDNESS_LUFS = -14.0
_NOTE_OFF, _NOTE_ON, _CONTROL, _PROGRAM, _BEND = 0x8, 0x9, 0xB, 0xC, 0xE
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
"""Programs that no row of the instruments' table plays."""


def program_name(program: int) -> str | None:
    """What a listener calls a General MIDI program; None for sound effects and what has no common name."""
    for instrument in INSTRUMENTS.values():
        if program in instrument.programs:
            return instrument.name
    return next((name for programs, name in _FAMILIES.items() if program in programs), None)


def played(midi: MidiFile) -> dict[str, int]:
    """How many notes each instrument plays, most first; percussion is "Drums"."""
    programs = dict.fromkeys(range(16), 0)
    counts: dict[str, int] = {}
    for message in midi.messages:
        if message.kind == _PROGRAM:
            programs[message.channel] = message.data[0]
        elif message.kind == _NOTE_ON and message.data[1]:
            drums = message.channel == _DRUMS
            name = "Drums" if drums else program_name(programs[message.channel])
            if name:
                counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def varied(midi: MidiFile, semitones: int, speed: float) -> MidiFile:
    """The same piece transposed (percussion stays) and faster or slower."""

    def moved(message: Message) -> Message:
        data = message.data
        if semitones and message.kind in (_NOTE_ON, _NOTE_OFF) and message.channel != _DRUMS:
            data = (int(np.clip(data[0] + semitones, 0, 127)), *data[1:])
        return replace(message, seconds=message.seconds / speed, data=data)

    return MidiFile(
        tuple(moved(message) for message in midi.messages),
        tuple(round(tempo * speed, 3) for tempo in midi.tempi),
        midi.metres,
    )


def play(midi: MidiFile, font: str, seed: int) -> Signal:
    """Plays with all controllers and bends, adds a room and masters.

    Returns:
        [2, N] float32 at 44.1 kHz, peak at most -1 dBFS; the file's time 0 is sample 0.
    """
    # A synth of its own: what one piece leaves in the channels must not colour the next.
    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    handle = synth.sfload(str(font_path(font)))
    for channel in range(16):
        _select(synth, handle, channel, 0)
    blocks: list[Signal] = []
    done = 0
    for message in midi.messages:
        until = round(message.seconds * SAMPLE_RATE)
        if until > done:
            blocks.append(_generate(synth, until - done))
            done = until
        _send(synth, handle, message)
    blocks.append(_generate(synth, round(_TAIL_SECONDS * SAMPLE_RATE)))
    return _mixed(np.concatenate(blocks).T.copy(), seed)


def _generate(synth: tinysoundfont.Synth, samples: int) -> Signal:
    return np.frombuffer(synth.generate(samples), dtype=np.float32).reshape(-1, 2).copy()


def _send(synth: tinysoundfont.Synth, handle: int, message: Message) -> None:
    channel, data = message.channel, message.data
    if message.kind == _NOTE_ON and data[1]:
        synth.noteon(channel, data[0], data[1])
    elif message.kind in (_NOTE_ON, _NOTE_OFF):
        synth.noteoff(channel, data[0])
    elif message.kind == _CONTROL:
        synth.control_change(channel, data[0], data[1])
    elif message.kind == _PROGRAM:
        _select(synth, handle, channel, data[0])
    elif message.kind == _BEND:
        synth.pitchbend(channel, data[0] | data[1] << 7)


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
