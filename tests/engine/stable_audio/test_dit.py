"""The transformer of Stable Audio 3: the reference's numbers, names and sizes; guidance and whole walks with it."""

from itertools import count
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from engine.conditioning import Conditioning
from engine.errors import ShapeError
from engine.layers import rotation
from engine.public.renames import STABLE_AUDIO_3, renamed
from engine.registry import AdaptiveDiTConfig
from engine.samplers.guidance import Guidance, guided_denoiser
from engine.samplers.objectives import RECTIFIED_FLOW, noised
from engine.samplers.schedules import schedule_times
from engine.samplers.solvers import SOLVERS
from engine.stable_audio.dit import AdaptiveBlock, AdaptiveDiT
from tests.golden.values import difference, golden, values, weights

TENSORS, SHAPES = golden("sa3")
KINDS = ("plain", "differential")


def reference(kind: str) -> AdaptiveDiT:
    """Our network with the weights the golden file was made with, loaded strictly by the official names."""
    config = AdaptiveDiTConfig(width=128, depth=2, differential=kind == "differential")
    model = AdaptiveDiT(config, global_width=768).eval().requires_grad_(False)
    state = renamed(weights(SHAPES[kind]), STABLE_AUDIO_3, kind)
    model.load_state_dict({name.removeprefix("dit."): tensor for name, tensor in state.items()})
    return model


