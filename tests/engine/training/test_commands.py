"""The whole recipe by its commands, from nothing: material, three networks, weights; every loss falls.

The same lines as in docs/sketch.md, on the smoke recipe. The material needs no soundfonts: a game console has none.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.latent_diffusion import LatentDiffusion
from engine.training import cli
from engine.training.recipes import SMOKE


def train(stage: str, **flags: object) -> None:
    """Runs `longtake train STAGE`; a flag that is True has no value."""
    line = [stage, "--config", SMOKE.model.name]
    for name, value in flags.items():
        line += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    assert cli.main(line) == 0


def means(run: Path, loss: str) -> list[float]:
    """A loss of a run, each number the mean of twenty steps."""
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)[loss] for line in lines]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command was run once, in the order of the documentation."""
    here = tmp_path_factory.mktemp("workshop")
    data, latents, weights = here / "corpus", here / "latents", here / "weights"
    material = ["--out", str(data), "--style", "chiptune", "--seed", "1", "--first", "4"]
    assert cli.main(["corpus", *material]) == 0
    train("autoencoder", run=here / "ae", data=data, steps=60, freeze_encoder=True)
    train("latents", run=here / "ae", data=data, latents=latents)
    train("dit", run=here / "dit", latents=latents, steps=60)
    train("clap", run=here / "clap", data=data, steps=40)
    train("export", run=here / "ae", out=weights)
    train("export", run=here / "dit", out=weights)
    return here


@pytest.mark.parametrize(
    ("run", "loss", "share"), [("ae", "own", 0.97), ("dit", "loss", 0.95), ("clap", "loss", 0.98)]
)
def test_every_stage_learns(workshop: Path, run: str, loss: str, share: float) -> None:
    values = means(workshop / run, loss)
    assert len(values) >= 2
    assert values[-1] < share * values[0], values


def test_the_material_is_of_several_kinds(workshop: Path) -> None:
    facts = [json.loads(p.read_text()) for p in sorted((workshop / "corpus").glob("*.json"))]
    assert [f["kind"] for f in facts] == ["loop", "stem", "stem", "stem"]
    assert all(f["style"] == "chiptune" for f in facts)


def test_the_weights_are_a_model(workshop: Path) -> None:
    names = {path.name for path in (workshop / "weights").glob("*.safetensors")}
    assert names == {"autoencoder.safetensors", "dit.safetensors"}
    model = LatentDiffusion.from_folder(SMOKE.model, workshop / "weights")
    assert all(part.isfinite().all() for part in model.parts()["dit"].state_dict().values())
