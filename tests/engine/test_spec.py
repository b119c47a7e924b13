"""Whatever a parameter is given, a spec is valid or refused with a sentence; what is valid by the table stays valid."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LongtakeError, SpecError
from engine.registry import MODELS, SKETCH
from engine.spec import DEFAULTS, PARAMETERS, GenerationSpec, converted


def _nested(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


ABSURD: list[Any] = [
    10**400, -(10**400), 10**5000, 1e400, -1e400, float("nan"), 1e308, 1e-320, -0.0, -1, -1.0, -2, -0.5, 2**64, 0, 0.1,
    True, None, "", " ", "1", "-1", "nan", "1e400", "x" * 100_000, "((" * 5000, "\ud800", "\0", "<b>", "🎹", b"1",
    [], {}, [1], [1, 2, 3], [1, 0], [0.8, 0.2], [float("nan"), 1], [1e400, 2], ["a", "b"], [[1, 2]], [[2, 1]],
    [[1, 2, 3]], [[[1, 2]]], [[1, None]], {"a": 1}, object(), 1 + 2j, _nested(100_000), [[0, 0]] * 10_000,
]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def _valid_or_said(name: str, value: Any) -> None:
    try:
        spec = GenerationSpec.from_dict({"prompt": "house, 120 BPM", name: value})
        done = spec.resolved(SKETCH)
    except LongtakeError as error:
        assert len(str(error)) < 400
        assert str(error).endswith(".")
    else:
        assert done.resolved(SKETCH) == done
        assert GenerationSpec.from_dict(done.to_dict()) == done


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_absurd_value_is_refused_with_a_sentence_or_valid(name: str) -> None:
    for value in ABSURD:
        _valid_or_said(name, value)


@given(name=st.sampled_from(sorted(PARAMETERS)), value=ANYTHING)
def test_anything_is_refused_with_a_sentence_or_valid(name: str, value: Any) -> None:
    _valid_or_said(name, value)


@given(
    bars=st.floats(0.25, 512),
    tempo=st.floats(30, 300),
    beats=st.integers(1, 16),
)
def test_all_bars_of_the_table_are_a_length_unless_the_model_makes_no_such_take(
    bars: float, tempo: float, beats: int
) -> None:
    spec = GenerationSpec(prompt="house", bars=bars, tempo=tempo, beats_per_bar=beats)
    seconds = bars * beats * 60 / tempo
    if seconds > SKETCH.max_seconds:
        with pytest.raises(SpecError, match="longer than sketch can make"):
            spec.resolved(SKETCH)
    else:
        done = spec.resolved(SKETCH)
        assert done.seconds_total == pytest.approx(seconds)
        assert done.resolved(SKETCH) == done


def test_the_shortest_take_of_the_table_is_valid() -> None:
    least = GenerationSpec(prompt="hit", bars=0.25, tempo=300.0, beats_per_bar=1).resolved(SKETCH)
    assert least.seconds_total == PARAMETERS["seconds_total"].low
    assert math.ceil(least.frames(44_100)) == 2205


@pytest.mark.parametrize("name", ["seed", "score_seed"])
@pytest.mark.parametrize("value", [-1, -1.0])
def test_minus_one_leaves_a_seed_to_chance(name: str, value: float) -> None:
    assert converted(name, value) is None
    spec = GenerationSpec.from_dict({"prompt": "house", name: value})
    seeds = {spec.resolved(SKETCH).composer_seed for _ in range(8)}
    assert len(seeds) > 1


def test_minus_one_draws_the_seed_to_move_towards() -> None:
    seeds = {converted("variation_seed", -1) for _ in range(8)}
    assert len(seeds) > 1
    assert all(converted("variation_seed", seed) == seed for seed in seeds)


@pytest.mark.parametrize("name", ["seed", "score_seed", "variation_seed"])
@pytest.mark.parametrize("value", [-2, -1.5, 2**32, True])
def test_other_seeds_below_and_beyond_are_refused_in_full_figures(name: str, value: Any) -> None:
    with pytest.raises(SpecError, match=f"{name} must be a .*number from 0 to 4294967295; it is "):
        converted(name, value)


def test_the_defaults_of_the_table_are_values_of_the_table() -> None:
    for name, value in DEFAULTS.items():
        assert converted(name, value) == value
    assert all(GenerationSpec(prompt="house").resolved(model) for model in MODELS.values())


def test_what_is_left_open_is_the_model_s_own_and_what_is_given_stays() -> None:
    given = {
        "steps": 7,
        "cfg_scale": 0.0,
        "cfg_interval": (0.0, 0.0),
        "sampler": "heun",
        "init_noise_level": 0.0,
    }
    for model in MODELS.values():
        done = GenerationSpec(prompt="house").resolved(model)
        assert all(getattr(done, name) == getattr(model.defaults, name) for name in given)
        kept = GenerationSpec(prompt="house", **given).resolved(model)  # pyright: ignore[reportArgumentType]
        assert all(getattr(kept, name) == value for name, value in given.items())


def test_the_prompt_of_a_take_says_its_tempo_metre_and_key_alone() -> None:
    spec = GenerationSpec(
        prompt="120 sheep in Bb minor, 3/4, BPM: 120.", tempo=90.0, key="B minor", beats_per_bar=4
    ).resolved(SKETCH)
    assert spec.prompt == "120 sheep in B minor, 4/4, BPM: 90."
    assert spec.resolved(SKETCH) == spec
    twice = GenerationSpec(prompt="90 bpm, then BPM: 120").resolved(SKETCH)
    assert (twice.tempo, twice.prompt) == (120.0, "120 bpm, then BPM: 120")
    assert twice.resolved(SKETCH) == twice


def test_a_waltz_in_words_is_as_long_as_one_in_figures() -> None:
    def seconds(prompt: str) -> float | None:
        return GenerationSpec(prompt=prompt, bars=4.0).resolved(SKETCH).seconds_total

    assert seconds("a waltz, 150 BPM") == seconds("in 3/4, 150 BPM") == pytest.approx(4.8)
    assert seconds("no waltz, 150 BPM") == pytest.approx(6.4)
