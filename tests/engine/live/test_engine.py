from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import LongtakeError, SpecError
from engine.live.engine import SLOW, TIMED, WARMING, LiveEngine
from engine.live.stream import Stream
from engine.live_settings import LiveSettings, LiveStream, Metre, Pace, StreamsLive
from engine.registry import MODELS, ModelSpec
from engine.updates import Step
from tests.engine.live.toys import strokes, toy

SETTINGS = LiveSettings(prompt="funk drums", steps=1, steer=False)


def begun(
    settings: LiveSettings, metre: Metre | None = None, **options: Any
) -> tuple[Stream, list[Step]]:
    """A stream of a toy model, and the steps on the way."""
    engine: StreamsLive = LiveEngine("cpu", load=toy)
    steps: list[Step] = []
    work = engine.begin(settings, metre, **options)
    while True:
        try:
            steps.append(next(work))
        except StopIteration as end:
            return end.value, steps


def each_taking(seconds: Callable[[LiveSettings, Pace], float]) -> Any:
    """Instead of timing: a busy machine must not decide what is tested."""

    def durations(model: Any, settings: LiveSettings, pace: Pace, count: int) -> Any:
        yield from [seconds(settings, pace)] * count

    return durations


def test_the_model_is_loaded_and_timed_and_the_shortest_safe_hop_taken(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("engine.live.engine._durations", each_taking(lambda s, p: 0.19))
    stream, steps = begun(SETTINGS)
    assert [step.stage for step in steps if step.stage != "timing"] == ["loading"] * 2
    timing = [step for step in steps if step.stage == "timing"]
    # The first hop that is tried is given up after two that were not safe, and counts as done.
    given_up, tried = WARMING + SLOW, WARMING + TIMED
    assert [step.index for step in timing] == [
        *range(1, given_up + 1),
        *range(tried + 1, 2 * tried + 1),
    ]
    assert all(step.index <= step.total for step in timing)
    assert stream.pace.frames == 6 and stream.pace.compute == 0.19
    given: LiveStream = stream
    assert given.push(strokes(3)).shape[1] > 0


def test_a_hop_that_is_given_is_taken_whatever_it_takes():
    stream, _ = begun(LiveSettings(prompt="x", steps=1, hop=100.0), timed=False)
    assert stream.pace.frames == 2 and stream.pace.compute == 0
    timed, _ = begun(LiveSettings(prompt="x", steps=1, hop=100.0, steer=False))
    assert timed.pace.frames == 2 and timed.pace.compute > 0  # Of real hops.
    with pytest.raises(LongtakeError, match="shortest"):
        begun(LiveSettings(model="stable-audio-3-small-music", hop=50.0))


def test_with_a_delay_in_beats_hops_are_parts_of_a_beat():
    settings = LiveSettings(prompt="x", steps=1, hop=279.0, delay="1")
    stream, _ = begun(settings, Metre(100), timed=False)
    assert stream.pace.seconds == pytest.approx(0.3)
    soonest, _ = begun(settings.with_value("delay", None), Metre(100), timed=False)
    assert soonest.pace.frames == 6


def test_what_is_too_slow_is_a_sentence(monkeypatch: pytest.MonkeyPatch):
    slow = each_taking(lambda settings, pace: 0.3 * (settings.steps or 8))
    monkeypatch.setattr("engine.live.engine._durations", slow)
    with pytest.raises(LongtakeError, match=r"Set steps to 2\."):
        begun(LiveSettings(prompt="x", steps=8))


def test_steps_of_a_hop_are_few():
    asked: dict[str, int] = {}
    for name in ("sketch", "stable-audio-open-1.0", "stable-audio-3-medium"):
        stream, _ = begun(LiveSettings(model=name, hop=400.0), timed=False)
        asked[name] = stream.pace.steps
    assert asked == {"sketch": 3, "stable-audio-open-1.0": 8, "stable-audio-3-medium": 8}


def test_it_leaves_a_core_to_the_sound(monkeypatch: pytest.MonkeyPatch):
    before = torch.get_num_threads()
    try:
        monkeypatch.setattr("os.cpu_count", lambda: 3)
        for there, taken in ((4, 2), (1, 1)):
            torch.set_num_threads(there)
            LiveEngine("cpu")
            LiveEngine("cpu")
            assert torch.get_num_threads() == taken
    finally:
        torch.set_num_threads(before)


def test_it_says_where_it_runs_and_refuses_other_devices():
    assert LiveEngine("cpu").describe().startswith("CPU")
    with pytest.raises(SpecError):
        LiveEngine("abacus")


def test_a_stream_that_was_begun_again_is_the_same():
    sound = strokes(2)
    first, again = (begun(SETTINGS.with_value("hop", 279), timed=False)[0] for _ in range(2))
    np.testing.assert_array_equal(first.push(sound), again.push(sound))


def test_unknown_models_are_named():
    with pytest.raises(SpecError, match="abacus"):
        begun(LiveSettings(model="abacus"))


def test_the_model_stays_loaded():
    loaded: list[str] = []

    def load(spec: ModelSpec) -> Any:
        loaded.append(spec.name)
        return toy(spec)

    engine = LiveEngine("cpu", load=load)
    for _ in range(2):
        list(engine.begin(SETTINGS.with_value("hop", 279), timed=False))
    assert loaded == ["sketch"]
    assert set(loaded) <= set(MODELS)
