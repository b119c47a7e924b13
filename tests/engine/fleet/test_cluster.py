"""Laws of addresses and shares: every engine finds room, and what is no address or too much is a sentence."""

from __future__ import annotations

import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LongtakeError, SpecError
from engine.fleet.cluster import LOCAL, Share, address_of, connect, imported, shares


def test_an_address_is_one_that_ray_takes() -> None:
    assert address_of("") == address_of("ray:") == address_of(" local ") == LOCAL
    for address in ("auto", "10.0.0.5:6379", "head:6379", "ray://head.lan:10001"):
        assert address_of(address) == address
    for wrong in ("ray://", "head", "http://head:80", "ray://head", "a b:1"):
        with pytest.raises(
            SpecError, match="is found by HOST:PORT, ray://HOST:PORT, auto or local"
        ):
            address_of(wrong)
    for wrong in ("head:0", "ray://head:65536", "head:99999"):
        with pytest.raises(SpecError, match="The port of a cluster is 1 to 65535"):
            address_of(wrong)


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_where_nothing_listens_is_said_before_ray_is_asked(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for host in ("127.0.0.1", "a..b"):
        with pytest.raises(LongtakeError, match=f"The cluster {scheme}{host}:{port} cannot be"):
            connect(None, f"{scheme}{host}:{port}")


@given(st.lists(st.integers(0, 64), min_size=1, max_size=5), st.integers(1, 40))
def test_each_engine_has_room_on_one_machine_and_no_larger_share_has(
    cpus: list[int], engines: int
) -> None:
    nodes = [{"CPU": float(count)} for count in cpus]
    if engines > sum(cpus):
        with pytest.raises(SpecError, match="so many engines it takes"):
            shares(nodes, "auto", engines)
        return
    share = shares(nodes, "auto", engines)
    assert share.engines == engines and share.gpus == 0
    assert sum(count // share.cpus for count in cpus) >= engines
    assert sum(count // (share.cpus + 1) for count in cpus) < engines


def test_one_engine_a_gpu_or_for_four_cores() -> None:
    assert shares([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 8.0, "GPU": 1.0}], "auto") == Share(3, 1, 1)
    assert shares([{"CPU": 16.0, "GPU": 2.0}], "cpu") == Share(4, 4)
    assert shares([{"CPU": 2.0}], "auto") == Share(1, 2)
    assert shares([{"CPU": 6.0}, {"CPU": 4.0}], "auto") == Share(3, 3)


def test_what_a_cluster_does_not_have_is_said() -> None:
    with pytest.raises(SpecError, match="No machine of the cluster has a GPU"):
        shares([{"CPU": 4.0}], "cuda")
    with pytest.raises(SpecError, match="has 2 GPUs; so many engines it takes, not 3"):
        shares([{"CPU": 8.0, "GPU": 2.0}], "auto", 3)
    with pytest.raises(SpecError, match="has 0 cores"):
        shares([{}], "cpu")


def test_without_ray_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SpecError, match=r"it comes with longtake\[cluster\]"):
        imported()
