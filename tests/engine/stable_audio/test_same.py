"""SAME: the reference's numbers, the published sizes, chunked equals whole, silence about noise unless asked."""

import dataclasses
from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from engine.autoencoder import Autoencoder
from engine.chunking import TOLERANCE, decode_chunked, decode_span, encode_chunked
from engine.errors import ShapeError
from engine.layers import attention
from engine.networks import build_autoencoder
from engine.precision import packs, to_packed
from engine.public.renames import STABLE_AUDIO_3, renamed
from engine.registry import SameConfig
from engine.stable_audio.differential import banded_attention
from engine.stable_audio.same import SameAutoencoder
from tests.golden.values import difference, golden, values, weights

SMALL = SameConfig(width=64, depth=4, folded=True, sine_layers=0, mapping_kernel=3, mask_noise=0.01)
LARGE = SameConfig(width=64, depth=4, folded=False, sine_layers=2, mapping_kernel=1, mask_noise=0.1)
KINDS = {"folded": SMALL, "banded": LARGE}
TENSORS, SHAPES = golden("sa3")
RATIO = 4096


def reference(kind: str) -> SameAutoencoder:
    """Our network with the weights the golden file was made with, loaded strictly by the official names."""
    model = SameAutoencoder(KINDS[kind]).eval().requires_grad_(False)
    state = renamed(weights(SHAPES[kind]), STABLE_AUDIO_3, kind)
    model.load_state_dict({n.removeprefix("autoencoder."): w for n, w in state.items()})
    return model


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frames", [3, 4])
def test_encodes_and_decodes_as_the_official_code(kind: str, frames: int) -> None:
    model = reference(kind)
    latents = values(f"{kind}.latents.{frames}", (2, 256, frames))
    assert difference(model.decode(latents), TENSORS[f"{kind}.decode.{frames}"]) < 1e-4
    audio = 0.3 * values(f"{kind}.audio.{frames}", (1, 2, frames * RATIO - 1000))
    assert difference(model.encode(audio), TENSORS[f"{kind}.encode.{frames}"]) < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_take_equals_the_official_chunks(kind: str) -> None:
    latents = values(f"{kind}.latents.150", (1, 256, 150))
    audio = torch.cat(list(decode_chunked(reference(kind), latents)), dim=-1)
    assert difference(audio, TENSORS[f"{kind}.decode.150"]) < 1e-4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("start", "stop"), [(0, 5), (6, 9), (7, 12), (12, 17)])
def test_any_span_equals_the_whole(kind: str, start: int, stop: int) -> None:
    model, latents = reference(kind), values("span", (1, 256, 17))
    whole = model.decode(latents)[..., start * RATIO : stop * RATIO]
    assert (decode_span(model, latents, start, stop)[0] - whole).abs().max() < TOLERANCE


@pytest.mark.parametrize("ends", [(1, 2, 5, 16, 17), (8, 15, 16), (9, 10, 13, 17), (6, 14, 16)])
def test_spans_that_continue_each_other_equal_the_whole(ends: tuple[int, ...]) -> None:
    model, latents = reference("folded"), values("span", (1, 256, ends[-1]))
    joined, whole = continued(model, latents, ends), model.decode(latents)
    assert joined.shape == whole.shape
    assert (joined - whole).abs().max() < TOLERANCE


