"""The reduced MiniLM reads the composer's prompts as the whole one does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.composing.composer import compose
from engine.registry import SKETCH
from engine.text import PACKAGE, MiniLM
from engine.training.material.prompts import prompt
from engine.training.parcel.contents import add_text
from engine.training.parcel.start import SITE


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parcel")
    add_text(folder)
    return folder / SITE


@pytest.fixture(scope="module")
def encoders(site: Path) -> tuple[MiniLM, MiniLM]:
    config = SKETCH.conditioning.text
    return MiniLM(config), MiniLM(config, site / PACKAGE / "model")


def prompts(seeds: range) -> list[str]:
    return [
        prompt(compose(seed).metadata(), np.random.default_rng((seed, draw)))
        for seed in seeds
        for draw in range(16)
    ]


def test_every_prompt_of_the_composer_has_the_same_word_pieces(
    encoders: tuple[MiniLM, MiniLM],
) -> None:
    whole, reduced = encoders
    asked = prompts(range(700, 740))
    tokens = (encoder.tokenizer.encode_batch(asked) for encoder in encoders)
    assert [one.ids for one in next(tokens)] == [one.ids for one in next(tokens)]
    assert reduced.tokenizer.get_vocab_size() < 0.2 * whole.tokenizer.get_vocab_size()


def test_their_features_differ_by_bfloat16_alone(encoders: tuple[MiniLM, MiniLM]) -> None:
    (features, mask), (ours, _) = (encoder.encode(prompts(range(2))) for encoder in encoders)
    assert (ours - features)[mask].norm() < 0.01 * features[mask].norm()


def test_another_word_is_cut_into_pieces(encoders: tuple[MiniLM, MiniLM]) -> None:
    _, reduced = encoders
    tokens = reduced.tokenizer.encode("onomatopoeia").tokens
    assert "[UNK]" not in tokens and "".join(t.removeprefix("##") for t in tokens[1:-1]) == (
        "onomatopoeia"
    )


def test_the_package_is_found_like_the_whole_one(site: Path) -> None:
    folder = site / PACKAGE
    assert (folder / "__init__.py").exists() and "Apache" in (folder / "LICENSE.txt").read_text()
