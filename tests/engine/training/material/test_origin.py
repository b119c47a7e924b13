"""Laws of what a folder was made of: one encoder's latents alone, and what has changed since is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import nn

from engine.errors import SpecError
from engine.training.material.dataset import Item
from engine.training.material.latents import Encoded
from engine.training.material.origin import check_encoder, warn_of_changes
from engine.training.material.shards import Shards, ShardWriter, digests

MATERIAL = [
    Item(Path(f"{n}.flac"), 44_100, {"captions": [f"Noise {n}, café."], "tempo": 90.0}, f"m/{n}")
    for n in range(4)
]


def all_of_them(ids: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    return np.ones(len(ids), bool)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The material, encoded."""
    writer, mean = ShardWriter(tmp_path), np.zeros((4, 20), np.float32)
    for item in MATERIAL:
        facts: dict[str, Any] = {"seconds": item.frames / 44_100, **item.metadata}
        writer.add(item.known_as, Encoded(mean, mean, facts))
    writer.flush()
    return tmp_path


def said_of(folder: Path, material: Sequence[Item], log: pytest.LogCaptureFixture) -> str:
    log.clear()
    ids = digests(item.known_as for item in material)
    warn_of_changes(Shards(folder), material, ids, all_of_them)
    return log.text


def test_latents_of_two_encoders_do_not_mix(tmp_path: Path) -> None:
    one, other = nn.Conv1d(2, 4, 3), nn.Conv1d(2, 4, 3)
    check_encoder(tmp_path, one)
    check_encoder(tmp_path, one)
    with pytest.raises(SpecError, match=r"another encoder.*give another folder"):
        check_encoder(tmp_path, other)
    other.load_state_dict(one.state_dict())
    check_encoder(tmp_path, other)


def test_what_changed_or_went_is_counted(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert said_of(folder, MATERIAL, caplog) == ""
    new = Item(Path("new.flac"), 100, {}, "m/new")
    assert said_of(folder, [new, *MATERIAL], caplog) == ""
    now = [
        replace(MATERIAL[1], metadata={"captions": ["Silence."]}),
        replace(MATERIAL[2], frames=3 * 44_100),
        MATERIAL[3],
    ]
    said = said_of(folder, now, caplog)
    assert "2 of its sounds have other facts" in said and "1 are not in this material" in said
    assert f"{folder} is used as it was encoded" in said and "Delete it" in said
