import numpy as np
import pytest

from engine.composing import compose
from engine.composing.instruments import FONTS
from engine.evaluation.instruments import SOLOISTS
from engine.evaluation.sounds import RATE, solo_seeds
from engine.evaluation.strange_voices import FONT, PROGRAMS, strange_stem
from engine.training.corpus import render


def test_every_instrument_has_voices_of_a_font_that_the_material_does_not_use():
    assert FONT not in FONTS
    assert set(PROGRAMS) == set(SOLOISTS)


@pytest.mark.parametrize("name", ["Drums", "Flute"])
def test_a_strange_stem_is_the_same_piece_in_another_voice(name: str):
    [seed] = solo_seeds(name, 1)
    strange = strange_stem(seed, name, 4.0).samples
    own = render(compose(seed, seconds=4.0))[:, : 4 * RATE]
    assert strange.shape == own.shape and strange.shape[1] > 2 * RATE
    assert np.abs(strange).max() > 0.1
    assert np.abs(np.corrcoef(strange[0], own[0])[0, 1]) < 0.9
