"""Makes reference_sat.safetensors and reference_sa3.safetensors: whole takes of the official code, from words to sound.

Needs, importable in an environment of its own: `stable_audio_tools` 0.0.19 with `k_diffusion` 0.1.1, `stable_audio_3`
at 636f906 (all by Stability AI and Katherine Crowson, MIT), torch, transformers, einops, einops-exts, scipy and tqdm.
Run from this folder: `python make_reference.py`; takes some minutes. Weights, noise and recordings are made from
names, so that the tests need none of it. Cases are in cases.py; those where the official code fails, or gives no
numbers, are named in the file with the reason; those that rounding alone moves are named with how far.
"""

# pyright: reportMissingImports=false, reportImplicitRelativeImport=false
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import reference_sa3
import reference_sat
import torch
from cases import FAMILIES, Family
from safetensors.torch import save_file
from torch import Tensor, nn
from values import telling, thinned, weight

PACKAGES: dict[str, Any] = {"sat": reference_sat, "sa3": reference_sa3}
COUNT = 400
"""How many numbers of a take are kept."""
LAST_BIT, SMALL = 1.2e-7, 1e-5
"""The spacing of single precision at 1, and how far takes may move by it without a word."""
LOUDEST = 0.85
"""What no take exceeds: the official code clips at 1, and ours limits from 0.88."""


def randomised(model: nn.Module, fixed: tuple[str, ...]) -> dict[str, list[int]]:
    """Gives every weight its value by name, zero-initialised ones too, but for those whose names end as fixed ones do.

    Returns:
        The names and shapes of the state.
    """
    state = model.state_dict()
    made = {
        name: tensor if name.endswith(fixed) else weight(name, tuple(tensor.shape))
        for name, tensor in state.items()
    }
    model.load_state_dict(telling(made))
    model.eval().requires_grad_(False)
    return {name: list(tensor.shape) for name, tensor in state.items()}


class Golden:
    """What goes into a file."""

    def __init__(self) -> None:
        self.takes: dict[str, Tensor] = {}
        self.shapes: dict[str, dict[str, list[int]]] = {}
        self.left_out: dict[str, str] = {}
        """Why there is no take of a case."""
        self.rounding: dict[str, float] = {}
        """How far a take moves, relative to its deviation, when all noise is changed in its last bit."""

    def add(self, name: str, family: Family) -> None:
        """Makes the takes of a family's cases."""
        package = PACKAGES[family.package]
        with tempfile.TemporaryDirectory() as folder:
            model = package.built(family, Path(folder))
            self.shapes[family.network] = randomised(model, package.FIXED)
            for title, case in family.cases.items():
                key = f"{name}.{title}"
                try:
                    take, moved = (package.taken(model, case, level) for level in (1, 1 + LAST_BIT))
                except UnboundLocalError as error:  # What k-diffusion raises after a single step.
                    self.left_out[key] = f"fails: {error}"
                    continue
                if not take.isfinite().all():
                    self.left_out[key] = "is not finite"
                    continue
                self._keep(key, take, moved)

    def _keep(self, key: str, take: Tensor, moved: Tensor) -> None:
        deviation, loudest = take.std().item(), take.abs().max().item()
        rounding = (moved - take).abs().max().item() / deviation
        print(f"{key}: {deviation:.3f}, at most {loudest:.3f}, rounding {rounding:.1e}", flush=True)
        assert loudest < LOUDEST
        self.takes[key] = thinned(take, COUNT)
        if rounding > SMALL:
            self.rounding[key] = float(f"{rounding:.1e}")

    def save(self, path: str) -> None:
        """Writes the file."""
        facts = {
            name: json.dumps(getattr(self, name)) for name in ("shapes", "left_out", "rounding")
        }
        save_file(self.takes, path, metadata=facts)


@torch.no_grad()
def main(packages: list[str]) -> None:
    """Writes a file for each package, beside this script."""
    for package in packages:
        golden = Golden()
        for name, family in FAMILIES.items():
            if family.package == package:
                golden.add(name, family)
        golden.save(f"reference_{package}.safetensors")


if __name__ == "__main__":
    main(sys.argv[1:] or list(PACKAGES))
