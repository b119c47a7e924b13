import numpy as np
import pytest
import torch
from transformers import ClapAudioConfig, ClapConfig, ClapTextConfig

from engine.clap import FUSION, Clap, fused, mel_spectrogram, window_frames
from engine.evaluation.published.fusion_clap import (
    RATE,
    listener,
    quantised,
    sound_embedded,
    texts_embedded,
)
from engine.evaluation.published.sounds import mono_at
from engine.sound.audio import Audio
from engine.text import read_tokenizer
from tests.golden.judges import CAPTIONS, heard, judge_weights
from tests.golden.judges import RATE as HEARD_AT
from tests.golden.text import ROBERTA, clap_folder
from tests.golden.values import difference, facts, golden

TENSORS, _ = golden("fusion_clap")


class Middle(np.random.Generator):
    """Draws the middle one: LAION draws crops without a seed, so that its golden values are of these."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def choice(self, a, *_, **__):  # pyright: ignore[reportIncompatibleMethodOverride]
        return a[len(a) // 2]


@pytest.fixture(scope="module")
def clap(tmp_path_factory: pytest.TempPathFactory) -> Clap:
    folder = clap_folder(tmp_path_factory.mktemp("clap"))
    config = ClapConfig(
        audio_config=ClapAudioConfig(**FUSION),
        text_config=ClapTextConfig(**ROBERTA),  # pyright: ignore
    )
    made = Clap(config, read_tokenizer(folder / "tokenizer.json", 77), listener())
    made.model.load_state_dict(judge_weights(made.model.state_dict()))
    return made.eval()


def sound(seconds: float) -> np.ndarray:
    return mono_at(Audio(heard(seconds), HEARD_AT), RATE)


def test_texts_are_embedded_as_by_laion(clap: Clap):
    found = texts_embedded(clap, CAPTIONS)
    assert (found - TENSORS["texts"]).abs().max() < 1e-4
    assert (TENSORS["texts"][0] - TENSORS["texts"][1]).abs().max() > 0.01


@pytest.mark.parametrize("name", ["short", "long"])
def test_sounds_are_embedded_as_by_laion(clap: Clap, name: str, monkeypatch: pytest.MonkeyPatch):
    mono = sound(float(facts("fusion_clap")[name]))
    monkeypatch.setattr(np.random, "default_rng", lambda _: Middle())
    whole = mel_spectrogram(clap.listener, quantised(mono))
    shown, longer = fused(whole, window_frames(clap.listener), Middle())
    assert longer == (name == "long")
    # In decibels, between -100 and 40.
    assert difference(shown, TENSORS[f"{name} picture"]) < 2e-3
    found = sound_embedded(clap, mono, "a name")
    assert (found - TENSORS[name]).abs().max() < 1e-4
    assert abs(float(found.norm()) - 1) < 1e-5


def test_a_name_decides_the_crops(clap: Clap):
    mono = np.concatenate([sound(6.0), 0.1 * sound(6.0)[::-1], np.zeros(RATE * 4, np.float32)])
    mono = mono.astype(np.float32)
    one, again, other = (sound_embedded(clap, mono, name) for name in ("a", "a", "b"))
    assert torch.equal(one, again)
    assert (one - other).abs().max() > 1e-5


def test_sixteen_bits_are_cut_towards_zero():
    steps = (np.array([0.0, 0.9, -0.9, 1.5, 40_000.0]) / 32767).astype(np.float32)
    assert (quantised(steps) * 32767).round().tolist() == [0, 0, 0, 1, 32767]


def test_many_texts_come_in_batches(clap: Clap):
    found = texts_embedded(clap, ["warm"] * 65 + ["tape"])
    assert found.shape == (66, 512)
    assert (found[0] - found[64]).abs().max() < 1e-5
    assert (found[0] - found[65]).abs().max() > 0.01
