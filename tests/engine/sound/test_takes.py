"""Laws of a take on disk: it tells its settings, with and without its sidecar, and is there whole or not at all."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import __version__
from engine.composing import compose
from engine.composing.score import Score
from engine.errors import AudioError, DiskError
from engine.registry import SKETCH
from engine.sound import riff
from engine.sound.audio import read_audio, write_audio
from engine.sound.formats import FORMATS
from engine.sound.music_in_files import musical_facts
from engine.sound.pipes import TakePipe
from engine.sound.rates import OUTPUT_RATES
from engine.sound.takes import (
    TakeWriter,
    check_take,
    found_again,
    read_settings,
    read_spec,
    sidecar_path,
)
from engine.sound.targets import Place
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet, Remark
from tests.small_disks import fill, small_disk

SPEC = GenerationSpec(
    prompt='Genre: "Höuse" | BPM: 124',
    seconds_total=0.5,
    seed=7,
    init_audio="beat.wav",
    keep=((0.0, 0.25),),
).resolved(SKETCH)


def blocks(frames: int = 22_050, size: int = 5_000) -> list[AudioBlock]:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (2, frames)).astype(np.float32)
    return [AudioBlock(start, samples[:, start : start + size]) for start in range(0, frames, size)]


def written(path: Path, **options: Any) -> dict[str, object]:
    with TakeWriter(Place(path, **options), SPEC, 44_100) as writer:
        for block in blocks():
            writer.add(block)
        return writer.close(render_seconds=1.5)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_take_tells_its_settings_with_and_without_its_sidecar(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"take{suffix}"
    facts = written(path)
    assert read_settings(path) == facts == json.loads((tmp_path / "take.json").read_text())
    assert read_settings(tmp_path / "take.json") == facts
    assert read_spec(path) == SPEC
    moved = path.rename(tmp_path / f"moved{suffix}")
    sidecar_path(path).unlink()
    assert read_spec(moved) == SPEC
    assert read_settings(moved)["longtake"] == __version__


@pytest.mark.parametrize("name", ["pad.mp3", "/elsewhere/pad.mp3", "C:\\music\\pad.mp3"])
def test_a_recording_that_moved_with_its_take_is_found_beside_it(tmp_path: Path, name: str) -> None:
    spec = GenerationSpec(prompt="a", init_audio=name, midi="clip.mid")
    assert found_again(spec, tmp_path) == spec
    (tmp_path / "pad.mp3").write_bytes(b"")
    beside = dataclasses.replace(spec, init_audio=str(tmp_path / "pad.mp3"))
    assert found_again(spec, tmp_path) == beside
    there = tmp_path / "there.wav"
    there.write_bytes(b"")
    stays = GenerationSpec(prompt="a", init_audio=str(there))
    assert found_again(stays, tmp_path / "other") == stays


def test_what_a_take_plays_is_one_line_of_its_sidecar(tmp_path: Path) -> None:
    path, score = tmp_path / "take.wav", Score.of(compose(3))
    with TakeWriter(Place(path), SPEC, 44_100) as writer:
        writer.note(LeadSheet(score, "composed: a tune", score.tempo))
        for block in blocks():
            writer.add(block)
        facts = writer.close()
    text = sidecar_path(path).read_text()
    assert json.loads(text) == facts == read_settings(path)
    assert facts["lead_sheet"] == "composed: a tune"
    assert Score.from_dict(facts["score"]).tempo == score.tempo
    [line] = [line for line in text.splitlines() if line.startswith('  "score"')]
    assert str(facts["score"]["notes"][-1][1]) in line


def test_remarks_are_kept_in_order(tmp_path: Path) -> None:
    with TakeWriter(Place(tmp_path / "take.wav"), SPEC, 44_100) as writer:
        writer.note(Remark("One."))
        for block in blocks():
            writer.add(block)
        writer.note(Remark("Two."))
        assert writer.close()["remarks"] == ["One.", "Two."]


def test_the_sidecar_says_what_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    facts = written(path, subtype="float")
    samples = read_audio(path).samples
    assert np.array_equal(samples, np.concatenate([b.samples for b in blocks()], axis=1))
    assert facts["frames"] == samples.shape[1] == 22_050
    assert (facts["seconds"], facts["sample_rate"], facts["channels"]) == (0.5, 44_100, 2)
    assert facts["peak_db"] == pytest.approx(20 * np.log10(np.abs(samples).max()), abs=0.01)
    assert facts["render_seconds"] == 1.5


def test_a_sidecar_of_another_file_is_not_believed(tmp_path: Path) -> None:
    written(tmp_path / "take.wav")
    write_audio(tmp_path / "take.flac", blocks()[0].samples, 44_100)
    with pytest.raises(AudioError, match="has no Longtake settings"):
        read_settings(tmp_path / "take.flac")


def test_nothing_is_left_when_the_work_fails_or_nothing_came(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        TakeWriter(Place(tmp_path / "a.wav"), SPEC, 44_100) as writer,
    ):
        writer.add(blocks()[0])
        raise KeyboardInterrupt
    with pytest.raises(AudioError), TakeWriter(Place(tmp_path / "b.wav"), SPEC, 44_100):
        pass
    with (
        pytest.raises(AudioError, match="instead of"),
        TakeWriter(Place(tmp_path / "c.wav"), SPEC, 44_100) as w,
    ):
        w.add(blocks()[1])
    assert list(tmp_path.iterdir()) == []


def test_takes_are_not_replaced_unless_told(tmp_path: Path) -> None:
    written(tmp_path / "take.wav")
    for name in ("take.wav", "take.flac"):
        with pytest.raises(AudioError, match="already exists"):
            TakeWriter(Place(tmp_path / name), SPEC, 44_100)
    written(tmp_path / "take.wav", overwrite=True)


def test_a_file_without_settings_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"a": 1}')
    (tmp_path / "text.wav").write_text("hello")
    for name in ("other.json", "text.wav"):
        with pytest.raises(AudioError, match=f"{name} has no Longtake settings"):
            read_settings(tmp_path / name)
    with pytest.raises(AudioError, match="no file"):
        read_settings(tmp_path / "missing.wav")


def test_a_disk_that_is_full_meanwhile_costs_no_take(tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", 2**18) as stick:
        refuge = tmp_path / "refuge" / "deep"
        writer = TakeWriter(Place(stick / "take.wav", "float", refuges=(refuge,)), SPEC, 44_100)
        for block in blocks(60_000):
            writer.add(block)
        assert str(stick) in str(writer.problem) and "is full" in str(writer.problem)
        assert list(stick.iterdir()) == [], "what no one can use takes no space"
        facts = writer.close()
        assert writer.path == refuge / "take.wav"
        assert read_settings(writer.path) == facts
        whole = np.concatenate([block.samples for block in blocks(60_000)], 1)
        np.testing.assert_array_equal(read_audio(writer.path).samples, whole)
        assert list(stick.iterdir()) == []


def test_a_take_waits_in_memory_for_space(tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", 2**21) as stick:
        filling = fill(stick, free=2**17)
        place = Place(stick / "take.wav", "float", refuges=(stick / "refuge",))
        writer = TakeWriter(place, SPEC, 44_100)
        for block in blocks():
            writer.add(block)
        for _ in range(2):
            with pytest.raises(DiskError, match=rf"disk {stick} is full"):
                writer.close()
        filling.unlink()
        writer.close()
        assert writer.path == stick / "take.wav"
        samples = np.concatenate([block.samples for block in blocks()], 1)
        np.testing.assert_array_equal(read_audio(writer.path).samples, samples)


def test_a_sidecar_that_has_no_space_takes_its_audio_along(tmp_path: Path) -> None:
    with small_disk(tmp_path / "stick", 2**20) as stick:
        writer = TakeWriter(Place(stick / "take.wav", refuges=(tmp_path / "refuge",)), SPEC, 44_100)
        for block in blocks():
            writer.add(block)
        fill(stick, free=2**14)
        writer.close(notes="x" * 2**15)
        assert writer.path.parent == tmp_path / "refuge"
        assert len(read_settings(writer.path)["notes"]) == 2**15
        assert [path.name for path in stick.iterdir()] == ["filling"]


def test_a_folder_that_is_gone_costs_no_take_either(tmp_path: Path) -> None:
    place = Place(tmp_path / "gone" / "take.wav", refuges=(tmp_path,))
    write_audio(tmp_path / "take.wav", np.zeros((1, 10), np.float32), 44_100)
    with TakeWriter(place, SPEC, 44_100) as writer:
        for block in blocks():
            writer.add(block)
    assert writer.path == tmp_path / "take-2.wav", "nothing that stands there is replaced"
    assert "There is no folder" in str(writer.problem)
    with pytest.raises(AudioError):
        check_take(place.path, None, False)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_name_of_another_encoding_is_written_and_read(tmp_path: Path, suffix: str) -> None:
    try:
        name = os.fsdecode(b"caf\xe9") + suffix
        (tmp_path / name).touch()
    except (OSError, UnicodeError):
        pytest.skip("this disk takes no such names")
    spec = dataclasses.replace(SPEC, prompt="\ud800", init_audio=str(tmp_path / name))
    with TakeWriter(Place(tmp_path / name, overwrite=True), spec, 44_100) as writer:
        for block in blocks():
            writer.add(block)
    kept = dataclasses.replace(spec, prompt="\ufffd")  # Half a character is none.
    assert read_spec(tmp_path / name) == kept
    sidecar_path(tmp_path / name).unlink()
    assert read_spec(tmp_path / name) == kept


@pytest.mark.parametrize("letters", [247, 251, 252, 300])
def test_a_name_that_is_too_long_is_refused_before_any_work(tmp_path: Path, letters: int) -> None:
    path = tmp_path / f"{'n' * letters}.wav"
    if letters <= 250:
        assert written(path)
        return
    with pytest.raises(AudioError, match="too long"):
        check_take(path, None, False)
    with pytest.raises(AudioError, match="too long"):
        TakeWriter(Place(path), SPEC, 44_100)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_million_tags_is_not_read_for_minutes(tmp_path: Path) -> None:
    """A RIFF of nothing but empty chunks, and a comment as large as the file."""
    body = b"WAVE" + b"junk\0\0\0\0" * 1_000_000
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFF" + len(body).to_bytes(4, "little") + body)
    assert riff.read_texts(path) == {}
    with path.open("rb") as file:
        assert len(list(riff.chunks(file, path.stat().st_size))) <= riff.MOST
    text = b"INFOICMT" + (5 << 20).to_bytes(4, "little") + b"x" * (5 << 20)
    listed = b"WAVELIST" + len(text).to_bytes(4, "little") + text
    path.write_bytes(b"RIFF" + len(listed).to_bytes(4, "little") + listed)
    assert riff.read_texts(path) == {"comment": "x" * riff.LONGEST}


def test_what_is_replaced_is_the_take_of_that_name_and_nobody_elses(tmp_path: Path) -> None:
    written(tmp_path / "take.wav")
    with pytest.raises(AudioError, match=r"take.json belongs to take.wav"):
        check_take(tmp_path / "take.flac", None, True)
    (tmp_path / "take.wav").unlink()
    written(tmp_path / "take.flac", overwrite=True)
    (tmp_path / "package.json").write_text('{"name": "somebody else\'s"}')
    with pytest.raises(AudioError, match=r"package.json is no take's"):
        check_take(tmp_path / "package.wav", None, True)


LOOP = GenerationSpec(prompt="drums, 124 BPM", bars=2, loop=True, seed=1).resolved(SKETCH)


@pytest.mark.parametrize("rate", OUTPUT_RATES)
@pytest.mark.parametrize("loop", [False, True])
def test_bars_are_as_long_at_every_rate(tmp_path: Path, rate: int, loop: bool) -> None:
    path, spec = tmp_path / "take.wav", dataclasses.replace(LOOP, loop=loop)
    frames = spec.frames(44_100)
    turns = 2 * np.pi * 400 * np.arange(frames) / frames
    samples = 0.5 * np.sin(np.stack([turns, 2 * turns])).astype(np.float32)
    with TakeWriter(Place(path, "float", rate=rate), spec, 44_100) as writer:
        for start in range(0, frames, 50_000):
            writer.add(AudioBlock(start, samples[:, start : start + 50_000]))
        facts = writer.close()
    audio = read_audio(path)
    assert audio.sample_rate == facts["sample_rate"] == rate
    assert audio.samples.shape[1] == facts["frames"] == round(8 * 60 / 124 * rate)
    expected = np.sin(2 * np.pi * 400 * np.arange(facts["frames"]) / facts["frames"])
    edge = 0 if loop else 200  # Silence is before what is no loop, and its rate is the nominal one.
    if not loop:
        expected = np.sin(2 * np.pi * 400 * np.arange(facts["frames"]) * 44_100 / rate / frames)
    inner = slice(edge, facts["frames"] - edge)
    assert np.abs(audio.samples[0, inner] - 0.5 * expected[inner]).max() < 1e-3
    found = musical_facts(path)
    assert found is not None and (found.beats, found.loop) == (8.0, loop)


@pytest.mark.parametrize("loop", [False, True])
def test_a_pipe_at_another_rate_is_the_file(tmp_path: Path, loop: bool) -> None:
    path, spec, stream = tmp_path / "take.wav", dataclasses.replace(LOOP, loop=loop), io.BytesIO()
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (2, spec.frames(44_100)))
    block = AudioBlock(0, samples.astype(np.float32))
    with TakeWriter(Place(path, "24", rate=96_000), spec, 44_100) as writer:
        writer.add(block)
        writer.close()
    pipe = TakePipe(stream, spec, 44_100, "24", 96_000)
    pipe.add(block)
    pipe.close()
    (tmp_path / "piped.wav").write_bytes(stream.getvalue())
    piped = read_audio(tmp_path / "piped.wav")
    assert piped.sample_rate == 96_000
    assert np.array_equal(piped.samples, read_audio(path).samples)
    assert read_spec(tmp_path / "piped.wav") == spec


@pytest.mark.parametrize(
    ("name", "rate", "said"),
    [
        ("take.mp3", 96_000, "MP3 has 48000 samples a second at the most"),
        ("take.opus", 44_100, "Opus has 48000"),
        ("take.wav", 22_050, "44100, 48000, 88200 or 96000"),
    ],
)
def test_a_rate_that_a_format_lacks_is_said(
    tmp_path: Path, name: str, rate: int, said: str
) -> None:
    with pytest.raises(AudioError, match=said):
        TakeWriter(Place(tmp_path / name, rate=rate), LOOP, 44_100)
