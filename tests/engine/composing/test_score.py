"""The score as arrays says what the arrangement says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.composing import compose
from engine.composing.score import Score

KINDS = {
    kind: next(s for s in range(1, 60) if compose(s).kind == kind) for kind in ("song", "one-shot")
}


@pytest.mark.parametrize("seed", KINDS.values(), ids=KINDS)
def test_every_note_chord_and_section_is_there(seed: int) -> None:
    piece = compose(seed)
    score = Score.of(piece)
    assert (score.tempo, score.beats_per_bar) == (piece.tempo, piece.beats_per_bar)
    assert [tuple(row) for row in score.parts] == [(p.role, p.instrument) for p in piece.parts]
    written = [(i, n) for i, part in enumerate(piece.parts) for n in part.notes]
    assert len(score.notes) == len(written)
    for record, (index, note) in zip(score.notes, written, strict=True):
        kept = (record["part"], record["pitch"], record["velocity"])
        assert kept == (index, note.pitch, note.velocity)
        assert record["start"] == pytest.approx(note.start, abs=1e-4)
        assert record["duration"] == pytest.approx(note.duration, abs=1e-4)
    for record, span in zip(score.chords, piece.chords, strict=True):
        tones = {i for i in range(32) if int(record["tones"]) >> i & 1}
        assert (record["root"], tones) == (span.chord.root, set(span.chord.intervals))
    assert [str(s["letter"]) for s in score.sections] == [s.letter for s in piece.sections]


def test_arrays_give_the_score_back() -> None:
    score = Score.of(compose(KINDS["song"]))
    again = Score.from_arrays(score.arrays())
    assert again.tempo == score.tempo
    assert np.array_equal(again.notes, score.notes)


def test_no_name_is_cut_short() -> None:
    for seed in range(1, 40):
        piece = compose(seed)
        score = Score.of(piece)
        assert [str(s["name"]) for s in score.sections] == [s.name for s in piece.sections]
        assert [str(name) for _, name in score.parts] == [p.instrument for p in piece.parts]


def test_json_gives_the_score_back() -> None:
    score = Score.of(compose(KINDS["song"]))
    again = Score.from_dict(json.loads(json.dumps(score.to_dict())))
    assert (again.tempo, again.beats_per_bar, again.known) == (
        score.tempo,
        score.beats_per_bar,
        score.known,
    )
    assert np.array_equal(again.parts, score.parts)
    for name in ("notes", "chords", "sections"):
        ours, theirs = getattr(score, name), getattr(again, name)
        for field in ours.dtype.names:
            if ours.dtype[field].kind == "f":
                assert np.allclose(ours[field], theirs[field], atol=6e-4)
            else:
                assert np.array_equal(ours[field], theirs[field])


def test_the_end_is_where_the_last_section_ends() -> None:
    piece = compose(KINDS["song"])
    assert Score.of(piece).end == pytest.approx(
        piece.sections[-1].start + piece.sections[-1].beats, abs=1e-2
    )
