"""`DemoEngine`: the protocol of the engine, with the real composer and plain tones, so that there is something to see.

Knows specs, updates and the composer; nothing of torch. Equal seeds give equal sounds here too.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.composing.description import describe
from engine.composing.lead_sheet import written
from engine.composing.midi_files import read_midi
from engine.composing.reading import read
from engine.composing.score import ROLES, Score
from engine.registry import model_spec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Step, Update

Samples = NDArray[np.float32]
BLOCK_SECONDS = 1.5
KICKS, HATS = (35, 36), (42, 44, 46)
LEVELS = {"bass": 0.4, "harmony": 0.12, "melody": 0.24}
DECAYS = {"bass": 6.0, "harmony": 1.6, "melody": 3.0}
"""How fast the tones of each kind of part fade, 1/s."""
LONGEST = 4.0
"""Seconds that a tone lasts at most."""


@dataclass(frozen=True, slots=True)
class DemoEngine:
    """Yields a lead sheet, steps and blocks, `pace` seconds apart."""

    pace: float = 0.0

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Makes a small piece at the spec's tempo."""
        spec = spec.resolved(model_spec(spec.model))
        rate = model_spec(spec.model).sample_rate
        sheet = lead_sheet(spec)
        yield sheet
        steps = spec.steps or 1
        for index in range(steps):
            time.sleep(self.pace)
            yield Step("diffuse", index + 1, steps)
        piece = played(sheet.score, spec, rate)
        block = round(BLOCK_SECONDS * rate)
        for start in range(0, piece.shape[1], block):
            time.sleep(self.pace)
            yield AudioBlock(start, piece[:, start : start + block])


def lead_sheet(spec: GenerationSpec) -> LeadSheet:
    """What a resolved spec asks to be played: a MIDI file, or what the built-in composer writes, or nothing."""
    if spec.score == "none" or not model_spec(spec.model).dit.grid:
        return LeadSheet(None, "notes are left to the model", spec.tempo)
    if spec.midi is not None:
        score = read_midi(Path(spec.midi))
        return LeadSheet(score, f"notes from {Path(spec.midi).name}", spec.tempo or score.tempo)
    wish = read(spec.prompt, lambda text, phrases: np.zeros(len(phrases), np.float32)).wish(
        seed=spec.composer_seed or 0,
        seconds=spec.seconds_total or 1.0,
        tempo=spec.tempo,
        chords=spec.chords,
        form=spec.form,
        exact=spec.bars is not None,
        loop=spec.loop,
    )
    piece = written(wish)
    return LeadSheet(Score.of(piece), f"composed: {describe(piece)}", piece.tempo)


def played(score: Score | None, spec: GenerationSpec, rate: int) -> Samples:
    """The notes of a score [2, N] for a resolved spec; a low hum where there are none."""
    out = np.zeros((2, spec.frames(rate)), np.float32)
    dice, sounds = np.random.default_rng(spec.seed or 0), dict[tuple[str, int, int], Samples]()
    if score is None:
        out += 0.3 * _tone(rate, 45, out.shape[1], 0.2)
        return out
    for note in score.notes:
        group = ROLES[str(score.parts[note["part"]][0])]
        frames = round(min(float(note["duration"]) * 60 / score.tempo, LONGEST) * rate)
        key = (group, int(note["pitch"]), 0 if group == "drums" else frames)
        if key not in sounds:
            sounds[key] = _sound(rate, key, dice)
        pan = 0.5 * float(np.sin(int(note["part"]) * 2.3)) if group != "bass" else 0.0
        at, level = float(note["start"]) * 60 / score.tempo, float(note["velocity"]) / 100
        _add(out, round(at * rate), sounds[key] * np.float32(level), pan)
    fade = min(out.shape[1], rate // 3)
    if not spec.loop and fade:
        out[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.tanh(out).astype(np.float32)


def _sound(rate: int, key: tuple[str, int, int], dice: np.random.Generator) -> Samples:
    group, pitch, frames = key
    if group != "drums":
        return LEVELS[group] * _tone(rate, pitch, max(frames, 64), DECAYS[group])
    if pitch in KICKS:
        return 0.7 * _kick(rate)
    return _noise(dice, rate, 60.0) * 0.16 if pitch in HATS else _noise(dice, rate, 18.0) * 0.3


def _kick(rate: int) -> Samples:
    at = np.arange(int(0.3 * rate)) / rate
    return (np.sin(2 * np.pi * (48 * at + 4 * (1 - np.exp(-40 * at)))) * np.exp(-11 * at)).astype(
        np.float32
    )


def _noise(dice: np.random.Generator, rate: int, decay: float) -> Samples:
    at = np.arange(int(0.25 * rate)) / rate
    return (dice.standard_normal(len(at)) * np.exp(-decay * at)).astype(np.float32)


def _tone(rate: int, pitch: int, frames: int, decay: float) -> Samples:
    at = np.arange(frames) / rate
    hertz = 440.0 * 2 ** ((pitch - 69) / 12)
    tone = sum(np.sin(2 * np.pi * hertz * overtone * at) / overtone**1.6 for overtone in (1, 2, 3))
    ends = np.minimum(at / 0.01, 1.0) * np.minimum((frames / rate - at) / 0.02, 1.0)
    return (tone * np.exp(-decay * at) * ends).astype(np.float32)


def _add(out: Samples, start: int, sound: Samples, pan: float) -> None:
    room = max(min(len(sound), out.shape[1] - start), 0)
    for channel, side in ((0, 1 - max(pan, 0)), (1, 1 + min(pan, 0))):
        out[channel, start : start + room] += np.float32(side) * sound[:room]
