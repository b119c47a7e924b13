"""Drum kits: synthesised drum machines, and kits of CC0 samples, with synthesis where a sample is missing.

A kit maps a General MIDI percussion pitch and a seed to a stereo hit. Tuning, decay and drive are drawn from the seed,
so that models cannot memorise a kit. Knows nothing of grooves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from engine.training.corpus.oscillators import (
    SAMPLE_RATE,
    Signal,
    bandpass,
    highpass,
    lowpass,
    pulse,
    sine,
)

SAMPLES = Path("/usr/share/sonic-pi/samples")
"""The files of Debian's sonic-pi-samples; missing ones are replaced by synthesis."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """Parameter ranges of a synthesised kit: kick Hz and s, snare Hz, noise s, hat s, drive."""

    kick_hz: tuple[float, float]
    kick_decay: tuple[float, float]
    kick_click: tuple[float, float]
    snare_hz: tuple[float, float]
    snare_decay: tuple[float, float]
    hat_decay: tuple[float, float]
    drive: tuple[float, float]


MACHINES: dict[str, _Machine] = {
    "synth_909": _Machine(
        (46, 56), (0.18, 0.35), (0.4, 1.0), (170, 220), (0.1, 0.2), (0.02, 0.06), (1.0, 2.0)
    ),
    "synth_808": _Machine(
        (40, 52), (0.35, 0.9), (0.1, 0.4), (160, 200), (0.08, 0.18), (0.02, 0.05), (1.0, 1.6)
    ),
    "synth_trap": _Machine(
        (42, 54), (0.2, 0.5), (0.4, 1.0), (180, 240), (0.1, 0.22), (0.015, 0.035), (1.2, 2.5)
    ),
    "synth_club": _Machine(
        (48, 60), (0.14, 0.26), (0.5, 1.0), (180, 230), (0.08, 0.16), (0.02, 0.05), (1.2, 2.2)
    ),
    "synth_hard": _Machine(
        (48, 62), (0.2, 0.4), (0.6, 1.2), (180, 260), (0.1, 0.2), (0.02, 0.06), (2.5, 6.0)
    ),
    "synth_tight": _Machine(
        (50, 66), (0.1, 0.2), (0.5, 1.0), (190, 260), (0.07, 0.14), (0.012, 0.04), (1.2, 2.4)
    ),
    "synth_gated": _Machine(
        (48, 60), (0.16, 0.3), (0.5, 1.0), (160, 200), (0.22, 0.35), (0.02, 0.06), (1.2, 2.0)
    ),
}
SAMPLE_KITS: dict[str, dict[int, tuple[str, ...]]] = {
    "samples_acoustic": {
        36: ("drum_heavy_kick", "bd_sone", "bd_ada"),
        38: ("drum_snare_hard", "drum_snare_soft"),
        42: ("drum_cymbal_closed",),
        44: ("drum_cymbal_pedal",),
        46: ("drum_cymbal_open",),
        49: ("drum_splash_hard", "drum_cymbal_hard"),
        51: ("drum_cymbal_soft",),
        57: ("drum_cymbal_hard",),
        45: ("drum_tom_lo_hard", "drum_tom_lo_soft"),
        47: ("drum_tom_mid_hard", "drum_tom_mid_soft"),
        50: ("drum_tom_hi_hard", "drum_tom_hi_soft"),
        56: ("drum_cowbell",),
    },
    "samples_hiphop": {
        36: ("bd_fat", "bd_boom", "bd_pure", "drum_heavy_kick", "bd_zum"),
        38: ("sn_dolf", "sn_zome", "drum_snare_soft", "elec_lo_snare"),
        39: ("perc_snap", "perc_snap2"),
        42: ("drum_cymbal_closed", "elec_tick"),
        46: ("drum_cymbal_open",),
        49: ("drum_cymbal_soft",),
    },
    "samples_club": {
        36: ("bd_haus", "bd_klub", "bd_pure", "bd_gas"),
        38: ("sn_dub", "elec_hi_snare", "sn_dolf"),
        39: ("perc_snap2", "elec_filt_snare"),
        42: ("drum_cymbal_closed", "elec_tick"),
        46: ("drum_cymbal_open", "elec_cymbal"),
    },
    "samples_hard": {
        36: ("bd_tek", "bd_zome", "bd_gas", "bd_klub"),
        38: ("sn_zome", "sn_dub", "elec_snare"),
        42: ("elec_tick", "drum_cymbal_closed"),
        46: ("elec_cymbal", "drum_cymbal_open"),
        45: ("elec_fuzz_tom",),
        37: ("elec_wood", "perc_snap"),
    },
    "samples_electro": {
        36: ("bd_808", "elec_soft_kick", "elec_hollow_kick", "bd_zum"),
        38: ("elec_snare", "elec_mid_snare", "elec_filt_snare"),
        39: ("perc_snap", "elec_pop"),
        42: ("elec_tick", "elec_blip"),
        46: ("elec_cymbal",),
        56: ("elec_ping", "elec_bell"),
        45: ("elec_flip", "elec_fuzz_tom"),
    },
}
HELD_OUT_SAMPLES = frozenset(
    ("bd_ada", "bd_zum", "bd_gas", "elec_snare", "elec_lo_snare", "elec_hi_snare", "perc_snap2", "elec_blip")
)  # fmt: skip
"""Used in held-out items only."""
_BACKUP = {"samples_acoustic": "synth_tight", "samples_hiphop": "synth_tight", "samples_club": "synth_club",
           "samples_hard": "synth_hard", "samples_electro": "synth_808"}  # fmt: skip
