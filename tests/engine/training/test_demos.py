"""The averaged weights play takes into the run's folder, in the log too; the same weights the same takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch

from engine.checkpoints import save_weights
from engine.errors import LongtakeError, SpecError
from engine.networks import build_autoencoder
from engine.training.demos import TransformerDemos, prompts_of
from engine.training.group import Group
from engine.training.loop import Budget, train
from engine.training.material.latents import write_item
from engine.training.recipes import SMOKE
from tests.engine.training.pieces import piece_of
from tests.engine.training.ranks.runs import transformer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pieces to train on, weights to decode with, and prompts."""
    (tmp_path / "latents").mkdir()
    write_item(tmp_path / "latents" / "0.npz", piece_of(4.0))
    (tmp_path / "weights").mkdir()
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(torch.Generator().manual_seed(0).get_state())
        autoencoder = build_autoencoder(SMOKE.model.autoencoder)
    save_weights(autoencoder, tmp_path / "weights" / "autoencoder.safetensors")
    (tmp_path / "prompts.txt").write_text("warm house\n\n  slow piano \n")
    return tmp_path


def test_takes_are_heard_every_so_many_steps(folder: Path) -> None:
    made: list[Any] = []
    for run in ("one", "other"):
        stage = transformer(Group.alone(), folder)
        demos = TransformerDemos(
            stage=stage,
            autoencoder=folder / "weights",
            prompts=prompts_of(folder / "prompts.txt"),
            every=2,
            seconds=2.0,
            steps=2,
        )
        train(stage, folder / run, Budget(steps=3), demos=demos)
        found = sorted(path.relative_to(folder / run) for path in (folder / run).rglob("*.wav"))
        assert [str(path) for path in found] == ["demos/2/01.wav", "demos/2/02.wav"]
        samples, rate = soundfile.read(folder / run / "demos" / "2" / "01.wav")
        assert (samples.shape, rate) == ((88_200, 2), 44_100)
        made.append(samples)
        events = next((folder / run).glob("events.out.tfevents.*")).read_bytes()
        assert b"take_01" in events and b"take_02" in events
    assert (made[0] == made[1]).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"autoencoder": Path("nowhere")}, r"nowhere.* missing"),
        ({"seconds": -3.0}, "seconds_total must be .* it is -3"),
        ({"prompts": ("a" * 10_000,)}, "prompt"),
    ],
)
def test_what_cannot_be_played_is_said_before_the_first_step(
    folder: Path, wrong: dict[str, Any], said: str
) -> None:
    stage = transformer(Group.alone(), folder)
    asked: dict[str, Any] = {"autoencoder": folder / "weights", "prompts": ("house",), "every": 2}
    with pytest.raises(LongtakeError, match=said):
        TransformerDemos(stage=stage, **(asked | wrong))


def test_prompts_are_lines_of_a_file(folder: Path) -> None:
    assert prompts_of(folder / "prompts.txt") == ("warm house", "slow piano")
    (folder / "empty.txt").write_text("\n")
    with pytest.raises(SpecError, match=r"empty\.txt has no prompt"):
        prompts_of(folder / "empty.txt")
    with pytest.raises(SpecError, match="a prompt on each line"):
        prompts_of(folder / "none.txt")
