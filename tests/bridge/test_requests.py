"""From what a musician asks to a spec: settings of a newer version, loops that do not go on, ranges made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.events import Notice
from bridge.requests import before_join, continued, inpainted, remade, understood, varied
from bridge.state import Take
from engine.errors import SpecError
from engine.spec import GenerationSpec
from tests.bridge.parts import Bench, captured

MADE = GenerationSpec(
    prompt="house", seed=3, steps=12, cfg_scale=5.0, seconds_total=4.0, variation=0.2
)


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """A take of 4 s."""
    path = tmp_path / "take.wav"
    soundfile.write(path, np.zeros((4 * 8000, 1), np.float32), 8000)
    return Take("take", path, "take", "generate", 4.0, 8000, 1, 0.0, spec=MADE.to_dict())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_of_settings_of_a_newer_version_what_is_known_is_used() -> None:
    assert understood(MADE.to_dict()) == (MADE, [])
    newer = MADE.to_dict() | {"warmth": 0.4, "sampler": "of tomorrow"}
    assert understood(newer) == (MADE, ["sampler", "warmth"])


def test_a_loop_goes_on_as_no_loop(take: Take) -> None:
    loop = GenerationSpec(prompt="house", loop=True, seconds_total=4.0)
    assert not continued(loop, take.path, 2.0).loop
    assert not inpainted(loop, take.path, [(1.0, 2.0)]).loop


def test_a_range_is_made_anew_by_the_takes_own_settings_and_another_seed(take: Take) -> None:
    spec = remade(take, [(1.0, 2.5)])
    assert spec.keep == ((0.0, 1.0), (2.5, 4.0))
    assert (spec.init_audio, spec.init_noise_level) == (str(take.path), 1.0)
    assert (spec.prompt, spec.steps, spec.cfg_scale) == ("house", 12, 5.0)
    assert (spec.seed, spec.variation, spec.seconds_total) == (None, 0.0, 4.0)
    assert spec.score == "composed"  # Other notes, over the chords that are there.
    locked = replace(take, spec=take.spec | {"score_seed": 8})
    assert (remade(locked, [(1.0, 2.5)]).score_seed, remade(locked, [(1.0, 2.5)]).score) == (
        8,
        None,
    )
    heard = replace(take, spec=take.spec | {"score": "none"})
    assert remade(heard, [(1.0, 2.5)]).score == "none"
    with pytest.raises(SpecError, match="nothing is kept"):
        remade(take, [(0.0, 4.0)])


def test_what_is_not_known_is_said_and_the_take_is_varied_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, take: Take
) -> None:
    newer = replace(take, spec=take.spec | {"warmth": 0.4})
    assert varied(newer, 0.3).steps == 12
    monkeypatch.setattr(bench.session.takes, "get", lambda which: newer)
    assert bench.session.vary("take").spec.seed == 3
    assert bench.session.remake("take", [(0.0, 1.0)]).spec.keep == ((1.0, 4.0),)
    said = bench.told(Notice)
    assert ["warmth" in notice.text for notice in said] == [True, True]


def test_a_recording_is_made_anew_in_part_by_the_parameters(bench: Bench) -> None:
    recorded = captured(bench.session.takes, np.ones((1, 16_000), np.float32), 8000)
    bench.session.parameters.set("prompt", "polka")
    spec = bench.session.remake(recorded.id, [(0.5, 1.0)]).spec
    assert (spec.prompt, spec.keep) == ("polka", ((0.0, 0.5), (1.0, 2.0)))


def test_what_goes_on_is_heard_from_a_bar_before_the_join() -> None:
    going_on = GenerationSpec(prompt="house", init_audio="a.wav", keep=((0.0, 10.0),))
    assert before_join(replace(going_on, tempo=120.0, beats_per_bar=3)) == 8.5
    assert before_join(replace(going_on, tempo=120.0)) == before_join(going_on) == 8.0
    assert before_join(replace(going_on, keep=((0.0, 1.0),))) == 0.0
    assert before_join(replace(going_on, keep=((0.0, 1.0), (3.0, 4.0)))) == 0.0
    assert before_join(replace(going_on, keep=((2.0, 10.0),))) == 0.0
    assert before_join(GenerationSpec(prompt="house")) == 0.0
