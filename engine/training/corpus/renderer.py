"""The renderer: from an arrangement to audio. `render` is a pure function.

Each distinct note of a part is rendered once and reused wherever it recurs; parts are panned, sent to a common reverb
and mastered. The grid of the arrangement starts at sample 0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from engine.composing.arrangement import Arrangement, Note, Part, Voice
from engine.training.corpus.drum_kits import drum_hit
from engine.training.corpus.effects import (
    duck_curve,
    echo,
    loudness,
    master,
    reverb,
    saturate,
    vinyl,
    widen,
)
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal, lowpass
from engine.training.corpus.soundfonts import FONT_FILES, soundfont_hit, soundfont_note
from engine.training.corpus.synths import Tone, synth_note
from engine.training.corpus.textures import texture

_VELOCITY_LAYER = 12
_SYNTH_LEVEL = 0.22
_DRUM_LEVEL = 0.8
_PART_LUFS = -18.0
_MEASURED_SECONDS = 20
_TEXTURE_LEVEL = np.float32(0.012)


def render(arrangement: Arrangement) -> Signal:
    """Renders at 44.1 kHz.

    Returns:
        [2, N] float32 of exactly `arrangement.seconds`, peak at most -1 dBFS. A loop's tail is added to its start.
    """
    samples = round(arrangement.seconds * SAMPLE_RATE)
    loop = arrangement.kind == "loop"
    length = samples + (4 * SAMPLE_RATE if loop else 0)
    rng = np.random.default_rng([0x5E, arrangement.seed])
    production = arrangement.production
    beat = 60 / arrangement.tempo
    dry = np.zeros((2, length), np.float32)
    send = np.zeros_like(dry)
    echoes = np.zeros_like(dry)
    duck = _duck(arrangement, length)
    for part in arrangement.parts:
        sound = _part(part, beat, length)
        if part.duck and duck is not None:
            sound *= 1 - part.duck * (1 - duck)
        dry += sound
        if part.delay:
            echoes += part.delay * sound
        send += part.reverb * sound
    if echoes.any():
        wet = echo(echoes, beat * 0.75)
        dry += wet
        send += 0.2 * wet
    mix = dry + 1.6 * reverb(send, production.reverb_seconds, production.reverb_brightness, rng)
    if loop:
        mix[:, : length - samples] += mix[:, samples:]
        mix = mix[:, :samples]
    if production.fade_seconds:
        mix *= _fade(arrangement, length)
    return _finish(arrangement, mix, rng)


def _fade(arrangement: Arrangement, samples: int) -> Signal:
    """A gain that falls to zero at the last bar line."""
    end = (arrangement.sections[-1].start + arrangement.sections[-1].beats) * 60 / arrangement.tempo
    t = np.arange(samples) / SAMPLE_RATE
    left = np.clip((end - t) / arrangement.production.fade_seconds, 0, 1)
    return (left**1.5).astype(np.float32)


def _finish(arrangement: Arrangement, mix: Signal, rng: np.random.Generator) -> Signal:
    """Saturation, ageing and mastering."""
    production = arrangement.production
    level = float(np.sqrt((mix**2).mean())) + 1e-9
    mix = saturate(mix * np.float32(0.16 / level), 0.6 * production.saturation)
    if production.lowpass_hz:
        mix = lowpass(mix, production.lowpass_hz)
    if production.texture:
        mix += _TEXTURE_LEVEL * texture(production.texture, mix.shape[1], rng)
    if production.vinyl:
        mix += vinyl(mix.shape[1], production.vinyl, rng)
    if arrangement.kind != "loop":
        fade = min(mix.shape[1], int(0.4 * SAMPLE_RATE))
        mix[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32) ** 2
    return master(mix, production.loudness_lufs)


def _duck(arrangement: Arrangement, samples: int) -> Signal | None:
    """The side-chain gain of the kick drum, if any part uses it."""
    beat = 60 / arrangement.tempo
    kicks = [
        n.start * beat
        for p in arrangement.parts
        if p.role == "drums"
        for n in p.notes
        if n.pitch == 36
    ]
    if not kicks or not any(part.duck for part in arrangement.parts):
        return None
    return duck_curve(kicks, samples, min(0.35, beat * 0.8))


def _part(part: Part, beat: float, samples: int) -> Signal:
    """All notes of a part, with drive, pan and level: [2, samples]."""
    out = np.zeros((2, samples), np.float32)
    sounded: dict[tuple[int, int, int], Signal] = {}
    for note in part.notes:
        layer = min(127, max(8, round(note.velocity / _VELOCITY_LAYER) * _VELOCITY_LAYER))
        seconds = note.duration * beat
        key = (note.pitch, layer, round(seconds * 100))
        sound = sounded.get(key)
        if sound is None:
            sound = sounded[key] = _sound(
                part.voice, note, (layer, round(seconds * 100) / 100), beat
            )
        start = round(note.start * beat * SAMPLE_RATE)
        stop = min(samples, start + sound.shape[1])
        if stop > start:
            out[:, start:stop] += sound[:, : stop - start] * np.float32(note.velocity / layer)
    out *= _balance(out, part, beat)
    if part.drive:
        out = saturate(out * 2, part.drive) / 2
    if part.width:
        out = widen(out, part.width, 0.008 + 0.006 * abs(part.pan))
    left, right = np.sqrt(1 - max(0.0, part.pan)), np.sqrt(1 + min(0.0, part.pan))
    out *= np.array([[left], [right]], np.float32)
    return out


def _balance(sound: Signal, part: Part, beat: float) -> np.float32:
    """The gain to a part's target loudness, measured over its busiest twenty seconds."""
    starts = np.array([note.start * beat for note in part.notes])
    crowd = [int(((starts >= s) & (starts < s + _MEASURED_SECONDS)).sum()) for s in starts[::8]]
    begin = int(starts[8 * int(np.argmax(crowd))] * SAMPLE_RATE)
    heard = loudness(sound[:, begin : begin + _MEASURED_SECONDS * SAMPLE_RATE])
    gain_db = min(40.0, _PART_LUFS + part.level_db - heard)
    return np.float32(10 ** (gain_db / 20)) if heard > -60 else np.float32(1.0)


def _sound(voice: Voice, note: Note, layer: tuple[int, float], beat: float) -> Signal:
    velocity, seconds = layer
    if voice.source == "kit":
        return _hit(voice, note.pitch, velocity)
    if voice.source == "soundfont":
        return soundfont_note(voice.name, voice.program, note.pitch, velocity, seconds)
    frequency = 440 * 2 ** ((note.pitch - 69) / 12)
    tone = Tone(frequency, max(64, int(seconds * SAMPLE_RATE)), velocity / 127, beat, voice.seed)
    return synth_note(voice.name, tone) * np.float32(_SYNTH_LEVEL * (0.35 + 0.65 * velocity / 127))


@lru_cache(maxsize=128)
def _hit(voice: Voice, pitch: int, velocity: int) -> Signal:
    if voice.name.startswith("gm_") or voice.name in FONT_FILES:
        either = "fluid" if voice.seed % 2 else "musescore"
        font = voice.name if voice.name in FONT_FILES else either
        return soundfont_hit(font, voice.program, pitch, velocity) * np.float32(_DRUM_LEVEL)
    hit = drum_hit(voice.name, pitch, voice.seed, held_out=voice.held_out)
    return hit * np.float32(_DRUM_LEVEL * (velocity / 127) ** 1.3)
