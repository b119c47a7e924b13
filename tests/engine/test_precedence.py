"""What is asked for takes the place of what it cannot go with, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from engine.precedence import agreed

CLIP = {"midi": "clip.mid", "seed": 3}
CHART = {"chords": "Am | F", "form": "verse 2", "score": "composed", "seed": 3}


@pytest.mark.parametrize(
    ("values", "asked", "left"),
    [
        (CLIP, {"chords": "F"}, {"seed": 3}),
        (CLIP, {"form": "verse 4"}, {"seed": 3}),
        (CLIP, {"chords": "", "form": ""}, CLIP),
        (CLIP, {"prompt": "house"}, CLIP),
        (CHART, {"midi": "clip.mid"}, {"seed": 3}),
        (CHART, {"midi": None}, CHART),
        (CHART, {"chords": "F"}, {"chords": "Am | F", "form": "verse 2", "seed": 3}),
        ({"score": "none", "seed": 3}, {"chords": "F"}, {"seed": 3}),
    ],
)
def test_a_clip_and_chords_take_each_others_place(
    values: dict[str, Any], asked: dict[str, Any], left: dict[str, Any]
) -> None:
    assert agreed(values, asked) == left
