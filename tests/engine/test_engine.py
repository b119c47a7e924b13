from __future__ import annotations

import gc
import math
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from engine.creative import SOUND_EDGE
from engine.engine import Engine, load_model
from engine.errors import CheckpointError, LongtakeError, SpecError
from engine.latent_diffusion import LatentDiffusion
from engine.registry import SAMPLE_RATE, STABLE_AUDIO_2, ModelSpec
from engine.samplers.objectives import V_OBJECTIVE
from engine.sound.audio import Samples
from engine.sound.levels import Levels
from engine.sound.metering import true_peak
from engine.spec import SAMPLERS, GenerationSpec
from engine.updates import AudioBlock, Step, Update
from tests.engine.song_model import SongModel
from tests.engine.tiny_model import tiny_model


def asked(**settings: Any) -> GenerationSpec:
    given = {"prompt": "House | BPM: 120", "seconds_total": 1.5, "seed": 7, "steps": 3, **settings}
    return GenerationSpec.from_dict(given)


def take_of(updates: Iterator[Update]) -> Samples:
    return np.concatenate([u.samples for u in updates if isinstance(u, AudioBlock)], axis=1)


def take(engine: Engine, **settings: Any) -> Samples:
    return take_of(engine.generate(asked(**settings)))


@pytest.fixture(scope="module")
def tiny() -> Engine:
    return Engine("cpu", load=tiny_model)


def melody(seconds: float = 8.0, level: float = 0.2) -> Tensor:
    time = torch.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sweep = torch.sin(2 * torch.pi * (200 + 40 * time) * time)
    return level * torch.stack([sweep, 0.5 * sweep.flip(0)])


@pytest.fixture
def song() -> SongModel:
    return SongModel(melody())


@pytest.fixture
def hum(tmp_path: Path) -> str:
    """Two seconds of quiet noise."""
    path = tmp_path / "hum.wav"
    noise = 0.1 * np.random.default_rng(4).standard_normal((2 * SAMPLE_RATE, 2))
    soundfile.write(path, noise.astype(np.float32), SAMPLE_RATE, subtype="FLOAT")
    return str(path)


def heard(path: str) -> Samples:
    return np.asarray(soundfile.read(path)[0].T, np.float32)


# The protocol.


def test_updates_come_in_order_and_the_take_is_as_long_as_asked() -> None:
    engine = Engine("cpu", load=tiny_model)
    updates = list(engine.generate(asked(seconds_total=1.2345, steps=4)))
    steps = [u for u in updates if isinstance(u, Step)]
    assert [(s.stage, s.index, s.total) for s in steps] == [
        ("loading", 1, 2),
        ("loading", 2, 2),
        *(("diffuse", i, 4) for i in range(1, 5)),
        *(("decode", i, 2) for i in (1, 2)),
    ]
    sound = take_of(iter(updates))
    assert sound.shape == (2, round(1.2345 * SAMPLE_RATE)) and sound.dtype == np.float32
    assert np.isfinite(sound).all() and sound.any() and true_peak(sound, SAMPLE_RATE) <= -1
    again = [u for u in engine.generate(asked()) if isinstance(u, Step)]
    assert again[0].stage == "diffuse", "a model that is there is not loaded again"


def test_blocks_of_any_size_join_to_the_same_take(tiny: Engine) -> None:
    whole = take(tiny)
    for block in (1000, 44_100):
        np.testing.assert_array_equal(take(Engine("cpu", block=block, load=tiny_model)), whole)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_equal_specs_equal_takes(tiny: Engine, sampler: str) -> None:
    first, again = take(tiny, sampler=sampler), take(tiny, sampler=sampler)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, take(tiny, sampler=sampler, seed=8))


def test_each_setting_is_heard(tiny: Engine) -> None:
    plain = take(tiny)
    for change in (
        {"prompt": "Piano | BPM: 120"},
        {"negative_prompt": "drums"},
        {"cfg_scale": 1.0},
        {"cfg_rescale": 0.5},
        {"cfg_interval": [0.0, 0.5]},
        {"tempo": 90.0},
        {"beats_per_bar": 3},
        {"steps": 5},
        {"variation": 0.2},
        {"loop": True},
    ):
        assert not np.allclose(take(tiny, **change), plain, atol=1e-5), change


def test_a_whole_variation_is_the_other_seeds_take_of_this_score(tiny: Engine) -> None:
    there = take(tiny, variation=1.0, variation_seed=9)
    np.testing.assert_array_equal(there, take(tiny, seed=9, score_seed=7))
    near, plain = take(tiny, variation=0.1, variation_seed=9), take(tiny)
    assert np.square(near - plain).mean() < np.square(there - plain).mean()


