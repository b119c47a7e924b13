"""Laws of sections and chords as texts."""

from __future__ import annotations

import numpy as np
import pytest

from engine.composing.midi_marks import Mark, chords_in, marks, sections_in
from engine.composing.score import CHORD, NOTE, SECTION

SECTIONS = np.array([("intro", "A", 0, 8, 0.3), ("my part", "B", 12, 4, 0.85)], SECTION)
CHORDS = np.array([(0, 4, 9, 9, 0b10001001), (4, 2, 5, 9, 0b10010001), (8, 4, 2, 2, 0b1001)], CHORD)
SILENT = np.empty(0, NOTE)


def same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    return ours.dtype == theirs.dtype and ours.tolist() == theirs.tolist()


def test_texts_give_sections_and_chords_back_with_their_gaps() -> None:
    written = marks(SECTIONS, CHORDS)
    assert same(sections_in(written, SILENT, 99), SECTIONS)
    assert same(chords_in(written), CHORDS)
    assert [mark.text for mark in written if mark.shown] == ["intro", "my part"]
    assert [mark.beat for mark in written] == sorted(mark.beat for mark in written)


def test_nothing_is_written_for_nothing() -> None:
    assert marks(SECTIONS[:0], CHORDS[:0]) == []
    assert not len(sections_in([], SILENT, 8)) and not len(chords_in([]))


def test_other_programs_markers_are_sections_if_some_are_named_so() -> None:
    texts = ["Verse 1", "PRE-CHORUS", "Chorus:", "Verse 2", "Riff", "Conclusion", "End", "Break"]
    written = [Mark(4.0 + 4 * i, text, shown=True) for i, text in enumerate(texts)]
    found = sections_in(written, SILENT, 40)
    names = ["intro", "verse", "build", "chorus", "verse", "phrase", "outro", "break"]
    assert found["name"].tolist() == names
    assert "".join(found["letter"]) == "ABCDBEFG"
    assert found["start"].tolist() == [0, 4, 8, 12, 16, 20, 24, 32]
    assert found["beats"].tolist() == [4] * 7 + [8]


def test_a_section_of_more_notes_has_more_energy() -> None:
    notes = np.array([(0, 60, 100, beat, 1) for beat in (0, 2, 4, 4.5, 5, 5.5)], NOTE)
    written = [Mark(0, "verse", shown=True), Mark(4, "chorus", shown=True)]
    assert sections_in(written, notes, 8)["energy"].tolist() == pytest.approx([0.6, 1.0])


@pytest.mark.parametrize(
    "texts", [["Created by Rosegarden", "http://x"], ["End"], ["1", ""], ["Versed in music"]]
)
def test_markers_that_name_no_section_are_no_form(texts: list[str]) -> None:
    written = [Mark(float(i), text, shown=True) for i, text in enumerate(texts)]
    assert not len(sections_in(written, SILENT, 8))


@pytest.mark.parametrize("text", ["chord Hm", "chord ", "section", "section B . x", "section B 1"])
def test_damaged_texts_do_no_harm(text: str) -> None:
    written = [Mark(0, text), Mark(4, text)]
    assert not len(chords_in(written))
    assert all(0 <= section["energy"] <= 1 for section in sections_in(written, SILENT, 8))
