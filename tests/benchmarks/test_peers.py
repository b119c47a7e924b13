"""The comparison's own side: it reads the peers' weights, walks, decodes, and measures the difference."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmarks import peers
from tests.engine.public.public_models import write_public


def test_our_side_is_measured_on_the_peers_weights(tmp_path: Path) -> None:
    arguments = argparse.Namespace(
        ours="sa3-small", divisor=8, threads=torch.get_num_threads(), steps=1, frames=4
    )
    spec = peers._narrow(arguments)
    arguments.folder, arguments.precision = write_public(spec, tmp_path), "float32"
    theirs = torch.ones(1, spec.dit.latent_channels, 4).cumsum(-1)
    save_file({"output": theirs}, arguments.folder / "official.safetensors")
    measured = peers._ours(arguments)
    # First audio is that of a take, made from these.
    assert {*peers.COLUMNS} - {"first_audio_s"} < {*measured}
    assert all(value > 0 for value in measured.values())
