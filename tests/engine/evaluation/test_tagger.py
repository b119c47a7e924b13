import numpy as np
import pytest
import torch

from engine.evaluation.sounds import RATE
from engine.evaluation.tagger import BANDS, FRAMES, network, tags
from engine.training.corpus.soundfonts import soundfont_note

TAGS = (
    "guitar",
    "classical",
    "slow",
    "techno",
    "strings",
    "drums",
    "electronic",
    "rock",
    "fast",
    "piano",
)
"""The first of fifty."""
LOGITS = [-2.1365, -5.3050, -2.4356, -5.3665, -4.9804, -2.8029, -4.3870, -2.1877, -4.7157, -5.0680]
BELOW = [0.4826, -0.0329, 0.6530, 0.0502, -0.0787, 1.7625, -0.1058, -0.2253]
"""What musicnn 0.1.0 itself computes with TensorFlow 2.15 for the spectrogram of the test."""


def test_the_network_is_that_of_its_authors():
    frame, band = np.mgrid[0:FRAMES, 0:BANDS]
    shown = 2 + 2 * np.sin(frame / 9 + band / 7) * np.cos(band * frame / 500)
    with torch.inference_mode():
        below, logits = network(torch.from_numpy(shown.astype(np.float32))[None])
    assert logits[0, :10].tolist() == pytest.approx(LOGITS, abs=2e-4)
    assert below[0, :8].tolist() == pytest.approx(BELOW, abs=2e-4)


def test_a_piano_is_called_one():
    notes = [
        soundfont_note("fluid", 0, pitch, 90, 0.6)[:, :22_050] for pitch in 3 * (60, 67, 64, 72)
    ]
    found, below = tags(np.concatenate(notes, axis=1))
    assert found.shape == (3, 50) and below.shape == (3, 200)
    assert TAGS[found.mean(axis=0)[:10].argmax()] in ("piano", "classical")
    assert found[:, TAGS.index("piano")].mean() > 0.3 > 0.1 > found[:, TAGS.index("drums")].mean()


@pytest.mark.parametrize(("seconds", "windows"), [(0.5, 1), (2.0, 1), (3.2, 2), (12.0, 5)])
def test_windows_cover_the_whole_sound(seconds: float, windows: int):
    sound = np.zeros((2, round(seconds * RATE)), np.float32)
    assert tags(sound)[0].shape == (windows, 50)
