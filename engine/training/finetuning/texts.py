"""A frozen text encoder that remembers what it was asked, in so many bytes. Knows nothing of what texts are for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.conditioning import TextEncoder

MOST_BYTES = 512 * 2**20


class Remembered:
    """A text encoder with its features in half precision kept, those asked for last; a `TextEncoder`.

    Args:
        encoder: which is asked for what is not known.
        most_bytes: of all features together; what was not asked for the longest is forgotten.
    """

    def __init__(self, encoder: TextEncoder, most_bytes: int = MOST_BYTES) -> None:
        self.encoder = encoder
        self.width, self.max_tokens = encoder.width, encoder.max_tokens
        self.most = max(most_bytes // (2 * encoder.width * encoder.max_tokens), 1)
        self.known: OrderedDict[str, tuple[Tensor, Tensor]] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Like the encoder's, where its features lie."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            with torch.no_grad():
                features, masks = self.encoder.encode(new)
            self.known.update(zip(new, zip(features.half(), masks, strict=True), strict=True))
        for text in texts:
            self.known.move_to_end(text)
        features, masks = zip(*(self.known[text] for text in texts), strict=True)
        while len(self.known) > self.most:
            self.known.popitem(last=False)
        return torch.stack(features).float(), torch.stack(masks)

    def reach(self, text: str) -> int:
        """The encoder's."""
        return self.encoder.reach(text)
