"""Laws of the material: the split is kept, crops are real audio, seeds decide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from engine.errors import AudioError
from engine.training.material.dataset import Crops, all_items, items


def test_the_split_is_by_metadata_and_complete(material: Path) -> None:
    train, held = items([material], held_out=False), items([material], held_out=True)
    assert {i.path.name for i in train} == {"piece_0.wav", "piece_1.wav"}
    assert {i.path.name for i in held} == {"piece_2.wav"}
    assert len(all_items([material])) == len(train) + len(held)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=str(tmp_path)):
        items([tmp_path], held_out=False)


def test_a_folder_of_tar_files_is_told_where_they_go(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"")
    with pytest.raises(
        AudioError, match=r"but tar files: give those .*/\*\.tar, to 'train latents"
    ):
        all_items([tmp_path])
    assert len(all_items([])) == 0


def test_crops_are_pieces_of_the_file_up_to_gain_and_side(tmp_path: Path) -> None:
    # A ramp on one side and its negative on the other: slope gives the gain, sign the side, level the place.
    ramp = np.arange(20_000) / 2**15
    soundfile.write(tmp_path / "ramp.wav", np.stack((ramp, -ramp), 1), 44100, subtype="PCM_16")
    (tmp_path / "ramp.json").write_text("{}")
    places = set()
    for crop in (
        Crops(items([tmp_path], held_out=False), 1000).batch(20, np.random.default_rng(3)).double()
    ):
        slope = (crop[:, -1] - crop[:, 0]) / 999
        assert torch.equal(slope[0], -slope[1])
        start = crop[0, 0] / slope[0]
        expected = (start + torch.arange(1000)) * slope[:, None]
        assert torch.allclose(crop, expected, atol=1e-5)
        places.add((round(float(start)), float(slope[0]) > 0))
    assert len({start for start, _ in places}) > 10
    assert {side for _, side in places} == {True, False}


def test_a_short_item_is_followed_by_silence(material: Path) -> None:
    crop = Crops(items([material], held_out=True), 44100 * 5).batch(1, np.random.default_rng(0))[0]
    assert crop[:, 44100 * 4 :].abs().max() == 0
    assert crop[:, : 44100 * 4].abs().max() > 0.05


def test_the_generator_decides(material: Path) -> None:
    crops = Crops(items([material], held_out=False), 500)
    first, again, other = (crops.batch(3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