def test_a_spec_without_seed_gets_one(tiny: Engine) -> None:
    assert not np.array_equal(take(tiny, seed=None), take(tiny, seed=None))


def test_each_next_may_come_from_another_thread(tiny: Engine) -> None:
    updates, found = tiny.generate(asked()), list[Update]()
    ended = threading.Event()

    def advance() -> None:
        try:
            found.append(next(updates))
        except StopIteration:
            ended.set()

    for _ in range(50):
        thread = threading.Thread(target=advance)
        thread.start()
        thread.join()
    assert ended.is_set()
    np.testing.assert_array_equal(take_of(iter(found)), take(tiny))
    assert not torch.is_inference_mode_enabled()


# Ends, wanted and not.


def test_closing_stops_the_work_and_frees_it(song: SongModel) -> None:
    engine = Engine("cpu", load=song.loaded)
    network, held = song.network, list[weakref.ref[Tensor]]()

    def watched(x: Tensor, t: Tensor, conditioning: Any) -> Tensor:
        held.append(weakref.ref(x))
        return network(x, t, conditioning)

    song.network = watched  # pyright: ignore[reportAttributeAccessIssue]
    updates = engine.generate(asked(steps=50))
    for update in updates:
        if isinstance(update, Step) and (update.stage, update.index) == ("diffuse", 2):
            break
    updates.close()
    gc.collect()
    assert len(held) == 2 and all(x() is None for x in held)
    assert take(engine).shape == (2, 66_150)


def test_an_error_leaves_the_engine_usable(song: SongModel) -> None:
    engine = Engine("cpu", load=song.loaded)
    song.song[0, 0, 3] = float("nan")
    with pytest.raises(
        LongtakeError, match="sketch produced latents that are not finite at step 1 of 3"
    ):
        take(engine)
    song.song[0, 0, 3] = 0.0
    assert np.isfinite(take(engine)).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"prompt": "  "},
        {"model": "mozart"},
        {"seconds_total": 500.0},
        {"sampler": "karras"},
        {"bars": 4, "prompt": "Piano"},
        {"keep": [[0, 1]]},
        {"loop": True, "seconds_total": 285.3},
        {"init_audio": "nowhere.wav"},
    ],
)
def test_bad_specs_are_refused_before_a_model_is_loaded(settings: dict[str, Any]) -> None:
    def never(spec: ModelSpec) -> LatentDiffusion:
        raise AssertionError("loaded")

    with pytest.raises(LongtakeError):
        take(Engine("cpu", load=never), **settings)


def test_a_model_that_cannot_be_loaded_is_an_error_and_the_next_may_work() -> None:
    broken = True

    def load(spec: ModelSpec) -> LatentDiffusion:
        if broken:
            raise CheckpointError("No weights here.")
        return tiny_model()

    engine = Engine("cpu", load=load)
    with pytest.raises(CheckpointError):
        take(engine)
    broken = False
    assert take(engine).any()


def test_models_take_turns_and_one_is_held() -> None:
    loads: list[str] = []

    def load(spec: ModelSpec) -> LatentDiffusion:
        loads.append(spec.name)
        return tiny_model()

    engine = Engine("cpu", load=load)
    for name in ("sketch", "sketch", "stable-audio-2", "sketch"):
        assert all(step.stage == "loading" for step in engine.load(name))
    engine.unload()
    list(engine.load("sketch"))
    assert loads == ["sketch", "stable-audio-2", "sketch", "sketch"]
    with pytest.raises(SpecError, match="Unknown model"):
        list(engine.load("mozart"))


def test_a_reader_that_paused_while_another_changed_the_model_gets_its_own() -> None:
    engine = Engine("cpu", load=tiny_model)
    updates = engine.generate(asked())
    next(updates)
    next(updates)
    list(engine.load("stable-audio-2"))
    engine.unload()
    assert take_of(updates).any()


def test_weights_that_are_nowhere_are_named() -> None:
    with pytest.raises(CheckpointError, match="stable-audio-2 has no weights"):
        load_model(STABLE_AUDIO_2)


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Engine("cpu").device.type == "cpu"
    assert "CPU" in Engine("cpu").describe()
    with pytest.raises(SpecError, match=r"no device 'abacus' here; choose auto or .*cpu"):
        Engine("abacus")
    for name in ("mps", "cuda"):
        backend: Any = torch.backends.mps if name == "mps" else torch.cuda
        monkeypatch.setattr(backend, "is_available", lambda: True)
        assert Engine().device.type == name