@pytest.mark.parametrize("ends", [(2, 4, 11, 17), (8, 14, 16), (9, 16)])
def test_nothing_is_computed_twice(ends: tuple[int, ...]) -> None:
    model, pairs = reference("folded"), [0, 0]
    for half, block in enumerate((0, -1)):
        model.decoder.transformers[block].register_forward_pre_hook(partial(count, pairs, half))
    continued(model, values("span", (1, 256, ends[-1])), ends)
    needed = -(-ends[-1] // 2)
    assert pairs == [needed, needed + 1]


def continued(model: SameAutoencoder, latents: Tensor, ends: tuple[int, ...]) -> Tensor:
    """The audio of spans up to those frames, each decoded with the past of the one before."""
    blocks, past = [], None
    for start, stop in pairwise((0, *ends)):
        audio, past = decode_span(model, latents, start, stop, past)
        blocks.append(audio)
    return torch.cat(blocks, dim=-1)


def count(pairs: list[int], half: int, _: torch.nn.Module, given: tuple[Tensor, ...]) -> None:
    """A hook that counts the pairs of frames a block is given."""
    pairs[half] += given[0].shape[0]


@pytest.mark.skipif(not packs(), reason="its weights stay as they are here")
@pytest.mark.parametrize("kind", KINDS)
def test_packed_weights_decode_as_the_official_code(kind: str) -> None:
    model = reference(kind)
    to_packed(model.decoder)
    assert not any(isinstance(part, torch.nn.Linear) for part in model.decoder.modules())
    with torch.inference_mode():
        audio = model.decode(values(f"{kind}.latents.3", (2, 256, 3)))
    assert difference(audio, TENSORS[f"{kind}.decode.3"]) < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_chunked_encoding_equals_the_whole(kind: str) -> None:
    model, audio = reference(kind), 0.3 * values("long", (1, 2, 13 * RATIO - 5))
    assert (encode_chunked(model, audio, chunk=6)[0] - model.encode(audio)).abs().max() < TOLERANCE


@pytest.mark.parametrize("kind", KINDS)
def test_decoding_draws_nothing_unless_a_generator_is_given(kind: str) -> None:
    model, latents = reference(kind), values("noise", (1, 256, 4))
    plain = model.decode(latents)
    assert torch.equal(model.decode(latents), plain)
    noisy = [model.decode(latents, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(noisy[0], noisy[1])
    assert not torch.equal(noisy[0], noisy[2])
    assert 0 < (noisy[0] - plain).std() < plain.std()


def test_published_sizes() -> None:
    """Appendix A's counts: theirs hold a scale per output of each mapping and 16 rotary frequencies a block more."""
    small = SameConfig(
        width=768, depth=6, folded=True, sine_layers=0, mapping_kernel=3, mask_noise=0.01
    )
    large = SameConfig(
        width=1536, depth=12, folded=False, sine_layers=7, mapping_kernel=1, mask_noise=0.1
    )
    for config, encoder, decoder in (
        (small, 53_728_888, 54_515_320),
        (large, 426_063_856, 426_063_088),
    ):
        with torch.device("meta"):
            model = SameAutoencoder(config)
        for part, published in ((model.encoder, encoder), (model.decoder, decoder)):
            ours = sum(parameter.numel() for parameter in part.parameters())
            assert ours + 16 * config.depth + part.mapping.out_channels == published
        assert sum(tensor.numel() for tensor in model.bottleneck.state_dict().values()) == 513


def test_band_equals_a_full_mask() -> None:
    query, key, value = (values(name, (2, 150, 3, 8)) for name in "qkv")
    near = (torch.arange(150)[:, None] - torch.arange(150)).abs() <= 17
    dense = torch.nn.functional.scaled_dot_product_attention(
        *(x.transpose(1, 2) for x in (query, key, value)), attn_mask=near
    )
    banded = banded_attention(query, key, value, band=17)
    assert (banded - dense.transpose(1, 2).flatten(2)).abs().max() < 1e-6
    assert (attention(query, key, value) - banded).abs().max() > 1e-2


def test_folded_attention_knows_nothing_beyond_its_pairs() -> None:
    model, latents = reference("folded"), values("local", (1, 256, 12))
    changed = latents.clone()
    changed[..., 10:] = 0
    same = (model.decode(latents) - model.decode(changed)).abs().amax(dim=(0, 1))
    assert same[: 8 * RATIO].max() == 0
    assert same[10 * RATIO :].max() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_shapes(kind: str) -> None:
    model: Autoencoder = build_autoencoder(dataclasses.replace(KINDS[kind], depth=2)).eval()
    with torch.inference_mode():
        latents = model.encode(values("shape", (2, 2, 2 * RATIO + 1)))
        assert latents.shape == (2, 256, 3)
        assert model.decode(latents).shape == (2, 2, 3 * RATIO)
        with pytest.raises(ShapeError, match=r"\[B, 256, T\]"):
            model.decode(latents[:, :5])
        with pytest.raises(ShapeError, match=r"\[B, 2, N\]"):
            model.encode(torch.zeros(1, 1, 100))
