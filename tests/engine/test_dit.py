from dataclasses import replace

import pytest
import torch

from engine.conditioning import GRID_ROWS, Conditioning
from engine.dit import DiT
from engine.errors import ShapeError
from engine.registry import SKETCH, STABLE_AUDIO_2, DiTConfig

CONFIG = DiTConfig(
    latent_channels=6,
    width=32,
    depth=2,
    heads=4,
    frames_per_token=4,
    cross_width=16,
    project_cross=True,
    grid=True,
    mask_cross=True,
    qk_norm=False,
)
GROUPED = replace(CONFIG, frames_per_token=1, project_cross=False, grid=False)
GLOBAL_WIDTH = 10


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def build(config: DiTConfig) -> DiT:
    """A network all of whose weights matter: at the start of training many are zero."""
    dit = DiT(config, GLOBAL_WIDTH)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in dit.parameters():
            parameter.normal_(0.0, 0.2, generator=generator)
    return dit


def condition(batch: int, frames: int, grid: bool = True) -> Conditioning:
    return Conditioning(
        cross=normal(batch, 7, 16, seed=1),
        cross_mask=torch.arange(7) != 3 + torch.arange(batch)[:, None],
        global_=normal(batch, GLOBAL_WIDTH, seed=2),
        grid=normal(batch, GRID_ROWS, frames, seed=3) if grid else None,
        text_tokens=5,
    )


def item(conditioning: Conditioning, index: int) -> Conditioning:
    rows = slice(index, index + 1)
    return replace(
        conditioning,
        cross=conditioning.cross[rows],
        cross_mask=conditioning.cross_mask[rows],
        global_=conditioning.global_[rows],
        grid=None if conditioning.grid is None else conditioning.grid[rows],
    )


def test_the_papers_network_has_as_many_parameters_as_published():
    assert isinstance(STABLE_AUDIO_2.dit, DiTConfig)
    with torch.device("meta"):
        dit = DiT(STABLE_AUDIO_2.dit, global_width=2 * 768)
    # Table 1 says 1.1B; the released configuration gives this number exactly.
    assert sum(p.numel() for p in dit.parameters()) == 1_056_828_544
    shapes = {name: tuple(x.shape) for name, x in dit.state_dict().items()}
    assert shapes["transformer.layers.23.self_attn.to_qkv.weight"] == (3 * 1536, 1536)
    assert shapes["transformer.layers.0.cross_attn.to_kv.weight"] == (2 * 768, 768)
    assert shapes["transformer.project_in.weight"] == (1536, 64)
    assert shapes["timestep_features.weight"] == (128, 1)


def test_the_embedded_network_fits_the_package():
    assert isinstance(SKETCH.dit, DiTConfig)
    with torch.device("meta"):
        dit = DiT(SKETCH.dit, global_width=2 * SKETCH.dit.cross_width)
    assert 2 * sum(p.numel() for p in dit.parameters()) < 50e6


@pytest.mark.parametrize("config", [CONFIG, GROUPED], ids=["folded", "grouped"])
@pytest.mark.parametrize("frames", [1, 7, 16])
def test_the_output_has_the_shape_of_the_latents_whatever_their_length(
    config: DiTConfig, frames: int
):
    x = normal(2, 6, frames)
    output = build(config)(x, torch.tensor([0.2, 0.9]), condition(2, frames, config.grid))
    assert output.shape == x.shape
    assert torch.isfinite(output).all()
    assert output.std() > 0


