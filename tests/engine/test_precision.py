"""In what a device computes: the whole table; and eight bits that stay near thirty-two."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from engine import precision
from engine.errors import SpecError
from engine.precision import (
    Int8Linear,
    PackedLinear,
    decoder_dtype,
    has_quick_bfloat16,
    packs,
    resolved_precision,
    to_int8,
    to_packed,
)


@pytest.mark.parametrize(
    ("device", "quick", "wanted", "expected"),
    [
        ("cpu", True, "auto", "bfloat16"),
        ("cpu", False, "auto", "float32"),
        ("cpu", False, "bfloat16", "bfloat16"),
        ("cpu", True, "int8", "int8"),
        ("cpu", True, "float32", "float32"),
        ("cuda", True, "auto", "bfloat16"),
        ("cuda", False, "auto", "float32"),
        ("cuda", True, "float32", "float32"),
        ("cuda", True, "int8", None),
        ("mps", True, "auto", "float32"),
        ("mps", True, "float32", "float32"),
        ("mps", True, "bfloat16", None),
        ("mps", True, "int8", None),
        ("cpu", True, "int4", None),
    ],
)
def test_the_table_of_devices(
    device: str,
    quick: bool,
    wanted: str,
    expected: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "has_quick_bfloat16", lambda _: quick)
    if expected is None:
        with pytest.raises(SpecError, match=f"{device.upper()} does not support {wanted}"):
            resolved_precision(wanted, torch.device(device))
    else:
        assert resolved_precision(wanted, torch.device(device)) == expected


def test_only_devices_with_hardware_for_it_have_quick_bfloat16() -> None:
    capabilities = torch.cpu.get_capabilities()
    expected = bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    assert has_quick_bfloat16(torch.device("cpu")) == expected
    assert not has_quick_bfloat16(torch.device("meta"))


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)))


@pytest.mark.parametrize("shape", [(1, 64), (3, 5, 64)])
@pytest.mark.parametrize("bias", [False, True])
def test_eight_bits_stay_near(shape: tuple[int, ...], bias: bool) -> None:
    linear = nn.Linear(64, 48, bias=bias).requires_grad_(False)
    linear.weight.copy_(drawn(48, 64))
    x = drawn(*shape)
    # A token's scale is its own: a loud one takes nothing from the others.
    x.view(-1, 64)[0] *= 1000
    for tokens in (x, x.bfloat16()):
        near, exact = Int8Linear(linear)(tokens), linear(tokens.float())
        assert near.dtype == tokens.dtype and near.shape == exact.shape
        error = (near - exact).norm(dim=-1) / exact.norm(dim=-1)
        assert 0 < error.max() < 0.03


def test_nothing_comes_of_nothing() -> None:
    linear = Int8Linear(nn.Linear(8, 4, bias=False).requires_grad_(False))
    assert torch.equal(linear(torch.zeros(2, 8)), torch.zeros(2, 4))


def test_every_map_is_quartered() -> None:
    network = nn.Sequential(nn.Linear(8, 8), nn.Sequential(nn.SiLU(), nn.Linear(8, 4)))
    to_int8(network.requires_grad_(False))
    assert not [module for module in network.modules() if isinstance(module, nn.Linear)]
    assert {t.dtype for n, t in network.state_dict().items() if "weight" in n} == {torch.int8}


PACKING = pytest.mark.skipif(not packs(), reason="linear layers are not packed here")


@PACKING
@pytest.mark.parametrize("shape", [(1, 64), (3, 5, 64), (0, 7, 64)])
@pytest.mark.parametrize("bias", [False, True])
def test_packed_weights_give_the_same_products(shape: tuple[int, ...], bias: bool) -> None:
    linear, x = nn.Linear(64, 48, bias=bias).requires_grad_(False), drawn(*shape)
    near, exact = PackedLinear(linear)(x), linear(x)
    assert near.shape == exact.shape
    torch.testing.assert_close(near, exact, rtol=0, atol=1e-5)


@PACKING
@pytest.mark.skipif(not has_quick_bfloat16(torch.device("cpu")), reason="needs AVX512-BF16 or AMX")
def test_packed_weights_in_bfloat16_are_near() -> None:
    linear, x = nn.Linear(64, 48).requires_grad_(False), drawn(3, 5, 64)
    near, exact = PackedLinear(linear, torch.bfloat16)(x), linear(x)
    assert near.dtype == torch.float32
    assert 0 < (near - exact).std() < 0.01 * exact.std()


@pytest.mark.parametrize(
    ("asked", "quick", "expected"),
    [
        ("auto", True, torch.float32),
        ("float32", True, torch.float32),
        ("int8", True, torch.float32),
        ("bfloat16", True, torch.bfloat16),
        ("bfloat16", False, torch.float32),
    ],
)
def test_a_decoder_is_rounded_only_by_name(
    asked: str, quick: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_quick_bfloat16", lambda _: quick)
    assert decoder_dtype(asked, torch.device("cpu")) == expected


def test_weights_stay_as_they_are_where_torch_has_no_onednn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    blocks = nn.Sequential(nn.Linear(8, 4))
    to_packed(blocks)
    assert isinstance(blocks[0], nn.Linear)
