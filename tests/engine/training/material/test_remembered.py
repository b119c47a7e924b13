"""Laws of remembered texts: what the encoder says, to half precision, each asked for once, within bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from engine.training.material.recent import Recent
from engine.training.material.remembered import Remembering

WIDTH, LENGTH = 12, 10


class Encoder:
    """Features of as many tokens as a text has letters; padding is zero, or it is not."""

    width, max_tokens = WIDTH, LENGTH

    def __init__(self, padding: float = 0.0) -> None:
        self.padding, self.asked = padding, list[str]()

    def encode(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        self.asked += texts
        mask = torch.tensor([[place < len(text) for place in range(LENGTH)] for text in texts])
        features = torch.stack(
            [
                torch.randn(LENGTH, WIDTH, generator=torch.Generator().manual_seed(len(text)))
                for text in texts
            ]
        )
        return torch.where(mask[..., None], features, self.padding), mask

    def reach(self, text: str) -> int:
        return len(text)


@pytest.mark.parametrize("padding", [0.0, 0.25])
def test_it_says_what_the_encoder_says_and_asks_once(padding: float) -> None:
    encoder, texts = Encoder(padding), ["a", "bcd", "", "a", "0123456789"]
    remembering = Remembering(encoder)
    for _ in range(2):
        features, mask = remembering.encode(texts)
        exact, exact_mask = Encoder(padding).encode(texts)
        assert torch.equal(features, exact.half().float()) and torch.equal(mask, exact_mask)
    assert encoder.asked == ["a", "bcd", "", "0123456789"]


def test_memory_has_a_bound_and_what_was_used_last_stays() -> None:
    encoder = Encoder()
    remembering = Remembering(encoder, most_bytes=2000)
    for number in range(200):
        remembering.encode(["often", f"{number:05d}"])
        assert remembering.known.bytes <= 2000
    assert encoder.asked.count("often") == 1
    many = [f"{number:05d}" for number in range(100, 200)]
    features, _ = remembering.encode(many)  # More at once than are kept.
    assert torch.equal(features, Encoder().encode(many)[0].half().float())
    assert remembering.known.bytes <= 2000


def test_padding_costs_nothing() -> None:
    remembering = Remembering(Encoder())
    remembering.encode(["ab"])
    assert remembering.known.bytes == 2 * (2 * WIDTH) + 2


def test_what_is_recent_counts_its_bytes() -> None:
    recent: Recent[int, np.ndarray] = Recent(100, lambda array: array.nbytes)
    for number in (1, 2, 3):
        recent.put(number, np.zeros(40, np.uint8))
    assert (1 not in recent, 2 in recent, recent.bytes) == (True, True, 80)
    recent.get(2, lambda: pytest.fail("it is here"))
    recent.put(4, np.zeros(50, np.uint8))
    assert 3 not in recent and 2 in recent
    recent.put(5, np.zeros(500, np.uint8))
    assert (len(recent), recent.bytes) == (1, 500)
    recent.put(5, np.zeros(20, np.uint8))
    assert recent.bytes == 20
