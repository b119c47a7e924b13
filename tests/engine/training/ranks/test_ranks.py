"""Two processes that train together equal one, for every stage, whole and sharded; they stop, fail and go on together.

In float32: in 16 bits a sum over a batch is rounded once, and over its parts twice. One step then differs from one
process's by the order of sums alone (about 1e-7), and later steps by what those differences grow to.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.errors import CheckpointError, LongtakeError
from engine.training.checkpointing import read, resume, save, steps_done
from engine.training.export import averaged as exported
from engine.training.group import Group
from engine.training.loop import Budget, train
from tests.engine.training.ranks.runs import (
    STEADY,
    adapters,
    autoencoder,
    averaged,
    clap,
    dit_recipe,
    material_in,
    trained,
    transformer,
)
from tests.engine.training.ranks.spawning import together

STEPS = 3


def alone() -> Group:
    return Group.alone("cpu", "float32")


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whether two runs had the same figures and averages."""
    for expected, found in zip(one["figures"], other["figures"], strict=True):
        assert found == pytest.approx(expected, rel=2e-5, abs=2e-6)
    close(one["ema"], other["ema"])


def close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    """Whether averages are the same: to 1e-6 nearly all.

    Some weights have rounding for a gradient, such as biases that a normalisation takes away again, and AdamW goes by
    its sign: they may be as far apart as its steps take them.
    """
    assert one.keys() == other.keys()
    apart = torch.cat([(other[name] - weight).abs().flatten() for name, weight in one.items()])
    assert apart.quantile(0.99) < 1e-6
    assert apart.max() < 2 * STEPS * STEADY.base


def everything(group: Group, folder: Path) -> dict[str, Any]:
    """All stages, the transformer whole and sharded; then it is written and read, stopped, and failed."""
    sharded = dit_recipe(sharded=True)
    found: dict[str, Any] = {
        "autoencoder": trained(autoencoder(group, folder), STEPS),
        "clap": trained(clap(group, folder), STEPS),
        "adapters": trained(adapters(group, folder), STEPS),
        "whole": trained(transformer(group, folder), STEPS),
        "sharded": trained(transformer(group, folder, sharded), STEPS),
        "pieces": trained(
            transformer(group, folder, replace(sharded, dit=replace(sharded.dit, pieces=2))), STEPS
        ),
    }
    # Goes on from what one process wrote, and leaves what one will read.
    stage = transformer(group, folder, sharded)
    assert stage.dit.transformer.project_in.weight.to_local().numel() * 2 == (  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
        stage.dit.transformer.project_in.weight.numel()
    )
    train(stage, folder / "from_one", Budget(steps=STEPS))
    found["from one"] = averaged(stage)
    train(transformer(group, folder, sharded), folder / "from_two", Budget(steps=2, keep_every=1))
    again = transformer(group, folder, sharded)
    found["resumed at"] = resume(again, folder / "from_two", group)
    # No step is left: the one checkpoint is whole all the while.
    rest = folder / "from_two" / "sharded" / "2" / "rest.pt"
    written = rest.stat()
    train(again, folder / "from_two", Budget(steps=2))
    found["stayed"] = rest.stat() == written
    stage = Signalled(group)
    found["stopped at"] = train(stage, folder / "stopped", Budget(steps=50))
    stage = Signalled(group, broken=2)
    try:
        train(stage, folder / "broken", Budget(steps=50, log_every=2))
    except LongtakeError as error:
        found["said"] = str(error)
    return found


class Signalled:
    """A stage of which the second rank is told to stop in its sixth step; or whose first has a loss that is none."""

    def __init__(self, group: Group, broken: int | None = None) -> None:
        self.group, self.broken = group, broken

    def step(self, index: int) -> dict[str, float]:
        if self.broken is None and index == 5 and not self.group.first:
            os.kill(os.getpid(), signal.SIGTERM)
        return {"loss": float("inf") if index == self.broken and self.group.first else 1.0}

    def batch_of(self, index: int) -> dict[str, Any]:
        return {"rank": torch.tensor(self.group.rank), "index": torch.tensor(index)}

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        assert not state


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    material_in(folder)
    train(transformer(alone(), folder), folder / "from_one", Budget(steps=2))
    return folder


