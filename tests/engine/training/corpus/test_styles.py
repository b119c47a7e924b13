"""Laws of the tables: every name in a style means something somewhere."""

from __future__ import annotations

import pytest

from engine.composing.arrangement import is_held_out
from engine.composing.composer import compose
from engine.composing.form import FORMS
from engine.composing.instruments import INSTRUMENTS
from engine.composing.melody import CELLS
from engine.composing.rhythm import PIECES
from engine.composing.styles import Style, grooves, styles
from engine.training.corpus.drum_kits import (
    HELD_OUT_SAMPLES,
    MACHINES,
    SAMPLE_KITS,
    drum_hit,
    samples_of,
)
from engine.training.corpus.synths import PATCHES

KITS = (*MACHINES, *SAMPLE_KITS, "chip")
ROLES = {"bass", "chords", "pad", "lead", "arp", "counter"}


@pytest.mark.parametrize("style", styles().values(), ids=lambda style: style.name)
def test_a_style_names_only_what_exists(style: Style) -> None:
    assert style.form in FORMS
    assert set(style.grooves) <= set(grooves())
    assert all(kit in KITS or kit.startswith("gm_") for kit in style.kits)
    assert bool(style.grooves) == bool(style.kits)
    assert style.tempo[0] <= style.tempo[1]
    steps = style.metre[0] * 16 // style.metre[1]
    for part in style.parts:
        assert part.role in ROLES
        assert set(part.play) <= set(INSTRUMENTS)
        assert part.melody in CELLS
        for pattern in part.patterns:
            assert pattern in ("walk", "acid") or len(pattern) % steps == 0, (style.name, pattern)


@pytest.mark.parametrize("style", styles().values(), ids=lambda style: style.name)
def test_grooves_fit_the_metre(style: Style) -> None:
    steps = style.metre[0] * 16 // style.metre[1]
    for name in style.grooves:
        for piece, line in grooves()[name].items():
            assert piece in PIECES
            assert set(line) <= set("Xxogrf?.")
            assert len(line) % steps == 0, (name, piece)


def test_every_instrument_has_a_voice() -> None:
    for instrument in INSTRUMENTS.values():
        assert instrument.programs or instrument.patches
        assert set(instrument.patches) <= set(PATCHES)
        assert instrument.low < instrument.high


@pytest.mark.parametrize("kit", ["synth_909", "synth_808", "chip"])
def test_kit_pieces_are_heard_and_distinct(kit: str) -> None:
    hits = {piece: drum_hit(kit, PIECES[piece], 1) for piece in ("kick", "snare", "hat", "ohat")}
    assert all(0.1 < abs(hit).max() <= 1 for hit in hits.values())
    assert hits["ohat"].shape[1] > hits["hat"].shape[1]


@pytest.mark.parametrize("kit", KITS)
def test_the_split_parts_samples_and_leaves_every_piece_some(kit: str) -> None:
    for pitch in PIECES.values():
        kept = samples_of(kit, pitch, held_out=False)
        other = samples_of(kit, pitch, held_out=True)
        assert not set(kept) & HELD_OUT_SAMPLES
        assert bool(kept) == bool(other)


@pytest.mark.parametrize("seed", [50, 51])
def test_only_held_out_pieces_play_held_out_samples(seed: int) -> None:
    kits = [p.voice for p in compose(seed, "hip_hop", "song").parts if p.voice.source == "kit"]
    assert kits
    assert all(voice.held_out == is_held_out(seed) for voice in kits)
