"""A whole evaluation's bench with a random tiny model and a random tiny CLAP."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.engine import Engine
from engine.evaluation.bench import Amounts, Bench, material
from engine.evaluation.listening import Listener
from engine.locked_clap import LockedClap
from tests.engine.test_locked_clap import tiny_audio
from tests.engine.tiny_model import Words, tiny_model

FEW = Amounts(
    prompts=2,
    pairs=3,
    generations=4,
    pieces=2,
    solos=1,
    stems=2,
    keys=2,
    long_takes=1,
    long_seconds=64.0,
    recordings=1,
    strengths=(0.3, 0.9),
    seconds=3.0,
    tempo_seconds=5.0,
)


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pieces are rendered, once for all tests."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def bench(tmp_path: Path, work: Path) -> Bench:
    clap = LockedClap(tiny_audio(), Words())
    clap.initialize(torch.Generator().manual_seed(0))
    held_out, training = material([], work, 2)
    model = tiny_model()
    return Bench(
        model="sketch",
        engine=Engine("cpu", load=lambda _: model),
        autoencoder=model.autoencoder,
        listener=Listener(clap.eval(), work / "spectra"),
        held_out=held_out,
        training=training,
        amounts=FEW,
        work=work,
    )
