from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from engine.audibility import AUDIBLE, TRIES, UNHEARD, loudness_of_parts
from engine.creative import Kept
from engine.engine import Engine
from engine.registry import SAMPLE_RATE, STABLE_AUDIO_OPEN_1_0
from engine.samplers.noise import NoiseSource
from engine.sound.audio import Samples
from engine.sound.metering import loudness
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, Remark, Step, Update
from engine.variable_length import Window
from tests.engine.song_model import RATIO, FoldingAutoencoder, SongModel

STEPS = 3


def asked(**settings: Any) -> GenerationSpec:
    given = {"prompt": "piano", "seconds_total": 1.5, "seed": 7, "steps": STEPS, "sampler": "euler"}
    return GenerationSpec.from_dict(given | settings)


def take(updates: list[Update]) -> Samples:
    return np.concatenate([u.samples for u in updates if isinstance(u, AudioBlock)], axis=1)


def remarks(updates: list[Update]) -> list[str]:
    return [u.text for u in updates if isinstance(u, Remark)]


def music(seconds: float = 2.0, level: float = 0.1) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return level * torch.randn(2, round(seconds * SAMPLE_RATE), generator=generator)


class Shy(SongModel):
    """Plays its song only from the noise of one attempt; from others it is silent."""

    def __init__(self, attempt: int) -> None:
        super().__init__(music())
        self.attempt = attempt
        self.starts: list[Tensor] = []
        self.silent = False

    def network(self, x: Tensor, t: Tensor, conditioning: Any) -> Tensor:
        if float(t[0]) == 1:
            self.starts.append(x[:1])
            noise = NoiseSource(7).start((1, 2 * RATIO, x.shape[-1]), self.attempt)
            self.silent = not x[:1].equal(noise)
        whole = self.song
        self.song = whole * (not self.silent)
        made = super().network(x, t, conditioning)
        self.song = whole
        return made


