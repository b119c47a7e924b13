"""Laws of seating: the style suits the wish, and everybody who was asked sits where such an instrument sits."""

from __future__ import annotations

import numpy as np
import pytest

from engine.composing.ensemble import drums_name
from engine.composing.instruments import INSTRUMENTS
from engine.composing.mix import DRUMS
from engine.composing.seating import neighbours, players, seated, suiting_style
from engine.composing.styles import Style, grooves, styles
from engine.composing.wish import Wish

BASSES = [name for name in INSTRUMENTS if "Bass" in name and name != "Bassoon"]
WINDS = ("Flute", "Trumpet", "Saxophone", "Harmonica", "Fiddle", "Oboe")


def chosen(wish: Wish) -> list[Style]:
    return [suiting_style(wish, np.random.default_rng(seed)) for seed in range(20)]


def seats(style: str, *names: str, alone: bool = False) -> dict[str, list[str]]:
    wish = Wish(seed=1, seconds=30.0, instruments=names, alone=alone)
    specs = players(seated(styles()[style], wish), wish, 0.5, np.random.default_rng(0))
    return {name: [s.role for s in specs if s.play == (name,)] for name in names}


@pytest.mark.parametrize("style", styles())
def test_everybody_who_is_asked_has_a_part_in_every_style(style: str) -> None:
    for name in INSTRUMENTS:
        assert seats(style, name)[name]
    for name in BASSES:
        assert seats(style, name)[name] == ["bass"]
    for name in WINDS:
        assert seats(style, name)[name] == ["lead"]


@pytest.mark.parametrize("style", styles())
def test_drums_play_where_they_are_asked_even_in_styles_without(style: str) -> None:
    for name in DRUMS:
        found = seated(styles()[style], Wish(seed=1, seconds=30.0, instruments=(name,)))
        assert found.grooves
        assert {drums_name(kit) for kit in found.kits} == {name}
        bars = round(found.beats_per_bar * 4)
        fits = all(len(line) % bars == 0 for g in found.grooves for line in grooves()[g].values())
        assert fits or not styles()[style].grooves


def test_two_melodies_do_not_play_at_once() -> None:
    roles = seats("pop", "Flute", "Trumpet", "Violin")
    assert sum(role == "lead" for each in roles.values() for role in each) == 1
    assert all(roles.values())


def test_alone_means_alone() -> None:
    wish = Wish(seed=1, seconds=30.0, instruments=("Violin", "Cello"), alone=True)
    found = seated(styles()["pop"], wish)
    assert {name for part in found.parts for name in part.play} == {"Violin", "Cello"}
    assert not found.grooves


@pytest.mark.parametrize("style", styles())
def test_nobody_plays_who_is_not_wanted_and_yet_somebody_does(style: str) -> None:
    table = styles()[style]
    everybody = {name for part in table.parts for name in part.play}
    for unwanted in (("Piano",), DRUMS, ("Drums",), (*sorted(everybody), *DRUMS)):
        found = seated(table, Wish(seed=1, seconds=30.0, without=unwanted))
        left = {name for part in found.parts for name in part.play}
        left |= {drums_name(kit) for kit in found.kits}
        assert left
        assert not left & {*unwanted}
        assert found.kits or not found.grooves


def test_two_hands_play_what_nobody_else_does() -> None:
    assert set(seats("solo_piano", "Piano", alone=True)["Piano"]) >= {"bass", "lead"}
    assert "bass" not in seats("pop", "Piano", "Bass Guitar", alone=True)["Piano"]
    assert "lead" not in seats("pop", "Piano", "Flute", alone=True)["Piano"]
    assert seats("pop", "Flute", alone=True)["Flute"] == ["lead"]
    assert len(seats("folk", "Acoustic Guitar", alone=True)["Acoustic Guitar"]) == 2


def test_the_style_suits_what_is_asked() -> None:
    assert all(
        "Banjo" in {n for p in s.parts for n in p.play}
        for s in chosen(Wish(seed=1, seconds=9.0, instruments=("Banjo",)))
    )
    assert all(
        s.tempo[0] / 1.05 <= 174 <= 1.05 * s.tempo[1]
        for s in chosen(Wish(seed=1, seconds=9.0, tempo=174.0))
    )
    assert all("Epic" in s.moods for s in chosen(Wish(seed=1, seconds=9.0, moods=("Epic",))))
    assert all(s.name == "ska" for s in chosen(Wish(seed=1, seconds=9.0, style="ska", tempo=60.0)))


def test_the_metre_is_a_style_s_own_if_one_has_it() -> None:
    assert {s.metre for s in chosen(Wish(seed=1, seconds=9.0, beats_per_bar=3))} <= {(3, 4), (6, 8)}
    assert {s.metre for s in chosen(Wish(seed=1, seconds=9.0, beats_per_bar=5))} == {(5, 4)}
    assert {s.metre for s in chosen(Wish(seed=1, seconds=9.0, style="house", beats_per_bar=3))} == {
        (3, 4)
    }


def test_a_style_is_its_own_nearest_neighbour() -> None:
    for style in styles().values():
        near = neighbours(style)
        assert near[0] == style
        assert {s.name for s in near} == {*styles()}
