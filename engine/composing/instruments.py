"""The table of instruments: names in prompts, playing ranges, and possible voices.

`programs` are General MIDI programs of the soundfonts, `patches` names of our own synthesisers (`synths`).
Knows nothing of styles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.composing.arrangement import Voice

FONTS = ("fluid", "musescore")
_WEAK = {("musescore", program) for program in (0, 1, 3)}
"""Programs that sound dull in one font, because the player does not support its modulators."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One row of the table: playing range [low, high] (MIDI pitches), reverb send."""

    name: str
    low: int
    high: int
    programs: tuple[int, ...] = ()
    patches: tuple[str, ...] = ()
    reverb: float = 0.15
    acoustic: bool = True


def _row(name: str, span: tuple[int, int], voices: str, reverb: float = 0.15) -> Instrument:
    names = voices.split()
    programs = tuple(int(v) for v in names if v.isdigit())
    patches = tuple(v for v in names if not v.isdigit())
    return Instrument(name, *span, programs, patches, reverb, acoustic=not patches)


INSTRUMENTS: dict[str, Instrument] = {
    row.name: row
    for row in (
        _row("Piano", (28, 96), "0 1", 0.18),
        _row("Honky Tonk Piano", (36, 90), "3"),
        _row("Electric Piano", (36, 88), "4 5 2", 0.16),
        _row("Clavinet", (36, 84), "7", 0.08),
        _row("Harpsichord", (36, 88), "6", 0.2),
        _row("Celesta", (60, 100), "8", 0.3),
        _row("Glockenspiel", (72, 100), "9", 0.3),
        _row("Music Box", (60, 96), "10", 0.3),
        _row("Vibraphone", (53, 89), "11", 0.25),
        _row("Marimba", (45, 90), "12", 0.2),
        _row("Xylophone", (60, 96), "13", 0.2),
        _row("Tubular Bells", (55, 79), "14", 0.35),
        _row("Kalimba", (55, 86), "108", 0.2),
        _row("Steel Drums", (55, 84), "114", 0.2),
        _row("Organ", (36, 88), "16 17 18", 0.14),
        _row("Church Organ", (36, 88), "19", 0.35),
        _row("Accordion", (48, 88), "21 23", 0.15),
        _row("Harmonica", (55, 86), "22", 0.18),
        _row("Acoustic Guitar", (40, 80), "24 25", 0.14),
        _row("Clean Electric Guitar", (40, 84), "26 27", 0.14),
        _row("Muted Guitar", (40, 76), "28", 0.08),
        _row("Distorted Guitar", (38, 84), "29 30", 0.1),
        _row("Acoustic Bass", (28, 55), "32", 0.06),
        _row("Bass Guitar", (28, 55), "33 34", 0.02),
        _row("Fretless Bass", (28, 57), "35", 0.05),
        _row("Slap Bass", (28, 57), "36 37", 0.03),
        _row("Violin", (55, 96), "40", 0.25),
        _row("Fiddle", (55, 90), "110", 0.2),
        _row("Viola", (48, 84), "41", 0.25),
        _row("Cello", (36, 74), "42", 0.25),
        _row("Double Bass", (28, 55), "43", 0.2),
        _row("Strings", (36, 92), "48 49", 0.28),
        _row("Pizzicato Strings", (40, 88), "45", 0.28),
        _row("Tremolo Strings", (40, 88), "44", 0.3),
        _row("Harp", (36, 96), "46", 0.3),
        _row("Timpani", (36, 55), "47", 0.35),
        _row("Choir", (45, 82), "52 53", 0.35),
        _row("Trumpet", (55, 84), "56 59", 0.22),
        _row("Trombone", (40, 72), "57", 0.22),
        _row("French Horn", (41, 77), "60", 0.3),
        _row("Brass Section", (43, 82), "61", 0.2),
        _row("Saxophone", (48, 82), "65 66", 0.2),
        _row("Oboe", (58, 88), "68", 0.25),
        _row("Bassoon", (36, 70), "70", 0.25),
        _row("Clarinet", (50, 88), "71", 0.25),
        _row("Flute", (60, 95), "73", 0.25),
        _row("Recorder", (62, 93), "74", 0.22),
        _row("Pan Flute", (60, 90), "75", 0.3),
        _row("Tin Whistle", (64, 95), "74 78", 0.22),
        _row("Banjo", (48, 84), "105", 0.1),
        _row("Sitar", (48, 80), "104", 0.2),
        _row("Koto", (50, 84), "107", 0.22),
        _row("Synth Bass", (26, 55), "bass_saw bass_square bass_fm", 0.0),
        _row("Sub Bass", (24, 48), "bass_sub", 0.0),
        _row("808 Bass", (24, 48), "bass_808", 0.0),
        _row("Reese Bass", (26, 50), "bass_reese", 0.03),
        _row("Wobble Bass", (26, 50), "bass_wobble", 0.03),
        _row("Acid Bass", (30, 60), "bass_acid", 0.06),
        _row("Synth Lead", (52, 92), "lead_saw lead_square lead_fm", 0.18),
        _row("Supersaw", (40, 92), "supersaw", 0.2),
        _row("Synth Pad", (40, 86), "pad_warm pad_strings pad_glass", 0.32),
        _row("Synth Pluck", (45, 96), "pluck_saw pluck_fm", 0.22),
        _row("Synth Stab", (40, 86), "stab_chord stab_organ", 0.16),
        _row("Synth Brass", (40, 86), "brass_poly", 0.18),
        _row("Synth Bells", (60, 100), "bell_fm", 0.35),
        _row("Chip Lead", (52, 96), "chip_pulse", 0.0),
        _row("Chip Bass", (30, 60), "chip_triangle", 0.0),
        _row("Vocal Pad", (45, 80), "pad_voice", 0.35),
    )
}


