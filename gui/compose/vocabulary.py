"""The words the chips offer: styles the embedded model knows, each with what belongs to it. Data, and a surprise.

Knows nothing of Qt. The model reads other words too; these are the ones it was trained on, which a test checks. Styles
in three or six are left out: a prompt has no word for the metre, which is chosen in the transport.
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
        (118, 124), "Drums, Sub Bass, Electric Piano, Synth Pad", "Warm, Night, Groovy"
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
        (112, 132), "Drums, Synth Bass, Synth Lead, Synth Brass", "Robotic, Funky, Futuristic"
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
        (68, 90), "Drums, Electric Piano, Bass Guitar, Vibraphone", "Chill, Nostalgic, Mellow"
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
        "Groovy, Funky, Playful",
    ),
    "Afrobeat": _style(
        (96, 118),
        "Drums, Bass Guitar, Clean Electric Guitar, Brass Section, Organ",
        "Groovy, Hypnotic, Sunny",
    ),
    "Disco": _style(
        (112, 124), "Drums, Bass Guitar, Strings, Clean Electric Guitar, Piano", "Happy, Danceable"
    ),
    "Soul": _style(
        (72, 112), "Drums, Bass Guitar, Organ, Brass Section, Piano", "Warm, Uplifting, Heartfelt"
    ),
    "Rock": _style((100, 150), "Drums, Bass Guitar, Distorted Guitar, Organ", "Energetic, Driving"),
    "Punk": _style(
        (160, 198), "Drums, Bass Guitar, Distorted Guitar", "Fast, Rebellious, Energetic"
    ),
    "Metal": _style(
        (120, 190), "Drums, Bass Guitar, Distorted Guitar, Choir", "Aggressive, Heavy, Dark"
    ),
    "Pop": _style(
        (96, 126), "Drums, Synth Bass, Piano, Synth Pluck, Acoustic Guitar", "Happy, Catchy, Bright"
    ),
    "Ballad": _style((60, 80), "Piano, Strings, Drums, Bass Guitar", "Emotional, Romantic, Tender"),
    "Blues": _style(
        (72, 126),
        "Drums, Bass Guitar, Clean Electric Guitar, Harmonica, Organ",
        "Gritty, Soulful, Laid-back",
    ),
    "Country": _style(
        (88, 132), "Drums, Acoustic Guitar, Fiddle, Banjo, Bass Guitar", "Happy, Warm"
    ),
    "Folk": _style(
        (80, 120), "Acoustic Guitar, Fiddle, Tin Whistle, Acoustic Bass", "Warm, Peaceful"
    ),
    "Jazz": _style((96, 180), "Drums, Acoustic Bass, Piano, Saxophone, Trumpet", "Relaxed, Smooth"),
    "Bossa Nova": _style(
        (112, 140), "Drums, Acoustic Guitar, Acoustic Bass, Flute, Piano", "Relaxed, Sunny"
    ),
    "Samba": _style(
        (92, 112), "Drums, Acoustic Guitar, Acoustic Bass, Trumpet, Trombone", "Happy, Dancing"
    ),
    "Salsa": _style(
        (168, 204), "Drums, Acoustic Bass, Piano, Brass Section, Trumpet", "Energetic, Dancing, Hot"
    ),
    "Tango": _style((112, 132), "Accordion, Violin, Piano, Double Bass", "Dramatic, Passionate"),
    "Reggae": _style((66, 84), "Drums, Bass Guitar, Organ, Muted Guitar", "Relaxed, Sunny"),
    "Ska": _style(
        (124, 160),
        "Drums, Bass Guitar, Muted Guitar, Trombone, Saxophone",
        "Happy, Energetic, Playful",
    ),
    "Cinematic": _style(
        (76, 110), "Strings, French Horn, Piano, Choir, Synth Pad", "Epic, Tense, Heroic"
    ),
    "Orchestral": _style(
        (72, 130),
        "Strings, French Horn, Brass Section, Timpani, Harp, Flute",
        "Majestic, Elegant, Dramatic",
    ),
    "Chamber Music": _style((66, 120), "Violin, Viola, Cello, Harpsichord", "Elegant, Intimate"),
    "Solo Piano": _style((60, 100), "Piano", "Calm, Melancholic, Romantic"),
    "Fingerstyle": _style((66, 116), "Acoustic Guitar", "Calm, Warm, Intimate"),
    "New Age": _style(
        (62, 92), "Flute, Harp, Strings, Kalimba, Piano", "Peaceful, Healing, Spacious"
    ),
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
