"""Laws of a group: its precision is what its device does at speed, and of ranks that fail, one says why."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

from engine import precision
from engine.errors import LongtakeError, SpecError
from engine.training.group import Group, joined, last_words


@pytest.mark.parametrize(
    ("quick", "asked", "computed"),
    [
        (True, "auto", torch.bfloat16),
        (False, "auto", torch.float32),
        (True, "float32", torch.float32),
        (False, "bfloat16", torch.bfloat16),
    ],
)
def test_networks_compute_in_bfloat16_where_it_is_quick_or_asked_for(
    monkeypatch: pytest.MonkeyPatch, quick: bool, asked: str, computed: torch.dtype
) -> None:
    monkeypatch.setattr(precision, "has_quick_bfloat16", lambda _: quick)
    with joined("cpu", asked) as group, group.computing():
        assert torch.nn.Linear(2, 2)(torch.ones(2)).dtype == computed
    assert group == Group.alone("cpu", asked)


def test_what_a_device_cannot_do_is_said() -> None:
    with pytest.raises(SpecError, match="choose auto or float32"):
        Group.alone("meta", "bfloat16")


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
