"""Laws of MIDI files as scores and of scores as MIDI files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.composing import compose
from engine.composing.midi_files import MOST_BYTES, midi_seconds, read_midi, write_midi
from engine.composing.notation import TEMPI
from engine.composing.score import Score
from engine.errors import LongtakeError
from tests.engine.composing.midi_clips import clip, meta, note, notes, program, raw

SCALE = notes(
    *((240 * i, 240 * i + 240, p) for i, p in enumerate((60, 62, 64, 65, 67, 69, 71, 72)))
)
CHORDS = notes(
    *(
        (1920 * bar, 1920 * bar + 1900, p)
        for bar, tones in enumerate(((57, 60, 64), (53, 57, 60)))
        for p in tones
    )
)
BASS = notes(*((480 * i, 480 * i + 400, 33 if i < 4 else 29) for i in range(8)), channel=1)
DRUMS = notes(*((480 * i, 480 * i + 30, (36, 38)[i % 2]) for i in range(8)), channel=9)
HALT = bytes([0, 0xFF, 0x2F, 0])


def tempo(bpm: float, tick: int = 0) -> tuple[int, Any]:
    return meta(tick, "set_tempo", tempo=mido.bpm2tempo(bpm))


def ticks(score: Score) -> list[tuple[int, ...]]:
    """Part, pitch, velocity, start and end of every note, sorted."""
    starts = score.notes["start"].astype(float)
    places = np.stack([starts, starts + score.notes["duration"]], axis=1)
    rows = zip(*(score.notes[name].tolist() for name in ("part", "pitch", "velocity")), strict=True)
    return sorted(
        (*row, *map(int, each)) for row, each in zip(rows, np.round(places * 480), strict=True)
    )


def seconds(score: Score) -> list[float]:
    return (score.notes["start"].astype(float) * 60 / score.tempo).tolist()


@pytest.mark.parametrize("seed", range(1, 26))
def test_what_is_written_is_read_again(seed: int, tmp_path: Path) -> None:
    score = Score.of(compose(seed))
    write_midi(score, tmp_path / "piece.mid")
    again = read_midi(tmp_path / "piece.mid")
    assert (again.tempo, again.beats_per_bar) == (score.tempo, score.beats_per_bar)
    assert again.parts.tolist() == score.parts.tolist()
    assert ticks(again) == ticks(score)
    assert {"players", "form"} <= again.known
    for name in ("sections", "chords"):
        ours, theirs = getattr(score, name), getattr(again, name)
        if not len(ours):
            continue
        assert len(theirs) == len(ours)
        for field in ours.dtype.names:
            if ours.dtype[field].kind == "f":
                assert np.allclose(theirs[field], ours[field], atol=1e-3)
            else:
                assert theirs[field].tolist() == ours[field].tolist()


def test_other_programs_read_what_is_written(tmp_path: Path) -> None:
    score = Score.of(compose(next(s for s in range(1, 60) if len(compose(s).parts) > 3)))
    write_midi(score, tmp_path / "piece.mid")
    file = mido.MidiFile(tmp_path / "piece.mid")
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (1, 480, 1 + len(score.parts))
    for (role, instrument), track in zip(score.parts.tolist(), file.tracks[1:], strict=True):
        assert track.name == f"{instrument} ({role})"
        channels = {message.channel for message in track if not message.is_meta}
        assert len(channels) == 1 and (channels == {9}) == (role == "drums")
        assert [message.type for message in track].count("program_change") == 1
    markers = [message.text for message in file.tracks[0] if message.type == "marker"]
    assert markers == score.sections["name"].tolist()


def test_many_parts_share_the_last_channel_and_keep_their_names(tmp_path: Path) -> None:
    parts = np.array([("chords", "Flute" if i % 2 else "Harp") for i in range(20)], "U32")
    tune = Score.of(compose(next(s for s in range(1, 60) if compose(s).kind == "song")))
    rows = tune.notes[:20].copy()
    rows["part"] = range(20)
    score = Score(
        100.0,
        4.0,
        parts,
        rows,
        tune.chords[:0],
        tune.sections[:0],
        frozenset({"harmony", "players"}),
    )
    write_midi(score, tmp_path / "many.mid")
    again = read_midi(tmp_path / "many.mid")
    assert again.parts.tolist() == parts.tolist()
    used = [m.channel for m in mido.MidiFile(tmp_path / "many.mid") if m.type == "note_on"]
    assert set(used) == set(range(16)) - {9}


def test_what_is_not_known_is_not_written(tmp_path: Path) -> None:
    score = read_midi(clip(SCALE))
    assert score.known == {"melody"}
    write_midi(score, tmp_path / "tune.mid")
    again = read_midi(tmp_path / "tune.mid")
    assert (again.known, again.parts.tolist()) == (score.known, score.parts.tolist())
    assert ticks(again) == ticks(score)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LongtakeError, match=r"missing/tune\.mid cannot be written"):
        write_midi(read_midi(clip(SCALE)), tmp_path / "missing" / "tune.mid")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_scale_is_that_scale(kind: int) -> None:
    score = read_midi(clip([tempo(120), *SCALE], kind=kind))
    assert score.notes["pitch"].tolist() == [60, 62, 64, 65, 67, 69, 71, 72]
    assert score.notes["start"].tolist() == [i / 2 for i in range(8)]
    assert score.parts[:, 0].tolist() == ["lead"]
    assert (score.tempo, score.beats_per_bar, score.known) == (120.0, 4.0, {"melody"})


def test_patterns_are_played_in_a_row() -> None:
    score = read_midi(clip(note(0, 480, 60), note(0, 480, 62), kind=2))
    assert sorted(zip(score.notes["pitch"], score.notes["start"], strict=True)) == [
        (60, 0),
        (62, 1),
    ]


def test_a_band_has_its_groups() -> None:
    score = read_midi(clip(CHORDS, BASS, DRUMS))
    assert score.parts.tolist() == [
        ["chords", "Piano"],
        ["bass", "Bass Guitar"],
        ["drums", "Drums"],
    ]
    assert score.known == {"harmony", "bass", "drums", "chords"}
    assert score.chords["root"].tolist() == [9, 5]
    assert score.chords["beats"].tolist() == [4, 4]
    assert "players" in read_midi(clip([program(4), *CHORDS])).known
    assert read_midi(clip(DRUMS)).known == {"drums"}


def test_notes_sound_where_the_tempo_map_says() -> None:
    changes = [tempo(90), tempo(130.5, 700), tempo(61, 1300), tempo(130.5, 1500)]
    score = read_midi(clip(changes, SCALE))
    file = mido.MidiFile(file=io.BytesIO(clip(changes, SCALE)))
    now, theirs = 0.0, []
    for message in file:
        now += message.time
        if message.type == "note_on":
            theirs.append(now)
    assert seconds(score) == pytest.approx(theirs, abs=1e-4)
    assert score.tempo == 130.5


def test_smpte_time_is_seconds() -> None:
    body = bytes([0, 0x90, 60, 90, 100, 60, 0, 100, 62, 90, 100, 62, 0]) + HALT
    score = read_midi(raw(body, division=-25 * 256 + 4))
    assert seconds(score) == pytest.approx([0.0, 2.0])
    assert score.tempo == 120.0


@pytest.mark.parametrize(("written", "read"), [(20, 40), (599, 299.5), (4, 32), (93.37, 93.37)])
def test_the_tempo_is_one_that_pieces_have(written: float, read: float) -> None:
    score = read_midi(clip([tempo(written), *SCALE]))
    assert score.tempo == pytest.approx(read, rel=1e-5)
    assert seconds(score)[1] == pytest.approx(0.5 * 60 / written, rel=1e-5)


@pytest.mark.parametrize(
    ("over", "under", "beats"), [(3, 4, 3), (7, 8, 3.5), (6, 8, 3), (1, 32, 4), (255, 4, 4)]
)
def test_the_bar_is_the_first_time_signature(over: int, under: int, beats: float) -> None:
    first = meta(0, "time_signature", numerator=over, denominator=under)
    later = meta(960, "time_signature", numerator=2, denominator=4)
    assert read_midi(clip([first, later, *SCALE])).beats_per_bar == beats


def test_a_note_without_length_gets_one() -> None:
    score = read_midi(clip(notes((0, 0, 36), (480, 481, 38), channel=9)))
    assert score.notes["duration"].tolist() == [1 / 32] * 2


def test_silence_at_the_beginning_is_kept_or_whole_bars_of_it_are_left_out() -> None:
    late = [(tick + 2 * 1920 + 960, message) for tick, message in SCALE]
    markers = [meta(0, "marker", text="Intro"), meta(3 * 1920, "marker", text="Verse")]
    data = clip(markers, late)
    kept, trimmed = read_midi(data), read_midi(data, trim=True)
    assert (kept.notes["start"][0], trimmed.notes["start"][0]) == (10.0, 2.0)
    assert kept.sections["start"].tolist() == [0, 12]
    assert trimmed.sections["start"].tolist() == [0, 4]


@pytest.mark.parametrize(("last", "bars"), [(1000, 1), (1920, 1), (1960, 1), (2100, 2), (3840, 2)])
def test_a_clip_is_whole_bars_long(last: int, bars: int) -> None:
    score = read_midi(clip([tempo(100), *note(0, last, 60)]))
    assert midi_seconds(score) == pytest.approx(bars * 4 * 0.6)


def _refused() -> dict[str, bytes]:
    return {
        "no MIDI file": b"RIFF....WAVE",
        "empty": b"",
        "no notes": clip([tempo(100)]),
        "cut off": clip(SCALE)[:-5],
        "too many notes": raw(bytes([0, 0x90, 60, 9]) + bytes([1, 61, 9]) * 20_001 + HALT),
        "too many events": raw(bytes([0, 0xB0, 64, 9]) + bytes([1, 64, 99]) * 200_001 + HALT),
        "too many parts": raw(*[bytes([0, 0x90, 60, 9, 9, 60, 0]) + HALT] * 65),
        "too long": clip([tempo(60), *note(0, 480 * 601, 60)]),
        "too large": bytes(MOST_BYTES + 1),
    }


@pytest.mark.parametrize("case", _refused())
def test_what_cannot_be_used_is_a_sentence_with_the_name_of_the_file(
    case: str, tmp_path: Path
) -> None:
    path = tmp_path / "my clip.mid"
    path.write_bytes(_refused()[case])
    with pytest.raises(LongtakeError, match=r"^my clip\.mid .*\.$"):
        read_midi(path)
    with pytest.raises(LongtakeError, match=r"^The MIDI clip .*\.$"):
        read_midi(path.read_bytes())


@pytest.mark.parametrize("name", ["missing.mid", ".", "a\0b"])
def test_no_file_is_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(LongtakeError, match="There is no MIDI file"):
        read_midi(tmp_path / name)


def _sound(score: Score) -> None:
    """What every score that is read has."""
    assert TEMPI[0] <= score.tempo <= TEMPI[1] and 1 <= score.beats_per_bar <= 16
    assert (score.notes["start"] >= 0).all() and (score.notes["duration"] > 0).all()
    assert (score.chords["beats"] > 0).all() and (score.sections["beats"] > 0).all()
    assert 0 < midi_seconds(score) < 700
    assert Score.from_dict(score.to_dict()).known == score.known


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_files_are_read_or_refused(data: st.DataObject) -> None:
    markers = [meta(0, "marker", text="Verse"), meta(0, "text", text="chord Am7"), tempo(100)]
    whole = clip([*markers, *SCALE], [program(33, 1), *BASS], DRUMS, CHORDS)
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    for _ in range(data.draw(st.integers(0, 8))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        _sound(read_midi(bytes(damaged), trim=data.draw(st.booleans())))
    except LongtakeError as error:
        assert str(error).startswith("The MIDI clip")


_EVENT = st.one_of(
    st.tuples(
        st.sampled_from([0x80, 0x90, 0x91, 0x99, 0xB0, 0xB9]),
        st.integers(0, 127),
        st.integers(0, 127),
    ).map(bytes),
    st.tuples(st.just(0xB0), st.sampled_from([64, 120, 123]), st.integers(0, 127)).map(bytes),
    st.tuples(st.just(0xC0), st.integers(0, 127)).map(bytes),
    st.tuples(st.sampled_from([1, 3, 6, 7, 0x51, 0x58, 0x59, 0x7D]), st.binary(max_size=12)).map(
        lambda kind: bytes([0xFF, kind[0], len(kind[1])]) + kind[1]
    ),
)
_DELTA = st.integers(0, 127).map(lambda n: bytes([n])) | st.sampled_from(
    [b"\xff\x7f", b"\xff\xff\x7f"]
)


@given(
    st.lists(
        st.lists(st.tuples(_DELTA, _EVENT).map(b"".join), max_size=40).map(b"".join),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([480, 1, 32767, -25 * 256 + 40, -29 * 256 + 1]),
)
@settings(max_examples=200, deadline=None)
def test_any_events_are_read_or_refused(tracks: list[bytes], kind: int, division: int) -> None:
    try:
        _sound(read_midi(raw(*tracks, kind=kind, division=division)))
    except LongtakeError as error:
        assert str(error).startswith("The MIDI clip")
