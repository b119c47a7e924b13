"""Short recordings whose strokes are known, to learn the sounds of drums from: mouths, kits, and tunes without drums.

Patterns are random, so that nothing but the sound tells what a stroke is; rooms, microphones and noise are worn over
all. Held-out grooves have mouths, speakers, samples, machines and a soundfont of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.training.corpus.beatbox import Onset, beatbox, hand_claps
from engine.training.corpus.drum_kits import MACHINES, SAMPLE_KITS, drum_hit
from engine.training.corpus.effects import reverb
from engine.training.corpus.mouths import hum, mouth, whistle
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal, bandpass, highpass, lowpass
from engine.training.corpus.soundfonts import MATERIAL, soundfont_hit, soundfont_note
from engine.training.corpus.syllables import speaker_of
from engine.training.corpus.synths import PATCHES, synth_note
from engine.training.corpus.tone import Tone

PITCHES = {
    "kick": (36,),
    "snare": (38, 38, 39),
    "hat": (42, 42, 44),
    "open": (46, 46, 49, 51),
    "tom": (45, 47, 50),
}
"""General MIDI's pitches that a sound may be of a kit."""
NO_DRUMS = ("synth", "instrument", "voice")
SOURCES = ("mouth", "beatbox", "spoken", "claps", "machine", "samples", "font", *NO_DRUMS)
_CHANCE = {"kick": 0.25, "snare": 0.2, "hat": 0.35, "open": 0.06, "tom": 0.08}
_HELD_OUT_SPEAKERS = ("m7", "f4")
_HELD_OUT_MACHINES = ("synth_gated", "synth_808")
_FONT_KITS = (0, 8, 16, 24, 25, 32, 40)
_PROGRAMS = tuple(program for program in range(96) if program != 47)
"""General MIDI's instruments, without timpani and effects."""
_SECONDS = 6.0
Player = Callable[[int, float], Signal]


@dataclass(frozen=True, slots=True)
class Groove:
    """Audio [N] float32 at 44.1 kHz, and when (s) which sound begins; a tune's onsets are named ""."""

    audio: Signal
    onsets: list[Onset]
    source: str


def groove(seed: int, source: str, *, held_out: bool = False) -> Groove:
    """The groove of a seed from one of `SOURCES`."""
    rng = np.random.default_rng([0x6A, seed, held_out, SOURCES.index(source)])
    tempo = float(rng.uniform(70, 170))
    if source in ("beatbox", "spoken", "claps"):
        audio, onsets = _voiced(source, tempo, rng, held_out)
    elif source in NO_DRUMS:
        audio, onsets = _tune(_player(source, rng, held_out), rng)
    else:
        audio, onsets = _struck(_sounds(source, rng, held_out), tempo, rng)
    return Groove(_worn(audio, rng), onsets, source)


def _voiced(
    source: str, tempo: float, rng: np.random.Generator, held_out: bool
) -> tuple[Signal, list[Onset]]:
    """Beatboxes of `beatbox`; who is held out has seeds, or speakers, of their own."""
    bars = max(1, round(_SECONDS * tempo / 240))
    while True:
        seed = int(rng.integers(1_000_000))
        own = speaker_of(seed) in _HELD_OUT_SPEAKERS if source == "spoken" else seed % 10 == 0
        if own == held_out:
            break
    if source == "claps":
        audio, onsets = hand_claps(seed, tempo, bars)
        return audio[0], [(when, "snare") for when, _ in onsets]
    audio, onsets = beatbox(seed, tempo, bars, "spoken" if source == "spoken" else "formants")
    return audio[0], onsets


def _sounds(
    source: str, rng: np.random.Generator, held_out: bool
) -> Callable[[str], Signal | None]:
    """Whoever plays, as a function from a sound to one stroke of it; None if they have no such sound."""
    if source == "mouth":
        person = mouth(2 * int(rng.integers(1_000_000)) + held_out)
        return lambda sound: None if sound == "tom" else person(sound, rng) * _LOUDNESS[sound]
    seed = int(rng.integers(1_000_000))
    if source == "font":
        font = "timgm" if held_out else str(rng.choice(MATERIAL))
        kit = int(rng.choice(_FONT_KITS))
        return lambda sound: soundfont_hit(font, kit, _pitch(sound, rng), 100).mean(axis=0)
    names = [name for name in MACHINES if (name in _HELD_OUT_MACHINES) == held_out]
    name = str(rng.choice(list(SAMPLE_KITS) if source == "samples" else names))
    return lambda sound: drum_hit(name, _pitch(sound, rng), seed, held_out=held_out).mean(axis=0)


_LOUDNESS = {"kick": 0.9, "snare": 0.7, "hat": 0.4, "open": 0.4}


