import numpy as np
import pytest

from engine.composing import compose
from engine.composing.score import CHORD, NOTE, SECTION, Score
from engine.evaluation.scores import Form, Matched, Note, Written, matched, merged


def test_a_score_is_the_arrangement_in_seconds():
    piece = compose(0, seconds=20.0)
    score = Written.of(piece, 0.0, piece.seconds)
    beat = 60 / piece.tempo
    starts = {round(n.start * beat, 6) for p in piece.parts for n in p.notes}
    assert {round(note.start, 6) for note in score.notes} <= starts
    assert score.key == f"{piece.key} {piece.mode}"
    assert score.chords[0].start == 0.0
    assert score.chords[-1].end == pytest.approx(
        piece.sections[-1].beats * beat + piece.sections[-1].start * beat
    )
    assert all(
        one.end == pytest.approx(two.start)
        for one, two in zip(score.chords, score.chords[1:], strict=False)
    )


def test_an_excerpt_has_its_own_clock():
    piece = compose(50, seconds=20.0)
    whole, part = Written.of(piece, 0.0, 20.0), Written.of(piece, 5.0, 5.0)
    inside = [n for n in whole.notes if 5.0 <= n.start < 10.0]
    assert [n.pitch for n in part.notes] == [n.pitch for n in inside]
    assert [n.start for n in part.notes] == pytest.approx([n.start - 5.0 for n in inside])
    assert all(0 <= h.start < h.end <= 5.0 for h in part.chords)
    assert part.chords[-1].end == pytest.approx(5.0)


def test_a_form_is_a_score_in_seconds():
    score = Score(
        90.0,
        4.0,
        np.array([("lead", "Flute")], "U32"),
        np.array([(0, 60, 90, 46.0, 2.0)], NOTE),
        np.array([], CHORD),
        np.array(
            [("intro", "A", 0, 12, 0.4), ("verse", "A", 12, 24, 0.6), ("b", "B", 36, 9, 1)], SECTION
        ),
    )
    assert Form.of(score, 60.0) == Form((8.0, 24.0), 32.0)
    assert Form.of(score, 20.0) == Form((8.0,), 20.0)


def test_drums_alone_have_strokes_and_no_key():
    drums = next(
        p
        for p in (compose(50 * k, seconds=10.0) for k in range(100))
        if {q.voice.source for q in p.parts} == {"kit"}
    )
    score = Written.of(drums, 0.0, 10.0)
    assert score.strokes and not score.notes and score.key is None and score.polyphony == 0.0


def test_notes_match_one_to_one_by_pitch_and_start():
    written = [Note(0.0, 1.0, 60), Note(1.0, 2.0, 60), Note(1.0, 2.0, 64)]
    assert matched(written, written) == Matched(3, 3, 3)
    late = [Note(n.start + 0.045, n.end, n.pitch) for n in written]
    assert matched(written, late).both == 3
    later = [Note(n.start + 0.055, n.end, n.pitch) for n in written]
    assert matched(written, later).both == 0
    assert matched(written, [Note(0.0, 1.0, 61)]).both == 0
    assert matched(written, [Note(1.0, 1.1, 60), Note(1.02, 1.1, 60)]) == Matched(3, 2, 1)
    assert matched([], written) == Matched(0, 3, 0)


def test_polyphony_is_how_many_notes_sound_at_once():
    from engine.evaluation.scores import _polyphony

    assert _polyphony(
        [Note(0.0, 1.0, 60), Note(0.0, 1.0, 64), Note(5.0, 6.0, 64)]
    ) == pytest.approx(1.5, abs=0.05)


def test_strokes_at_one_time_are_one():
    assert merged([1.0, 0.5, 1.02, 1.029, 2.0]) == [0.5, 1.0, 2.0]
