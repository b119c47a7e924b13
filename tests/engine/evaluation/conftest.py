"""A whole evaluation's bench with a random tiny model and a random tiny CLAP."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.engine import Engine
from engine.evaluation.bench import Amounts, Bench
from engine.evaluation.listening import Listener
from engine.locked_clap import LockedClap
from tests.engine.test_locked_clap import tiny_audio
from tests.engine.tiny_model import Words, tiny_model

FEW = Amounts(
    pairs=4,
    training=2,
    trained=1,
    reconstructed=2,
    solos=1,
    stems=1,
    long_takes=1,
    long_seconds=64.0,
    scoreless=1,
    tried=1,
    recordings=1,
    strengths=(0.3, 0.9),
    seconds=5.0,
)


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pieces are rendered, once for all tests."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def bench(tmp_path: Path, work: Path) -> Bench:
    clap = LockedClap(tiny_audio(), Words())
    clap.initialize(torch.Generator().manual_seed(0))
    model = tiny_model()
    return Bench(
        model="sketch",
        engine=Engine("cpu", load=lambda _: model),
        autoencoder=model.autoencoder,
        listener=Listener(clap.eval(), work / "spectra"),
        amounts=FEW,
        work=work,
    )