@pytest.fixture(scope="module")
def one(folder: Path) -> dict[str, Any]:
    """The transformer as one process trains it."""
    return trained(transformer(alone(), folder), STEPS)


@pytest.fixture(scope="module")
def two(folder: Path) -> list[dict[str, Any]]:
    return together(2, everything, folder)


@pytest.mark.parametrize("how", ["whole", "sharded", "pieces"])
def test_two_ranks_equal_one(two: list[dict[str, Any]], one: dict[str, Any], how: str) -> None:
    assert {"gradient_norm", "loss", "held_out_48_at_0.9"} <= set(one["figures"][1])
    for rank in two:
        same(one, rank[how])


def test_a_run_goes_on_with_another_number_of_ranks(
    folder: Path, two: list[dict[str, Any]], one: dict[str, Any]
) -> None:
    for rank in two:
        close(one["ema"], rank["from one"])
        assert rank["resumed at"] == 2 and rank["stayed"]
    assert not (folder / "from_one" / "checkpoint.pt").exists()
    stage = transformer(alone(), folder)
    assert train(stage, folder / "from_two", Budget(steps=STEPS)) == STEPS
    close(one["ema"], averaged(stage))
    assert not (folder / "from_two" / "sharded").exists()


def test_what_two_ranks_wrote_is_exported_by_one(
    folder: Path, two: list[dict[str, Any]], one: dict[str, Any]
) -> None:
    weights = exported(folder / "from_one")
    close(one["ema"], {name: weights[name] for name in one["ema"]})
    assert weights.keys() - one["ema"].keys() == {"latent_scale.mean", "latent_scale.std"}
    kept = {path.name: steps_done(path) for path in (folder / "from_two" / "kept").iterdir()}
    assert kept == {"1": 1, "2": 2}
    assert read(folder / "from_two" / "kept" / "1")["index"] == 1


def test_shards_that_were_cut_off_are_not_read(
    folder: Path, two: list[dict[str, Any]], tmp_path: Path
) -> None:
    run = folder / "from_two" / "kept" / "1"
    (run / "sharded" / "9").mkdir()
    assert steps_done(run) == 1
    stage = transformer(alone(), folder)
    assert resume(stage, run) == 1
    other = nn.Linear(2, 2)
    with pytest.raises(LongtakeError, match="of another network"):
        resume(other, run)  # pyright: ignore[reportArgumentType]
    shards = sorted((run / "sharded" / "1").glob("shard-*"))
    content = shards[0].read_bytes()
    shards[0].write_bytes(content[:100])
    with pytest.raises(CheckpointError, match="cannot be read"):
        resume(stage, run)
    shards[0].unlink()
    with pytest.raises(CheckpointError, match="some is missing"):
        resume(stage, run)
    save(stage, run, 2)
    assert [path.name for path in run.iterdir()] == ["checkpoint.pt"]


def test_a_signal_to_one_rank_stops_all_at_one_step(two: list[dict[str, Any]]) -> None:
    assert [rank["stopped at"] for rank in two] == [6, 6]


def test_a_loss_that_is_no_number_stops_all_and_keeps_each_rank_s_batch(
    folder: Path, two: list[dict[str, Any]]
) -> None:
    for number, rank in enumerate(two):
        assert "Step 3 gave a loss that is no number" in rank["said"]
        path = folder / "broken" / f"failed_step_3_rank_{number}.pt"
        kept = torch.load(path, weights_only=True)
        assert (int(kept["rank"]), int(kept["index"])) == (number, 2)
    assert not (folder / "broken" / "checkpoint.pt").exists()


@pytest.mark.parametrize("stage", ["autoencoder", "clap", "adapters"])
def test_two_ranks_equal_one_in_the_other_stages(
    folder: Path, two: list[dict[str, Any]], stage: str
) -> None:
    made = {"autoencoder": autoencoder, "clap": clap, "adapters": adapters}[stage]
    expected = trained(made(alone(), folder), STEPS)
    own = {"autoencoder": "discriminators", "clap": "retrieval", "adapters": "gradient_norm"}
    assert own[stage] in expected["figures"][1]
    for rank in two:
        same(expected, rank[stage])
