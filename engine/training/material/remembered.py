"""The features of texts, remembered within bounds: encoding a text costs a good part of a small model's step (§2.4).

Knows nothing of what texts say.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.conditioning import TextEncoder
from engine.training.material.recent import Recent

MOST_BYTES = 1 << 30
"""Of all features: of MiniLM's about 90 000 prompts of usual length on a CPU, 21 000 on a GPU."""

Features = tuple[Tensor, Tensor]


class Remembering:
    """A text encoder that keeps what it encoded last, in half precision, where the encoder's features lie.

    On a CPU nothing is kept of padding that is zero; on a GPU, how long a text is would have to be waited for.
    """

    def __init__(self, encoder: TextEncoder, most_bytes: int = MOST_BYTES) -> None:
        self.encoder = encoder
        self.width, self.max_tokens = encoder.width, encoder.max_tokens
        self.known: Recent[str, Features] = Recent(most_bytes, _bytes)

    def encode(self, texts: Sequence[str]) -> Features:
        """Like the encoder's, [B, L, E] float32 and the mask [B, L], rounded to half precision."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        made: dict[str, Features] = {}
        if new:
            with torch.no_grad():
                made = dict(zip(new, map(_kept, *self.encoder.encode(new)), strict=True))
        # A text that is new is taken from here: keeping another may have pushed it out again.
        found = [made[text] if text in made else self.known.get(text, _absent) for text in texts]
        for text, kept in made.items():
            self.known.put(text, kept)
        length = self.max_tokens
        features = [pad(one, (0, 0, 0, length - len(one))) for one, _ in found]
        masks = [pad(mask, (0, length - len(mask))) for _, mask in found]
        return torch.stack(features).float(), torch.stack(masks)

    def reach(self, text: str) -> int:
        """The encoder's."""
        return self.encoder.reach(text)


def _kept(features: Tensor, mask: Tensor) -> Features:
    """What has to be kept of a text's features [L, E] and mask [L]."""
    features = features.half()
    if features.device.type != "cpu":
        return features, mask
    length = int(mask.nonzero().amax()) + 1 if mask.any() else 0
    if features[length:].any():
        return features, mask
    # A copy: a view would keep all of it, and that of the texts beside it.
    return features[:length].clone(), mask[:length].clone()


def _bytes(kept: Features) -> int:
    return kept[0].nbytes + kept[1].nbytes


def _absent() -> Features:
    raise AssertionError  # Whatever is not new is known.
