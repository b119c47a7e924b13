"""Laws of the formats: each keeps length, level and settings of a take, and is read again as a recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import AudioError
from engine.sound import formats
from engine.sound.audio import AudioWriter, read_audio, read_texts
from engine.sound.formats import FORMATS, format_of
from engine.sound.recordings import recording_seconds

FRAMES = 66_151
TEXTS = {"title": "Größe ♪ 電", "comment": '{"prompt": "' + "é電" * 4_000 + '"}'}


def tones() -> np.ndarray:
    time = np.arange(FRAMES) / 44_100
    tones = [0.5 * np.sin(2 * np.pi * 220 * time), 0.25 * np.sin(2 * np.pi * 330 * time)]
    return np.stack(tones).astype(np.float32)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_keeps_length_level_sides_and_texts(tmp_path: Path, suffix: str) -> None:
    path, samples = tmp_path / f"take{suffix.upper()}", tones()
    with AudioWriter(path, 44_100, texts=TEXTS) as writer:
        for start in range(0, FRAMES, 7_001):
            writer.write(samples[:, start : start + 7_001])
    rate = writer.sample_rate
    assert soundfile.info(path).frames == round(FRAMES * rate / 44_100), "to the sample"
    assert recording_seconds(str(path)) == pytest.approx(FRAMES / 44_100, abs=1 / rate)
    found = read_audio(path).resampled(44_100).samples[:, :FRAMES]
    middle = slice(4_410, -4_410)
    # Nothing is shifted: what differs is far below the sound itself.
    rest = found[:, middle] - samples[:, middle]
    assert 20 * np.log10(rest.std() / samples.std()) < -30
    for side, kept in zip(samples, found, strict=True):
        assert 20 * np.log10(kept.std() / side.std()) == pytest.approx(0, abs=0.1)
    texts = read_texts(path)
    assert {name: texts.get(name) for name in TEXTS} == TEXTS


@pytest.mark.parametrize("frames", [1, 100, 1_151, 1_152, 1_153, 44_100])
@pytest.mark.parametrize("suffix", FORMATS)
def test_no_length_is_rounded(tmp_path: Path, suffix: str, frames: int) -> None:
    path = tmp_path / f"take{suffix}"
    with AudioWriter(path, 44_100) as writer:
        writer.write(np.full((2, frames), 0.25, np.float32))
    assert soundfile.info(path).frames == round(frames * writer.sample_rate / 44_100)


def test_an_opus_file_leaves_out_what_would_damage_it(tmp_path: Path) -> None:
    path, texts = tmp_path / "take.opus", {"title": "House", "comment": "x" * 400_000}
    with AudioWriter(path, 44_100, texts=texts) as writer:
        writer.write(tones())
    assert read_texts(path)["title"] == "House" and "comment" not in read_texts(path)
    assert read_audio(path).sample_rate == 48_000


def test_an_older_libsndfile_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def old(form: str, subtype: str) -> bool:
        return form != "MP3" and subtype != "OPUS"

    monkeypatch.setattr(formats.soundfile, "check_format", old)
    with pytest.raises(AudioError, match=r"writes no MP3; use .wav, .flac, .aiff, .aif or .ogg"):
        format_of(Path("take.mp3"))
    with pytest.raises(AudioError, match=r"must end in .wav, .flac, .aiff, .aif or .ogg:"):
        format_of(Path("take.m4a"))
