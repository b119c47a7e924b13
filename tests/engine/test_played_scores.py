"""Laws of takes with a score: it is told first, and what is not known of it is not heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from engine.engine import Engine
from engine.updates import LeadSheet, Step, Update
from tests.engine.song_model import SongModel
from tests.engine.test_engine import asked, melody, take, take_of
from tests.engine.tiny_model import tiny_model


@pytest.fixture(scope="module")
def tiny() -> Engine:
    return Engine("cpu", load=tiny_model)


def sheet_of(updates: Iterator[Update]) -> LeadSheet:
    [sheet] = [update for update in updates if isinstance(update, LeadSheet)]
    return sheet


def test_what_is_played_is_told_before_the_first_step(tiny: Engine) -> None:
    updates = list(tiny.generate(asked()))
    told = [isinstance(update, LeadSheet) for update in updates]
    steps = [isinstance(update, Step) and update.stage == "diffuse" for update in updates]
    assert told.count(True) == 1
    assert told.index(True) < steps.index(True)


def test_a_take_hears_its_score_and_only_what_is_known_of_it(tiny: Engine) -> None:
    sheet = sheet_of(tiny.generate(asked()))
    assert sheet.score is not None and sheet.tempo == 120.0
    again = take_of(tiny.generate(asked(), sheet.score))
    np.testing.assert_array_equal(again, take(tiny))
    unknown = replace(sheet.score, known=frozenset())
    np.testing.assert_array_equal(
        take_of(tiny.generate(asked(), unknown)), take(tiny, score="none")
    )
    assert not np.array_equal(again, take(tiny, score="none"))


def test_a_model_without_a_grid_says_that_it_takes_no_score() -> None:
    song = SongModel(melody())
    sheet = sheet_of(Engine("cpu", load=song.loaded).generate(asked(chords="Am | F")))
    assert sheet.score is None
    assert "takes no score" in sheet.about
