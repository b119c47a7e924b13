from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.chunking import CHUNK, FIRST, spans
from engine.errors import LongtakeError
from engine.registry import SAMPLE_RATE
from engine.sound.audio import Samples
from engine.sound.limiter import limited
from engine.sound.metering import true_peak
from engine.streaming import Source, streamed
from engine.updates import AudioBlock, Step
from engine.variable_length import Window
from tests.engine.song_model import RATIO, FoldingAutoencoder
from tests.engine.tiny_model import tiny_model


def song(frames: int, level: float = 0.1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return level * torch.randn(1, 2, frames, generator=generator)


def window(samples: int, surplus: int = 0) -> Window:
    frames = -(-(samples + surplus) // RATIO)
    return Window(samples, surplus, frames, frames, frames, 0.0, samples / SAMPLE_RATE)


def joined(latents: Tensor, of: Window, block: int = 10_000) -> Samples:
    updates = list(streamed(FoldingAutoencoder(), latents, of, Source(), block))
    blocks = [update for update in updates if isinstance(update, AudioBlock)]
    place = 0
    for part in blocks:
        assert part.start == place and 0 < part.samples.shape[1] <= block
        assert part.samples.dtype == np.float32 and part.samples.flags.c_contiguous
        place += part.samples.shape[1]
    return np.concatenate([part.samples for part in blocks], axis=1)


def encoded(sound: Tensor) -> Tensor:
    return FoldingAutoencoder().encode(sound)


@pytest.mark.parametrize("samples", [1, RATIO, 5 * RATIO + 17, 2 * CHUNK * RATIO + 1])
def test_the_take_is_the_decoded_sound_cut_to_the_sample(samples: int) -> None:
    sound = song(samples + 3 * RATIO)
    done = joined(encoded(sound), window(samples))
    np.testing.assert_array_equal(done, sound[0, :, :samples].numpy())


@pytest.mark.parametrize("level", [0.1, 1.0])
def test_the_joined_stream_does_not_depend_on_the_block(level: float) -> None:
    latents, take = encoded(song(200_000, level)), window(180_001)
    whole = joined(latents, take, block=10**9)
    for block in (997, 44_100):
        np.testing.assert_array_equal(joined(latents, take, block), whole)


def test_steps_tell_the_chunks_and_blocks_come_between_them() -> None:
    take = window(3 * CHUNK * RATIO)
    updates = list(
        streamed(FoldingAutoencoder(), encoded(song(take.samples)), take, Source(), 10**6)
    )
    steps = [update for update in updates if isinstance(update, Step)]
    total = len(list(spans(3 * CHUNK)))
    assert [(step.stage, step.index, step.total) for step in steps] == [
        ("decode", index, total) for index in range(1, total + 1)
    ]
    assert isinstance(updates[1], AudioBlock)
    assert updates.index(steps[1]) > 1


def test_decoding_happens_only_as_far_as_it_is_asked_for() -> None:
    autoencoder = FoldingAutoencoder()
    asked: list[int] = []
    decode = autoencoder.decode

    def counted(latents: Tensor) -> Tensor:
        asked.append(latents.shape[-1])
        return decode(latents)

    autoencoder.decode = counted  # pyright: ignore[reportAttributeAccessIssue]
    take = window(4 * CHUNK * RATIO)
    updates = streamed(autoencoder, encoded(song(take.samples)), take, Source(), 10**6)
    next(updates)
    assert isinstance(next(updates), AudioBlock)
    assert asked == [FIRST]


def test_loud_sound_stays_below_the_ceiling_and_is_limited_as_a_whole() -> None:
    sound = song(300_000, 1.0)
    done = joined(encoded(sound), window(300_000))
    assert true_peak(done, SAMPLE_RATE) <= -1
    whole = np.concatenate(list(limited([sound[0].numpy()], SAMPLE_RATE)), axis=1)
    np.testing.assert_array_equal(done, whole)


@pytest.mark.parametrize("level", [0.1, 1.0])
def test_a_loop_repeats_without_a_seam(level: float) -> None:
    """Played twice, nothing at the joint is rougher than the song itself is there, limiter included."""
    time = torch.arange(200_000) / SAMPLE_RATE
    pulse = 1 + 0.5 * torch.sin(2 * torch.pi * 3 * time)
    sound = (level * pulse * torch.sin(2 * torch.pi * 221 * time)).expand(1, 2, -1)
    take = window(150_000, surplus=11_025)
    loop = joined(encoded(sound), take)
    assert loop.shape == (2, 150_000)
    twice = np.concatenate([loop, loop], axis=1)
    joint = np.diff(twice, n=2)[:, 149_990:150_010]
    assert np.abs(joint).max() <= 1.2 * np.abs(np.diff(loop[:, 20_000:140_000], n=2)).max()
    assert true_peak(twice, SAMPLE_RATE) <= -1
    cut = joined(encoded(sound), window(150_000))
    broken = np.diff(np.concatenate([cut, cut], axis=1), n=2)[:, 149_990:150_010]
    assert np.abs(broken).max() > 3 * np.abs(joint).max()


def test_a_loops_gain_is_the_same_on_both_sides_of_the_seam() -> None:
    """A peak just before the end is still being released at the beginning."""
    sound = song(200_000, 0.05)
    sound[..., 149_000:149_100] *= 100
    plain = sound.clone()
    plain[..., 149_000:149_100] /= 100
    loud, quiet = (joined(encoded(x), window(150_000, surplus=11_025)) for x in (sound, plain))
    gain = (loud / quiet)[0, :3000]
    assert gain[0] < 0.95
    assert (np.diff(gain) > -1e-3).all() and gain[-1] > gain[0]


def test_the_real_decoder_streams_what_it_decodes_as_a_whole() -> None:
    autoencoder = tiny_model().autoencoder
    latents = torch.randn(1, 64, 200, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        whole = autoencoder.decode(latents)[0, :, :400_000].numpy()
        updates = list(streamed(autoencoder, latents, window(400_000), Source(), 10**6))
    done = np.concatenate([u.samples for u in updates if isinstance(u, AudioBlock)], axis=1)
    expected = np.concatenate(list(limited([whole], SAMPLE_RATE)), axis=1)
    np.testing.assert_allclose(done, expected, atol=1e-5)


def test_sound_that_is_not_finite_is_an_error_with_a_sentence() -> None:
    sound = song(20_000)
    sound[0, 1, 15_000] = float("nan")
    with pytest.raises(LongtakeError, match="not finite"):
        joined(encoded(sound), window(20_000))
