import numpy as np
import pytest

from engine.evaluation.reconstruction import TABLE_5, reconstruction


def music(seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal((2, 44_100)).astype(np.float32)


def test_what_is_identical_has_no_distance():
    found = reconstruction(music(), music())
    assert found.stft == pytest.approx(0.0, abs=1e-5)
    assert found.mel == pytest.approx(0.0, abs=1e-5)
    assert found.si_sdr > 60


def test_noise_of_a_tenth_of_the_power_gives_ten_decibels():
    original = music()
    found = reconstruction(original, original + np.float32(0.1**0.5) * music(1))
    assert found.si_sdr == pytest.approx(10.0, abs=0.3)


def test_more_noise_is_farther():
    original = music()
    distances = [reconstruction(original, original + np.float32(x) * music(1)) for x in (0.1, 1.0)]
    assert distances[0].stft < distances[1].stft
    assert distances[0].mel < distances[1].mel


def test_the_paper_s_own_row_stands_in_its_table():
    assert (1.19, 0.71, 7.14) in TABLE_5.values()
