"""Whether a folder of latents is still of this encoder, and of this material. Knows nothing of how sound is encoded."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from engine.errors import SpecError
from engine.registry import SAMPLE_RATE
from engine.training.material.dataset import Item
from engine.training.material.shards import Shards
from engine.whole_files import write_whole

log = logging.getLogger(__name__)
ENCODER = "encoder.txt"
"""Beside the shards: a digest of the weights of the encoder that made them."""
SLACK = 0.5
"""Seconds by which the length in a file's header may be off."""

Own = Callable[[NDArray[np.bytes_]], NDArray[np.bool_]]


def check_encoder(folder: Path, encoder: nn.Module) -> None:
    """Notes whose latents are in a folder, or checks that they are this encoder's; the first that comes is noted.

    Raises:
        SpecError: if they are another's.
    """
    note, own = folder / ENCODER, _digest(encoder)
    if not note.exists():
        write_whole(note, own + "\n")
    elif note.read_bytes().strip() != own.encode():
        raise SpecError(
            f"{folder} has latents of another encoder, and they do not mix; give another folder."
        )


def warn_of_changes(
    there: Shards, material: Sequence[Item], ids: NDArray[np.bytes_], mine: Own
) -> None:
    """Says how many pieces of a folder are not what the material has now: they are used as they are.

    Args:
        there: what is in the folder.
        material: what there is to encode.
        ids: the digests of its names.
        mine: which digests are looked at here.
    """
    both = np.flatnonzero(mine(ids) & there.has(ids))
    places = np.searchsorted(there.ids, ids[both])
    changed = sum(
        _differs(there.facts(int(place)), material[int(number)])
        for place, number in zip(places, both, strict=True)
    )
    gone = int((mine(there.ids) & ~np.isin(there.ids, ids)).sum())
    if changed or gone:
        log.warning(
            "%s is used as it was encoded: since then %d of its sounds have other facts or another length, and %d "
            "are not in this material. Delete it to encode all anew.",
            *(there.folder, changed, gone),
        )


def _differs(facts: dict[str, Any], item: Item) -> bool:
    """Whether a piece was encoded with other facts than its sound has now, or from one of another length."""
    facts = dict(facts)
    if "seconds" not in item.metadata:
        seconds = float(facts.pop("seconds", 0.0))
        if abs(seconds - item.frames / SAMPLE_RATE) > SLACK:
            return True
    return facts != json.loads(json.dumps({"name": item.known_as, **item.metadata}))


def _digest(encoder: nn.Module) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name, tensor in encoder.state_dict().items():
        found.update(name.encode())
        found.update(tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return found.hexdigest()
