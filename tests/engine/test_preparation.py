"""Laws of what is settled before the first step: how a recording is taken, under which name, and what is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from engine.audibility import TRIES
from engine.errors import SpecError
from engine.held_model import HeldModel, load_model
from engine.preparation import Prepared, prepared
from engine.registry import MODELS, SAMPLE_RATE, ModelSpec
from engine.samplers.noise import NoiseSource
from engine.score_grid import SCORE_ROWS
from engine.sound.audio import Samples
from engine.spec import GenerationSpec
from engine.updates import LeadSheet, Remark, Step, Update
from engine.variable_length import window_for
from tests.engine.public.public_models import TINY_MEDIUM, TINY_SMALL, write_public
from tests.engine.song_model import RATIO, SongModel
from tests.engine.tiny_model import tiny_model

OPEN = MODELS["stable-audio-open-small"]
WINDOW = OPEN.latent_frames * RATIO
SECONDS = 2.0
TAKE = round(SECONDS * SAMPLE_RATE)


def asked(**settings: Any) -> GenerationSpec:
    given = {"prompt": "House | BPM: 120", "seconds_total": SECONDS, "seed": 7, "steps": 3}
    return GenerationSpec.from_dict(given | {"model": OPEN.name} | settings)


def held(load: Callable[[ModelSpec], Any]) -> HeldModel:
    return HeldModel(torch.device("cpu"), "float32", compiled=False, load=load)


@torch.inference_mode()
def taken(load: Callable[[ModelSpec], Any], **settings: Any) -> tuple[Prepared, list[Update]]:
    """A prepared take, and what was said meanwhile."""
    updates, work = list[Update](), prepared(held(load), asked(**settings))
    while True:
        try:
            updates.append(next(work))
        except StopIteration as end:
            return end.value, updates


class Blurred(SongModel):
    """Its bottleneck is a distribution, half as wide as the noise."""

    def __init__(self, spec: ModelSpec = OPEN) -> None:
        super().__init__(torch.zeros(2, RATIO), spec)
        exact = self.autoencoder.moments

        def moments(audio: Tensor) -> tuple[Tensor, Tensor]:
            mean, _ = exact(audio)
            return mean, torch.full_like(mean, 0.5)

        self.autoencoder.moments = moments


def recorded(folder: Path, seconds: float) -> tuple[str, Samples]:
    """A recording of noise, and its samples."""
    noise = 0.1 * np.random.default_rng(4).standard_normal((2, round(seconds * SAMPLE_RATE)))
    path = str(folder / f"{seconds}.wav")
    soundfile.write(path, noise.astype(np.float32).T, SAMPLE_RATE, subtype="FLOAT")
    return path, noise.astype(np.float32)


def known_sound(take: Prepared) -> Samples:
    """What a lossless autoencoder was given."""
    assert take.known is not None
    return take.model.autoencoder.decode(take.known)[0].numpy()


# Recordings.


@pytest.mark.parametrize(("seconds", "used"), [(0.5, 22_050), (2.0, TAKE), (20.0, WINDOW)])
def test_the_codes_own_recording_fills_the_window_and_ends_in_silence(
    tmp_path: Path, seconds: float, used: int
) -> None:
    path, sound = recorded(tmp_path, seconds)
    model = SongModel(torch.zeros(2, RATIO), OPEN)
    take, _ = taken(model.loaded, init_audio=path, schedule="reference")
    given = known_sound(take)
    assert given.shape == (2, WINDOW)
    np.testing.assert_array_equal(given[:, :used], sound[:, :used])
    assert not given[:, used:].any()


@pytest.mark.parametrize("seconds", [0.5, 2.0, 20.0])
def test_ours_repeats_through_the_take_and_is_silent_after_it(
    tmp_path: Path, seconds: float
) -> None:
    path, sound = recorded(tmp_path, seconds)
    model = SongModel(torch.zeros(2, RATIO), OPEN)
    take, _ = taken(model.loaded, init_audio=path)
    given = known_sound(take)
    repeats = -(-TAKE // sound.shape[1])
    np.testing.assert_array_equal(given[:, :TAKE], np.tile(sound, (1, repeats))[:, :TAKE])
    assert not given[:, TAKE:].any()


def test_the_codes_own_latents_are_drawn_with_the_seed_and_ours_are_the_mean(
    tmp_path: Path,
) -> None:
    path, _ = recorded(tmp_path, SECONDS)
    shape = (1, 2 * RATIO, OPEN.latent_frames)

    def known(**settings: Any) -> Tensor:
        take, _ = taken(Blurred().loaded, init_audio=path, **settings)
        assert take.known is not None
        return take.known

    mean = known()
    drawn = known(schedule="reference")
    torch.testing.assert_close(drawn, mean + 0.5 * NoiseSource(7).encoding(shape))
    assert torch.equal(drawn, known(schedule="reference"))
    assert not torch.equal(drawn, known(schedule="reference", seed=8))
    varied = NoiseSource(7, 0.3, 5).encoding(shape)
    moved = known(schedule="reference", variation=0.3, variation_seed=5)
    torch.testing.assert_close(moved, mean + 0.5 * varied)
    assert torch.equal(mean, known(seed=8))


@pytest.mark.parametrize("spec", [TINY_SMALL, TINY_MEDIUM], ids=lambda spec: spec.name)
def test_the_public_padding_is_encoded_but_not_generated(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, spec: ModelSpec
) -> None:
    path, _ = recorded(tmp_path, 20.0)
    folder = write_public(spec, tmp_path_factory.mktemp("public"))
    ratio, heard = spec.autoencoder.downsampling_ratio, list[tuple[int, bool]]()

    def load(_: ModelSpec) -> Any:
        model = load_model(spec, folder)
        moments = model.autoencoder.moments

        def listening(audio: Tensor) -> tuple[Tensor, Tensor]:
            heard.append((audio.shape[-1] // ratio, bool(audio[..., -ratio:].any())))
            return moments(audio)

        model.autoencoder.moments = listening
        return model

    take, _ = taken(load, model=spec.name, init_audio=path, schedule="reference")
    window = take.window
    assert window.padded_frames > window.latent_frames, "a length that hides no padding"
    assert heard == [(window.padded_frames, True)], "with what the recording has there"
    assert take.known is not None and take.known.shape[-1] == window.latent_frames


def test_public_models_take_a_recording_as_it_is_and_ours_at_its_level(tmp_path: Path) -> None:
    path, sound = recorded(tmp_path, SECONDS)
    quiet = str(tmp_path / "quiet.wav")
    soundfile.write(quiet, 0.01 * sound.T, SAMPLE_RATE, subtype="FLOAT")
    for schedule in ("monotone", "reference"):
        loud, soft = (
            taken(
                SongModel(torch.zeros(2, RATIO), MODELS["sketch"]).loaded,
                model="sketch",
                init_audio=each,
                schedule=schedule,
            )[0]
            for each in (path, quiet)
        )
        assert loud.levelling is not None and soft.levelling is not None
        np.testing.assert_allclose(
            known_sound(loud)[:, :TAKE], known_sound(soft)[:, :TAKE], atol=1e-3
        )
    take, _ = taken(SongModel(torch.zeros(2, RATIO), OPEN).loaded, init_audio=quiet)
    assert take.levelling is None
    np.testing.assert_array_equal(known_sound(take)[:, :TAKE], np.float32(0.01 * sound))


# What is asked.


def test_a_negative_prompt_takes_the_place_of_none() -> None:
    plain, _ = taken(tiny_model, model="sketch")
    avoiding, _ = taken(tiny_model, model="sketch", negative_prompt="drums")
    count = plain.conditional.text_tokens
    assert torch.equal(plain.conditional.cross, avoiding.conditional.cross)
    assert not plain.unconditional.cross[:, :count].any()
    assert avoiding.unconditional.cross[:, :count].any()
    for take in (plain, avoiding):
        asked, free = take.conditional, take.unconditional
        assert torch.equal(free.global_, asked.global_)
        assert asked.grid is not None and free.grid is not None
        assert asked.grid[:, -SCORE_ROWS:].any() and not free.grid[:, -SCORE_ROWS:].any()
        assert torch.equal(free.grid[:, :-SCORE_ROWS], asked.grid[:, :-SCORE_ROWS])


def test_what_is_kept_is_told_with_its_mask_in_both_branches(tmp_path: Path) -> None:
    path, _ = recorded(tmp_path, SECONDS)
    model = SongModel(torch.zeros(2, RATIO), OPEN)
    take, _ = taken(model.loaded, init_audio=path, keep=[[0.0, 0.5]])
    told = take.conditional.kept
    assert told is not None and take.known is not None and take.unconditional.kept is told
    frames = -(-SAMPLE_RATE // (2 * RATIO))
    assert told[0, 0].tolist() == [1.0] * frames + [0.0] * (OPEN.latent_frames - frames)
    assert torch.equal(told[:, 1:], told[:, :1] * take.known)
    plain, _ = taken(model.loaded, init_audio=path)
    assert plain.kept is None and plain.conditional.kept is None


def test_it_says_what_is_left_out_loads_shows_the_sheet_and_encodes_in_this_order(
    tmp_path: Path,
) -> None:
    path, _ = recorded(tmp_path, 20.0)
    take, updates = taken(tiny_model, model="sketch", init_audio=path, seed=None)
    kinds = [type(update) for update in updates]
    assert kinds[:4] == [Remark, Step, Step, LeadSheet] and updates[-1] == Step("encode", 1, 1)
    assert take.spec.seed is not None and take.noise == NoiseSource(take.spec.seed)
    assert take.window == window_for(take.spec, MODELS["sketch"])


def test_only_our_own_models_try_other_noises() -> None:
    assert taken(tiny_model, model="sketch")[0].tries == TRIES
    assert taken(SongModel(torch.zeros(2, RATIO), OPEN).loaded)[0].tries == 1


def test_what_cannot_be_made_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    def never(spec: ModelSpec) -> Any:
        raise AssertionError("loaded")

    path, _ = recorded(tmp_path, SECONDS)
    for settings in (
        {"prompt": " "},
        {"seconds_total": 500.0},
        {"init_audio": path, "keep": [[5.0, 6.0]]},
    ):
        with pytest.raises(SpecError):
            taken(never, **settings)
