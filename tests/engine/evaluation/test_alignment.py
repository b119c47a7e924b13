import numpy as np
import pytest

from engine.evaluation.alignment import alignment, full_prompt


def test_pairs_that_agree_score_one_and_find_each_other():
    own = np.eye(12, dtype=np.float32)
    found = alignment(own, own, np.random.default_rng(0))
    assert (found.score, found.shuffled, found.retrieval) == (1.0, 0.0, 1.0)


def test_strangers_score_as_shuffled_ones_and_find_each_other_by_chance():
    rng = np.random.default_rng(0)
    one, two = rng.standard_normal((2, 200, 32)).astype(np.float32)
    found = alignment(one, two, rng)
    assert found.score == pytest.approx(found.shuffled, abs=1.5)
    assert found.retrieval == pytest.approx(0.1, abs=0.05)


def test_a_full_prompt_says_what_is_known_and_no_more():
    facts = {
        "genres": ["House", "Deep House"],
        "instruments": ["Drums", "Bass", "Piano", "Organ"],
        "moods": [],
        "tempo": 124.0,
    }
    assert full_prompt(facts) == "Genre: House | Instruments: Drums, Bass, Piano | BPM: 124"
    assert full_prompt({}) == ""
