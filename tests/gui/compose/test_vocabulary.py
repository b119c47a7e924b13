"""The words of the chips are words the embedded model was told in training, each with its own style."""

from __future__ import annotations

import random

import pytest

from engine.composing.styles import Style, styles
from gui.compose.vocabulary import STYLES, surprise


def composed(genre: str) -> Style:
    """The style of the composer that calls itself so first of all."""
    found = [style for style in styles().values() if genre in style.genres]
    assert found, f"the model was never told {genre!r}"
    return min(found, key=lambda style: style.genres.index(genre))


@pytest.mark.parametrize("genre", STYLES)
def test_a_style_says_only_what_the_composer_makes_of_it(genre: str) -> None:
    style, true = STYLES[genre], composed(genre)
    played = {instrument for part in true.parts for instrument in part.play} | {"Drums"}
    assert set(style.instruments) <= played
    assert set(style.moods) <= set(true.moods)
    assert true.tempo[0] <= style.slow < style.fast <= true.tempo[1]
    assert true.metre == (4, 4)
    assert "Drums" not in style.instruments or true.grooves


def test_a_surprise_hangs_together() -> None:
    dice = random.Random(7)
    for _ in range(300):
        form = surprise(dice)
        style = STYLES[form.genre]
        assert form.instruments and set(form.instruments) <= set(style.instruments)
        assert form.moods and set(form.moods) <= set(style.moods)
        assert form.tempo is not None and style.slow <= form.tempo <= style.fast
