import sys
import types

import pytest
import torch
import torch.nn.functional as F

from engine import layers
from engine.layers import (
    CrossAttention,
    FourierFeatures,
    LayerNorm,
    SelfAttention,
    TransformerBlock,
    attention,
    rotate,
    rotation,
)

CPU = torch.device("cpu")


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_rotation_keeps_norms_and_half_of_the_dimensions():
    x = normal(2, 50, 3, 16)
    turned = rotate(x, rotation(50, 16, CPU))
    assert turned.shape == x.shape
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(turned[..., 8:], x[..., 8:])
    assert torch.equal(turned[:, 0], x[:, 0])
    assert not torch.allclose(turned[:, 1:, :, :8], x[:, 1:, :, :8])


def test_products_of_rotated_vectors_depend_on_distance_alone():
    query, key = normal(16, seed=1), normal(16, seed=2)
    angles = rotation(40, 16, CPU)
    queries = rotate(query.expand(1, 40, 1, 16), angles)[0, :, 0]
    keys = rotate(key.expand(1, 40, 1, 16), angles)[0, :, 0]
    products = queries @ keys.T
    for distance in (-7, 0, 1, 20):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-4, rtol=1e-4)
    assert not torch.isclose(products[0, 0], products[0, 20])


def test_rotation_is_the_half_split_one_of_the_public_checkpoints():
    x = normal(1, 5, 1, 8)
    turned = rotate(x, rotation(5, 8, CPU))
    for position in range(5):
        for pair, frequency in enumerate((1.0, 10_000.0**-0.5)):
            a, b = x[0, position, 0, pair], x[0, position, 0, pair + 2]
            angle = torch.tensor(position * frequency)
            expected = a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()
            found = turned[0, position, 0, pair], turned[0, position, 0, pair + 2]
            torch.testing.assert_close(torch.stack(found), torch.stack(expected))


def test_rotation_in_half_precision_stays_in_it():
    x = normal(1, 9, 2, 8).bfloat16()
    turned = rotate(x, rotation(9, 8, CPU))
    assert turned.dtype == torch.bfloat16
    exact = rotate(x.float(), rotation(9, 8, CPU))
    torch.testing.assert_close(turned.float(), exact, atol=0.02, rtol=0.02)


def explicit(query, key, value, mask=None):
    """Attention by its definition; each key head serves neighbouring query heads."""
    heads = query.shape[2] // key.shape[2]
    key, value = (x.repeat_interleave(heads, dim=2) for x in (key, value))
    logits = torch.einsum("bnhd,bmhd->bhnm", query, key) / query.shape[-1] ** 0.5
    if mask is not None:
        logits = logits.masked_fill(~mask[:, None, None], -torch.inf)
    return torch.einsum("bhnm,bmhd->bnhd", logits.softmax(-1), value).flatten(2)


@pytest.mark.parametrize("key_heads", [4, 2, 1])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_its_definition(key_heads: int, masked: bool):
    query = normal(2, 7, 4, 8)
    key, value = normal(2, 5, key_heads, 8, seed=1), normal(2, 5, key_heads, 8, seed=2)
    mask = torch.tensor([[1, 1, 0, 1, 0], [0, 0, 1, 1, 1]], dtype=torch.bool) if masked else None
    found = attention(query, key, value, mask)
    assert found.shape == (2, 7, 32)
    torch.testing.assert_close(found, explicit(query, key, value, mask), atol=1e-5, rtol=1e-4)


def by_torch(query, key, value):
    """What a flash-attn kernel computes, tokens before heads."""
    turned = (x.transpose(1, 2) for x in (query, key, value))
    return F.scaled_dot_product_attention(*turned, enable_gqa=True).transpose(1, 2)


@pytest.fixture
def installed(monkeypatch):
    """Puts stand-ins for flash-attn's versions where they are imported from, or makes their import fail."""

    def install(*names: str, kernel=by_torch):
        for name, _ in layers._KERNELS:
            module = types.ModuleType(name) if name in names else None
            if module is not None:
                module.flash_attn_func = kernel  # pyright: ignore[reportAttributeAccessIssue]
            monkeypatch.setitem(sys.modules, name, module)
        layers.flash_attention.cache_clear()

    yield install
    layers.flash_attention.cache_clear()


V4, V3, V2 = "flash_attn.cute", "flash_attn_interface", "flash_attn"


