"""Where a take's notes come from: words, chords, a clip, a recording, or the take it starts from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.composing import compose
from engine.composing.description import chart
from engine.composing.frame import RING
from engine.composing.midi_files import write_midi
from engine.composing.score import CHORD, NOTE, NOTES, SECTION, Score
from engine.composing.splicing import clipped
from engine.errors import LongtakeError
from engine.lead_sheets import lead_sheet, within
from engine.registry import SKETCH
from engine.sound.recordings import with_recording
from engine.spec import SCORES, GenerationSpec
from engine.training.corpus import render
from engine.training.corpus.beatbox import beatbox
from engine.updates import LeadSheet


def unlike(text: str, phrases: Sequence[str]) -> NDArray[np.float32]:
    """Nothing is like anything: only the tables' own words are understood."""
    return np.zeros(len(phrases), np.float32)


def resolved(**settings: Any) -> GenerationSpec:
    given = {"prompt": "house, 120 BPM", "seconds_total": 16.0, "seed": 7, **settings}
    return with_recording(GenerationSpec.from_dict(given)).resolved(SKETCH)


def sheet(recording: Any = None, **settings: Any) -> LeadSheet:
    return lead_sheet(resolved(**settings), unlike, recording)


def score_of(found: LeadSheet) -> Score:
    assert found.score is not None
    return found.score


def test_the_prompt_alone_is_a_lead_sheet_in_its_style_and_tempo() -> None:
    found = sheet()
    score = score_of(found)
    assert (score.tempo, found.tempo) == (120.0, 120.0)
    assert "house" in found.about and "120 BPM" in found.about
    assert len(score.notes) > 20
    assert score.end * 60 / score.tempo <= 16.0 + 1e-3


def test_the_composers_seed_is_the_takes_unless_another_is_given() -> None:
    one, same = sheet(seed=7), sheet(seed=8, score_seed=7)
    assert np.array_equal(score_of(one).notes, score_of(same).notes)
    assert not np.array_equal(score_of(one).notes, score_of(sheet(seed=8)).notes)


def test_without_a_tempo_there_is_one() -> None:
    assert sheet(prompt="slow sad piano").tempo


def test_nobody_writes_if_it_is_left_to_the_model() -> None:
    found = sheet(score="none")
    assert found.score is None
    assert found.tempo == 120.0


def test_chords_are_those_that_were_asked_for() -> None:
    score = score_of(sheet(prompt="slow sad piano, 120 BPM", chords="Am | F | C | G"))
    assert chart(score).startswith("Am | F | C | G | Am | F")


def test_a_form_and_a_tempo_are_a_length() -> None:
    spec = resolved(form="intro 4, verse 8, outro 4", seconds_total=None)
    assert spec.seconds_total == pytest.approx(16 * 4 * 0.5 + RING)
    sections = score_of(lead_sheet(spec, unlike, None)).sections
    assert [str(name) for name in sections["name"]] == ["intro", "verse", "outro"]
    assert sections["beats"].tolist() == [16, 32, 16]


def test_a_metre_in_the_prompt_is_the_metre_of_the_length() -> None:
    spec = resolved(prompt="waltz in 3/4, 150 BPM", form="verse 4, chorus 4", seconds_total=None)
    assert spec.beats_per_bar == 3
    assert spec.seconds_total == pytest.approx(24 * 0.4 + RING)
    score = score_of(lead_sheet(spec, unlike, None))
    assert score.beats_per_bar == 3
    assert score.sections["beats"].tolist() == [12, 12]
    assert resolved(prompt="waltz in 3/4, 150 BPM", bars=4).seconds_total == pytest.approx(4.8)


def test_a_loop_goes_on_as_it_began() -> None:
    found = sheet(loop=True, bars=4, seconds_total=None)
    assert score_of(found).end <= 16 + 1e-3
    shown = within(found, 8.0, loop=True)
    assert shown is not None
    first, second = clipped(shown, 0, 16), clipped(shown, 16, 32)
    assert len(first.notes) and np.array_equal(first.notes["pitch"], second.notes["pitch"])
    assert within(found, 8.0, loop=False) is found.score


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"chords": "Am | Zz"}, "Zz"),
        ({"form": "verse 0"}, "verse 0"),
        ({"chords": "Am", "midi": "clip.mid"}, "midi"),
        ({"chords": "Am", "score": "none"}, "score"),
        *(({"midi": "clip.mid", "score": score}, f"{score!r}.*midi") for score in SCORES),
        ({"score": "heard"}, "init_audio"),
    ],
)
def test_what_cannot_be_is_a_sentence(settings: dict[str, Any], names: str) -> None:
    with pytest.raises(LongtakeError, match=names):
        GenerationSpec.from_dict({"prompt": "piano", **settings}).checked()


