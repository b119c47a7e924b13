"""The names of the public checkpoints in this engine: one table per family, and no guessing.

A table has one rule per kind of name. A name no rule fits is an error, as is a weight that is then missing: a
half-loaded network makes noise that sounds like a bug in the sampler. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.errors import CheckpointError, choices

Table = tuple[tuple[str, str | None], ...]
"""(pattern of the whole name, what it becomes; None drops it), the first that fits counts."""

COMMON: Table = (
    # Rotary frequencies follow from the head's width; the shifts of the layer norms are zeros nobody trained.
    (r".*\.inv_freq", None),
    (r"model\.model\.transformer\..*norm\.beta", None),
    (r"model\.model\.(.+)", r"dit.\1"),
    (r"conditioner\.(.+)", r"conditioner.\1"),
)
STABLE_AUDIO_OPEN: Table = (
    *COMMON,
    (r"pretransform\.model\.((?:encoder|decoder)\..+)", r"autoencoder.\1"),
)
STABLE_AUDIO_3: Table = (
    *COMMON,
    (r"pretransform\.model\.bottleneck\.noise_scaling_factor", None),
    (r"pretransform\.model\.(bottleneck\..+)", r"autoencoder.\1"),
    (r"pretransform\.model\.encoder\.layers\.0\.(.+)", r"autoencoder.encoder.\1"),
    (r"pretransform\.model\.encoder\.layers\.2\.(.+)", r"autoencoder.encoder.to_latents.\1"),
    (r"pretransform\.model\.decoder\.layers\.1\.(.+)", r"autoencoder.decoder.from_latents.\1"),
    (r"pretransform\.model\.decoder\.layers\.3\.(.+)", r"autoencoder.decoder.\1"),
)


def renamed(weights: Mapping[str, Tensor], table: Table, source: str) -> dict[str, Tensor]:
    """The weights under this engine's names, weight norms folded in.

    Args:
        weights: as the file has them.
        table: of their family.
        source: the file, for messages.

    Raises:
        CheckpointError: naming the file and the first names that no rule knows.
    """
    found: dict[str, Tensor] = {}
    unknown: list[str] = []
    for name, tensor in weights.items():
        known, ours = rename(name, table)
        if not known:
            unknown.append(name)
        elif ours is not None:
            found[ours] = tensor
    if unknown:
        raise CheckpointError(
            f"{source} has {len(unknown)} weights that this model does not know, as {choices(unknown[:3])}; "
            "it is a checkpoint of another model, or of a newer version."
        )
    return folded(found)


def rename(name: str, table: Table) -> tuple[bool, str | None]:
    """Whether any rule knows the name, and what it becomes; None is dropped."""
    for pattern, ours in table:
        match = re.fullmatch(pattern, name)
        if match:
            return True, None if ours is None else match.expand(ours)
    return False, None


def folded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weight norm worked out once: each pair g, v becomes g v / |v|, the norm over all axes but the first."""
    found: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if name.endswith(".weight_v"):
            stem = name.removesuffix("_v")
            norm = tensor.flatten(1).norm(dim=1).reshape(-1, *(1,) * (tensor.ndim - 1))
            found[stem] = tensor * (weights[f"{stem}_g"] / norm)
        elif not name.endswith(".weight_g"):
            found[name] = tensor
    return found


def without_weight_norm(module: nn.Module) -> None:
    """Replaces every weight-normed weight of a network by a plain one, as `folded` gives them."""
    for part in module.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")
