import numpy as np
import pytest

from engine.evaluation.alignment import cosines, found_among, full_prompt, scores


def test_what_is_most_alike_is_found_and_what_is_least_is_not():
    assert found_among(np.eye(12)).tolist() == [1.0] * 12
    assert found_among(-np.eye(12)).tolist() == [0.0] * 12


def test_strangers_are_found_by_chance():
    alike = np.random.default_rng(0).standard_normal((400, 400))
    assert found_among(alike).mean() == pytest.approx(0.1, abs=0.03)
    assert found_among(alike, 2).mean() == pytest.approx(0.5, abs=0.05)


def test_the_chance_is_that_of_drawing_the_others():
    rng = np.random.default_rng(1)
    alike = rng.standard_normal((15, 15))
    own = 3
    draws = [rng.permutation(np.delete(np.arange(15), own))[:9] for _ in range(4000)]
    found = np.mean([(alike[own, own] > alike[own, drawn]).all() for drawn in draws])
    assert found_among(alike)[own] == pytest.approx(found, abs=0.03)


def test_few_candidates_are_all_offered():
    alike = np.array([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert found_among(alike).tolist() == [1.0, 0.0, 1.0]


def test_own_and_other_scores():
    own, others = scores(np.array([[1.0, 0.5, 0.1], [0.2, 0.9, 0.4], [0.0, 0.0, 0.8]]))
    assert own.tolist() == [1.0, 0.9, 0.8]
    assert others == pytest.approx([0.3, 0.3, 0.0])


def test_cosines_forget_lengths():
    one = np.array([[3.0, 0.0], [1.0, 1.0]])
    assert cosines(one, 5 * one) == pytest.approx(np.array([[1, 0.5**0.5], [0.5**0.5, 1]]))


def test_a_full_prompt_says_what_is_known_and_no_more():
    facts = {
        "genres": ["House", "Deep House"],
        "instruments": ["Drums", "Bass", "Piano", "Organ"],
        "moods": [],
        "tempo": 124.0,
        "key": "A minor",
    }
    told = "Genre: House | Instruments: Drums, Bass, Piano | BPM: 124 | Key: A minor"
    assert full_prompt(facts) == told
    assert full_prompt({}) == ""
