"""Laws of the requests: what a take says of itself counts where nothing is typed, and what is typed beats it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.requests import VARIATION, Asked, continue_, inpaint, render, transform, vary
from engine.composing import compose
from engine.composing.score import Score
from engine.errors import AudioError, SpecError
from engine.registry import SKETCH
from engine.sound.takes import TakeWriter
from engine.sound.targets import Place
from engine.spec import GenerationSpec
from engine.updates import LeadSheet
from tests.engine.sound.test_takes import blocks


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """Two beats of a bar of three, at 120 BPM: 0.5 s."""
    asked = GenerationSpec(prompt="waltz", tempo=120.0, beats_per_bar=3, seconds_total=0.5, seed=7)
    with TakeWriter(Place(tmp_path / "take.wav"), asked.resolved(SKETCH), 44_100) as writer:
        for block in blocks():
            writer.add(block)
    return tmp_path / "take.wav"


def test_bars_are_added_in_the_takes_own_tempo_and_metre(take: Path) -> None:
    spec = continue_(Asked({"bars": 2.0}, audio=take))
    assert spec.seconds_total == pytest.approx(0.5 + 2 * 3 * 0.5)
    assert (spec.bars, spec.keep) == (None, ((0.0, 0.5),))
    faster = continue_(Asked({"bars": 2.0, "tempo": 240.0}, audio=take))
    assert faster.seconds_total == pytest.approx(0.5 + 2 * 3 * 0.25)
    four = continue_(
        Asked({"bars": 1.0, "prompt": "house, 60 BPM", "beats_per_bar": 4}, audio=take)
    )
    assert four.seconds_total == pytest.approx(4.5)


def test_seconds_are_added_and_15_if_nothing_is_said(take: Path) -> None:
    assert continue_(Asked({"seconds_total": 2.0}, audio=take)).seconds_total == 2.5
    assert continue_(Asked(audio=take)).seconds_total == 15.5


def test_without_a_prompt_the_takes_own_goes_on(take: Path) -> None:
    own = GenerationSpec.from_dict({"prompt": "waltz, 120 BPM"}).prompt
    assert continue_(Asked(audio=take)).prompt == own
    assert inpaint(Asked({"keep": ((0.0, 0.2),)}, audio=take)).prompt == own
    assert continue_(Asked({"prompt": "mine"}, audio=take)).prompt == "mine"


def test_a_length_that_is_typed_beats_the_one_of_a_relative(take: Path) -> None:
    assert vary(Asked({"bars": 1.0}, audio=take)).resolved(SKETCH).seconds_total == 1.5
    assert vary(Asked({"seconds_total": 3.0}, audio=take)).seconds_total == 3.0
    assert vary(Asked(audio=take)).seconds_total == 0.5


def test_a_relative_at_no_distance_is_the_take_itself(take: Path) -> None:
    own = GenerationSpec(prompt="flute", seconds_total=0.5, seed=7, variation=0.4, variation_seed=3)
    with TakeWriter(Place(take, overwrite=True), own.resolved(SKETCH), 44_100) as writer:
        for block in blocks():
            writer.add(block)
    same = vary(Asked({"variation": 0.0}, audio=take))
    assert (same.seed, same.variation, same.variation_seed) == (7, 0.4, 3)
    near = vary(Asked({"variation": 0.1, "variation_seed": 9}, audio=take))
    assert (near.seed, near.variation, near.variation_seed) == (7, 0.1, 9)
    assert vary(Asked(audio=take)).variation == VARIATION


def test_bars_are_added_in_the_tempo_that_was_composed(tmp_path: Path) -> None:
    score = Score.of(compose(3))
    spec = GenerationSpec(prompt="piano", seconds_total=0.5, seed=7).resolved(SKETCH)
    with TakeWriter(Place(tmp_path / "take.wav"), spec, 44_100) as writer:
        writer.note(LeadSheet(score, "composed: a tune", score.tempo))
        for block in blocks():
            writer.add(block)
    spec = continue_(Asked({"bars": 1.0}, audio=tmp_path / "take.wav"))
    assert spec.seconds_total == pytest.approx(0.5 + 4 * 60 / score.tempo)


def test_what_is_typed_beats_the_base() -> None:
    spec = render(
        Asked({"prompt": "a", "seconds_total": 3.0}, {"prompt": "b", "bars": 4.0, "steps": 9})
    )
    assert (spec.prompt, spec.seconds_total, spec.bars, spec.steps) == ("a", 3.0, None, 9)


def test_what_is_missing_is_a_sentence(take: Path) -> None:
    with pytest.raises(SpecError, match="inpaint needs --keep"):
        inpaint(Asked(audio=take))
    with pytest.raises(SpecError, match=r"Nothing to keep lies within the 0.5 s"):
        inpaint(Asked({"keep": ((1.0, 2.0),)}, audio=take))
    with pytest.raises(AudioError, match="There is no file"):
        transform(Asked({"prompt": "x"}, audio=take.with_name("missing.wav")))