@pytest.mark.parametrize("attempt", [0, 1, TRIES - 1])
def test_of_a_silent_take_the_next_noise_is_tried(attempt: int) -> None:
    model = Shy(attempt)
    updates = list(Engine("cpu", load=model.loaded).generate(asked()))
    np.testing.assert_allclose(take(updates), music()[:, : 3 * SAMPLE_RATE // 2].numpy(), atol=1e-5)
    assert len(model.starts) == attempt + 1 and not remarks(updates)
    first = next(i for i, update in enumerate(updates) if isinstance(update, AudioBlock))
    assert not any(isinstance(u, Step) and u.stage == "diffuse" for u in updates[first:])
    again = take(list(Engine("cpu", load=Shy(attempt).loaded).generate(asked())))
    np.testing.assert_array_equal(take(updates), again)


def test_a_take_that_stays_silent_is_said_to_and_comes_all_the_same() -> None:
    model = Shy(99)
    updates = list(Engine("cpu", load=model.loaded).generate(asked()))
    assert len(model.starts) == TRIES
    assert take(updates).shape == (2, 3 * SAMPLE_RATE // 2)
    (said,) = remarks(updates)
    assert f"Nothing can be heard in this take, nor with {TRIES - 1} other noises" in said


def test_where_all_is_kept_nothing_is_asked(tmp_path: Any) -> None:
    path = str(tmp_path / "pad.wav")
    soundfile.write(path, music().numpy().T, SAMPLE_RATE)
    model = Shy(99)
    spec = asked(init_audio=path, keep=[[0.0, 2.0]])
    updates = list(Engine("cpu", load=model.loaded).generate(spec))
    assert len(model.starts) == 1
    assert not [said for said in remarks(updates) if "heard" in said]


def test_of_a_new_part_it_is_said_that_it_is_silent(tmp_path: Any) -> None:
    path = str(tmp_path / "pad.wav")
    soundfile.write(path, music().numpy().T, SAMPLE_RATE)
    spec = asked(init_audio=path, keep=[[0.0, 0.5]])
    updates = list(Engine("cpu", load=Shy(99).loaded).generate(spec))
    assert any(said.startswith("Nothing can be heard in what is new") for said in remarks(updates))


def test_public_models_are_not_asked_again_but_their_silence_is_said() -> None:
    model = SongModel(torch.zeros(2, SAMPLE_RATE), STABLE_AUDIO_OPEN_1_0)
    spec = asked(model=STABLE_AUDIO_OPEN_1_0.name)
    updates = list(Engine("cpu", load=model.loaded).generate(spec))
    assert len(model.calls) == STEPS and np.abs(take(updates)).max() < 1e-5
    assert remarks(updates) == [
        "Nothing can be heard in this take; try another seed, more seconds or other words."
    ]


def test_what_follows_silence_is_silent_by_right(tmp_path: Any) -> None:
    path = str(tmp_path / "silence.wav")
    soundfile.write(path, np.zeros((2 * SAMPLE_RATE, 2)), SAMPLE_RATE)
    for strength, tries in ((0.0, 0), (0.7, 1), (1.0, TRIES)):
        model = SongModel(torch.zeros(2, SAMPLE_RATE))
        spec = asked(init_audio=path, init_noise_level=strength, cfg_scale=1.0)
        updates = list(Engine("cpu", load=model.loaded).generate(spec))
        assert len(model.calls) == tries * STEPS
        left_out, unheard, *silent = remarks(updates)
        assert "left out" in left_out and unheard == UNHEARD
        assert len(silent) == (tries == TRIES)
        assert np.abs(take(updates)).max() < 1e-5


@pytest.mark.parametrize(
    ("begins", "level"), [(0.0, 0.2), (1.0, 0.2), (14.0, 0.2), (0.0, 0.03), (14.0, 0.03)]
)
def test_a_fade_in_and_a_quiet_piece_are_left_as_they_are(begins: float, level: float) -> None:
    """Rising for 14 s, or 17 dB quieter than music is, but not silent."""
    song = music(16.0, level) * torch.linspace(0, 1, 16 * SAMPLE_RATE) ** (begins / 4)
    model = SongModel(song)
    updates = list(
        Engine("cpu", load=model.loaded).generate(asked(seconds_total=16.0, cfg_scale=1.0))
    )
    assert len(model.calls) == STEPS and not remarks(updates)


def test_the_shortest_take_is_heard_too() -> None:
    model = SongModel(music())
    spec = asked(seconds_total=0.05, cfg_scale=1.0)
    updates = list(Engine("cpu", load=model.loaded).generate(spec))
    assert len(model.calls) == STEPS and not remarks(updates)


def parts(sound: Tensor, kept: Kept | None = None) -> tuple[list[float], int]:
    """The loudness of each part, and how many latent frames were decoded for it."""
    autoencoder, asked = FoldingAutoencoder(), [0]
    decode = autoencoder.decode

    def counted(latents: Tensor) -> Tensor:
        asked[0] += latents.shape[-1]
        return decode(latents)

    autoencoder.decode = counted  # pyright: ignore[reportAttributeAccessIssue]
    samples = sound.shape[1]
    frames = -(-samples // RATIO)
    window = Window(samples, 0, frames, frames, frames, 0.0, samples / SAMPLE_RATE)
    heard = loudness_of_parts(autoencoder.encode(sound[None]), autoencoder, window, kept)
    found: list[float] = []
    for level in heard:
        found.append(level)
        if level >= AUDIBLE:
            break
    return found, asked[0]


def test_a_take_that_sounds_at_once_costs_its_first_frames_only() -> None:
    found, decoded = parts(music(30.0))
    assert len(found) == 1 and decoded == 8
    assert found[0] == pytest.approx(loudness(music(30.0)[:, : 8 * RATIO].numpy(), SAMPLE_RATE))


def test_only_what_is_new_is_listened_to() -> None:
    """Of a continuation the kept beginning is not even decoded."""
    sound = music(10.0)
    spec = GenerationSpec(prompt="x", init_audio="x.wav", keep=((0.0, 8.0),))
    kept = Kept.of(spec, sound.numpy(), sound.shape[1])
    assert kept is not None
    goes_on, _ = parts(sound, kept)
    assert len(goes_on) == 1 and goes_on[0] > AUDIBLE
    silent = sound.clone()
    silent[:, 8 * SAMPLE_RATE - 4000 :] = 0
    quiet, decoded = parts(silent, kept)
    assert max(quiet) < AUDIBLE and decoded <= 128 + 50
    assert parts(sound, replace(kept, spans=[(0.0, 10.0)])) == ([], 0)


def test_short_takes_of_the_embedded_model_sound() -> None:
    """Without notes to play, half of the takes of half a second were silent at their first noise."""
    engine, first = Engine("cpu"), 0
    for seed in range(6):
        spec = GenerationSpec(prompt="piano", score="none", seconds_total=0.5, seed=seed)
        updates = list(engine.generate(spec))
        sound = take(updates)
        assert loudness(sound, SAMPLE_RATE) > AUDIBLE - 3 and not remarks(updates)
        steps = [u for u in updates if isinstance(u, Step) and (u.stage, u.index) == ("diffuse", 1)]
        first += len(steps) == 1
    assert first < 6, "all are heard at once, so nothing is tried here: choose other seeds"