def scale(role: str = "lead") -> Score:
    notes = [(0, 60 + step, 100, beat, 1.0) for beat, step in enumerate((0, 2, 4, 5, 7, 9, 11, 12))]
    return Score(
        tempo=90.0,
        beats_per_bar=4.0,
        parts=np.array([(role, "Flute")], "U32"),
        notes=np.array(notes, NOTE),
        chords=np.array([], CHORD),
        sections=np.array([], SECTION),
    )


def test_a_clip_is_played_at_its_own_tempo_and_length(tmp_path: Path) -> None:
    path = tmp_path / "scale.mid"
    write_midi(scale(), path)
    spec = resolved(prompt="flute", midi=str(path), seconds_total=None)
    assert (spec.tempo, spec.seconds_total) == (90.0, pytest.approx(8 * 60 / 90))
    score = score_of(lead_sheet(spec, unlike, None))
    assert score.notes["pitch"].tolist() == scale().notes["pitch"].tolist()
    faster = resolved(prompt="flute, 180 BPM", midi=str(path), seconds_total=None)
    assert faster.seconds_total == pytest.approx(8 * 60 / 180)
    longer = resolved(prompt="flute", midi=str(path), seconds_total=16.0)
    assert len(score_of(lead_sheet(longer, unlike, None)).notes) == 24


def test_a_clip_sounds_as_the_prompt_says_and_alone_if_it_asks_for_nobody_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "scale.mid"
    write_midi(scale(), path)
    alone = score_of(sheet(prompt="solo piano", midi=str(path)))
    assert alone.parts[0].tolist() == ["lead", "Piano"]
    assert alone.known >= NOTES | {"players"}
    band = score_of(sheet(prompt="house", midi=str(path)))
    assert "drums" not in band.known


def test_no_midi_file_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "no.mid"
    path.write_bytes(b"RIFF")
    with pytest.raises(LongtakeError, match=r"no\.mid"):
        resolved(midi=str(path))


def note_beside(path: Path, score: Score, **others: Any) -> None:
    facts = {"longtake": "1", "file": path.name, "spec": {}, "score": score.to_dict(), **others}
    path.with_suffix(".json").write_text(json.dumps(facts))


@pytest.fixture
def take(tmp_path: Path) -> tuple[str, Score, NDArray[np.float32]]:
    """A take of ours with its score beside it."""
    import soundfile

    piece = compose(2, "house", "song", seconds=16)
    sound, path = render(piece), tmp_path / "take.wav"
    soundfile.write(path, sound.T, 44_100, "FLOAT")
    score = Score.of(piece)
    note_beside(path, score)
    return str(path), score, sound


def test_a_sidecar_of_another_file_is_not_the_takes(take: Any) -> None:
    path, known, sound = take
    note_beside(Path(path), known, file="other.flac")
    assert sheet(sound, init_audio=path, keep=[[0, 4]]).score is None


def test_a_take_that_is_transformed_at_another_tempo_keeps_its_own_and_says_so(take: Any) -> None:
    path, known, sound = take
    found = sheet(sound, prompt="jazz, 200 BPM", init_audio=path)
    assert found.tempo == score_of(found).tempo == known.tempo
    assert f"{known.tempo:g} BPM" in found.about


def test_what_the_sidecar_says_of_the_tempo_counts_before_what_is_heard(tmp_path: Path) -> None:
    import soundfile

    sound, _ = beatbox(3, 104, 6)
    path = tmp_path / "beat.wav"
    soundfile.write(path, sound.T, 44_100, "FLOAT")
    settings: dict[str, Any] = {"prompt": "funk drums", "init_audio": str(path)}
    guessed = sheet(sound, **settings)
    assert guessed.tempo is None and score_of(guessed).tempo == pytest.approx(104, rel=0.01)
    facts: dict[str, Any] = {"longtake": "1", "file": path.name, "spec": {}, "tempo_asked": 78.0}
    path.with_suffix(".json").write_text(json.dumps(facts))
    found = sheet(sound, **settings)
    assert found.tempo == score_of(found).tempo == 78.0
    assert sheet(sound, **settings, tempo=90).tempo == 90.0
    path.with_suffix(".json").write_text(json.dumps(facts | {"tempo_asked": "fast"}))
    assert sheet(sound, **settings).tempo is None


def test_a_longer_transform_repeats_its_notes(take: Any) -> None:
    path, known, sound = take
    seconds = sound.shape[1] / 44_100
    score = score_of(sheet(sound, init_audio=path, seconds_total=2 * seconds))
    assert len(score.notes) == 2 * len(known.notes)