# What the network is asked.


def test_the_take_is_what_the_network_knows_and_is_told(song: SongModel) -> None:
    sound = take(Engine("cpu", load=song.loaded), negative_prompt="drums", beats_per_bar=3)
    np.testing.assert_allclose(sound, melody()[:, : len(sound[0])].numpy(), atol=1e-5)
    asked_for, avoided = song.prompts
    assert (asked_for.text, avoided.text) == ("House | BPM: 120", "drums")
    for prompt in song.prompts:
        assert (prompt.seconds_start, prompt.seconds_total) == (0.0, 1.5)
        assert (prompt.tempo, prompt.beats_per_bar) == (120.0, 3)


def test_guidance_doubles_the_batch_only_where_it_acts(song: SongModel) -> None:
    take(Engine("cpu", load=song.loaded), steps=6, cfg_interval=[0.2, 0.8])
    calls = [(batch, math.sin(math.pi / 2 * t)) for batch, t in song.calls]
    assert {batch for batch, sigma in calls if 0.2 <= sigma <= 0.8} == {2}
    assert {batch for batch, sigma in calls if not 0.2 <= sigma <= 0.8} == {1}
    song.calls.clear()
    take(Engine("cpu", load=song.loaded), cfg_scale=1.0)
    assert {batch for batch, _ in song.calls} == {1}


# Takes from recordings (§4.6).


def test_at_level_0_the_recording_returns_through_the_autoencoder(
    song: SongModel, hum: str
) -> None:
    engine = Engine("cpu", load=song.loaded)
    updates = list(engine.generate(asked(init_audio=hum, init_noise_level=0.0, seconds_total=None)))
    np.testing.assert_allclose(take_of(iter(updates)), heard(hum), atol=1e-6)
    assert song.calls == []
    stages = dict.fromkeys(u.stage for u in updates if isinstance(u, Step))
    assert list(stages) == ["loading", "encode", "decode"]


def test_the_solver_starts_at_the_level_from_the_noised_recording(hum: str) -> None:
    start: list[Tensor] = []
    song = SongModel(melody())
    network = song.network

    def watched(x: Tensor, t: Tensor, conditioning: Any) -> Tensor:
        start.append(x[:1].clone())
        return network(x, t, conditioning)

    song.network = watched  # pyright: ignore[reportAttributeAccessIssue]
    take(Engine("cpu", load=song.loaded), init_audio=hum, init_noise_level=0.3, seconds_total=2.0)
    assert song.calls[0][1] == pytest.approx(0.3)
    levels = Levels.of(heard(hum), 0.3)
    assert levels is not None
    levelled = torch.from_numpy(levels.levelled(heard(hum)))
    latents = song.autoencoder.encode(levelled[None])
    inside = start[0][..., : latents.shape[-1]]
    alpha, sigma = np.cos(np.pi * 0.15), np.sin(np.pi * 0.15)
    rest = (inside - alpha * latents) / sigma
    assert rest.mean().item() == pytest.approx(0, abs=0.01)
    assert rest.std().item() == pytest.approx(1, abs=0.01)


def test_more_noise_less_of_the_recording(song: SongModel, hum: str) -> None:
    """With a network that knows only how loud the recording is."""

    def gaussian(x: Tensor, t: Tensor, conditioning: Any) -> Tensor:
        alpha, sigma = (f(t[:, None, None]) for f in (V_OBJECTIVE.alpha, V_OBJECTIVE.sigma))
        return (alpha * x - alpha * 0.01 / (alpha**2 * 0.01 + sigma**2) * x) / sigma

    song.network = gaussian  # pyright: ignore[reportAttributeAccessIssue]
    engine, near = Engine("cpu", load=song.loaded), list[float]()
    for level in (0.0, 0.02, 0.1, 0.3, 1.0):
        sound = take(engine, init_audio=hum, init_noise_level=level, seconds_total=2.0, steps=8)
        near.append(float(np.corrcoef(sound[0], heard(hum)[0])[0, 1]))
    assert near == sorted(near, reverse=True)
    assert near[0] == pytest.approx(1) and near[-1] == pytest.approx(0, abs=0.02)


def test_a_short_recording_repeats_through_a_longer_take(song: SongModel, hum: str) -> None:
    engine = Engine("cpu", load=song.loaded)
    sound = take(engine, init_audio=hum, init_noise_level=0.0, seconds_total=5.0)
    again = sound[:, 2 * SAMPLE_RATE : 4 * SAMPLE_RATE]
    np.testing.assert_allclose(again, heard(hum), atol=1e-6)


