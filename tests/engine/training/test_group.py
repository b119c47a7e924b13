"""Of ranks that fail, one says why: the first, or who is left alone by one that could not say it."""

from __future__ import annotations

import pytest
import torch.distributed as dist

from engine.errors import LongtakeError, SpecError
from engine.training.group import last_words


class Store:
    """What counts the ranks that fail."""

    def __init__(self, there: bool = True) -> None:
        self.count, self.there = 0, there

    def add(self, key: str, number: int) -> int:
        if not self.there:
            raise RuntimeError("Broken pipe")
        self.count += number
        return self.count


@pytest.fixture(params=[True, False])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store(request.param)
    monkeypatch.setattr(dist.distributed_c10d, "_get_default_store", lambda: store)
    return store


def test_the_first_to_fail_says_why_and_others_nothing(store: Store) -> None:
    first, second = SpecError("a"), SpecError("a")
    assert last_words(first) is first
    said = last_words(second)
    assert isinstance(said, SystemExit) and said.code == 2 if store.there else said is second


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "[/x/third_party/gloo/gloo/transport/tcp/pair.cc:553] Connection closed by peer"
        ),
        dist.DistBackendError("NCCL communicator was aborted"),
    ],
)
def test_who_is_left_says_so_only_if_nobody_said_why(store: Store, error: Exception) -> None:
    said = last_words(error)
    assert isinstance(said, LongtakeError) and "has ended; the same line goes on" in str(said)
    assert isinstance(last_words(error), SystemExit) == store.there
