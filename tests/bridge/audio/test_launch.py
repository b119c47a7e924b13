"""Laws of a launch: to the frame on the first boundary that can be met, with whatever tempo comes meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.audio.deck import Deck, Loaded
from bridge.audio.feeder import Feeder
from bridge.audio.launch import SOON, Launch, Launches
from bridge.audio.ring_buffer import RingBuffer
from bridge.audio.sources import GrowingSource
from bridge.ports import WHOLE, Cue, StreamFormat
from bridge.state import Take, TransportState
from engine.updates import AudioBlock

RATE = 48_000
TAKE = Take("x", Path("x.wav"), "x", "generate", 1.0, RATE, 2, 0.0)
PLAYING = TransportState(tempo=120.0, playing=True, quantize="bar")


def launch() -> Launch:
    return Launch(Loaded(GrowingSource(StreamFormat("j", RATE, 2, 1))), TAKE, "bar", WHOLE)


@given(beat=st.floats(0, 100), tempo=st.floats(30, 300), block=st.integers(64, 512))
def test_it_begins_on_the_boundary_to_the_frame(beat: float, tempo: float, block: int) -> None:
    waiting, written = launch(), 0
    while True:
        now = beat + written / RATE * tempo / 60
        delay = waiting.delay(replace(PLAYING, beat=now, tempo=tempo), RATE)
        if delay is not None:
            break
        written += block
    heard = beat + (written + delay) / RATE * tempo / 60
    frame = tempo / 60 / RATE
    assert waiting.boundary is not None
    assert abs(waiting.boundary - 4 * round(waiting.boundary / 4)) < 1e-5
    assert beat - frame <= waiting.boundary < beat + 4
    assert abs(heard - waiting.boundary) <= 0.51 * frame


def test_a_new_tempo_moves_the_frame_and_not_the_boundary() -> None:
    waiting = launch()
    assert waiting.delay(replace(PLAYING, beat=2.0), RATE) is None
    assert waiting.boundary == 4.0
    slower = replace(PLAYING, beat=3.99, tempo=60.0)
    assert waiting.delay(slower, RATE) == round(0.01 * RATE)
    assert SOON > 0.01


@pytest.mark.parametrize("change", [{"playing": False}, {"beat": -3.0}])
def test_a_transport_that_stands_or_went_back_is_not_waited_for(change: dict[str, float]) -> None:
    waiting = launch()
    assert waiting.delay(replace(PLAYING, beat=2.0), RATE) is None
    assert waiting.delay(replace(PLAYING, **{"beat": 2.0} | change), RATE) == 0  # type: ignore[arg-type]


def sounding_for(seconds: float) -> GrowingSource:
    frames = round(seconds * RATE)
    source = GrowingSource(StreamFormat("j", RATE, 2, frames))
    source.append(AudioBlock(0, np.full((2, frames), 0.5, np.float32)))
    return source


@pytest.mark.parametrize(
    ("start", "heard", "bar"),
    [(0.0, 0, 2), (0.0, 4096, 2), (2.0, 0, 4), (2.0, 4096, 4), (3.5, 0, 4)],
)
def test_what_was_told_to_play_first_is_heard_until_its_next_bar(
    start: float, heard: int, bar: int
) -> None:
    feeder = Feeder(RingBuffer(16), lambda: None)
    feeder.rate = RATE
    deck = Deck(feeder)
    launches = Launches(feeder, deck, lambda: TransportState(quantize="bar"))
    take = replace(TAKE, tempo_asked=120.0)
    deck.load(Loaded(sounding_for(9.0), take), Cue(start))
    first = deck.sounding
    assert first is not None
    first.render(heard)
    launches.wait(sounding_for(1.0), take, "bar", WHOLE)
    assert (launches.seconds() or 0) > 0
    given = heard
    while launches.waiting:
        launches.begin()
        given += len(first.render(512 if launches.waiting else 0))
    second = deck.sounding
    assert second is not None and second is not first
    begins = given + int(np.argmax(second.render(RATE)[:, 0] > 0))
    assert start + begins / RATE == bar
