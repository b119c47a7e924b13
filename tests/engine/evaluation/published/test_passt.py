import json
import re

import numpy as np
import pytest
import torch

from engine.checkpoints import load_strictly, renamed
from engine.errors import CheckpointError, ShapeError
from engine.evaluation.published.passt import RATE as PASST_RATE
from engine.evaluation.published.passt import RENAMES, WINDOW, PaSST, spectra, window_starts
from engine.evaluation.published.sounds import mono_at
from engine.sound.audio import Audio
from tests.golden.judges import RATE, heard, judge_weights
from tests.golden.values import difference, facts, golden

TENSORS, _ = golden("passt")
FACTS = facts("passt")
SHAPES: dict[str, list[int]] = json.loads(FACTS["shapes"])
DEPTH = int(FACTS["depth"])


def sound(seconds: float) -> np.ndarray:
    return mono_at(Audio(heard(seconds), RATE), PASST_RATE)


def official() -> dict[str, torch.Tensor]:
    """The weights of the official network's first blocks, under its names."""
    later = re.compile(rf"blocks\.([{DEPTH}-9]|1\d)\.")
    shapes = {name: shape for name, shape in SHAPES.items() if not later.match(name)}
    return judge_weights({name: torch.zeros(shape) for name, shape in shapes.items()})


@pytest.fixture(scope="module")
def network() -> PaSST:
    made = PaSST(DEPTH)
    load_strictly(made, renamed(official(), RENAMES), "the official network")
    return made.eval()


def test_hears_what_the_official_network_hears(network: PaSST):
    mono = sound(float(FACTS["seconds"]))
    padded = torch.from_numpy(np.pad(mono, (0, WINDOW - len(mono))))
    assert difference(spectra(padded[None]), TENSORS["spectrum"]) < 1e-4
    assert TENSORS["logits"].std() > 0.1
    found = network.tags(mono)
    assert (found - TENSORS["logits"].softmax(0)).abs().max() < 1e-6
    assert (found.log() - TENSORS["logits"].log_softmax(0)).abs().max() < 1e-4


def test_a_very_short_sound_is_not_padded(network: PaSST):
    found = network.tags(sound(float(FACTS["short"])))
    assert (found.log() - TENSORS["short"].log_softmax(0)).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("seconds", "windows"),
    [(1, 1), (9, 1), (10, 1), (12, 2), (15, 2), (16, 3), (120, 23), (285, 56)],
)
def test_windows_begin_every_five_seconds(seconds: int, windows: int):
    starts = window_starts(seconds * PASST_RATE)
    assert len(starts) == windows
    assert starts[0] == 0
    assert all(start % (5 * PASST_RATE) == 0 for start in starts)


def test_longer_sounds_are_the_mean_of_their_windows():
    network = PaSST(depth=1)
    network.load_state_dict(judge_weights(network.state_dict()))
    network.eval()
    mono = np.tile(sound(5.0), 3)[: 15 * PASST_RATE]
    with torch.inference_mode():
        each = [
            network(torch.from_numpy(mono[s : s + WINDOW])[None])[0] for s in (0, 5 * PASST_RATE)
        ]
    found = network.tags(mono)
    assert (found - torch.stack(each).mean(0).softmax(0)).abs().max() < 1e-6
    assert abs(float(found.sum()) - 1) < 1e-5


def test_what_is_too_long_or_too_short_is_refused():
    made = PaSST(depth=1)
    for length in (WINDOW + 1, 3000):
        with pytest.raises(ShapeError, match=r"PaSST hears between 0\.16 and 10 seconds"):
            made(torch.zeros(1, length))


def test_the_whole_official_network_fits_and_no_other_does():
    whole = renamed({name: torch.empty(shape) for name, shape in SHAPES.items()}, RENAMES)
    with torch.device("meta"):
        made, smaller = PaSST(), PaSST(DEPTH)
    load_strictly(made, whole, "passt.pt")
    with pytest.raises(CheckpointError, match=r"unknown to the network, first blocks\.2"):
        load_strictly(smaller, whole, "passt.pt")
