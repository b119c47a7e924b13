"""Laws of the mix: every run of seeds has the intended kinds, no instrument is rare, drums come at every tempo."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from engine.composing.arrangement import HELD_OUT_EVERY, KINDS
from engine.composing.composer import compose
from engine.composing.ensemble import is_clear, styles_for
from engine.composing.instruments import INSTRUMENTS
from engine.composing.mix import ASKED_FOR, DRUM_TEMPI, DRUMS, OFTEN, Casting, casting
from engine.composing.styles import grooves, styles


@pytest.mark.parametrize("first", [0, 1_000, 20_025])
def test_any_run_of_rounds_has_the_same_mix(first: int) -> None:
    kinds = Counter(casting(seed).kind for seed in range(first, first + 100))
    assert kinds == {"song": 24, "stem": 48, "loop": 20, "one-shot": 8}
    alone = sum(casting(seed).soloist is not None for seed in range(first, first + 100))
    assert 50 <= alone <= 65


def test_held_out_seeds_meet_every_kind() -> None:
    held = [casting(seed) for seed in range(0, 100 * HELD_OUT_EVERY, HELD_OUT_EVERY)]
    assert {c.kind for c in held} == set(KINDS)
    assert {c.soloist for c in held} > set(DRUMS)


def test_no_instrument_is_rare() -> None:
    counts = Counter(casting(seed).soloist for seed in range(2_000))
    tonal = [counts[name] for name in INSTRUMENTS]
    assert min(tonal) >= 5
    assert max(tonal) <= OFTEN * min(tonal) + 4
    assert set(ASKED_FOR) <= set(INSTRUMENTS)


def test_drums_come_at_all_tempi_alike() -> None:
    tempi = [c.tempo for c in map(casting, range(2_000)) if c.tempo is not None]
    counts, _ = np.histogram(tempi, bins=12, range=DRUM_TEMPI)
    assert counts.min() > 0.8 * counts.mean()


@pytest.mark.parametrize("name", [*INSTRUMENTS, *DRUMS])
def test_every_instrument_has_a_style_to_play_in(name: str) -> None:
    assert styles_for(Casting("stem", name))


@pytest.mark.parametrize("tempo", [60.0, 97.0, 143.0, 180.0])
@pytest.mark.parametrize("name", DRUMS)
def test_drums_alone_have_a_plain_beat_near_their_tempo(name: str, tempo: float) -> None:
    for style in styles_for(Casting("stem", name, tempo)):
        assert all(is_clear(groove) for groove in style.grooves)
        low, high = style.tempo
        assert low - 12 <= tempo <= high + 12


def test_a_clear_groove_has_kick_snare_and_hat() -> None:
    assert is_clear("rock")
    assert not is_clear("salsa")
    assert {"kick", "snare", "hat"} <= set(grooves()["rock"])


@pytest.mark.parametrize("first", [0, 10_000])
def test_who_is_cast_is_who_plays(first: int) -> None:
    for seed in range(first, first + 50):
        cast = casting(seed)
        if cast.soloist is None:
            continue
        piece = compose(seed)
        assert piece.kind == cast.kind
        assert piece.instruments == (cast.soloist,)
        if cast.tempo is not None:
            assert abs(piece.tempo - cast.tempo) <= 0.5
            struck = {note.pitch for part in piece.parts for note in part.notes}
            assert piece.kind == "one-shot" or {36} < struck


def test_what_is_asked_for_goes_before_the_mix() -> None:
    for seed in range(25):
        assert compose(seed, "rock").style == "rock"
        assert compose(seed, kind="stem", seconds=10).kind == "stem"
    assert set(styles()) == {s.name for s in styles_for(Casting("song"))}
