"""Prompts that name no style get one they are like, by the real text encoder; words about no music get none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.composing.reading import read
from engine.composing.style_choice import nearest_style, players, style_phrases
from engine.composing.styles import styles
from engine.registry import SKETCH
from engine.text import Likeness, MiniLM

SCENES = {  # what a musician would play to it: several styles may suit
    "astronauts drifting away from their ship": "ambient,cinematic",
    "a vampire wakes up in his coffin": "cinematic",
    "the final round of a video game tournament": "chiptune,electro,drum_and_bass,dubstep,cinematic",
    "grandma's cottage in Ireland": "celtic,folk",
    "summer holiday by the sea in Jamaica": "reggae",
    "a truck driver crossing Texas": "country",
    "a ride on a Harley through the desert": "rock",
    "couples kissing in the moonlight": "ballad,rnb,solo_piano",
    "dolphins swimming in the deep": "ambient,new_age",
    "skeleton dance on Halloween": "cinematic",
    "opening credits of a spy movie": "cinematic,jazz_trio,funk",
    "a lonely detective in 1940s Los Angeles": "jazz_trio",
    "cooking pasta on a Sunday with friends": "bossa,soul,jazz_trio",
    "kids jumping in a bouncy castle": "pop,ska,chiptune",
    "an emperor enters the arena": "cinematic,orchestral",
    "an afternoon at the Louvre": "chamber,solo_piano,waltz",
    "thieves robbing a bank": "funk,cinematic",
    "crying after the breakup": "ballad,solo_piano",
    "coding late with a cup of tea": "lo_fi,techno,ambient",
    "acid trip at sunrise in Goa": "trance",
    "workout at the gym with heavy weights": "metal,trap,trance,drum_and_bass",
    "a DeLorean speeding through 1984": "synthwave",
    "headspinning on cardboard in the Bronx": "electro,hip_hop,boom_bap",
    "old sampler and SP-1200 drums with rhymes": "boom_bap,hip_hop",
    "bank notes, gold chains and big cars": "trap,hip_hop",
    "angry teenagers with guitars": "punk,rock,metal",
    "vikings sacrificing to Odin": "metal,cinematic",
    "strobe lights in a bunker": "techno",
    "champagne at the marina": "house,bossa",
    "a flamingo pool with deckchairs and DJs": "house",
    "rumbling low frequencies, monsters and machines": "dubstep",
    "fast broken drums with a deep rolling low end": "drum_and_bass",
    "cuddling on the sofa with wine": "rnb,soul,ballad,bossa",
    "Motown girls clapping": "soul",
    "dancing queen in 1978": "disco",
    "James Bond in a casino": "jazz_trio,cinematic",
    "trumpet players in suits and porkpie hats": "ska,jazz_trio",
    "crossroads at midnight, selling my soul to the devil": "blues",
    "a hitchhiker with a banjo": "country,folk",
    "hiking through a quiet forest": "folk,ambient,new_age",
    "ballroom competition in Vienna": "waltz",
    "Montmartre cafe": "waltz,bossa,jazz_trio",
    "Copacabana in the evening": "bossa,samba",
    "Brazilian football victory": "samba",
    "Cuban cigars and hot dancers": "salsa",
    "safari with drums and dancers": "afrobeat",
    "passionate dance with a rose between the teeth": "tango",
    "snow covered mountains from a helicopter": "orchestral,cinematic,ambient",
    "graduation ceremony": "orchestral,cinematic,chamber",
    "a wedding ceremony in a small chapel": "chamber,ballad,orchestral",
    "Marie Antoinette eating cake": "minuet,chamber",
    "sleepy teddy bear": "lullaby",
    "sitting at an old upright in an empty house": "solo_piano",
    "serenade under a balcony in Seville": "solo_guitar",
    "breathing exercises": "new_age",
    "Stevie Wonder style clavinet jam": "funk",
    "shuffling hats and pitched up voices in south London": "garage",
    "late night in Bristol with slow heavy drums": "downtempo",
    "girls grinding in San Juan": "reggaeton",
    "radio hit of the summer": "pop,reggaeton,house",
}


@pytest.fixture(scope="module")
def similar() -> Likeness:
    return Likeness(MiniLM(SKETCH.conditioning.text))


def test_scenes_get_a_style_that_suits_them(similar: Likeness) -> None:
    found = {text: read(text, similar).style for text in SCENES}
    answered = [text for text, style in found.items() if style is not None]
    suits = [text for text in answered if found[text] in SCENES[text].split(",")]
    assert len(answered) >= 36
    assert len(suits) >= 0.65 * len(answered)


@pytest.mark.parametrize(
    "text", ["hello world", "12345", "qwer asdf zxcv", "🎉🎉", "音楽をお願いします", "a loud noise"]
)
def test_words_about_no_music_get_none(similar: Likeness, text: str) -> None:
    assert read(text, similar).style is None


def test_a_style_is_nearest_to_its_own_names(similar: Likeness) -> None:
    """Its names are compared with themselves among others, so that the encoder has to tell styles apart."""
    every = style_phrases()[::4]
    right = [nearest_style(phrase, similar, ()) == name for name, phrase in every]
    assert np.mean(right) > 0.8


def test_the_nearest_style_has_the_instruments(similar: Likeness) -> None:
    scene = "sailors drinking and dancing in a tavern"
    assert nearest_style(scene, similar, ()) == "celtic"
    found = nearest_style(scene, similar, ("Synth Lead",))
    assert found is None or "Synth Lead" in players(styles()[found])
    assert nearest_style(scene, similar, ("Synth Lead", "Harpsichord", "Banjo")) is None


def test_it_says_which_words_the_style_is_from(similar: Likeness) -> None:
    assert (
        read("monks meditating on a hill", similar).said()
        == "new_age from 'monks meditating on a hill'"
    )


def test_phrases_belong_to_one_style_each() -> None:
    phrases = [phrase for _, phrase in style_phrases()]
    assert len(phrases) == len({*phrases})
    assert {name for name, _ in style_phrases()} == {*styles()}
