"""Laws of what may share a batch: the same noise levels in windows of one length; all else is each take's own."""

from __future__ import annotations

from typing import Any

import pytest

from engine.batching import SHARED, check_batch, differing
from engine.errors import SpecError
from engine.registry import MODELS
from engine.spec import PARAMETERS, GenerationSpec

OTHER = {
    "model": "stable-audio-2",
    "lora": "/loras/warm.safetensors",
    "seconds_total": 3.0,
    "loop": True,
    "steps": 7,
    "sampler": "euler",
    "schedule": "reference",
    "cfg_scale": 2.5,
    "cfg_rescale": 0.7,
    "cfg_interval": (0.2, 0.8),
    "init_noise_level": 0.3,
}
OWN = {
    "prompt": "piano",
    "negative_prompt": "drums",
    "seed": 9,
    "variation": 0.5,
    "variation_seed": 4,
    "chords": "Am | F",
    "score_seed": 3,
    "key": "C minor",
    "beats_per_bar": 3,
    "tempo": 99.0,
    "init_audio": "/b.wav",
    "keep": ((0.0, 1.0),),
}


def take(**settings: Any) -> GenerationSpec:
    given = {"prompt": "house", "seconds_total": 2.0, "seed": 1, "init_audio": "/a.wav"} | settings
    spec = GenerationSpec(**given)
    return spec.resolved(MODELS[spec.model])


@pytest.mark.parametrize("name", SHARED)
def test_what_takes_must_share_is_named(name: str) -> None:
    takes = [take(), take(**{name: OTHER[name]}), take()]
    assert name in differing(takes)
    with pytest.raises(SpecError, match=rf"Takes of one batch cannot differ in .*{name}"):
        check_batch(takes)
    assert differing([takes[1], takes[1]]) == []


@pytest.mark.parametrize("name", OWN)
def test_the_rest_is_each_takes_own(name: str) -> None:
    assert differing([take(), take(**{name: OWN[name]})]) == []
    assert set(OWN) <= set(PARAMETERS) - set(SHARED)


def test_a_level_matters_where_there_is_a_recording() -> None:
    plain = take(init_audio=None, init_noise_level=0.3)
    assert differing([plain, take(init_audio=None, init_noise_level=0.7)]) == []
    assert differing([plain, take(init_noise_level=0.3)]) == ["init_noise_level"]
    kept = take(init_noise_level=1.0, keep=((0.0, 1.0),))
    assert differing([plain, kept]) == [], "both begin as pure noise"


def test_of_no_takes_none_differs() -> None:
    check_batch([])
    check_batch([take()])
