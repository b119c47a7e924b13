from __future__ import annotations

import pytest
import torch

from engine.samplers.noise import NoiseSource, generator_for


def test_equal_seeds_equal_noise_other_seeds_other_noise() -> None:
    shape = (1, 64, 100)
    assert NoiseSource(7).start(shape).equal(NoiseSource(7).start(shape))
    assert not NoiseSource(7).start(shape).equal(NoiseSource(8).start(shape))


def test_the_rule_is_for_good() -> None:
    """Golden: a change here changes every take ever made."""
    drawn = torch.randint(0, 1000, (4,), generator=generator_for(7, "start"))
    assert drawn.tolist() == [840, 761, 370, 469]
    assert generator_for(7, "start").initial_seed() == 0x2CBC2F84
    first = NoiseSource(7).start((1, 64, 1))[0, :4, 0]
    torch.testing.assert_close(
        first, torch.tensor([0.12634547, -0.48738372, 0.15090474, 0.21093982])
    )


@pytest.mark.parametrize("frames", [1, 63, 64, 65, 300])
@pytest.mark.parametrize("channels", [3, 64])
def test_a_longer_take_begins_with_the_same_noise(channels: int, frames: int) -> None:
    longer = NoiseSource(7).start((1, channels, 1000))
    assert NoiseSource(7).start((1, channels, frames)).equal(longer[..., :frames])


def test_step_noise_does_not_depend_on_other_draws() -> None:
    like = torch.zeros(1, 64, 40)
    source = NoiseSource(7)
    alone = source.step(5, like)
    for index in range(1, 5):
        assert not source.step(index, like).equal(alone)
    source.start((1, 64, 40))
    assert source.step(5, like).equal(alone)
    assert not source.step(0, like).equal(source.start((1, 64, 40)))


def test_step_noise_takes_shape_and_type_of_what_it_is_for() -> None:
    assert NoiseSource(1).step(1, torch.zeros(2, 3, 4, dtype=torch.float64)).dtype == torch.float64
    assert NoiseSource(1).step(1, torch.zeros(2, 3, 4)).shape == (2, 3, 4)


@pytest.mark.parametrize("variation", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_variation_keeps_unit_variance_and_lies_between(variation: float) -> None:
    shape = (1, 64, 2000)
    varied = NoiseSource(7, variation, 8).start(shape)
    assert varied.mean().item() == pytest.approx(0, abs=0.01)
    assert varied.std().item() == pytest.approx(1, abs=0.01)
    near = torch.corrcoef(torch.stack([varied.flatten(), NoiseSource(7).start(shape).flatten()]))
    assert near[0, 1].item() == pytest.approx(
        torch.cos(torch.tensor(torch.pi / 2 * variation)).item(), abs=0.01
    )


def test_a_whole_variation_is_the_other_take() -> None:
    like = torch.zeros(1, 64, 40)
    there, other = NoiseSource(7, 1.0, 8), NoiseSource(8)
    assert there.start((1, 64, 40)).equal(other.start((1, 64, 40)))
    assert there.step(3, like).equal(other.step(3, like))
    assert NoiseSource(7, 0.0, 8).step(3, like).equal(NoiseSource(7).step(3, like))


def test_roles_have_generators_of_their_own() -> None:
    seeds = {
        generator_for(7, "start").initial_seed(),
        *(generator_for(7, "step", i).initial_seed() for i in range(9)),
    }
    assert len(seeds) == 10
