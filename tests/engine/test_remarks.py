"""Settings without effect are said, each in its combination and in no other; so is what of a prompt is not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.engine import Engine
from engine.registry import MODELS, SKETCH, ModelSpec
from engine.remarks import IDLE, remarks
from engine.spec import PARAMETERS, GenerationSpec
from engine.text import MiniLM
from engine.updates import LeadSheet, Remark
from tests.engine.tiny_model import TINY, tiny_model

OPEN = MODELS["stable-audio-open-1.0"]


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return MiniLM(SKETCH.conditioning.text)


def said(encoder: MiniLM, model: ModelSpec = SKETCH, **settings: Any) -> list[str]:
    spec = GenerationSpec.from_dict({"prompt": "house, 120 BPM", "seconds_total": 8.0, **settings})
    return [remark.text for remark in remarks(spec.resolved(model), model, encoder)]


@pytest.mark.parametrize(
    ("model", "settings", "names", "reason"),
    [
        (SKETCH, {"negative_prompt": "voices", "cfg_scale": 1}, "negative_prompt", "guidance (cfg_scale) of 1"),
        (SKETCH, {"cfg_rescale": 0.5, "cfg_interval": [0.1, 1], "cfg_scale": 1}, "cfg_rescale and cfg_interval",
         "guidance (cfg_scale) of 1"),
        (SKETCH, {"variation_seed": 5}, "variation_seed", "A variation above 0"),
        (SKETCH, {"key": "A minor", "score": "none"}, "key", "Only the built-in composer"),
        (SKETCH, {"key": "A minor", "midi": "clip.mid"}, "key", "Only the built-in composer"),
        (SKETCH, {"key": "A minor", "init_audio": "hum.wav"}, "key", "Only the built-in composer"),
        (SKETCH, {"score_seed": 5, "score": "none"}, "score_seed", "Only the built-in composer"),
        (OPEN, {"chords": "Am | F", "form": "verse 4"}, "chords and form", "stable-audio-open-1.0 takes no score"),
        (OPEN, {"score": "composed"}, "score", "stable-audio-open-1.0 takes no score"),
        (OPEN, {"midi": "clip.mid"}, "midi", "stable-audio-open-1.0 takes no score"),
        (SKETCH, {"key": "dark"}, "'dark'", "'A minor'"),
    ],
)  # fmt: skip
def test_a_setting_without_effect_is_said(
    encoder: MiniLM, model: ModelSpec, settings: dict[str, Any], names: str, reason: str
) -> None:
    (sentence,) = said(encoder, model, **settings)
    said_names = (
        sentence.split(".")[0].split(": ")[-1] if sentence.startswith("Without") else "'dark'"
    )
    assert said_names == names and reason in sentence and sentence.endswith(".")


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (SKETCH, {}),
        (OPEN, {}),
        (SKETCH, {"negative_prompt": "voices", "cfg_rescale": 0.5, "cfg_scale": 3}),
        (SKETCH, {"negative_prompt": "voices", "cfg_scale": 0.5}),
        (SKETCH, {"variation_seed": 5, "variation": 0.1}),
        (SKETCH, {"key": "A minor", "score_seed": 5}),
        (SKETCH, {"key": "A minor", "chords": "Am | F", "init_audio": "hum.wav"}),
        (SKETCH, {"key": "A minor", "init_audio": "hum.wav", "keep": [[0, 2]]}),
        (OPEN, {"key": "A minor"}),
        (OPEN, {"key": "raga Yaman"}),
        (OPEN, {"score": "none"}),
        (OPEN, {"seed": 7, "score_seed": 7}),
        (SKETCH, {"seed": 7, "score_seed": 7, "score": "none"}),
        (SKETCH, {"init_noise_level": 0.4}),
    ],
)
def test_what_has_an_effect_is_not_said(
    encoder: MiniLM, model: ModelSpec, settings: dict[str, Any]
) -> None:
    assert said(encoder, model, **settings) == []


def test_the_table_names_parameters() -> None:
    assert {name for rule in IDLE for name in rule.names} <= set(PARAMETERS)


@given(
    words=st.lists(
        st.sampled_from(["warm", "strings,", "🎹", "h-moll", "naïve", "808s", "R&B"]), max_size=120
    )
)
def test_a_prompt_is_cut_where_the_models_own_tokenizer_cuts_it(
    encoder: MiniLM, words: list[str]
) -> None:
    text = " ".join(words)
    read = encoder.reach(text)
    whole, _ = encoder.tokenizer.encode(text).ids, None
    assert encoder.tokenizer.encode(text[:read]).ids == whole
    assert read == len(text) or len(whole) == encoder.max_tokens


def test_the_end_of_a_long_prompt_is_quoted_where_it_is_lost(encoder: MiniLM) -> None:
    long = " ".join(f"word{number}" for number in range(100))
    (sentence,) = said(encoder, prompt=long, negative_prompt="", cfg_scale=3)
    read = encoder.reach(f"{long}")
    assert sentence.startswith("sketch reads 64 tokens of a prompt")
    assert f"{long[:read].rstrip()[-10:]}'" in sentence
    assert f"'{long[read:].strip()[:10]}" in sentence
    both = said(encoder, prompt=long, negative_prompt=long, cfg_scale=3)
    assert [text.split(":")[0] for text in both] == [
        "sketch reads 64 tokens of a prompt",
        "sketch reads 64 tokens of a negative prompt",
    ]
    assert len(said(encoder, prompt="x", negative_prompt=long, cfg_scale=1)) == 1


def test_the_engine_says_each_once_after_the_lead_sheet(tmp_path: Path) -> None:
    engine = Engine("cpu", load=lambda spec: tiny_model())
    many = " ".join(["warm"] * 400)
    spec = GenerationSpec(
        prompt=many, model=TINY.name, seconds_total=0.5, steps=1, variation_seed=3, cfg_scale=1.0
    )
    updates = list(engine.generate(spec))
    told = [update for update in updates if isinstance(update, Remark)]
    assert len(told) == 2
    first = next(place for place, update in enumerate(updates) if isinstance(update, LeadSheet))
    assert updates[first + 1 : first + 3] == told
