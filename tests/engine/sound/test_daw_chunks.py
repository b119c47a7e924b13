"""Laws of what a WAV file says to DAWs: other programs read it, and it is found again."""

from __future__ import annotations

import struct
import subprocess
import xml.etree.ElementTree as Tree
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.registry import SKETCH
from engine.sound import daw_chunks, riff
from engine.sound.about import About, MusicalFacts
from engine.sound.audio import AudioWriter, read_audio, read_texts, write_audio
from engine.sound.daw_chunks import Shape
from engine.sound.music_in_files import musical_facts
from engine.sound.takes import TakeWriter
from engine.sound.targets import Place
from engine.spec import GenerationSpec
from engine.updates import AudioBlock, LeadSheet

LOOP = MusicalFacts(tempo=124.0, loop=True, key="F# minor", beats_per_bar=3)
RATE = 44_100


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (channels, frames)).astype(np.float32)


def written(path: Path, music: MusicalFacts, frames: int = 2 * RATE, title: str = "Drums") -> Path:
    about = About(music, title, 1_700_000_000.0, "Longtake 9", loudness=-14.25, true_peak=-1.0)
    told(path, noise(frames), "16", about)
    return path


def told(path: Path, samples: np.ndarray, subtype: str, about: About) -> None:
    with AudioWriter(path, RATE, subtype=subtype, overwrite=True) as writer:
        writer.about = about
        writer.write(samples)


def said_by(*command: object) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, check=True)
    return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")


def take(path: Path, sheet: LeadSheet | None = None, **values: object) -> GenerationSpec:
    spec = GenerationSpec(seed=7, **values).resolved(SKETCH)  # pyright: ignore[reportArgumentType]
    with TakeWriter(Place(path), spec, RATE) as writer:
        if sheet:
            writer.note(sheet)
        writer.add(AudioBlock(0, noise(spec.frames(RATE))))
    return spec


@pytest.mark.real_parts("sndfile-info")
def test_libsndfile_reads_tempo_beats_root_metre_and_loop(tmp_path: Path) -> None:
    frames = round(24 * 60 / 124 * RATE)
    said = said_by("sndfile-info", written(tmp_path / "loop.wav", LOOP, frames))
    assert "(Loop,RootNoteValid,StretchOn,RAMBased" in said
    assert "Root note : 0x42" in said and "Beats     : 24" in said
    assert "Meter     : 3/4" in said and "Tempo     : 124.000000" in said
    assert "Midi Note    : 66" in said and f"End : {frames - 1} " in said
    assert "*** " not in said


@pytest.mark.real_parts("sndfile-info")
def test_libsndfile_reads_the_broadcast_chunk(tmp_path: Path) -> None:
    path = written(tmp_path / "take.wav", LOOP, title="Größe 電")
    said = said_by("sndfile-info", "--broadcast", path)
    assert "Description              : Gro?e ?" in said
    assert "Originator               : Longtake" in said and "2023-11-1" in said
    assert "A=PCM,F=44100,W=16,M=stereo,T=Longtake 9" in said


@pytest.mark.real_parts("mediainfo", "soxi", "ffprobe")
def test_other_programs_read_the_same_sound_and_loudness(tmp_path: Path) -> None:
    path = written(tmp_path / "take.wav", LOOP)
    said = said_by("mediainfo", path)
    assert "-14.25" in said and "A=PCM,F=44100" in said and "Drums" in said
    assert f"{2 * RATE} samples" in said_by("soxi", path)
    assert "time_reference  : 0" in said_by("ffprobe", "-hide_banner", path)


@pytest.mark.parametrize("subtype", ["16", "24", "float"])
@pytest.mark.parametrize("frames", [1, 1001, 4410])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_sound_is_untouched_and_its_shape_is_found(
    tmp_path: Path, subtype: str, frames: int, channels: int
) -> None:
    plain, telling = tmp_path / "plain.wav", tmp_path / "told.wav"
    write_audio(plain, noise(frames, channels), RATE, subtype)
    told(telling, noise(frames, channels), subtype, About(LOOP))
    assert np.array_equal(read_audio(plain).samples, read_audio(telling).samples)
    bits = {"16": 16, "24": 24, "float": 32}[subtype]
    assert daw_chunks.shape_of(telling) == Shape(frames, RATE, channels, bits)
    # Every chunk begins at an even place and the whole is as long as it says.
    assert telling.stat().st_size == 8 + int.from_bytes(telling.read_bytes()[4:8], "little")
    with telling.open("rb") as file:
        tags = [tag for tag, _ in riff.file_chunks(file)]
    assert tags[-4:] == [b"acid", b"smpl", b"bext", b"iXML"]


