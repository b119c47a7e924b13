"""Laws of a voice: whole takes leave untouched, every cut is faded, loops have no gap, rates are converted."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.audio.sources import Frames, GrowingSource
from bridge.audio.voices import CHUNK, FADE, Voice
from bridge.ports import StreamFormat
from engine.updates import AudioBlock

RATE = 48_000
FADED = round(FADE * RATE)


class ArraySource:
    """Frames in memory, all there from the start."""

    def __init__(self, samples: Frames, sample_rate: int) -> None:
        """Plays [N, 2] at a rate in Hz."""
        self._samples = samples
        self.sample_rate = sample_rate
        self.frames = len(samples)
        self.whole = True

    def read(self, start: int, count: int) -> Frames:
        """A view."""
        return self._samples[start : start + count]

    def close(self) -> None:
        """Holds nothing that needs closing."""


def noise(frames: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (frames, 2)).astype(np.float32)


def heard(voice: Voice, frames: int, block: int = 512) -> np.ndarray:
    blocks = [voice.render(block) for _ in range(-(-frames // block))]
    return np.concatenate(blocks)[:frames]


@given(
    frames=st.integers(1, 6000),
    block=st.sampled_from([64, 500, 512, 2048]),
    delay=st.integers(0, 900),
)
@settings(max_examples=40)
def test_a_whole_take_is_heard_sample_for_sample(frames: int, block: int, delay: int) -> None:
    samples = noise(frames)
    voice = Voice(ArraySource(samples, RATE), RATE, delay=delay)
    out = heard(voice, frames + delay + 3000, block)
    assert not out[:delay].any()
    assert np.array_equal(out[delay : delay + frames], samples)
    assert not out[delay + frames :].any()
    assert voice.done


def steps_of(signal: np.ndarray) -> float:
    return float(np.abs(np.diff(signal[:, 0], prepend=0.0, append=0.0)).max())


def test_a_voice_that_begins_or_ends_within_is_faded() -> None:
    flat = np.ones((20_000, 2), np.float32)
    voice = Voice(ArraySource(flat, RATE), RATE, start=5000)
    out = heard(voice, 2048)
    voice.end(after=100)
    out = np.concatenate((out, heard(voice, 2048)))
    assert voice.done
    assert steps_of(out) < 1.5 / FADED
    assert out[1000, 0] == 1.0
    assert not out[2048 + 100 + FADED :].any()


def test_a_seek_crossfades_and_never_jumps() -> None:
    flat = np.ones((20_000, 2), np.float32)
    old, new = (
        Voice(ArraySource(flat, RATE), RATE),
        Voice(ArraySource(flat, RATE), RATE, start=9000),
    )
    heard(old, 1024)
    old.end()
    both = old.render(512) + new.render(512)
    assert np.abs(np.diff(both[:, 0])).max() < 1.5 / FADED
    assert np.abs(both - 1).max() < 1e-5


def test_a_take_loops_without_a_gap() -> None:
    samples = noise(3000)
    voice = Voice(ArraySource(samples, RATE), RATE)
    voice.loop = True
    assert np.array_equal(heard(voice, 9000), np.tile(samples, (3, 1)))


def test_a_loop_range_repeats_and_its_seam_is_crossfaded() -> None:
    time = np.arange(48_000) / RATE
    sine = np.repeat(np.sin(2 * np.pi * 97 * time)[:, None], 2, axis=1).astype(np.float32)
    voice = Voice(ArraySource(sine, RATE), RATE)
    voice.loop, voice.span = True, (10_000, 17_000)
    out = heard(voice, 40_000)
    assert np.array_equal(out[:17_000], sine[:17_000])
    assert np.abs(np.diff(out[:, 0])).max() < 0.02  # A bare jump here would be over 0.5.
    middle = slice(17_000 + FADED, 17_000 + 7000)
    assert np.array_equal(out[middle], sine[10_000 + FADED : 17_000])


def test_switching_the_loop_off_plays_to_the_end() -> None:
    samples = noise(3000)
    voice = Voice(ArraySource(samples, RATE), RATE)
    voice.loop = True
    first = heard(voice, 1024)
    voice.loop = False
    out = np.concatenate((first, heard(voice, 6000)))
    assert np.array_equal(out[:3000], samples) and not out[3000:].any()


@pytest.mark.parametrize("source_rate", [22_050, 44_100, 96_000])
def test_other_rates_are_converted_as_in_one_piece(source_rate: int) -> None:
    samples = noise(source_rate // 2)
    voice = Voice(ArraySource(samples, source_rate), RATE)
    out = heard(voice, RATE // 2 + 2048)
    whole = soxr.resample(samples, source_rate, RATE, quality="HQ")
    assert np.abs(out[: len(whole)] - whole).max() < 1e-5
    assert not out[len(whole) + 2 :].any()
    assert voice.done


def test_a_converted_loop_has_no_gap() -> None:
    time = np.arange(44_100) / 44_100
    sine = np.repeat(np.sin(2 * np.pi * 100 * time)[:, None], 2, axis=1).astype(np.float32)
    voice = Voice(ArraySource(sine, 44_100), RATE)
    voice.loop = True
    out = heard(voice, 3 * RATE)[:, 0]
    ideal = np.sin(2 * np.pi * 100 * np.arange(3 * RATE) / RATE)
    assert np.abs(out[2000:] - ideal[2000:]).max() < 1e-3


def block(samples: np.ndarray, start: int, count: int) -> AudioBlock:
    return AudioBlock(start, np.ascontiguousarray(samples[start : start + count].T))


def test_a_growing_take_is_heard_from_its_first_block_and_stays_exact() -> None:
    samples = noise(40_000)
    source = GrowingSource(StreamFormat("j", RATE, 2, 40_000))
    voice = Voice(source, RATE)
    out = []
    for start in range(0, 40_000, 8000):
        source.append(block(samples, start, 8000))
        out.append(heard(voice, 7680))
    source.finish()
    out.append(heard(voice, 4096))
    assert np.array_equal(np.concatenate(out)[:40_000], samples)
    assert voice.done


def test_running_dry_is_faded_waits_for_some_headway_and_loses_nothing() -> None:
    flat = np.ones((60_000, 2), np.float32)
    source = GrowingSource(StreamFormat("j", RATE, 2, 60_000))
    voice = Voice(source, RATE)
    source.append(block(flat, 0, 5000))
    out = [heard(voice, 10_240)]
    assert voice.dry and not voice.done
    source.append(block(flat, 5000, 8000))
    out.append(heard(voice, 1024))
    assert voice.dry  # 8000 frames are no half second yet.
    source.append(block(flat, 13_000, 47_000))
    source.finish()
    out.append(heard(voice, 62_000))
    whole = np.concatenate(out)[:, 0]
    inside = np.trim_zeros(whole)
    assert np.abs(np.diff(inside)).max() < 1.5 / FADED
    assert abs(np.count_nonzero(whole) - 60_000) <= 1
    assert voice.done


def test_short_spans_fall_back_to_the_whole_take() -> None:
    samples = noise(3000)
    voice = Voice(ArraySource(samples, RATE), RATE)
    voice.loop, voice.span = True, (100, 100 + CHUNK // 2)
    assert np.array_equal(heard(voice, 6000), np.tile(samples, (2, 1)))
