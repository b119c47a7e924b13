"""A recording is counted in at the tempo that the next take has; a DAW that leads comes first."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.requests import count_in_time, in_time
from bridge.state import SyncSource, TransportState
from engine.registry import SKETCH
from engine.spec import GenerationSpec

BY_HAND = TransportState()


@pytest.mark.parametrize(
    ("asked", "tempo", "signature"),
    [
        ({"prompt": "beatbox, 85 BPM"}, 85.0, (4, 4)),
        ({"prompt": "BPM: 85."}, 85.0, (4, 4)),
        ({"prompt": "120 sheep"}, 120.0, (4, 4)),
        ({"prompt": "85 BPM", "tempo": 92.0}, 92.0, (4, 4)),
        ({"prompt": "a waltz, 150 bpm"}, 150.0, (3, 4)),
        ({"prompt": "a jig in 6/8", "beats_per_bar": 5}, 120.0, (5, 4)),
        ({}, 120.0, (4, 4)),
    ],
)
def test_the_count_in_has_the_tempo_and_metre_of_the_next_take(
    asked: dict[str, Any], tempo: float, signature: tuple[int, int]
) -> None:
    counted = count_in_time(BY_HAND, asked)
    assert (counted.tempo, counted.signature) == (tempo, signature)
    if asked:
        take = in_time(GenerationSpec.from_dict(asked), counted).resolved(SKETCH)
        assert take.tempo in (tempo, None)
        assert take.beats_per_bar == signature[0]


def test_a_metre_that_is_as_long_is_counted_as_it_stands() -> None:
    jig = TransportState(signature=(6, 8))
    assert count_in_time(jig, {"prompt": "a jig in 3/4"}).signature == (6, 8)


@pytest.mark.parametrize("source", ["osc", "midi", "link"])
def test_a_daw_that_leads_counts_in(source: SyncSource) -> None:
    led = TransportState(source=source, tempo=98.0)
    assert count_in_time(led, {"prompt": "85 BPM, 3/4", "tempo": 90.0}) == led


def test_the_transports_key_does_not_replace_that_of_the_prompt() -> None:
    transport = TransportState(key="C major")
    assert in_time(GenerationSpec(prompt="piano in A minor"), transport).key == ""
    assert in_time(GenerationSpec(prompt="piano"), transport).key == "C major"
