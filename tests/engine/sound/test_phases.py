"""Laws of the phases: the way over the loudest ground is the heap's, tones keep their pitch, clicks their moment."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sound.phases import Grid, _roots, integrated  # pyright: ignore[reportPrivateUsage]

LENGTH, HOP = 2048, 512
WINDOW = np.hanning(LENGTH + 1)[:-1]
RATE = 44_100


def spectra(sound: np.ndarray) -> np.ndarray:
    """[N] to complex [1, F, bins]."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, LENGTH)[::HOP]
    return np.fft.rfft(frames * WINDOW)[None]


def logarithms(sound: np.ndarray) -> Grid:
    return np.log(np.abs(spectra(sound)) + 1e-6)


def sounding(log_magnitude: Grid, phase: Grid) -> np.ndarray:
    """The inverse STFT of one channel."""
    frames = np.fft.irfft(np.exp(log_magnitude + 1j * phase)[0]) * WINDOW
    total, envelope = (np.zeros((len(frames) - 1) * HOP + LENGTH) for _ in range(2))
    for index, frame in enumerate(frames):
        place = slice(index * HOP, index * HOP + LENGTH)
        total[place] += frame
        envelope[place] += WINDOW**2
    return total / np.maximum(envelope, 1e-3)


def again(sound: np.ndarray) -> np.ndarray:
    """The sound by its magnitudes alone, without the first and the last frame."""
    log_magnitude = logarithms(sound)
    return sounding(log_magnitude[:, 1:-1], integrated(log_magnitude, LENGTH, HOP))


def by_heap(earlier: np.ndarray, now: np.ndarray) -> list[int]:
    """The published algorithm, one frame: whose phase in the frame before every bin of this one continues."""
    heap = [(-level, "before", bin, bin) for bin, level in enumerate(earlier)]
    heapq.heapify(heap)
    root: dict[int, int] = {}
    while len(root) < len(now):
        _, when, bin, source = heapq.heappop(heap)
        for reached in (bin,) if when == "before" else (bin - 1, bin + 1):
            if 0 <= reached < len(now) and reached not in root:
                root[reached] = source
                heapq.heappush(heap, (-now[reached], "now", reached, source))
    return [root[bin] for bin in range(len(now))]


@given(st.integers(0, 10**6), st.integers(1, 40))
def test_every_bin_is_reached_as_by_the_heap(seed: int, bins: int) -> None:
    earlier, now = np.random.default_rng(seed).normal(size=(2, 1, 3, bins))
    for frame, root in enumerate(_roots(earlier, now)[0]):
        assert root.tolist() == by_heap(earlier[0, frame], now[0, frame])


@pytest.mark.parametrize("hertz", [55.0, 220.0, 441.7, 1000.3, 3519.9])
def test_a_tone_keeps_its_pitch_between_the_bins(hertz: float) -> None:
    time = np.arange(RATE) / RATE
    sound = again(np.sin(2 * np.pi * hertz * time))[LENGTH:-LENGTH]
    wave = np.exp(2j * np.pi * hertz * np.arange(len(sound)) / RATE)
    # As loud as it was in every fifth of a second: any other frequency would have turned against it.
    turned = (sound * wave)[: len(sound) // 8192 * 8192].reshape(-1, 8192).mean(axis=1) * 2
    assert np.abs(turned) == pytest.approx(np.ones(len(turned)), abs=0.03)
    # Over all of it, it drifts by less than two cents.
    cents = np.diff(np.unwrap(np.angle(turned))) / (2 * np.pi) / (8192 / RATE) / hertz * 1731
    assert np.abs(cents.mean()) < 2


@pytest.mark.parametrize("place", [9000, 9100, 9216, 9300])
def test_a_click_stays_where_it_was(place: int) -> None:
    sound = np.zeros(20 * HOP + LENGTH)
    sound[place] = 1.0
    # The first frame is not made again. Within 2.5 ms, a twentieth of the window:
    heard, at = again(sound) ** 2, place - HOP
    assert heard[at - 110 : at + 111].sum() > 0.85 * heard.sum()


def test_a_division_into_calls_changes_nothing() -> None:
    log_magnitude = np.random.default_rng(0).normal(-4, 2, (2, 42, 60))
    whole = integrated(log_magnitude, LENGTH, HOP)
    before, parts = None, []
    for start, stop in ((0, 1), (1, 9), (9, 40)):
        parts.append(integrated(log_magnitude[:, start : stop + 2], LENGTH, HOP, before))
        before = parts[-1][:, -1]
    turned = np.angle(np.exp(1j * (np.concatenate(parts, axis=1) - whole)))
    assert np.abs(turned).max() < 1e-9


def test_silence_has_phases_too() -> None:
    phase = integrated(np.full((2, 5, 30), -12.0), LENGTH, HOP)
    assert phase.shape == (2, 3, 30) and np.isfinite(phase).all()


def test_partials_that_begin_together_do_not_peak_together() -> None:
    """With cosines, ten partials of 1 reach 10; an instrument's do not."""
    time = np.arange(RATE) / RATE
    begun = time > 0.3
    sound = np.sum([np.cos(2 * np.pi * 200 * k * (time - 0.3)) for k in range(1, 11)], axis=0)
    assert np.abs(again(sound * begun)[LENGTH:-LENGTH]).max() < 7