def kept(frames: int) -> Tensor:
    mask = torch.zeros(2, 1, frames)
    mask[0, :, frames // 2 :] = 1
    mask[1, :, :1] = 1
    return torch.cat((mask, mask * values(f"kept.{frames}", (2, 256, frames))), dim=1)


def conditioning(items: slice, kept: Tensor | None = None, cross: str = "cross") -> Conditioning:
    tokens = values(cross, (2, 9, 768))[items]
    return Conditioning(
        cross=tokens,
        cross_mask=torch.ones(tokens.shape[:2], dtype=torch.bool),
        global_=values("global", (2, 768))[items],
        grid=None,
        text_tokens=9,
        kept=None if kept is None else kept[items],
    )


BOTH, FIRST = slice(None), slice(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frames", [5, 8])
def test_forward_as_the_official_code(kind: str, frames: int) -> None:
    model, t = reference(kind), torch.tensor([0.9, 0.25])
    x = values(f"x.{frames}", (2, 256, frames))
    free = model(x, t, conditioning(BOTH))
    assert difference(free, TENSORS[f"{kind}.free.{frames}"]) < 1e-4
    held = model(x, t, conditioning(BOTH, kept(frames)))
    assert difference(held, TENSORS[f"{kind}.kept.{frames}"]) < 1e-4
    assert (held - free).abs().max() > 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_keeping_nothing_is_not_leaving_the_local_conditioning_out(kind: str) -> None:
    model, x, t = reference(kind), values("x.8", (2, 256, 8)), torch.tensor([0.5, 0.5])
    nothing = model(x, t, conditioning(BOTH, torch.zeros(2, 257, 8)))
    assert torch.allclose(model(x, t, conditioning(BOTH)), nothing, atol=1e-5)
    for block in model.transformer.layers:
        for parameter in cast(AdaptiveBlock, block).to_local_embed.parameters():
            nn.init.zeros_(parameter)
    assert (model(x, t, conditioning(BOTH)) - nothing).abs().max() > 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_as_the_official_code(kind: str) -> None:
    block = cast(AdaptiveBlock, reference(kind).transformer.layers[1])
    tokens = block(
        values("tokens", (2, 70, 128)),
        rotation(70, 64, torch.device("cpu")),
        values("context", (2, 9, 128)),
        values("modulation", (2, 768)),
        kept(6).mT,
    )
    assert difference(tokens, TENSORS[f"{kind}.block"]) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("apg", [0.0, 0.5, 1.0])
def test_guidance_as_the_official_code(kind: str, apg: float) -> None:
    conditional = conditioning(FIRST, kept(8))
    denoised = guided(kind, conditional, conditional.unconditional(), apg)
    assert difference(denoised, expected(f"{kind}.guided.{apg}")) < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_negative_prompts_have_zeros_for_pads(kind: str) -> None:
    conditional = conditioning(FIRST, kept(8))
    negative = conditioning(FIRST, cross="negative")
    negative.cross_mask[:, 4:] = False
    denoised = guided(kind, conditional, conditional.unconditional(negative), 1.0)
    assert difference(denoised, expected(f"{kind}.negative")) < 1e-4


def guided(kind: str, conditional: Conditioning, unconditional: Conditioning, apg: float) -> Tensor:
    denoiser = guided_denoiser(
        reference(kind), RECTIFIED_FLOW, conditional, unconditional, Guidance(scale=7.0, apg=apg)
    )
    # An estimate of the clean latents; the official output is a velocity.
    return denoiser(values("x.8", (1, 256, 8)), torch.tensor(0.6)).contiguous()


def expected(name: str) -> Tensor:
    step = max(1, 256 * 8 // 2000)
    return values("x.8", (1, 256, 8)).flatten()[::step] - 0.6 * TENSORS[name]


class DrawnByName:
    """Fresh noise in the order in which the official sampler drew it."""

    def __init__(self) -> None:
        self.drawn = count()

    def step(self, index: int, like: Tensor) -> Tensor:
        return values(f"draw.{next(self.drawn)}", tuple(like.shape))


@pytest.mark.parametrize(
    ("official", "sampler", "steps", "scale", "level"),
    [
        ("pingpong", "ping-pong", 8, 1.0, 1.0),
        ("pingpong", "ping-pong", 8, 1.0, 0.4),
        ("euler", "euler", 10, 7.0, 1.0),
    ],
)
def test_a_whole_walk_as_the_official_code(
    official: str, sampler: str, steps: int, scale: float, level: float
) -> None:
    conditional = conditioning(FIRST)
    denoiser = guided_denoiser(
        reference("differential"),
        RECTIFIED_FLOW,
        conditional,
        conditional.unconditional(),
        Guidance(scale=scale, apg=1.0),
    )
    times = schedule_times("stable-audio-3", "rectified-flow", steps, level)
    start = values("noise", (1, 256, 8))
    start = noised(RECTIFIED_FLOW, values("init", (1, 256, 8)), start, torch.tensor(level))
    *_, last = SOLVERS[sampler](denoiser, start, times, RECTIFIED_FLOW, DrawnByName())
    assert difference(last.x, TENSORS[f"render.{official}.{level}"]) < 1e-3


@pytest.mark.parametrize(
    ("config", "published"),
    [
        (AdaptiveDiTConfig(width=1024, depth=20, differential=False), 459_130_896),
        (AdaptiveDiTConfig(width=1536, depth=24, differential=True), 1_453_170_192),
    ],
)
def test_published_sizes(config: AdaptiveDiTConfig, published: int) -> None:
    """Theirs count 16 rotary frequencies."""
    with torch.device("meta"):
        model = AdaptiveDiT(config, global_width=768)
    assert sum(parameter.numel() for parameter in model.parameters()) + 16 == published


def test_half_precision_stays_near_and_keeps_the_type_of_its_input() -> None:
    x, t = values("x.8", (2, 256, 8)), torch.tensor([0.994, 0.3])
    for dtype, seen, error in ((torch.bfloat16, t, 0.05), (torch.float16, t.half().float(), 0.01)):
        exact = reference("differential")(x, seen, conditioning(BOTH, kept(8)))
        output = reference("differential").to(dtype)(x, t, conditioning(BOTH, kept(8)))
        assert output.dtype == torch.float32
        assert (output - exact).std() < error * exact.std()


def test_wrong_shapes_are_told() -> None:
    with pytest.raises(ShapeError, match=r"\[B, 256, T\]"):
        reference("plain")(torch.zeros(1, 64, 8), torch.zeros(1), conditioning(FIRST))