@pytest.mark.parametrize(
    ("names", "capability", "chosen"),
    [
        ((V4, V3, V2), (9, 0), V4),
        ((V3, V2), (9, 0), V3),
        ((V2,), (10, 0), V2),
        ((V4, V3, V2), (8, 6), V2),
        ((V4, V3, V2), (7, 5), None),
        ((), (9, 0), None),
    ],
)
def test_the_newest_flash_attention_that_runs_is_taken(
    names, capability, chosen, installed, caplog
):
    installed(*names)
    with caplog.at_level("INFO", layers.__name__):
        found = layers.flash_attention(capability)
    assert (found is None) == (chosen is None)
    assert [record.getMessage() for record in caplog.records] == (
        [f"attention by {chosen}"] if chosen else []
    )


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("key_heads", [4, 2])
def test_flash_attention_gives_the_same_result(more: bool, key_heads: int, installed, monkeypatch):
    def kernel(*tensors):
        mixed = by_torch(*tensors)
        return (mixed, "the softmax's logarithms") if more else mixed

    installed(V3, kernel=kernel)
    query, key, value = normal(2, 7, 4, 8), normal(2, 5, key_heads, 8), normal(2, 5, key_heads, 8)
    plain = attention(query, key, value)
    flash = layers.flash_attention((9, 0))
    used = []
    monkeypatch.setattr(layers, "_flash_for", lambda *tensors: used.append(1) or flash)
    torch.testing.assert_close(attention(query, key, value), plain)
    assert used == [1]
    attention(query, key, value, torch.ones(2, 5, dtype=torch.bool))
    assert used == [1]


def test_flash_attention_is_for_half_precision_on_cuda_alone(installed):
    installed(V2)
    assert layers._flash_for(normal(1, 2, 1, 8).half()) is None


def test_masked_tokens_do_not_matter():
    cross = CrossAttention(16, 8, 4)
    x, context = normal(1, 6, 16), normal(1, 5, 8, seed=1)
    mask = torch.tensor([[True, True, True, False, False]])
    other = context.clone()
    other[:, 3:] = 100.0
    torch.testing.assert_close(cross(x, context, mask), cross(x, other, mask))
    torch.testing.assert_close(cross(x, context, mask), cross(x, context[:, :3], None))


def test_self_attention_without_positions_would_not_know_order_but_with_them_does():
    layer = SelfAttention(16, 2)
    x = normal(1, 6, 16)
    still = rotation(6, 8, CPU)
    still = torch.ones_like(still[0]), torch.zeros_like(still[1])
    torch.testing.assert_close(
        layer(x.flip(1), still).flip(1), layer(x, still), atol=1e-5, rtol=1e-4
    )
    moving = rotation(6, 8, CPU)
    order = torch.tensor([1, 0, 2, 3, 4, 5])
    assert not torch.allclose(layer(x[:, order], moving)[:, order], layer(x, moving), atol=1e-5)


def test_layer_norm_has_a_scale_and_no_shift():
    norm = LayerNorm(12)
    assert [name for name, _ in norm.named_parameters()] == ["gamma"]
    x = 3 + 5 * normal(2, 4, 12)
    torch.testing.assert_close(norm(x), F.layer_norm(x, (12,)))
    assert norm(x.bfloat16()).dtype == torch.bfloat16


def test_fourier_features_are_cosines_then_sines():
    features = FourierFeatures(6)
    found = features(torch.tensor([0.0, 0.3]))
    assert found.shape == (2, 6)
    assert torch.equal(found[0], torch.tensor([1.0, 1, 1, 0, 0, 0]))
    torch.testing.assert_close(found[1, :3] ** 2 + found[1, 3:] ** 2, torch.ones(3))
    angle = 2 * torch.pi * 0.3 * features.weight[1, 0]
    torch.testing.assert_close(found[1, 4], angle.sin())


def test_a_block_whose_branches_are_silent_passes_everything_on():
    block = TransformerBlock(16, 8, 2)
    x, context = normal(2, 5, 16), normal(2, 3, 8, seed=1)
    angles = rotation(5, 8, CPU)
    assert not torch.equal(block(x, angles, context, None), x)
    for linear in block.branch_outputs():
        for parameter in linear.parameters():
            torch.nn.init.zeros_(parameter)
    assert torch.equal(block(x, angles, context, None), x)


def test_names_are_those_of_the_public_checkpoints():
    names = set(TransformerBlock(16, 8, 2).state_dict())
    assert names == {
        "pre_norm.gamma",
        "self_attn.to_qkv.weight",
        "self_attn.to_out.weight",
        "cross_attend_norm.gamma",
        "cross_attn.to_q.weight",
        "cross_attn.to_kv.weight",
        "cross_attn.to_out.weight",
        "ff_norm.gamma",
        "ff.ff.0.proj.weight",
        "ff.ff.0.proj.bias",
        "ff.ff.2.weight",
        "ff.ff.2.bias",
    }