@pytest.mark.parametrize(
    "music",
    [
        MusicalFacts(),
        LOOP,
        MusicalFacts(tempo=87.5),
        MusicalFacts(tempo=123.4, key="C"),
        MusicalFacts(key="B minor"),
        MusicalFacts(loop=True),
    ],
)
def test_what_was_written_is_read(tmp_path: Path, music: MusicalFacts) -> None:
    found = musical_facts(written(tmp_path / "take.wav", music))
    if music == MusicalFacts():
        assert found is None
        return
    assert found is not None
    assert (found.tempo, found.loop) == (music.tempo, music.loop)
    assert found.tonic == music.tonic
    assert found.beats == (None if music.tempo is None else round(2 * music.tempo / 60))
    assert music.tempo is None or found.beats_per_bar == music.beats_per_bar


def test_a_take_says_what_was_asked(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    take(path, prompt="drums, 100 BPM, 3/4, A minor", bars=4.0, loop=True)
    expected = MusicalFacts(tempo=100.0, beats=12.0, loop=True, key="A", beats_per_bar=3)
    assert musical_facts(path) == expected
    assert read_texts(path)["title"].startswith("drums")


def test_a_lead_sheet_tells_the_tempo_that_nobody_asked(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    take(path, LeadSheet(None, "8 bars", 93.0), prompt="drums", seconds_total=2.0)
    found = musical_facts(path)
    assert found is not None and found.tempo == 93.0 and not found.loop


def test_a_take_without_a_pulse_is_a_one_shot(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    take(path, prompt="wind", seconds_total=1.0)
    assert musical_facts(path) is None
    with path.open("rb") as file:
        kind = daw_chunks.read(file, {b"acid": 4})[b"acid"].content
    assert struct.unpack("<I", kind)[0] & 1


def foreign(path: Path, *chunks: bytes) -> Path:
    soundfile.write(path, noise(RATE).T, RATE)
    riff.append(path, b"".join(chunks))
    return path


def acid(kind: int, beats: int, tempo: float, metre: tuple[int, int] = (4, 4)) -> bytes:
    fields = struct.pack("<IHHfIHHf", kind, 57, 0x8000, 0.0, beats, metre[1], metre[0], tempo)
    return riff.chunk(b"acid", fields)


def smpl(first: int, last: int, times: int = 0) -> bytes:
    head = struct.pack("<9I", 0, 0, 22_676, 60, 0, 0, 0, 1, 0)
    return riff.chunk(b"smpl", head + struct.pack("<6I", 0, 0, first, last, 0, times))


def test_a_tempo_that_is_missing_follows_from_the_beats(tmp_path: Path) -> None:
    found = musical_facts(foreign(tmp_path / "a.wav", acid(0, 2, 0.0, (6, 8))))
    assert found == MusicalFacts(tempo=120.0, beats=2.0, loop=True, beats_per_bar=3)


@pytest.mark.parametrize(
    "chunk",
    [
        acid(1, 4, 120.0),  # A one-shot has no pulse, whatever stands there.
        acid(0, 0, float("nan")),
        acid(0, 0, 1e9),
        acid(0, 0, -5.0),
        riff.chunk(b"acid", b"short"),
        riff.chunk(b"smpl", b"\0" * 36),
        smpl(1000, 2000),  # A sampler's sustain is no loop of the whole.
        smpl(0, RATE - 1, times=3),
    ],
)
def test_what_cannot_be_believed_is_not(tmp_path: Path, chunk: bytes) -> None:
    assert musical_facts(foreign(tmp_path / "a.wav", chunk)) is None


def test_the_loop_of_a_sampler_is_a_loop(tmp_path: Path) -> None:
    for last in (RATE - 1, RATE):  # Some programs count one too many.
        found = musical_facts(foreign(tmp_path / "a.wav", smpl(0, last)))
        assert found == MusicalFacts(loop=True)


def test_no_bytes_break_the_reader(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    whole = written(tmp_path / "take.wav", LOOP, 50).read_bytes()
    path = tmp_path / "broken.wav"
    for _ in range(300):
        broken = bytearray(whole[: rng.integers(0, len(whole))])
        for place in rng.integers(0, max(len(broken), 1), 8):
            if len(broken):
                broken[place] = rng.integers(256)
        path.write_bytes(broken)
        found = musical_facts(path)
        assert found is None or found.tempo is None or 10 <= found.tempo <= 1000


def test_ixml_is_xml_whatever_the_prompt(tmp_path: Path) -> None:
    path = written(tmp_path / "take.wav", LOOP, title="a <b> & \x07\x00 電")
    with path.open("rb") as file:
        found = daw_chunks.read(file, {b"iXML": 1 << 16})[b"iXML"].content
    root = Tree.fromstring(found.decode())
    assert root.findtext("PROJECT") == "Longtake" and root.findtext("NOTE") == "a <b> &  電"
    assert root.findtext("TEMPO") == "124" and "F# minor" in (root.findtext("USER") or "")
    assert root.findtext("SPEED/FILE_SAMPLE_RATE") == "44100"
