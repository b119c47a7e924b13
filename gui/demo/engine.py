"""`DemoEngine`: the protocol of the engine with a drum machine behind it, so that the panel has something to show.

Knows specs and updates; nothing of torch. Equal seeds give equal sounds here too.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.registry import model_spec
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Step, Update

Samples = NDArray[np.float32]
BLOCK_SECONDS = 1.5
ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True, slots=True)
class DemoEngine:
    """Yields steps and blocks, `pace` seconds apart."""

    pace: float = 0.0

    def generate(self, spec: GenerationSpec) -> Generator[Update, None, None]:
        """Makes a small piece at the spec's tempo and key."""
        spec = spec.resolved(model_spec(spec.model))
        rate = model_spec(spec.model).sample_rate
        steps = spec.steps or 1
        for index in range(steps):
            time.sleep(self.pace)
            yield Step("diffuse", index + 1, steps)
        piece = compose(spec, rate)
        block = round(BLOCK_SECONDS * rate)
        for start in range(0, piece.shape[1], block):
            time.sleep(self.pace)
            yield AudioBlock(start, piece[:, start : start + block])


def compose(spec: GenerationSpec, rate: int) -> Samples:
    """Drums, bass and chords [2, N] for a resolved spec."""
    dice = np.random.default_rng(spec.seed or 0)
    frames = spec.frames(rate)
    beat = 60.0 / (spec.tempo or float(dice.integers(70, 130)))
    seconds = frames / rate
    out = np.zeros((2, frames + rate), np.float32)
    root = 48 + _root(spec.key or spec.prompt)
    drums, calm = "Drums" in spec.prompt, not any(word in spec.prompt for word in ("Drums", "Bass"))
    density = dice.uniform(0.5, 1.0)
    for number in range(int(seconds / beat) + 1):
        bar, place = divmod(number, 4)
        at = number * beat
        entered = bar >= 1 or calm
        if drums:
            _add(out, rate, at, _kick(rate), 0.7)
            if place % 2:
                _add(out, rate, at, _noise(dice, rate, 18.0), 0.3 * density)
            _add(out, rate, at + beat / 2, _noise(dice, rate, 60.0), 0.16)
        if entered and not calm:
            step = (0, 0, 3, 5)[bar % 4]
            _add(out, rate, at + beat / 2, _tone(rate, root - 12 + step, beat * 0.45, 6.0), 0.4)
        if place == 0 and entered:
            step = (0, -4, 3, -2)[bar % 4]
            for interval, pan in ((0, -0.5), (3, 0.0), (7, 0.5)):
                held = _tone(rate, root + 12 + step + interval, beat * 4, 0.7 if calm else 2.5)
                _add(out, rate, at, held, 0.17 * density, pan)
    fade = min(frames, rate // 3)
    out = out[:, :frames]
    if not spec.loop:
        out[:, frames - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.tanh(out).astype(np.float32)


def _root(text: str) -> int:
    key = text.partition("Key: ")[2] or text
    name = key.split(" ")[0] if key else "A"
    return ROOTS.index(name) if name in ROOTS else 9


def _kick(rate: int) -> Samples:
    at = np.arange(int(0.3 * rate)) / rate
    return (np.sin(2 * np.pi * (48 * at + 4 * (1 - np.exp(-40 * at)))) * np.exp(-11 * at)).astype(
        np.float32
    )


def _noise(dice: np.random.Generator, rate: int, decay: float) -> Samples:
    at = np.arange(int(0.25 * rate)) / rate
    return (dice.standard_normal(len(at)) * np.exp(-decay * at)).astype(np.float32)


def _tone(rate: int, pitch: int, seconds: float, decay: float) -> Samples:
    at = np.arange(int(seconds * rate)) / rate
    hertz = 440.0 * 2 ** ((pitch - 69) / 12)
    tone = sum(np.sin(2 * np.pi * hertz * overtone * at) / overtone**1.6 for overtone in (1, 2, 3))
    attack = np.minimum(at / 0.01, 1.0) * np.minimum((seconds - at) / 0.02, 1.0)
    return (tone * np.exp(-decay * at) * attack).astype(np.float32)


def _add(  # noqa: PLR0913
    out: Samples, rate: int, at: float, sound: Samples, level: float, pan: float = 0.0
) -> None:
    start = int(at * rate)
    room = max(min(len(sound), out.shape[1] - start), 0)
    for channel, side in ((0, 1 - max(pan, 0)), (1, 1 + min(pan, 0))):
        out[channel, start : start + room] += level * side * sound[:room]
