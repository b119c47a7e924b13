"""Laws of ID3 tags: any text comes back, the sound stays as it was, and what is damaged is no tag."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.sound import id3

TEXTS = {"title": "Größe ♪ 電", "comment": "x" * 70_001, "software": "Longtake", "date": "2026"}
ADD = {"mp3": id3.prepend, "aiff": id3.append_to_aiff}


def tagged(folder: Path, kind: str) -> Path:
    path = folder / f"take.{kind}"
    soundfile.write(path, np.full((5_001, 1), 0.25), 44_100)
    before = soundfile.read(path)[0]
    ADD[kind](path, TEXTS)
    np.testing.assert_array_equal(soundfile.read(path)[0], before)
    return path


@pytest.mark.parametrize("kind", ADD)
def test_texts_come_back_and_the_sound_stays(tmp_path: Path, kind: str) -> None:
    assert id3.read_texts(tagged(tmp_path, kind)) == TEXTS


def test_other_programs_read_the_texts_of_an_mp3(tmp_path: Path) -> None:
    with soundfile.SoundFile(tagged(tmp_path, "mp3")) as file:
        assert (file.title, file.comment) == (TEXTS["title"], TEXTS["comment"])


@pytest.mark.parametrize(("codec", "encoding"), [(0, "latin-1"), (1, "utf-16"), (3, "utf-8")])
def test_tags_of_version_3_are_read_in_every_encoding(
    tmp_path: Path, codec: int, encoding: str
) -> None:
    body = bytes([codec]) + "Größe".encode(encoding)
    frame = b"TIT2" + len(body).to_bytes(4) + b"\0\0" + body
    path = tmp_path / "other.mp3"
    path.write_bytes(b"ID3\3\0\0" + bytes([0, 0, 0, len(frame)]) + frame)
    assert id3.read_texts(path) == {"title": "Größe"}


@pytest.mark.parametrize("kind", ADD)
def test_a_file_cut_anywhere_is_read_without_an_error(tmp_path: Path, kind: str) -> None:
    content = tagged(tmp_path, kind).read_bytes()
    path = tmp_path / "cut"
    for length in [*range(40), *range(40, len(content), 997)]:
        path.write_bytes(content[:length])
        assert set(id3.read_texts(path)) <= set(TEXTS)
    path.write_bytes(b"FORM\0\0\0\0AIFF" + b"junk\0\0\0\0" * 100_000)
    assert id3.read_texts(path) == {}