def beside(kept: Samples, made: Tensor) -> Samples:
    """What a model makes beside a sound that is kept, at the level of that."""
    levels = Levels.of(kept, 1.0, kept=True)
    assert levels is not None
    return levels.returned(made.numpy())


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_inpainting_returns_what_is_kept_and_makes_the_rest(
    song: SongModel, hum: str, sampler: str
) -> None:
    engine = Engine("cpu", load=song.loaded)
    sound = take(
        engine, init_audio=hum, keep=[[0, 0.5], [1.5, 9]], sampler=sampler, seconds_total=None
    )
    edge = round(SOUND_EDGE * SAMPLE_RATE) + 1
    first, last = SAMPLE_RATE // 2, 3 * SAMPLE_RATE // 2
    assert sound.shape == (2, 2 * SAMPLE_RATE)
    np.testing.assert_array_equal(sound[:, : first - edge], heard(hum)[:, : first - edge])
    np.testing.assert_array_equal(sound[:, last + edge :], heard(hum)[:, last + edge :])
    both = np.concatenate([heard(hum)[:, :first], heard(hum)[:, last:]], axis=1)
    made = beside(both, melody()[:, first:last])
    np.testing.assert_allclose(sound[:, first + 3000 : last - 2048], made[:, 3000:-2048], atol=1e-4)


def test_models_that_inpaint_are_told_what_is_kept(song: SongModel, hum: str) -> None:
    take(Engine("cpu", load=song.loaded), init_audio=hum, keep=[[0, 1]], seconds_total=None)
    told = song.conditioning[0].kept
    assert told is not None and told.shape[:2] == (2, 1 + song.song.shape[1])
    mask, latents = told[:1, :1], told[:1, 1:]
    assert mask[0, 0].tolist() == sorted(mask[0, 0].tolist(), reverse=True)
    assert mask.sum().item() == pytest.approx(song.spec.latent_rate, abs=2)
    levels = Levels.of(heard(hum)[:, :SAMPLE_RATE], 1.0, kept=True)
    assert levels is not None
    known = song.autoencoder.encode(torch.from_numpy(levels.levelled(heard(hum)))[None])
    torch.testing.assert_close(latents[..., :20], known[..., :20])
    assert not latents[..., 30:].any()
    song.conditioning.clear()
    take(Engine("cpu", load=song.loaded))
    assert song.conditioning[0].kept is None


def test_a_continuation_keeps_the_recording_and_goes_on(song: SongModel, hum: str) -> None:
    engine = Engine("cpu", load=song.loaded)
    sound = take(engine, init_audio=hum, keep=[[0, 2]], seconds_total=4.0)
    edge = round(SOUND_EDGE * SAMPLE_RATE) + 1
    end = 2 * SAMPLE_RATE
    np.testing.assert_array_equal(sound[:, : end - edge], heard(hum)[:, : end - edge])
    made = beside(heard(hum), melody()[:, end : 2 * end])
    np.testing.assert_allclose(sound[:, end:], made, atol=1e-4)


def test_real_networks_inpaint_too(tiny: Engine, hum: str) -> None:
    sound = take(tiny, init_audio=hum, keep=[[0.5, 1.5]], seconds_total=None)
    np.testing.assert_array_equal(sound[:, 27_000:61_000], heard(hum)[:, 27_000:61_000])
    assert not np.allclose(sound[:, :20_000], heard(hum)[:, :20_000])


def test_a_loop_is_exactly_as_long_as_asked_and_joins(song: SongModel) -> None:
    engine = Engine("cpu", load=song.loaded)
    loop = take(engine, loop=True, bars=1, seconds_total=None)
    assert loop.shape == (2, 2 * SAMPLE_RATE)
    on = melody()[:, 2 * SAMPLE_RATE].numpy()
    np.testing.assert_allclose(loop[:, 0], on, atol=1e-5)
    assert song.prompts[0].seconds_start == 30.0 and song.prompts[0].seconds_total == 62.0


def test_a_recordings_loop_goes_round(song: SongModel, hum: str) -> None:
    engine = Engine("cpu", load=song.loaded)
    loop = take(engine, loop=True, init_audio=hum, init_noise_level=0.0, seconds_total=None)
    np.testing.assert_allclose(loop[:, 0], heard(hum)[:, 0], atol=1e-6)
    np.testing.assert_allclose(loop[:, 11_025:], heard(hum)[:, 11_025:], atol=1e-6)