@pytest.mark.parametrize("config", [CONFIG, GROUPED], ids=["folded", "grouped"])
def test_items_of_a_batch_do_not_hear_each_other(config: DiTConfig):
    dit, x, t = build(config), normal(2, 6, 13), torch.tensor([0.2, 0.9])
    conditioning = condition(2, 13, config.grid)
    together = dit(x, t, conditioning)
    for index in range(2):
        alone = dit(x[index : index + 1], t[index : index + 1], item(conditioning, index))
        torch.testing.assert_close(alone[0], together[index], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("part", ["cross", "global_", "grid", "t", "x"])
def test_all_that_goes_in_matters(part: str):
    dit, x, t = build(CONFIG), normal(1, 6, 12), torch.tensor([0.5])
    conditioning = condition(1, 12)
    before = dit(x, t, conditioning)
    if part == "t":
        t = t + 0.1
    elif part == "x":
        x = x.clone()
        x[..., -1] += 1
    else:
        conditioning = replace(conditioning, **{part: getattr(conditioning, part) + 0.1})
    after = dit(x, t, conditioning)
    # Attention carries every change to every frame.
    assert ((after - before).abs().amax(dim=1) > 1e-6).all()


def test_the_pooled_text_reaches_the_music_even_without_attention():
    dit = build(replace(CONFIG, pooled_text=True))
    with torch.no_grad():
        for module in dit.transformer.layers:
            for parameter in module.parameters():
                parameter.zero_()
    conditioning, x, t = condition(1, 12), normal(1, 6, 12), torch.tensor([0.5])
    bare = conditioning.dropped(text=torch.tensor([True]))
    difference = dit.fold(dit(x, t, conditioning) - dit(x, t, bare))
    # One vector for all of the take's tokens, and none once the text is gone.
    assert difference.abs().max() > 1e-3
    torch.testing.assert_close(difference, difference[:, :1].expand_as(difference))


def test_masked_cross_tokens_do_not_matter_where_the_model_masks():
    conditioning, x, t = condition(1, 12), normal(1, 6, 12), torch.tensor([0.5])
    hidden = ~conditioning.cross_mask
    changed = replace(conditioning, cross=conditioning.cross + 9.0 * hidden[..., None])
    for masks in (True, False):
        dit = build(replace(CONFIG, mask_cross=masks))
        assert torch.allclose(dit(x, t, conditioning), dit(x, t, changed), atol=1e-5) == masks


def test_without_a_grid_is_as_with_an_empty_one():
    dit, x, t = build(CONFIG), normal(1, 6, 12), torch.tensor([0.5])
    conditioning = condition(1, 12)
    none = dit(x, t, replace(conditioning, grid=None))
    empty = dit(x, t, replace(conditioning, grid=torch.zeros(1, GRID_ROWS, 12)))
    torch.testing.assert_close(none, empty)


@pytest.mark.parametrize("frames", [1, 4, 11])
def test_unfold_is_the_inverse_of_fold(frames: int):
    dit, x = DiT(CONFIG, GLOBAL_WIDTH), normal(2, 6, frames)
    tokens = dit.fold(x)
    assert tokens.shape == (2, -(-frames // 4), 24)
    assert torch.equal(dit.unfold(tokens, frames), x)
    assert torch.equal(tokens[0, 0, :6], x[0, :, 0])
    assert not tokens[:, -1, 6 * (frames - 4 * (tokens.shape[1] - 1)) :].any()


@pytest.mark.parametrize("config", [CONFIG, GROUPED], ids=["folded", "grouped"])
def test_checkpointing_changes_no_gradient(config: DiTConfig):
    dit, x, t = build(config), normal(2, 6, 12), torch.tensor([0.2, 0.9])
    conditioning = condition(2, 12, config.grid)
    gradients = []
    for checkpointing in (False, True):
        dit.checkpointing = checkpointing
        dit.zero_grad()
        dit(x, t, conditioning).square().mean().backward()
        gradients.append({name: p.grad for name, p in dit.named_parameters()})
    plain, checkpointed = gradients
    for name, gradient in plain.items():
        assert gradient is not None, name
        torch.testing.assert_close(checkpointed[name], gradient, msg=name)


def test_training_begins_with_silent_branches():
    dit = DiT(CONFIG, GLOBAL_WIDTH)
    x, t = normal(1, 6, 12), torch.tensor([0.5])
    one = dit(x, t, condition(1, 12))
    two = dit(x, t, replace(condition(1, 12), cross=normal(1, 7, 16, seed=9)))
    assert torch.equal(one, two)
    tokens = dit.transformer.project_in(dit.fold(x))
    # The metre is heard from the start: silent, it is found too late to be followed.
    grid = condition(1, 12).grid
    assert grid is not None
    metre = dit.to_grid_embed(dit.fold(grid))
    linear = dit.unfold(dit.transformer.project_out(tokens + metre), 12)
    torch.testing.assert_close(one, linear)
    assert metre.std() > 0.1 * tokens.std()


def test_weights_are_drawn_from_the_generator_alone():
    pair = [DiT(CONFIG, GLOBAL_WIDTH) for _ in range(2)]
    for dit in pair:
        dit.initialize(torch.Generator().manual_seed(7))
    one, two = (dit.state_dict() for dit in pair)
    assert all(torch.equal(one[name], two[name]) for name in one)
    weight = one["transformer.layers.0.self_attn.to_qkv.weight"]
    assert weight.abs().max() <= 32**-0.5
    assert weight.std().item() == pytest.approx((3 * 32) ** -0.5, rel=0.1)
    assert not one["transformer.layers.1.ff.ff.2.weight"].any()


def test_bfloat16_is_close_to_full_precision():
    dit, x, t = build(CONFIG), normal(1, 6, 40), torch.tensor([0.5])
    conditioning = condition(1, 40)
    exact = dit(x, t, conditioning)
    with torch.autocast("cpu", torch.bfloat16):
        quick = dit(x, t, conditioning).float()
    assert (quick - exact).std() < 0.05 * exact.std()


@pytest.mark.parametrize("shape", [(2, 5, 8), (6, 8)])
def test_latents_of_another_shape_are_refused(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"\[B, 6, T\]"):
        DiT(CONFIG, GLOBAL_WIDTH)(torch.zeros(shape), torch.zeros(2), condition(2, 8))
