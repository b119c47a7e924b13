import numpy as np
import pytest

from engine.evaluation.structure import (
    FRAME_RATE,
    boundaries,
    boundaries_met,
    ends,
    holes,
    lands,
    last,
    levels,
    novelty,
    repetition,
    self_similarity,
    starts,
    structure,
)

RATE = 44_100
SECTION = 24.0


def form(letters: str) -> np.ndarray:
    """[frames, features]: a corner for each letter, and a wobble that never returns."""
    frames = round(SECTION * FRAME_RATE)
    rng = np.random.default_rng(0)
    corners = np.concatenate([np.tile(np.eye(4)["ABCD".index(x)], (frames, 1)) for x in letters])
    return corners + 0.05 * rng.standard_normal(corners.shape)


def music(letters: str) -> np.ndarray:
    """Sections that differ in chord and timbre, silence at the end."""
    rng = np.random.default_rng(0)
    time = np.arange(round(SECTION * RATE)) / RATE
    parts = []
    for letter in letters:
        root, bright = {"A": (220.0, 0.0), "B": (311.1, 0.25)}[letter]
        tone = sum(np.sin(2 * np.pi * root * r * time) for r in (1, 1.26, 1.5))
        parts.append(0.1 * tone + 0.2 * bright * rng.standard_normal(len(time)))
    mono = np.concatenate([*parts, np.zeros(RATE)])
    return np.stack([mono, mono]).astype(np.float32)


def test_a_frame_is_like_itself_and_two_frames_like_each_other():
    similarity = self_similarity(form("AB"))
    np.testing.assert_allclose(np.diag(similarity), 1.0)
    np.testing.assert_allclose(similarity, similarity.T)
    assert similarity.min() >= 0.0


def test_boundaries_lie_where_the_sections_meet():
    curve = novelty(self_similarity(form("ABAB")))
    found = np.array(boundaries(curve)) / FRAME_RATE
    np.testing.assert_allclose(found, [SECTION, 2 * SECTION, 3 * SECTION], atol=1.0)


def test_one_section_has_no_boundary():
    assert boundaries(novelty(self_similarity(form("AAA")))) == []


def test_what_returns_is_repetition_and_what_never_left_or_never_returns_is_not():
    new, returning, all_of_it = (
        repetition(self_similarity(form(f))) for f in ("ABCD", "ABCA", "ABAB")
    )
    assert new < returning - 0.2 < returning < all_of_it
    assert all_of_it > 0.9
    assert repetition(self_similarity(form("AAAA"))) == 0.0
    rng = np.random.default_rng(0)
    assert repetition(self_similarity(rng.standard_normal((300, 12)))) == 0.0
    assert repetition(self_similarity(0.05 * rng.standard_normal((300, 12)))) == 0.0


def test_a_form_is_heard_in_sound():
    found = structure(music("ABAB"))
    np.testing.assert_allclose(found.boundaries, [24, 48, 72], atol=1.5)
    assert found.repetition > 0.5
    assert (found.starts, found.ends, found.holes) == (True, True, 0)


def test_noise_has_no_form():
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 90 * RATE)).astype(np.float32)
    found = structure(noise)
    assert found.boundaries == ()
    assert found.repetition == 0.0
    assert not found.ends  # It is cut off.


def test_boundaries_are_met_within_three_seconds_one_to_one():
    written = [30.0, 60.0, 90.0]
    assert boundaries_met(written, written, 120.0) == 1.0
    assert boundaries_met(written, [27.5, 62.9, 86.0], 120.0) == pytest.approx(2 / 3)
    assert boundaries_met(written, [60.0], 120.0) == pytest.approx(2 * 1 / (1 + 3))
    assert boundaries_met([60.0], [59.0, 61.0], 120.0) == pytest.approx(2 * 1 / (2 + 1))
    assert boundaries_met(written, [], 120.0) == 0.0
    assert np.isnan(boundaries_met([], written, 120.0))


def test_an_end_lies_where_it_is_written_and_is_no_cut():
    assert lands(88.0, 87.0, 90.0) and lands(84.0, 87.0, 90.0)
    assert not lands(80.0, 87.0, 90.0)  # Silence long before.
    assert not lands(90.0, 89.0, 90.0)  # Cut off.
    assert lands(89.7, 89.4, 90.0)  # A last chord that ends with the take.
    steady = 0.1 * np.random.default_rng(0).standard_normal((2, 60 * RATE)).astype(np.float32)
    assert last(levels(steady)) == 60.0
    steady[:, 50 * RATE :] *= 0.05
    assert last(levels(steady)) == 50.0


def test_late_beginnings_cut_ends_and_holes_are_told():
    steady = 0.1 * np.random.default_rng(0).standard_normal((2, 60 * RATE)).astype(np.float32)
    assert starts(levels(steady))
    assert not ends(levels(steady))
    assert holes(levels(steady)) == 0
    late, holed, ended = steady.copy(), steady.copy(), steady.copy()
    late[:, : 3 * RATE] = 0
    assert not starts(levels(late))
    holed[:, 30 * RATE : 32 * RATE] = 0
    assert holes(levels(holed)) == 1
    holed[:, 20 * RATE : 21 * RATE] = 0  # A rest of a second is none.
    assert holes(levels(holed)) == 1
    ended[:, -2 * RATE :] = 0
    assert ends(levels(ended))
    ended[:, -20 * RATE :] = 0  # Twenty seconds of nothing are no end either.
    assert not ends(levels(ended))