_LEVELS = {36: 0.95, 38: 0.75, 39: 0.65, 37: 0.5, 42: 0.32, 44: 0.28, 46: 0.36, 49: 0.42, 57: 0.42, 51: 0.3, 53: 0.34,
           54: 0.3, 70: 0.26, 56: 0.35, 75: 0.4, 81: 0.25}  # fmt: skip


def drum_hit(kit: str, pitch: int, seed: int, *, held_out: bool = False) -> Signal:
    """One hit at full velocity: [2, N] float32, at the drum's usual level in a mix.

    Held-out kits use `HELD_OUT_SAMPLES` where there is one; other kits never do.
    """
    rng = np.random.default_rng([0xD2, seed, pitch])
    sound = _sampled(samples_of(kit, pitch, held_out=held_out), rng)
    if sound is None:
        sound = (
            _chip(pitch, rng) if kit == "chip" else _synthesised(_BACKUP.get(kit, kit), pitch, seed)
        )
    stereo = sound if sound.ndim == 2 else _placed(sound, pitch)
    stereo = stereo / max(1e-6, float(np.abs(stereo).max())) * _LEVELS.get(pitch, 0.5)
    fade = min(stereo.shape[1], 300)
    stereo[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return stereo.astype(np.float32)


def _placed(sound: Signal, pitch: int) -> Signal:
    """Pans hats slightly to one side and toms across; the rest is in the middle."""
    pan = {42: 0.2, 44: 0.2, 46: 0.2, 51: -0.25, 49: -0.2, 57: 0.3, 45: 0.35, 50: -0.35, 54: -0.3, 70: 0.35, 62: 0.4,
           64: 0.3, 56: -0.3, 75: -0.35, 37: -0.1}.get(pitch, 0.0)  # fmt: skip
    return np.stack([sound * np.float32(1 - max(0.0, pan)), sound * np.float32(1 + min(0.0, pan))])


@lru_cache(maxsize=256)
def recorded(name: str) -> Signal | None:
    """A CC0 sample, [2, N] float32; None if the package is not installed."""
    path = SAMPLES / f"{name}.flac"
    if not path.exists():
        return None
    read, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == SAMPLE_RATE
    audio = np.array(read.T[:2], dtype=np.float32)
    return np.repeat(audio, 2, axis=0) if len(audio) == 1 else audio


def samples_of(kit: str, pitch: int, *, held_out: bool) -> tuple[str, ...]:
    """The samples of a kit's drum on one side of the split; empty if it is synthesised."""
    names = SAMPLE_KITS.get(kit, {}).get(pitch, ())
    kept = tuple(name for name in names if (name in HELD_OUT_SAMPLES) == held_out)
    return kept or names


def _sampled(names: tuple[str, ...], rng: np.random.Generator) -> Signal | None:
    """A CC0 sample, retuned by up to two semitones."""
    sample = recorded(names[int(rng.integers(len(names)))]) if names else None
    if sample is None:
        return None
    sample = sample[:, : 3 * SAMPLE_RATE]
    speed = float(2 ** (rng.uniform(-2, 2) / 12))
    position = np.arange(0, sample.shape[1] - 1, speed)
    grid = np.arange(sample.shape[1])
    return np.stack([np.interp(position, grid, side) for side in sample]).astype(np.float32)


def _synthesised(kit: str, pitch: int, seed: int) -> Signal:
    machine = MACHINES[kit]
    rng = np.random.default_rng([0xD3, seed])
    draw = {name: float(rng.uniform(*getattr(machine, name))) for name in _Machine.__slots__}
    noise = np.random.default_rng([0xD4, seed, pitch])
    if pitch == 36:
        return _kick(draw, noise)
    if pitch == 38:
        return _snare(draw, noise)
    if pitch == 39:
        return _clap(noise, 0.6 * draw["snare_decay"])
    if pitch in (42, 44, 70, 54):
        return _hat(
            draw["hat_decay"] * {42: 1.0, 44: 0.7, 70: 0.8, 54: 1.6}[pitch],
            noise,
            9000 if pitch == 70 else 7000,
        )
    if pitch == 46:
        return _hat(0.12 + 3 * draw["hat_decay"], noise, 7000)
    if pitch in (49, 57, 51, 53):
        return _hat(
            {49: 0.7, 57: 0.6, 51: 0.3, 53: 0.35}[pitch], noise, 4000 if pitch != 51 else 6000
        )
    if pitch in (45, 47, 50, 62, 64, 60, 65):
        frequency = {45: 85, 47: 120, 50: 165, 62: 330, 64: 220, 60: 400, 65: 300}[pitch]
        return _tom(frequency * float(rng.uniform(0.85, 1.2)), 0.25 if pitch < 60 else 0.12)
    return _metal(pitch, noise)


def _time(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _kick(draw: dict[str, float], rng: np.random.Generator) -> Signal:
    t = _time(draw["kick_decay"] * 3.2)
    sweep = draw["kick_hz"] * (1 + rng.uniform(3, 7) * np.exp(-t / rng.uniform(0.012, 0.03)))
    body = sine(sweep, len(t)) * np.exp(-((t / draw["kick_decay"]) ** 1.4))
    click = (
        highpass(rng.standard_normal(len(t)).astype(np.float32), 1500)
        * np.exp(-t / 0.003)
        * 0.5
        * draw["kick_click"]
    )
    return np.tanh(draw["drive"] * (body + click)).astype(np.float32)


def _snare(draw: dict[str, float], rng: np.random.Generator) -> Signal:
    t = _time(draw["snare_decay"] * 5)
    f = draw["snare_hz"]
    tone = sine(f * (1 + 0.6 * np.exp(-t / 0.01)), len(t)) + 0.6 * sine(f * 1.62, len(t))
    wires = highpass(rng.standard_normal(len(t)).astype(np.float32), rng.uniform(900, 2200))
    mix = 0.7 * tone * np.exp(-t / 0.07) + rng.uniform(0.4, 0.8) * wires * np.exp(
        -t / draw["snare_decay"]
    )
    return np.tanh(draw["drive"] * 0.8 * mix).astype(np.float32)


def _clap(rng: np.random.Generator, decay: float) -> Signal:
    t = _time(0.35)
    bursts = sum(np.where(t >= d, np.exp(-(t - d) / 0.006), 0.0) for d in (0.0, 0.011, 0.022))
    tail = np.where(t >= 0.03, np.exp(-(t - 0.03) / decay), 0.0)
    noise = bandpass(rng.standard_normal(len(t)).astype(np.float32), rng.uniform(1000, 1700), 1.0)
    return (noise * (bursts + tail)).astype(np.float32)


def _hat(decay: float, rng: np.random.Generator, cutoff: float) -> Signal:
    t = _time(decay * 6 + 0.02)
    base = float(rng.uniform(280, 460))
    metal = sum(pulse(base * ratio, len(t)) for ratio in (1.0, 1.342, 1.6, 1.93, 2.46, 2.81))
    source = rng.uniform(0.1, 0.5) * metal + rng.standard_normal(len(t)).astype(np.float32)
    return highpass(source.astype(np.float32), cutoff) * np.exp(-t / decay).astype(np.float32)


def _tom(frequency: float, decay: float) -> Signal:
    t = _time(decay * 5)
    return (sine(frequency * (1 + 0.5 * np.exp(-t / 0.03)), len(t)) * np.exp(-t / decay)).astype(
        np.float32
    )


def _metal(pitch: int, rng: np.random.Generator) -> Signal:
    """Rim, clave, cowbell, triangle."""
    if pitch == 56:
        t = _time(0.35)
        return (
            bandpass(pulse(540, len(t)) + pulse(800, len(t)), 2600, 0.8) * np.exp(-t / 0.08)
        ).astype(np.float32)
    if pitch == 81:
        t = _time(1.2)
        return ((sine(4100, len(t)) + 0.6 * sine(6730, len(t))) * np.exp(-t / 0.4)).astype(
            np.float32
        )
    t = _time(0.12)
    frequency = 2500 if pitch == 75 else float(rng.uniform(420, 520))
    knock = sine(frequency, len(t)) + 0.7 * sine(frequency * 3.9, len(t))
    return (knock * np.exp(-t / 0.018)).astype(np.float32)


def _chip(pitch: int, rng: np.random.Generator) -> Signal:
    """Drums of an old game console: stepped noise and a falling square."""
    if pitch in (36, 45, 47, 50):
        t = _time(0.14)
        start = {36: 220, 45: 260, 47: 330, 50: 420}[pitch]
        sweep = start * np.exp(-t / 0.04) + 45
        return (np.sign(sine(sweep, len(t))) * np.exp(-t / 0.06)).astype(np.float32)
    decay = {38: 0.09, 39: 0.07, 42: 0.02, 46: 0.09, 49: 0.3}.get(pitch, 0.03)
    hold = 6 if pitch == 38 else 2
    t = _time(decay * 5)
    stepped = np.repeat(rng.choice([-1.0, 1.0], len(t) // hold + 1), hold)[: len(t)]
    return lowpass((stepped * np.exp(-t / decay)).astype(np.float32), 14000)
