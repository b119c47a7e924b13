"""The names of weights in public checkpoints -> their names in this engine: one explicit table per family.

A table has one rule per kind of name. A name that matches no rule is an error, as is a missing weight: a half-loaded
network makes noise that sounds like a bug in the sampler. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.errors import CheckpointError, choices

Table = tuple[tuple[str, str | None], ...]
"""(pattern for the whole name, replacement); None drops the weight. The first match applies."""

COMMON: Table = (
    # Rotary frequencies follow from the head's width; the biases of the layer norms are zero and were not trained.
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
    """The weights under this engine's names, with weight normalization folded in.

    Args:
        weights: under the file's names.
        table: of their family.
        source: the file, for error messages.

    Raises:
        CheckpointError: if names match no rule; names the file and the first of them.
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
            f"{source} has {len(unknown)} weights that this model does not have, such as {choices(unknown[:3])}; "
            "it is a checkpoint of another model, or of a newer version."
        )
    return folded(found)


def rename(name: str, table: Table) -> tuple[bool, str | None]:
    """Whether a rule matches the name, and the new name; None if the weight is dropped."""
    for pattern, ours in table:
        match = re.fullmatch(pattern, name)
        if match:
            return True, None if ours is None else match.expand(ours)
    return False, None


def folded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Folds weight normalization in: each pair g, v becomes g v / |v|, with the norm over all axes but the first."""
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
    """Removes weight normalization from a network, so that it takes the weights of `folded`."""
    for part in module.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")
