"""General MIDI instruments and kits from free soundfonts.

Renders one note at a time, dry, at the same level for all fonts. Knows nothing of parts.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tinysoundfont

from engine.errors import LongtakeError
from engine.training.corpus.oscillators import SAMPLE_RATE, Signal

FONT_FILES: dict[str, tuple[str, ...]] = {
    "fluid": ("/usr/share/sounds/sf2/FluidR3_GM.sf2",),
    "musescore": (
        "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3",
        "/usr/share/sounds/sf3/MuseScore_General.sf3",
    ),
    "timgm": ("/usr/share/sounds/sf2/TimGM6mb.sf2",),
}
"""Where Debian's packages have their files; a directory in LONGTAKE_SOUNDFONTS is searched first.

The last is for evaluations: no model has heard it.
"""
MATERIAL = ("fluid", "musescore")
"""What models are trained on. Where only one of them is, as in a parcel, it plays for both."""
PACKAGES = {
    "fluid": "fluid-soundfont-gm",
    "musescore": "musescore-general-soundfont-small",
    "timgm": "timgm6mb-soundfont",
}
"""Font -> its package."""
_LEVEL_DB = -20.0
_RELEASE_BLOCK = 4096
_LONGEST_RELEASE = 3.0
_DRUM_BANK = 128


def font_path(font: str) -> Path:
    """The file of a font.

    Raises:
        LongtakeError: if it is not installed.
    """
    own = os.environ.get("LONGTAKE_SOUNDFONTS")
    names = [Path(p).name for p in FONT_FILES[font]]
    twins = MATERIAL if font in MATERIAL else ()
    others = [Path(p).name for twin in twins for p in FONT_FILES[twin]]
    here = [Path(own) / name for name in names] if own else []
    instead = [Path(own) / name for name in others] if own else []
    for path in [*here, *map(Path, FONT_FILES[font]), *instead]:
        if path.exists():
            return path
    raise LongtakeError(
        f"Soundfont {font!r} is not installed; install the Debian package {PACKAGES[font]}, or set"
        f" LONGTAKE_SOUNDFONTS to a directory that has {Path(FONT_FILES[font][0]).name}."
    )


@cache
def _player(font: str) -> tuple[Any, int]:
    return _opened(font_path(font))


@cache
def _opened(path: Path) -> tuple[Any, int]:
    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    return synth, synth.sfload(str(path))


def soundfont_note(font: str, program: int, pitch: int, velocity: int, seconds: float) -> Signal:
    """Renders one note with its release: [2, N] float32."""
    raw = _sound(font, (0, program), pitch, velocity, seconds)
    return raw * np.float32(_gain(font, program, pitch))


def soundfont_hit(font: str, kit: int, pitch: int, velocity: int) -> Signal:
    """Renders one hit of a drum kit: [2, N] float32."""
    return _sound(font, (_DRUM_BANK, kit), pitch, velocity, 0.25) * np.float32(_kit_gain(font, kit))


@cache
def _gain(font: str, program: int, pitch: int) -> float:
    """The gain to a common level, measured once per program and half octave."""
    reference = pitch // 6 * 6 + 3
    raw = _sound(font, (0, program), reference, 100, 0.5)[:, : SAMPLE_RATE // 2]
    level = float(np.sqrt((raw**2).mean()) + 1e-9)
    wanted = 10 ** (_LEVEL_DB / 20)
    return float(min(wanted / level, 60.0)) if level > 1e-6 else 0.0


@cache
def _kit_gain(font: str, kit: int) -> float:
    peaks = [float(np.abs(_sound(font, (_DRUM_BANK, kit), p, 110, 0.25)).max()) for p in (36, 38)]
    return 0.85 / max(max(peaks), 1e-6)


def _sound(font: str, preset: tuple[int, int], pitch: int, velocity: int, seconds: float) -> Signal:
    """Renders with a silent synth and leaves it silent, so that notes do not affect each other."""
    synth, handle = _player(font)
    bank, program = preset
    synth.program_select(0, handle, bank, program, bank == _DRUM_BANK)
    synth.noteon(0, pitch, velocity)
    blocks = [_generate(synth, max(64, int(seconds * SAMPLE_RATE)))]
    synth.noteoff(0, pitch)
    for _ in range(int(_LONGEST_RELEASE * SAMPLE_RATE / _RELEASE_BLOCK)):
        blocks.append(_generate(synth, _RELEASE_BLOCK))
        if float(np.abs(blocks[-1]).max()) < 1e-4:
            break
    synth.sounds_off(0)
    while _generate(synth, 1024).any():
        pass
    sound = np.concatenate(blocks).T.copy()
    fade = min(sound.shape[1], 400)
    sound[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return sound


def _generate(synth: Any, samples: int) -> Signal:
    return np.frombuffer(synth.generate(samples), dtype=np.float32).reshape(-1, 2).copy()
