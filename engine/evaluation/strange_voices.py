"""Stems in voices that no model here has ever heard: of a soundfont that the training material does not use.

A classifier of instruments that learns from them cannot know a model's own voices by heart. Knows nothing of
classifiers.
"""

from __future__ import annotations

from dataclasses import replace

from engine.composing import compose
from engine.composing.arrangement import Voice
from engine.evaluation.sounds import RATE, Sound
from engine.training.corpus import render

FONT = "timgm"
"""Of Debian's timgm6mb-soundfont (GPL); nothing made with it is redistributed."""
PROGRAMS: dict[str, tuple[int, ...]] = {
    "Drums": (0, 8, 16),
    "Piano": (0, 1),
    "Electric Piano": (4, 5),
    "Organ": (16, 17, 18),
    "Acoustic Guitar": (24, 25),
    "Distorted Guitar": (29, 30),
    "Bass Guitar": (33, 34),
    "Synth Bass": (38, 39),
    "Strings": (48, 49),
    "Trumpet": (56,),
    "Saxophone": (65, 66),
    "Flute": (73,),
    "Synth Lead": (80, 81),
    "Synth Pad": (88, 89, 90, 91),
}
"""Instrument -> its General MIDI programs, or kits."""


def strange_stem(seed: int, instrument: str, seconds: float) -> Sound:
    """At most so many seconds of a solo stem of this seed, played by one of the font's voices.

    Raises:
        LongtakeError: if the font is not installed.
    """
    programs = PROGRAMS[instrument]
    source = "kit" if instrument == "Drums" else "soundfont"
    voice = Voice(source, FONT, programs[seed % len(programs)])
    piece = compose(seed, seconds=seconds)
    parts = tuple(replace(part, voice=voice) for part in piece.parts)
    samples = render(replace(piece, parts=parts))[:, : round(seconds * RATE)]
    return Sound(f"strange {instrument}", samples, piece.metadata())
