"""The scores of takes: read back as they were played, None where nothing can be read, written as MIDI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.events import Event, ScoreRead
from bridge.state import Take
from bridge.takes import sidecar
from bridge.takes.library import Library
from bridge.takes.scores import KEPT, Scores
from engine.composing.composer import compose
from engine.composing.midi_files import read_midi
from engine.composing.score import Score
from tests.bridge.parts import captured, wait_for

SCORE = Score.of(compose(3, kind="song", seconds=12.0))


@pytest.fixture
def scores(told: list[Event]) -> Iterator[Scores]:
    made = Scores(told.append)
    yield made
    made.close()


@pytest.fixture
def take(library: Library) -> Take:
    made = captured(library, np.zeros((1, 100), np.float32), 8000)
    note(made, SCORE.to_dict())
    return made


def note(take: Take, score: Any) -> None:
    """Puts a score into a take's sidecar, as the engine's writer does."""
    path = sidecar.path_for(take.path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"score": score}))


def read(scores: Scores, take: Take, told: list[Event]) -> Score | None:
    before = len(told)
    scores.ask(take)
    (event,) = wait_for(lambda: [e for e in told[before:] if isinstance(e, ScoreRead)])
    assert event.take_id == take.id
    return event.score


def test_a_score_comes_back_as_it_was_played(scores: Scores, take: Take, told: list[Event]) -> None:
    found = read(scores, take, told)
    assert found is not None
    assert found.to_dict() == SCORE.to_dict()
    assert read(scores, take, told) is found  # read once
    note(take, None)
    assert read(scores, take, told) is None


def test_changing_a_take_keeps_its_score(library: Library, take: Take) -> None:
    library.change(take.id, rating=5)
    library.close()
    found = sidecar.read_score(take.path)
    assert found is not None and found.to_dict() == SCORE.to_dict()


def test_only_so_many_are_kept(scores: Scores, library: Library, told: list[Event]) -> None:
    for _ in range(KEPT + 3):
        take = captured(library, np.zeros((1, 100), np.float32), 8000)
        assert read(scores, take, told) is None
    assert len(scores._known) == KEPT


def damaged() -> list[Any]:
    whole = SCORE.to_dict()
    note_of_nobody = [[99, 60, 100, 0.0, 1.0]]
    return [
        None, 3, "score", [], {}, {**whole, "tempo": 0}, {**whole, "tempo": "fast"},
        {**whole, "tempo": float("nan")}, {**whole, "beats_per_bar": -4}, {**whole, "notes": note_of_nobody},
        {**whole, "chords": [[float("inf"), 4, 0, 0, 145]]}, {**whole, "sections": [[1, 2]]},
        {**whole, "notes": [[0, 900, 1, 0, 1]]}, {**whole, "parts": 3}, {**whole, "notes": {"a": 1}},
        {**whole, "beats_per_bar": 1e-9}, {**whole, "tempo": 10**400}, {**whole, "chords": [[0, 4, 99, 0, 145]]},
    ]  # fmt: skip


@pytest.mark.parametrize("score", damaged(), ids=range(len(damaged())))
def test_a_damaged_score_is_none(take: Take, score: Any) -> None:
    note(take, score)
    assert sidecar.read_score(take.path) is None
    with pytest.raises(BridgeError, match="not known"):
        Scores(lambda event: None).write(take)


@given(text=st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_rubbish_for_a_sidecar_is_none(take: Take, text: str) -> None:
    sidecar.path_for(take.path).write_text(text, encoding="utf-8")
    assert sidecar.read_score(take.path) is None


def test_notes_are_written_beside_the_take_or_where_one_says(
    scores: Scores, take: Take, tmp_path: Path
) -> None:
    assert scores.write(take) == take.path.with_suffix(".mid")
    there = tmp_path / "here.mid"
    assert scores.write(take, there) == there
    for path in (take.path.with_suffix(".mid"), there):
        assert set(read_midi(path).notes["pitch"]) == set(SCORE.notes["pitch"])
    with pytest.raises(BridgeError, match="cannot be written"):
        scores.write(take, tmp_path / "no folder" / "here.mid")
