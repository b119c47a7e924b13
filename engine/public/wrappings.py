"""The names of weights in other people's files -> those that Stability AI publishes: prefixes taken off and put on.

Known are training checkpoints of stable-audio-tools (where averaged weights, if there are any, are those to play),
ComfyUI's files with all parts or the transformer alone, and what compilers and parallel training put around names.
Knows nothing of tensors or files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.errors import CheckpointError

TRANSFORMER, CONDITIONER, AUTOENCODER = "model.model.", "conditioner.", "pretransform."
"""How the names of each part begin."""
AVERAGED = {
    "diffusion_ema.ema_model.": "diffusion.model.",
    "autoencoder_ema.ema_model.": "autoencoder.",
}
"""How averaged weights begin -> and those that they are of, which are then left out."""
_AROUND = re.compile(r"(?<![^.])(module|_orig_mod|state_dict)\.")
_MODEL = re.compile(r"model\.(?=conditioner\.|pretransform\.|model\.model\.)")
_BARE = (
    r"((?:transformer|to_timestep_embed|to_cond_embed|to_global_embed|timestep_features|preprocess_conv"
    r"|postprocess_conv)\..+)"
)
_NAMES: tuple[tuple[str, str | None], ...] = (
    # A text encoder needs a tokenizer too, so it has files of its own.
    (r"(text_encoders|cond_stage_model|text_encoder|t5gemma|t5xxl|t5base)\..+", None),
    (r"spiece_model", None),
    # What else is in a training checkpoint: averages, losses, judges, teachers.
    (
        r"(diffusion_ema|autoencoder_ema|losses|losses_gen|losses_disc|discriminator|sdstft|lrstft|mrmel|hubert"
        r"|teacher_model|eval_losses)\..+",
        None,
    ),
    (r"diffusion\.(.+)", r"\1"),
    (r"(?:model\.)?diffusion_model\.(?:model\.)?(.+)", rf"{TRANSFORMER}\1"),
    (rf"(?:model\.)?{_BARE}", rf"{TRANSFORMER}\1"),
    (r"(?:first_stage_model|vae|autoencoder)\.(.+)", rf"{AUTOENCODER}model.\1"),
    (r"(conditioners\..+)", rf"{CONDITIONER}\1"),
)
_WEIGHT_NORM = (
    (".parametrizations.weight.original0", ".weight_g"),
    (".parametrizations.weight.original1", ".weight_v"),
)


def official_names(names: Iterable[str], source: str) -> dict[str, str]:
    """For each name that a model needs, the published one; others are kept, for a check to find.

    Raises:
        CheckpointError: if two weights would have the same name.
    """
    names = list(names)
    averaged = [own for begins, own in AVERAGED.items() if any(begins in name for name in names)]
    theirs: dict[str, str] = {}
    for name in names:
        ours = _official(name, averaged)
        if ours in theirs:
            raise CheckpointError(
                f"{source} has two weights for {ours}: {theirs[ours]} and {name}; save one model in one file."
            )
        if ours is not None:
            theirs[ours] = name
    return {name: ours for ours, name in theirs.items()}


def _official(name: str, averaged: list[str]) -> str | None:
    name = _MODEL.sub("", _AROUND.sub("", name), count=1)
    for theirs, ours in _WEIGHT_NORM:
        name = name.replace(theirs, ours)
    if name.startswith(tuple(averaged)):
        return None
    for begins, own in AVERAGED.items():
        if name.startswith(begins):
            name = own + name.removeprefix(begins)
    rest = name
    for pattern, ours in _NAMES:
        match = re.fullmatch(pattern, rest)
        if match and not rest.startswith((TRANSFORMER, AUTOENCODER)):
            if ours is None:
                return None
            rest = match.expand(ours)
    return rest
