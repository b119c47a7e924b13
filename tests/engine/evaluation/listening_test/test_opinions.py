from itertools import product

import numpy as np
import pytest

from engine.evaluation.listening_test.answers import Rating
from engine.evaluation.listening_test.opinions import holm, opinions, pairs, screened, sign_flip


def ratings(
    means: dict[str, float], listeners: int = 12, items: int = 6, seed: int = 0
) -> list[Rating]:
    """Answers around a system's mean; harsh and mild listeners, easy and hard items."""
    rng = np.random.default_rng(seed)
    taste, ease = rng.normal(0, 0.5, listeners), rng.normal(0, 0.3, items)
    return [
        Rating(
            f"l{who}",
            f"i{what}",
            system,
            "quality",
            int(np.clip(round(mean + taste[who] + ease[what] + rng.normal(0, 0.4)), 1, 5)),
        )
        for who, what, (system, mean) in product(range(listeners), range(items), means.items())
    ]


def test_opinions_are_means_and_deviations_of_the_answers():
    given = [Rating("a", "i", "x", "quality", 2), Rating("b", "i", "x", "quality", 5)]
    found = opinions(given)["quality"]["x"]
    assert found.mean[0] == 3.5
    assert found.deviation == pytest.approx(np.std([2, 5], ddof=1))
    assert found.count == 2


def test_stereo_is_a_share_with_the_exact_bound_where_all_agree():
    given = [Rating(f"l{n}", "i", "x", "stereo", 1) for n in range(8)]
    assert opinions(given)["stereo"]["x"].mean == pytest.approx((1.0, 0.631, 1.0), abs=1e-3)


def test_of_one_listener_or_of_equal_answers_nothing_is_known_of_others():
    alone = [Rating("a", f"i{n}", "x", "quality", 2 + n % 3) for n in range(9)]
    alike = [Rating(f"l{n}", f"i{n}", "x", "quality", 5) for n in range(9)]
    for given in (alone, alike):
        assert np.isnan(opinions(given)["quality"]["x"].mean[1:]).all()
    others = [Rating(one.listener, one.item, "y", "quality", 1) for one in (*alone, *alike)]
    assert np.isfinite(pairs([*alone, *alike, *others], ["x", "y"])[0].difference).all()
    (pair,) = pairs([*alone, *others], ["x", "y"])
    assert np.isnan(pair.difference[1:]).all()


def test_many_answers_of_one_are_one_person():
    few, many = (
        [Rating(f"l{who}", f"i{n}", "x", "stereo", 0) for who in range(4) for n in range(items)]
        for items in (1, 20)
    )
    assert opinions(few)["stereo"]["x"].mean == opinions(many)["stereo"]["x"].mean
    assert opinions(many)["stereo"]["x"].mean == pytest.approx((0.0, 0.0, 0.602), abs=1e-3)


def test_an_interval_knows_of_listeners_and_items_both():
    """Many answers of few listeners say less than as many of many."""
    rng = np.random.default_rng(3)
    few, many = (
        [
            Rating(f"l{n % people}", f"i{n // people}", "x", "quality", int(value))
            for n, value in enumerate(np.clip(np.resize(rng.integers(1, 6, people), 120), 1, 5))
        ]
        for people in (4, 60)
    )
    widths = [
        found.mean[2] - found.mean[1]
        for found in (opinions(g)["quality"]["x"] for g in (few, many))
    ]
    assert widths[0] > 2 * widths[1]


def test_systems_that_differ_are_found_though_tastes_differ_more():
    found = pairs(ratings({"good": 3.6, "bad": 2.8}), ["good", "bad"])
    (pair,) = found
    assert (pair.one, pair.other, pair.listeners) == ("good", "bad", 12)
    assert pair.differs
    assert pair.difference[1] > 0


def test_equal_systems_are_rarely_told_apart():
    wrong = [
        any(
            pair.differs for pair in pairs(ratings(dict.fromkeys("abc", 3.0), 6, 3, n), list("abc"))
        )
        for n in range(20)
    ]
    assert sum(wrong) <= 3


def test_pairs_are_of_the_same_listeners_and_items():
    given = [
        Rating("a", "i", "x", "quality", 5),
        Rating("a", "i", "y", "quality", 3),
        Rating("b", "i", "x", "quality", 1),
        Rating("b", "j", "y", "quality", 5),
    ]
    (pair,) = pairs(given, ["x", "y"])
    assert (pair.difference[0], pair.listeners) == (2.0, 1)
    assert np.isnan(pair.p)
    assert pairs(given, ["y", "z"]) == []


def test_signs_are_flipped_exactly_and_by_draws_alike():
    assert sign_flip([1.0] * 6) == 2 / 2**6
    assert sign_flip([1.0, -1.0]) == 1.0
    assert sign_flip([0.0] * 5) == 1.0
    rng = np.random.default_rng(0)
    values = rng.normal(0.3, 1, 13)
    exact = sign_flip(list(values))
    # The same numbers and one that decides nothing, which is beyond what is done exactly.
    assert sign_flip([*values, 0.0]) == pytest.approx(exact, abs=0.02)


def test_holm_corrects_step_by_step():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    found = holm([0.02, float("nan"), 0.01])
    assert found[0] == pytest.approx(0.02)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx(0.02)


def test_who_hears_neither_the_reference_nor_the_anchor_is_left_out():
    given = ratings({"real": 4.7, "ours": 3.5, "anchor": 1.4}, 4, 8)
    kept = [one for one in given if not one.listener.endswith("9")]
    deaf = [Rating("deaf", f"i{n}", "real", "quality", 2) for n in range(8)]
    fooled = [Rating("fooled", f"i{n}", "anchor", "quality", 4 if n < 2 else 1) for n in range(8)]
    once = [Rating("once", f"i{n}", "anchor", "quality", 5 if n < 1 else 1) for n in range(8)]
    other = [Rating("other", "i0", "real", "musicality", 1)]
    found = screened([*kept, *deaf, *fooled, *once, *other], "real", ["anchor"])
    assert set(found) == {"deaf", "fooled"}
    assert "8 of 8" in found["deaf"]
    assert screened([*deaf, *fooled], None, []) == {}
