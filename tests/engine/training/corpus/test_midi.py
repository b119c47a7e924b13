"""Laws of reading and playing MIDI files, and of the table of Freedoom's pieces."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from engine.composing.instruments import INSTRUMENTS
from engine.errors import LongtakeError
from engine.training.corpus.effects import PEAK
from engine.training.corpus.freedoom import Piece, lumps, metadata, pieces
from engine.training.corpus.general_midi import (
    play,
    played,
    program_name,
    read_midi,
    varied,
)
from engine.training.corpus.oscillators import SAMPLE_RATE
from tests.engine.training.corpus.test_renderer import SOUNDFONTS

REPOSITORY = Path(__file__).parents[4]


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">I", len(body)) + body


def midi_bytes() -> bytes:
    """Two tracks: 120 then 60 BPM, 3/4; a flute's A and its octave by running status, a kick on the second beat."""
    head = _chunk(b"MThd", struct.pack(">HHH", 1, 3, 96))
    tempo = bytes([0, 0xFF, 0x58, 4, 3, 2, 24, 8, 0, 0xFF, 0x51, 3]) + (500_000).to_bytes(3, "big")
    tempo += bytes([96, 0xFF, 0x51, 3]) + (1_000_000).to_bytes(3, "big") + bytes([0, 0xFF, 0x2F, 0])
    flute = bytes([0, 0xC0, 73, 0, 0x90, 69, 100, 96, 69, 0, 0, 81, 90, 0x81, 0x40, 81, 0])
    kick = bytes([0, 0xF0, 2, 1, 0xF7, 96, 0x99, 36, 110, 48, 0x89, 36, 0])
    return head + _chunk(b"MTrk", tempo) + _chunk(b"MTrk", flute) + _chunk(b"MTrk", kick)


def test_times_follow_the_tempi() -> None:
    score = read_midi(midi_bytes())
    ons = [
        (m.time, m.channel, m.note, m.velocity) for m in score if m.type == "note_on" and m.velocity
    ]
    # A beat at 120 BPM lasts half a second; after it the tempo is 60.
    assert ons == [(0.0, 0, 69, 100), (0.5, 0, 81, 90), (0.5, 9, 36, 110)]
    assert max(m.time for m in score) == pytest.approx(0.5 + 2.0)
    assert not any(m.is_meta or m.type == "sysex" for m in score)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF" + bytes(20),
        b"MThd\0\0\0\6\0\1\0\0\xe8\x28",  # SMPTE time
        b"MThd\0\0\0\6\0\2\0\0\0\x60",  # sequences of their own
        midi_bytes()[:-3],
    ],
)
def test_what_is_no_midi_file_is_refused(data: bytes) -> None:
    with pytest.raises(LongtakeError, match="Standard MIDI File"):
        read_midi(data)


def test_instruments_are_named_with_their_shares() -> None:
    assert played(read_midi(midi_bytes())) == {"Flute": 2, "Drums": 1}
    names = {program_name(program) for program in range(128)} - {None}
    assert names <= set(INSTRUMENTS)
    assert program_name(0) == "Piano"
    assert program_name(127) is None


def test_a_variation_moves_notes_but_not_drums() -> None:
    score = read_midi(midi_bytes())
    faster = varied(score, 2, 1.25)
    assert {m.note for m in faster if m.type == "note_on"} == {71, 83, 36}
    assert [m.time for m in faster] == pytest.approx([m.time / 1.25 for m in score])


@SOUNDFONTS
def test_what_is_played_is_at_the_written_pitch_and_time() -> None:
    score = read_midi(midi_bytes())
    audio = play(score, "fluid", seed=1)
    assert audio.shape == (2, round((2.5 + 3.0) * SAMPLE_RATE))
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= PEAK + 1e-6
    assert np.abs(audio[:, -8:]).max() < 1e-3
    mono = audio.mean(axis=0)
    for start, frequency in ((0.15, 440.0), (1.0, 880.0)):
        piece = mono[int(start * SAMPLE_RATE) :][: int(0.3 * SAMPLE_RATE)] * np.hanning(
            int(0.3 * SAMPLE_RATE)
        )
        spectrum = np.abs(np.fft.rfft(piece, 1 << 17))
        heard = float(np.argmax(spectrum)) * SAMPLE_RATE / (1 << 17)
        assert min(abs(heard / (frequency * k) - 1) for k in (1, 2)) < 0.02
    assert play(score, "fluid", seed=1).tobytes() == audio.tobytes()


def test_a_wad_is_a_directory_of_lumps() -> None:
    data = b"PWAD" + struct.pack("<ii", 1, 12 + 4) + b"song"
    data += struct.pack("<ii8s", 12, 4, b"D_TEST")
    assert lumps(data) == {"D_TEST": b"song"}


def test_the_table_names_each_piece_once() -> None:
    rows = pieces()
    assert len(rows) == 66
    assert len({row.sha256 for row in rows}) == 66
    for row in rows:
        assert int(row.sha256, 16) >= 0
        assert row.wad in ("freedoom1.wad", "freedoom2.wad")
        assert row.genres
        assert not row.tempo or 60 <= float(row.tempo) <= 190
    assert sum(bool(row.tempo) for row in rows) > 40
    assert "freedoom" in (REPOSITORY / "ATTRIBUTION.md").read_text(encoding="utf-8")


def test_facts_say_what_plays_and_how_fast() -> None:
    piece = Piece("freedoom1.wad", "D_X", "0" * 64, "120", "3/4", "Rock, Soundtrack")
    facts = metadata(10, piece, read_midi(midi_bytes()), 1.1)
    assert facts["held_out"] is True
    assert facts["tempo"] == pytest.approx(132)
    assert facts["beats_per_bar"] == 3
    assert facts["instruments"] == ["Flute", "Drums"]
    assert metadata(11, piece, read_midi(midi_bytes()), 1.0)["held_out"] is False