def test_a_take_that_is_transformed_keeps_keeps_its_notes_and_not_its_players(take: Any) -> None:
    path, known, sound = take
    found = sheet(sound, init_audio=path)
    assert np.allclose(score_of(found).notes["start"], known.notes["start"], atol=1e-3)
    assert "players" not in score_of(found).known


def test_a_take_that_is_filled_in_keeps_its_score(take: Any) -> None:
    path, known, sound = take
    seconds = sound.shape[1] / 44_100
    found = sheet(sound, init_audio=path, keep=[[0, 4], [8, seconds]], seconds_total=seconds)
    assert np.allclose(score_of(found).notes["start"], known.notes["start"], atol=1e-3)


def test_other_chords_in_a_span_are_played_there_alone(take: Any) -> None:
    path, known, sound = take
    seconds, beat = sound.shape[1] / 44_100, 60 / known.tempo
    keep = [[0, 8 * beat], [16 * beat, seconds]]
    found = sheet(sound, init_audio=path, keep=keep, seconds_total=seconds, chords="Ebm | Ab7")
    score = score_of(found)
    inside, before = clipped(score, 8, 16), clipped(score, 0, 8)
    assert set(inside.chords["root"]) <= {3, 8}
    assert sorted(before.notes["pitch"]) == sorted(clipped(known, 0, 8).notes["pitch"])


def test_what_goes_on_has_new_notes_in_the_same_tempo(take: Any) -> None:
    path, known, sound = take
    seconds = sound.shape[1] / 44_100
    spec = {"init_audio": path, "keep": [[0, seconds]], "seconds_total": seconds + 12}
    score = score_of(sheet(sound, prompt="house", **spec))
    end, last = seconds * known.tempo / 60, (seconds + 12) * known.tempo / 60
    assert score.tempo == known.tempo
    assert len(clipped(score, end, end + 4).notes) > 4
    assert end + 8 < score.end <= last + 1e-3
    assert {str(name) for _, name in score.parts} == {str(name) for _, name in known.parts}
    assert sorted(clipped(score, 0, end - 4).notes["pitch"]) == sorted(
        clipped(known, 0, end - 4).notes["pitch"]
    )


@pytest.mark.parametrize("gone", ["parts", "chords"])
def test_a_take_without_parts_or_chords_goes_on(take: Any, gone: str) -> None:
    path, known, sound = take
    fewer = replace(known, chords=known.chords[:0])
    if gone == "parts":
        fewer = replace(fewer, parts=known.parts[:0], notes=known.notes[:0])
    note_beside(Path(path), fewer)
    seconds = sound.shape[1] / 44_100
    spec = {"init_audio": path, "keep": [[0, seconds]], "seconds_total": seconds + 8}
    score = score_of(sheet(sound, **spec))
    end = seconds * known.tempo / 60
    roles = {str(score.parts[part][0]) for part in clipped(score, end, end + 30).notes["part"]}
    assert roles - {"drums"}


def test_what_goes_on_keeps_the_metre(take: Any) -> None:
    path, known, sound = take
    note_beside(Path(path), replace(known, beats_per_bar=3.0))
    seconds = sound.shape[1] / 44_100
    spec = {"init_audio": path, "keep": [[0, seconds]], "seconds_total": seconds + 8}
    assert "3/4" in sheet(sound, **spec).about


def test_takes_may_go_on_and_on(take: Any) -> None:
    path, score, sound = take
    seconds = sound.shape[1] / 44_100
    for turn in range(1, 6):
        note_beside(Path(path), score)
        longer = np.zeros((2, round((seconds + 4 * (turn - 1)) * 44_100)), np.float32)
        kept = longer.shape[1] / 44_100
        spec = {"init_audio": path, "keep": [[0, kept]], "seconds_total": kept + 4}
        score = score_of(sheet(longer, seed=turn, **spec))
    assert len(score.parts) == len({tuple(row) for row in score.parts.tolist()})


def test_notes_of_a_strange_recording_are_not_made_up(take: Any) -> None:
    path, _, sound = take
    Path(path).with_suffix(".json").unlink()
    seconds = sound.shape[1] / 44_100
    assert sheet(sound, init_audio=path, keep=[[0, 4]], seconds_total=seconds).score is None
    asked = sheet(sound, init_audio=path, score="composed")
    assert asked.score is not None


def test_a_damaged_sidecar_is_none(take: Any) -> None:
    path, _, sound = take
    for text in ("", "[]", '{"score": 3}', '{"score": {"notes": [[1]]}}', "{" * 10_000):
        Path(path).with_suffix(".json").write_text(text)
        assert sheet(sound, init_audio=path, keep=[[0, 4]]).score is None


def test_every_error_is_before_the_model() -> None:
    with pytest.raises(LongtakeError):
        replace(resolved(), chords="Am | ?").checked()
