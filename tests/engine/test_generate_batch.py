"""Laws of making takes in one batch: what `generate` says and makes of each, in turn; all end and fail together."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from engine.audibility import TRIES
from engine.conditioning import Conditioning
from engine.engine import Engine, load_model
from engine.errors import LongtakeError, SpecError
from engine.latent_diffusion import LatentDiffusion
from engine.registry import SAMPLE_RATE, ModelSpec
from engine.samplers.noise import NoiseSource
from engine.sound.audio import Samples
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, GeneratesBatches, LeadSheet, Remark, Step, Update
from tests.engine.public.public_models import TINY_MEDIUM, write_public
from tests.engine.song_model import RATIO, SongModel
from tests.engine.tiny_model import tiny_model


def asked(**settings: Any) -> GenerationSpec:
    given = {"prompt": "House | BPM: 120", "seconds_total": 1.5, "seed": 7, "steps": 3}
    return GenerationSpec.from_dict(given | settings)


def sound(updates: Iterable[Update]) -> Samples:
    return np.concatenate([u.samples for u in updates if isinstance(u, AudioBlock)], axis=1)


def together(engine: Engine, specs: list[GenerationSpec]) -> list[list[Update]]:
    """The updates of each take."""
    found: list[list[Update]] = [[] for _ in specs]
    for index, update in engine.generate_batch(specs):
        found[index].append(update)
    return found


def shown(updates: Iterable[Update]) -> list[Any]:
    """Updates as they can be compared, without the samples."""
    told = {AudioBlock: "start", LeadSheet: "about", Remark: "text"}
    return [u if isinstance(u, Step) else getattr(u, told[type(u)]) for u in updates]


def music(seconds: float = 2.0) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return 0.1 * torch.randn(2, round(seconds * SAMPLE_RATE), generator=generator)


@pytest.fixture
def hum(tmp_path: Path) -> str:
    path = str(tmp_path / "hum.wav")
    soundfile.write(path, music().numpy().T, SAMPLE_RATE, subtype="FLOAT")
    return path


def test_each_take_is_told_and_made_as_alone_and_sounds_in_its_turn() -> None:
    engine = Engine("cpu", precision="float32", load=tiny_model)
    assert isinstance(engine, GeneratesBatches)
    list(engine.load("sketch"))
    specs = [asked(), asked(prompt="piano", seed=2), asked(negative_prompt="drums", seed=3)]
    found = list(engine.generate_batch(specs))
    for number, spec in enumerate(specs):
        own = [update for index, update in found if index == number]
        assert shown(own) == shown(engine.generate(spec))
        assert sound(own).shape == (2, 66_150)
    turns = [index for index, update in found if isinstance(update, AudioBlock)]
    assert turns == sorted(turns) and set(turns) == {0, 1, 2}


def test_the_sound_of_a_batch_is_that_of_each_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_public(TINY_MEDIUM, tmp_path)

    def load(spec: ModelSpec) -> LatentDiffusion:
        return load_model(TINY_MEDIUM, folder)

    engine = Engine("cpu", precision="float32", load=load)
    shared = {"model": TINY_MEDIUM.name, "cfg_scale": 4.0}
    specs = [
        asked(**shared),
        asked(prompt="warm tape", **shared),
        asked(seed=2, negative_prompt="house", **shared),
    ]
    alone = [sound(engine.generate(spec)) for spec in specs]
    for made, own in zip(together(engine, specs), alone, strict=True):
        np.testing.assert_allclose(sound(made), own, atol=1e-5)
    assert np.abs(alone[0] - alone[1]).max() > 1e-3


def test_a_batch_of_one_is_the_take_itself_and_of_none_is_nothing() -> None:
    engine = Engine("cpu", load=tiny_model)
    list(engine.load("sketch"))
    alone = list(engine.generate(asked()))
    (made,) = together(engine, [asked()])
    assert shown(made) == shown(alone)
    np.testing.assert_array_equal(sound(made), sound(alone))
    assert list(engine.generate_batch([])) == []


def test_recordings_and_kept_parts_come_back_in_their_own_takes(hum: str) -> None:
    song = SongModel(music(4.0))
    engine = Engine("cpu", load=song.loaded)
    specs = [
        asked(),
        asked(init_audio=hum, keep=[[0.0, 1.0]]),
        asked(init_audio=hum, init_noise_level=1.0, seed=2),
    ]
    alone = [sound(engine.generate(spec)) for spec in specs]
    for made, own in zip(together(engine, specs), alone, strict=True):
        np.testing.assert_allclose(sound(made), own, atol=1e-5)
    kept = sound(together(engine, specs)[1])
    np.testing.assert_array_equal(kept[:, :40_000], music().numpy()[:, :40_000])


class Shy(SongModel):
    """Plays its song from the noise of one attempt of each seed; from others it is silent."""

    def __init__(self, attempts: dict[int, int]) -> None:
        super().__init__(music())
        self.attempts = attempts
        self.asked: list[int] = []

    def network(self, x: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
        if float(t[0]) == 1:
            self.asked.append(len(x))
            shape = (1, 2 * RATIO, x.shape[-1])
            right = [NoiseSource(seed).start(shape, at) for seed, at in self.attempts.items()]
            heard = [any(item.equal(noise) for noise in right) for item in x.split(1)]
            self.heard = torch.tensor(heard)[:, None, None]
        whole = self.song
        self.song = whole * self.heard
        made = super().network(x, t, conditioning)
        self.song = whole
        return made


def test_a_silent_take_tries_other_noises_alone() -> None:
    model = Shy({1: 0, 2: 2, 3: 99})
    engine = Engine("cpu", load=model.loaded)
    specs = [asked(seed=seed, cfg_scale=1.0) for seed in (1, 2, 3)]
    first, second, third = together(engine, specs)
    assert model.asked == [3, *[1] * 2, *[1] * (TRIES - 1)]
    for made in (first, second):
        np.testing.assert_allclose(sound(made), music()[:, :66_150].numpy(), atol=1e-5)
    assert not any(isinstance(update, Remark) for update in first + second)
    (said,) = (update for update in third if isinstance(update, Remark))
    assert f"nor with {TRIES - 1} other noises" in said.text
    assert np.abs(sound(third)).max() < 1e-5
    for spec, made in zip(specs, (first, second, third), strict=True):
        assert shown(Engine("cpu", load=model.loaded).generate(spec))[2:] == [
            each for each in shown(made) if not (isinstance(each, Step) and each.stage == "loading")
        ]


@pytest.mark.parametrize("stage", ["diffuse", "decode"])
def test_closing_stops_the_work_of_all_and_frees_it(stage: str) -> None:
    song, held = SongModel(music()), list[weakref.ref[Tensor]]()
    network, decode = song.network, song.autoencoder.decode

    def watched(x: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
        held.append(weakref.ref(x))
        return network(x, t, conditioning)

    def decoding(latents: Tensor) -> Tensor:
        held.append(weakref.ref(latents._base if latents._base is not None else latents))
        return decode(latents)

    song.network = watched  # pyright: ignore[reportAttributeAccessIssue]
    song.autoencoder.decode = decoding
    engine = Engine("cpu", load=song.loaded)
    updates = engine.generate_batch([asked(seed=seed, steps=5) for seed in (1, 2, 3)])
    for index, update in updates:
        if isinstance(update, Step) and update.stage == stage and index == 1:
            break
    before = len(held)
    updates.close()
    gc.collect()
    assert len(held) == before and all(tensor() is None for tensor in held)
    assert sound(engine.generate(asked())).shape == (2, 66_150)


def test_takes_that_cannot_share_are_refused_before_any_work() -> None:
    def never(spec: ModelSpec) -> LatentDiffusion:
        raise AssertionError("loaded")

    engine = Engine("cpu", load=never)
    with pytest.raises(SpecError, match="cannot differ in seconds_total or steps; make these one"):
        list(engine.generate_batch([asked(), asked(seconds_total=2.0), asked(steps=4)]))


def test_what_fails_for_one_fails_for_all_and_the_engine_goes_on() -> None:
    song = SongModel(music())
    engine = Engine("cpu", load=song.loaded)
    with pytest.raises(LongtakeError, match=r"nowhere\.wav"):
        missing = asked(init_audio="nowhere.wav", init_noise_level=1.0)
        list(engine.generate_batch([asked(), missing]))
    song.song[0, 0, 3] = float("nan")
    with pytest.raises(LongtakeError, match="not finite"):
        list(engine.generate_batch([asked(), asked(seed=2)]))
    song.song[0, 0, 3] = 0.0
    assert all(np.isfinite(sound(made)).all() for made in together(engine, [asked(), asked()]))
