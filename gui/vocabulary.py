"""The words the chips offer: styles the embedded model knows, each with what belongs to it. Data and one dice.

Knows nothing of Qt. The model reads other words too; these are the ones it was trained on.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from gui.prompt_form import PromptForm

ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MODES = ("minor", "major", "dorian", "mixolydian", "lydian", "phrygian", "harmonic minor")


@dataclass(frozen=True, slots=True)
class Style:
    """A genre and what usually goes with it."""

    slow: int
    fast: int
    instruments: tuple[str, ...]
    moods: tuple[str, ...]


def _style(tempo: tuple[int, int], instruments: str, moods: str) -> Style:
    return Style(*tempo, tuple(instruments.split(", ")), tuple(moods.split(", ")))


STYLES: dict[str, Style] = {
    "House": _style(
        (118, 128),
        "Drums, Synth Bass, Piano, Synth Stab, Synth Pad",
        "Uplifting, Groovy, Warm, Night",
    ),
    "Deep House": _style(
        (116, 124), "Drums, Sub Bass, Electric Piano, Synth Pad", "Warm, Night, Groovy"
    ),
    "Techno": _style(
        (125, 142), "Drums, Acid Bass, Synth Stab, Synth Pad", "Dark, Hypnotic, Driving, Mechanical"
    ),
    "Trance": _style(
        (130, 142),
        "Drums, Synth Bass, Supersaw, Synth Pluck, Synth Pad",
        "Euphoric, Uplifting, Dreamy",
    ),
    "Drum and Bass": _style(
        (168, 178), "Drums, Reese Bass, Synth Pad, Electric Piano", "Energetic, Dark, Smooth"
    ),
    "Dubstep": _style(
        (138, 144), "Drums, Wobble Bass, Synth Lead, Synth Pad", "Heavy, Dark, Aggressive"
    ),
    "UK Garage": _style(
        (130, 136), "Drums, Sub Bass, Organ, Electric Piano", "Groovy, Smooth, Night"
    ),
    "Electro": _style(
        (112, 132), "Drums, Synth Bass, Synth Lead, Synth Stab", "Robotic, Funky, Futuristic"
    ),
    "Synthwave": _style(
        (84, 118),
        "Drums, Synth Bass, Synth Brass, Synth Pad, Synth Lead",
        "Nostalgic, Night, Driving",
    ),
    "Chiptune": _style(
        (120, 172), "Drums, Chip Lead, Chip Bass", "Playful, Happy, Energetic, Retro"
    ),
    "Ambient": _style(
        (60, 84), "Synth Pad, Synth Bells, Vocal Pad, Piano", "Calm, Peaceful, Dreamy, Spacious"
    ),
    "Trip Hop": _style(
        (76, 100), "Drums, Sub Bass, Electric Piano, Strings", "Chill, Moody, Hypnotic"
    ),
    "Hip Hop": _style(
        (84, 104), "Drums, Bass Guitar, Electric Piano, Brass Section", "Confident, Groovy, Urban"
    ),
    "Boom Bap": _style((84, 98), "Drums, Acoustic Bass, Piano, Trumpet", "Raw, Groovy, Nostalgic"),
    "Lo-Fi Hip Hop": _style(
        (68, 90), "Drums, Electric Piano, Bass Guitar, Acoustic Guitar", "Chill, Nostalgic, Mellow"
    ),
    "Trap": _style((130, 160), "Drums, 808 Bass, Synth Bells, Strings", "Dark, Hard, Menacing"),
    "R&B": _style(
        (66, 98), "Drums, Sub Bass, Electric Piano, Clean Electric Guitar", "Smooth, Romantic, Warm"
    ),
    "Reggaeton": _style(
        (86, 100), "Drums, Synth Bass, Synth Pluck, Marimba", "Danceable, Summer, Energetic"
    ),
    "Funk": _style(
        (96, 116),
        "Drums, Slap Bass, Clavinet, Brass Section, Clean Electric Guitar",
        "Groovy, Energetic, Happy",
    ),
    "Disco": _style(
        (112, 124), "Drums, Bass Guitar, Strings, Clean Electric Guitar, Piano", "Happy, Danceable"
    ),
    "Soul": _style(
        (72, 112), "Drums, Bass Guitar, Organ, Brass Section, Piano", "Warm, Uplifting, Emotional"
    ),
    "Rock": _style((100, 150), "Drums, Bass Guitar, Distorted Guitar, Organ", "Energetic, Driving"),
    "Punk": _style(
        (160, 200), "Drums, Bass Guitar, Distorted Guitar", "Fast, Rebellious, Energetic"
    ),
    "Metal": _style(
        (100, 190), "Drums, Bass Guitar, Distorted Guitar, Choir", "Aggressive, Heavy, Dark"
    ),
    "Pop": _style(
        (96, 126), "Drums, Synth Bass, Piano, Synth Pluck, Acoustic Guitar", "Happy, Catchy, Bright"
    ),
    "Ballad": _style((60, 80), "Piano, Strings, Drums, Bass Guitar", "Emotional, Romantic, Calm"),
    "Country": _style(
        (84, 140), "Drums, Acoustic Guitar, Fiddle, Banjo, Bass Guitar", "Happy, Warm"
    ),
    "Folk": _style(
        (80, 120), "Acoustic Guitar, Fiddle, Tin Whistle, Acoustic Bass", "Warm, Peaceful"
    ),
    "Jazz": _style((90, 180), "Drums, Acoustic Bass, Piano, Saxophone, Trumpet", "Relaxed, Smooth"),
    "Bossa Nova": _style(
        (110, 140), "Drums, Acoustic Guitar, Acoustic Bass, Flute, Piano", "Relaxed, Warm"
    ),
    "Reggae": _style((66, 84), "Drums, Bass Guitar, Organ, Muted Guitar", "Relaxed, Happy"),
    "Cinematic": _style(
        (66, 110), "Strings, French Horn, Piano, Timpani, Synth Pad", "Epic, Tense, Emotional"
    ),
    "Orchestral": _style(
        (70, 130), "Strings, French Horn, Trumpet, Timpani, Harp, Flute", "Epic, Heroic, Dramatic"
    ),
    "Chamber Music": _style((60, 120), "Violin, Viola, Cello, Harpsichord", "Elegant, Calm"),
}

GENRES = tuple(STYLES)
INSTRUMENTS = tuple(dict.fromkeys(name for style in STYLES.values() for name in style.instruments))
MOODS = tuple(sorted({mood for style in STYLES.values() for mood in style.moods}))


def surprise(dice: random.Random) -> PromptForm:
    """A style at random with some of what goes with it, so that the result hangs together."""
    genre = dice.choice(GENRES)
    style = STYLES[genre]
    first, *others = style.instruments
    chosen = {first, *dice.sample(others, min(len(others), dice.randint(1, 3)))}
    return PromptForm(
        genre=genre,
        instruments=tuple(name for name in style.instruments if name in chosen),
        moods=tuple(dice.sample(style.moods, dice.randint(1, min(2, len(style.moods))))),
        tempo=float(dice.randint(style.slow, style.fast)),
        key=f"{dice.choice(ROOTS)} {dice.choice(MODES[:2])}",
    )