def choose_voice(instrument: Instrument, rng: np.random.Generator) -> Voice:
    """A random voice for the instrument."""
    options: list[Voice] = [
        Voice("soundfont", font, program)
        for font in FONTS
        for program in instrument.programs
        if (font, program) not in _WEAK
    ]
    seed = int(rng.integers(1 << 30))
    options += [Voice("synth", patch, seed=seed) for patch in instrument.patches]
    return options[int(rng.integers(len(options)))]


_PROGRAMS: dict[str, int] = {
    "Synth Bass": 38,
    "Sub Bass": 39,
    "808 Bass": 39,
    "Reese Bass": 38,
    "Wobble Bass": 39,
    "Acid Bass": 38,
    "Synth Lead": 80,
    "Supersaw": 81,
    "Synth Pad": 89,
    "Synth Pluck": 84,
    "Synth Stab": 90,
    "Synth Brass": 62,
    "Synth Bells": 98,
    "Chip Lead": 80,
    "Chip Bass": 38,
    "Vocal Pad": 91,
}
"""What plays our own synthesisers' instruments where there is General MIDI only."""


def program_of(instrument: str) -> int:
    """The General MIDI program of an instrument of the table; a piano's for any other name."""
    row = INSTRUMENTS.get(instrument)
    return row.programs[0] if row and row.programs else _PROGRAMS.get(instrument, 0)


_UNLISTED: dict[range, str] = {
    range(31, 32): "Distorted Guitar",
    range(38, 40): "Synth Bass",
    range(50, 52): "Strings",
    range(54, 55): "Choir",
    range(58, 60): "Trumpet",
    range(62, 64): "Synth Brass",
    range(64, 68): "Saxophone",
    range(69, 70): "Oboe",
    range(72, 73): "Flute",
    range(80, 88): "Synth Lead",
    range(88, 96): "Synth Pad",
}
"""Programs that are not in the table of instruments."""
_FAMILY = 8
"""General MIDI has families of so many programs."""


def program_name(program: int) -> str | None:
    """A listener's name for a General MIDI program; None for sound effects and programs without a common name."""
    for instrument in INSTRUMENTS.values():
        if program in instrument.programs:
            return instrument.name
    return next((name for programs, name in _UNLISTED.items() if program in programs), None)


def nearest_name(program: int) -> str:
    """The instrument of the nearest program of the same family; of synthetic effects and noises, a pad."""
    family = program // _FAMILY * _FAMILY
    near = sorted(range(family, family + _FAMILY), key=lambda other: abs(other - program))
    return next((name for other in near if (name := program_name(other))), "Synth Pad")