def _pitch(sound: str, rng: np.random.Generator) -> int:
    return int(rng.choice(PITCHES[sound]))


def _struck(
    sounds: Callable[[str], Signal | None], tempo: float, rng: np.random.Generator
) -> tuple[Signal, list[Onset]]:
    """Random strokes on sixteenths; some people seldom strike two things at once."""
    step = 15 / tempo
    audio = np.zeros(int(_SECONDS * SAMPLE_RATE), np.float32)
    together = rng.random() < 0.6
    onsets: list[Onset] = []
    for index in range(int((_SECONDS - 0.2) / step)):
        chosen = [sound for sound, chance in _CHANCE.items() if rng.random() < chance]
        for sound in chosen if together else chosen[:1]:
            stroke = sounds(sound)
            if stroke is not None:
                when = 0.05 + index * step + float(rng.uniform(-0.01, 0.01))
                onsets.append((when, sound))
                _add(audio, stroke * np.float32(rng.uniform(0.35, 1)), when)
    return audio, sorted(onsets)


def _player(source: str, rng: np.random.Generator, held_out: bool) -> Player:
    """Whoever plays a tune, as a function from a pitch and seconds to a note [N]: nothing in it is a drum."""
    seed = int(rng.integers(1_000_000))
    if source == "synth":
        patch = str(rng.choice(sorted(PATCHES)))

        def played(pitch: int, seconds: float) -> Signal:
            tone = Tone(_hertz(pitch), int(seconds * SAMPLE_RATE), 0.8, 0.5, seed)
            return synth_note(patch, tone).mean(axis=0)

    elif source == "instrument":
        font = "timgm" if held_out else str(rng.choice(MATERIAL))
        program = int(rng.choice(_PROGRAMS))

        def played(pitch: int, seconds: float) -> Signal:
            return soundfont_note(font, program, pitch, 100, seconds).mean(axis=0)

    else:
        voice, octaves = (whistle, 1) if rng.random() < 0.4 else (hum, 0)

        def played(pitch: int, seconds: float) -> Signal:
            count = np.arange(int(seconds * SAMPLE_RATE))
            note = voice(np.full(len(count), _hertz(pitch + 12 * octaves)), rng)
            return note * np.minimum(1, np.minimum(count, count[::-1]) / 900)

    return played


def _hertz(pitch: int) -> float:
    return 440 * 2 ** ((pitch - 69) / 12)


def _tune(played: Player, rng: np.random.Generator) -> tuple[Signal, list[Onset]]:
    """Notes one after the other, within an octave."""
    audio = np.zeros(int(_SECONDS * SAMPLE_RATE), np.float32)
    onsets: list[Onset] = []
    low, when = int(rng.integers(36, 76)), 0.1
    while when < _SECONDS - 0.6:
        seconds = float(rng.uniform(0.12, 0.7))
        note = played(low + int(rng.integers(0, 12)), seconds)
        _add(audio, (note / max(1e-6, float(np.abs(note).max()))).astype(np.float32), when)
        onsets.append((when, ""))
        when += seconds + float(rng.choice([0.0, 0.02, 0.1]))
    return audio, onsets


def _add(audio: Signal, sound: Signal, when: float) -> None:
    start = round(when * SAMPLE_RATE)
    stop = min(len(audio), start + len(sound))
    audio[start:stop] += sound[: stop - start]


def _worn(audio: Signal, rng: np.random.Generator) -> Signal:
    """As a microphone in a room has it: equalised, with reverberation, noise, at any level."""
    if rng.random() < 0.5:
        audio = highpass(audio, float(rng.choice([60, 120, 200])))
    if rng.random() < 0.4:
        audio = lowpass(audio, float(rng.uniform(6000, 16000)))
    for _ in range(2):
        audio = audio + float(rng.uniform(-0.5, 1.0)) * bandpass(
            audio,
            float(np.exp(rng.uniform(np.log(80), np.log(10_000)))),
            float(rng.uniform(0.4, 2)),
        )
    if rng.random() < 0.5:
        wet = reverb(
            np.stack([audio, audio]), float(rng.uniform(0.15, 0.8)), float(rng.random()), rng
        )
        audio = audio + float(rng.uniform(0.05, 0.5)) * wet[0]
    peak = max(1e-6, float(np.abs(audio).max()))
    hiss = lowpass(
        rng.standard_normal(len(audio)).astype(np.float32), float(rng.uniform(500, 16000))
    )
    audio = audio / peak + hiss / float(hiss.std()) * 10 ** (float(rng.uniform(-80, -36)) / 20)
    return (audio * 10 ** (float(rng.uniform(-30, -1)) / 20)).astype(np.float32)
