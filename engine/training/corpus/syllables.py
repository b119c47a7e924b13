"""Spoken drums: beatbox syllables by the speech synthesiser espeak-ng, if it is installed.

A second voice for evaluating audio-to-audio (§4.6), closer to a real beatboxer than filtered noise.
Knows nothing of rhythm.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from functools import lru_cache

import numpy as np
import soundfile
import soxr

from engine.errors import LongtakeError
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal

SPEAKERS = ("m1", "m3", "m7", "f2", "f4")
"""Variants of espeak-ng's English voice."""
_PHONEMES = {"kick": ("b@", "bum"), "snare": ("ka", "k@"), "hat": ("ts", "t")}
_LEVELS = {"kick": 1.0, "snare": 0.9, "hat": 0.5}
_AUDIBLE = 0.05
_LONGEST_SECONDS = 0.16


def can_speak() -> bool:
    """Whether espeak-ng is installed."""
    return shutil.which("espeak-ng") is not None


def syllable(sound: str, seed: int) -> Signal:
    """The syllable for a "kick", "snare" or "hat": [N] float32, starting at its onset, at its usual level.

    Args:
        sound: the drum.
        seed: determines speaker, pitch and syllable.

    Raises:
        LongtakeError: if espeak-ng is not installed.
    """
    rng = _drawn(seed)
    speaker = _speaker(rng)
    pitch = int(rng.integers(15, 45))
    options = _PHONEMES[sound]
    return _LEVELS[sound] * _spoken(options[int(rng.integers(len(options)))], speaker, pitch)


def speaker_of(seed: int) -> str:
    """Whose voice, of `SPEAKERS`, speaks the syllables of a seed."""
    return _speaker(_drawn(seed))


def _drawn(seed: int) -> np.random.Generator:
    return np.random.default_rng([0xE5, seed])


def _speaker(rng: np.random.Generator) -> str:
    return SPEAKERS[int(rng.integers(len(SPEAKERS)))]


@lru_cache(maxsize=64)
def _spoken(phonemes: str, speaker: str, pitch: int) -> Signal:
    if not can_speak():
        raise LongtakeError("espeak-ng is not installed; install it, or use the voice 'formants'.")
    command = ["espeak-ng", "-v", f"en+{speaker}", "-s", "260", "-p", str(pitch), "--stdout"]
    done = subprocess.run([*command, f"[[{phonemes}]]"], check=True, capture_output=True)
    read, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    audio = np.asarray(soxr.resample(read, rate, SAMPLE_RATE), dtype=np.float32)
    heard = np.flatnonzero(np.abs(audio) > _AUDIBLE * np.abs(audio).max())
    length = min(int(heard[-1] - heard[0]) + 1, int(_LONGEST_SECONDS * SAMPLE_RATE))
    audio = audio[heard[0] : heard[0] + length] / np.abs(audio).max()
    fade = min(len(audio), SAMPLE_RATE // 100)
    audio[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    audio.flags.writeable = False
    return audio
